"""Threads for texts that arrive while they are spoken.

Such a job mostly waits for its text, so it must not take one of Celery's few threads. It runs here even if it saw its
worker process die and should be isolated: on the thread of isolated parts, it would block those while it waits.
"""

import threading
import time
from collections.abc import Callable

# Each thread holds an encoder and a file, and mostly waits.
MAX_THREADS = 128


class DedicatedThreads:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def try_start(self, work: Callable[[], None]) -> bool:
        """Run `work` on a thread of its own. Returns False when MAX_THREADS are running."""

        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        with self._lock:
            if len(self._threads) >= MAX_THREADS:
                return False
            thread = threading.Thread(target=run, name="incremental-text", daemon=True)
            self._threads.add(thread)
        thread.start()
        return True

    def join(self, *, timeout_s: float) -> None:
        """Wait for running threads, up to `timeout_s` in all."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
