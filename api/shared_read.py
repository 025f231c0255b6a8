"""Reads that the gateway makes for itself, in threads of their own, so that waiting requests never block them."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

# Probes of the service wait longer than this.
PROBE_WITHIN_S = 1.5

T = TypeVar("T")


class SharedRead(Generic[T]):
    """Runs `read` in a thread, once at a time: callers that come meanwhile share its result."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._thread = CapacityLimiter(1)
        self._running: asyncio.Task[T] | None = None
        self._began_at = 0.0

    async def result(self, *, within_s: float = PROBE_WITHIN_S) -> T:
        """Return the result. Raises the errors of `read`, and TimeoutError if it has been running for `within_s`.

        While a read hangs, only its first callers wait; later ones get the error at once.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(to_thread.run_sync(self._read, limiter=self._thread))
            self._running.add_done_callback(_take_error)
            self._began_at = time.monotonic()
        running = self._running
        await asyncio.wait({running}, timeout=max(0.0, self._began_at + within_s - time.monotonic()))
        if not running.done():
            raise TimeoutError
        return running.result()


def _take_error(task: "asyncio.Task[T]") -> None:
    """Take the error of a read whose callers have all left, which asyncio would log otherwise."""
    if not task.cancelled():
        task.exception()
