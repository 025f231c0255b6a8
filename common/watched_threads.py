"""Threads that a process cannot do without: no exception ends them, and a check can name one that is stuck."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar

from common.logs import get_logger

log = get_logger(__name__)

# A loop that fails at once pauses this long, so that it does not fill a core and the log.
PAUSE_AFTER_FAILURE_S = 1.0

Work = TypeVar("Work")


class Watched(Protocol):
    """A part of a process that a readiness check asks for trouble."""

    def trouble(self) -> str | None:
        """Say what is wrong, with the name of the part. None if nothing is."""


def troubles(parts: Iterable[Watched]) -> list[str]:
    return [trouble for part in parts if (trouble := part.trouble()) is not None]


class _Rounds:
    """How long the current round of a loop has taken. A loop that waits for work is in no round."""

    def __init__(self, name: str, *, stuck_after_s: float) -> None:
        self.name = name
        self._stuck_after_s = stuck_after_s
        self._began_at: float | None = None

    @contextmanager
    def round(self) -> Iterator[None]:
        self._began_at = time.monotonic()
        try:
            yield
        finally:
            self._began_at = None

    def trouble(self, *, has_ended: bool) -> str | None:
        began_at = self._began_at
        if has_ended:
            return f"{self.name} has ended"
        if began_at is not None and time.monotonic() - began_at > self._stuck_after_s:
            return f"{self.name} has been stuck for {time.monotonic() - began_at:.0f} s"
        return None


class WatchedThread(Generic[Work]):
    """Runs `handle(take())` again and again in a thread, until `take` returns None.

    `take` may wait for work as long as it likes. If `handle` raises an unexpected exception, it is logged, `refuse`
    gets the work that failed, and the thread goes on. The thread counts as stuck if `handle` takes longer than
    `stuck_after_s`.
    """

    def __init__(
        self,
        name: str,
        *,
        take: Callable[[], Work | None],
        handle: Callable[[Work], None],
        refuse: Callable[[Work], None] = lambda _: None,
        stuck_after_s: float,
    ) -> None:
        self._take = take
        self._handle = handle
        self._refuse = refuse
        self._rounds = _Rounds(name, stuck_after_s=stuck_after_s)
        self._pause = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> None:
        self._pause.set()
        self._thread.join(timeout_s)

    def trouble(self) -> str | None:
        """Say that the thread has ended or is stuck. None if it works, or was not started."""
        has_ended = self._thread.ident is not None and not self._thread.is_alive()
        return self._rounds.trouble(has_ended=has_ended)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            with self._rounds.round():
                self._handle_or_refuse(work)

    def _next(self) -> Work | None:
        while True:
            try:
                return self._take()
            except Exception:
                log.exception("a background thread failed", part=self._rounds.name)
                self._pause.wait(PAUSE_AFTER_FAILURE_S)

    def _handle_or_refuse(self, work: Work) -> None:
        try:
            self._handle(work)
        except Exception:
            log.exception("a background thread failed", part=self._rounds.name)
            try:
                self._refuse(work)
            except Exception:
                log.exception("a background thread could not refuse work", part=self._rounds.name)
