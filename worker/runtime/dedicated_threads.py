"""Texts that come while they are spoken mostly wait: each has a thread of its own rather than one of Celery's few.

Also one that saw its worker die, and should be tried alone: it would keep everybody else waiting for its writer.
"""

import threading
import time
from collections.abc import Callable

# Each holds an encoder and a file, and waits for most of its time.
MOST = 128


class DedicatedThreads:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def begin(self, work: Callable[[], None]) -> bool:
        """False when there are enough already."""

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        with self._lock:
            if len(self._threads) >= MOST:
                return False
            thread = threading.Thread(target=run, name="conversation", daemon=True)
            self._threads.add(thread)
        thread.start()
        return True

    def join(self, *, timeout_s: float) -> None:
        """Wait for those under way, up to `timeout_s` in all."""
        until = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
