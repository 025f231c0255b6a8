"""Who may run beside whom: a part that saw its worker die runs alone, so that its neighbours don't pay for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class IsolationGate:
    """Many at once, or one alone. One that waits to be alone goes before newcomers, so it is not starved."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside = 0
        self._waiting_alone = 0
        self._closed_by_one = False

    @contextmanager
    def enter(self, *, isolated: bool) -> Iterator[None]:
        self._wait_alone() if isolated else self._wait_beside()
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._closed_by_one = False
                self._changed.notify_all()

    def _wait_beside(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed_by_one and not self._waiting_alone)
            self._inside += 1

    def _wait_alone(self) -> None:
        with self._changed:
            self._waiting_alone += 1
            self._changed.wait_for(lambda: not self._inside)
            self._waiting_alone -= 1
            self._inside = 1
            self._closed_by_one = True
