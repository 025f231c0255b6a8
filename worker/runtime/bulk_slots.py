"""Limits how many bulk parts run at once, so that an interactive part always finds a free thread."""

from collections import deque
from collections.abc import Callable
from threading import Lock

from common.logs import get_logger

log = get_logger(__name__)


class BulkSlots:
    """`count` bulk parts run at once. `pause` stops the delivery of further ones (True), or resumes it (False).

    Delivery resumes only when half of the slots are free, because it costs round trips to Redis.
    """

    def __init__(self, count: int, *, pause: Callable[[bool], None]) -> None:
        self._count = count
        self._pause = pause
        self._lock = Lock()
        self._running = 0
        self._is_paused = False
        # Parts that were delivered before the pause took effect. Their rows are queued, so none is lost with them.
        self._deferred: deque[Callable[[], None]] = deque()

    def run(self, work: Callable[[], None]) -> None:
        """Run `work` now, or leave it to the thread that frees a slot and return. Raises what `work` raises."""
        with self._lock:
            if self._running >= self._count:
                self._deferred.append(work)
                return
            self._running += 1
            self._update_delivery()
        try:
            work()
        finally:
            self._run_deferred()

    def _run_deferred(self) -> None:
        """Run what waits for a slot, then free this one."""
        while work := self._next_or_free():
            try:
                work()
            except Exception:
                log.exception("a deferred part failed")

    def _next_or_free(self) -> Callable[[], None] | None:
        with self._lock:
            if self._deferred:
                return self._deferred.popleft()
            self._running -= 1
            self._update_delivery()
            return None

    def _update_delivery(self) -> None:
        if self._running >= self._count and not self._is_paused:
            self._is_paused = True
            self._pause(True)
        elif self._running <= self._count // 2 and self._is_paused:
            self._is_paused = False
            self._pause(False)
