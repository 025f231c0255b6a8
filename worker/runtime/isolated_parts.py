"""Runs parts that may have killed a worker one at a time, on a thread of their own, beside all other parts.

If the worker dies again, the isolated part is the suspect, and the others are not charged (`common/jobs/sweep.py`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from common.logs import get_logger

log = get_logger(__name__)

# The sweep publishes the message of a part again that found no place here.
MAX_WAITING = 32


class IsolatedParts:
    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="isolated")
        self._lock = Lock()
        self._waiting = 0

    def add(self, work: Callable[[], None]) -> None:
        """Run `work` after the parts that were added before. Drop it if too many wait."""
        with self._lock:
            if self._waiting >= MAX_WAITING:
                return
            self._waiting += 1
        self._thread.submit(self._run, work)

    def close(self) -> None:
        """Drop the parts that wait. The one that runs ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._waiting -= 1
        try:
            work()
        except Exception:  # the next part must run
            log.exception("an isolated part failed")
