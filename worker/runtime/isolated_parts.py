"""Runs parts that may have killed a worker one at a time, on a thread of their own, beside all other parts.

If the worker dies again, the isolated part is the suspect, and the others are not charged (`common/jobs/sweep.py`).
"""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

from common.logs import get_logger

log = get_logger(__name__)

# The sweep publishes the message of a part again that found no place here.
MAX_WAITING = 32


class IsolatedParts:
    def __init__(self) -> None:
        self._changed = Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._closed = False
        self._thread = Thread(target=self._run, name="isolated", daemon=True)
        self._thread.start()

    def add(self, work: Callable[[], None]) -> None:
        """Run `work` after the parts that were added before. Drop it if too many wait, or after `close`."""
        with self._changed:
            if not self._closed and len(self._waiting) < MAX_WAITING:
                self._waiting.append(work)
                self._changed.notify()

    def close(self) -> None:
        """Drop the parts that wait. The one that runs ends by itself."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify()

    def join(self, *, timeout_s: float) -> None:
        """After `close`: wait for the part that runs."""
        self._thread.join(max(0.0, timeout_s))

    def _run(self) -> None:
        while work := self._next():
            try:
                work()
            except Exception:  # the next part must run
                log.exception("an isolated part failed")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return self._waiting.popleft() if self._waiting else None
