"""Runs parts side by side, except those that must run alone.

A part that saw its worker process die runs alone, so that a second crash harms no other part.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class IsolationLock:
    """Many parts at once, or one isolated part. An isolated part that waits goes before new ones: it cannot starve."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._running = 0
        self._waiting_isolated = 0
        self._isolated_runs = False

    @contextmanager
    def hold(self, *, isolated: bool) -> Iterator[None]:
        """Wait until this part may run, and let it run inside the block."""
        self._acquire_isolated() if isolated else self._acquire_shared()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._isolated_runs = False
                self._changed.notify_all()

    def _acquire_shared(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._isolated_runs and not self._waiting_isolated)
            self._running += 1

    def _acquire_isolated(self) -> None:
        with self._changed:
            self._waiting_isolated += 1
            self._changed.wait_for(lambda: not self._running)
            self._waiting_isolated -= 1
            self._running = 1
            self._isolated_runs = True
