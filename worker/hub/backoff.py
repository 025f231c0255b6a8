"""A few tries without progress, each after a longer wait."""

import time
from collections.abc import Callable

from worker.hub.errors import DownloadError

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
# A hub that asks for more than this is asked again later, by people.
MAX_WAIT_S = 60.0
_POLL_INTERVAL_S = 0.5


class Backoff:
    """`beat` is called all the while: it says that somebody is at work, and may raise to stop the waiting."""

    def __init__(self, keep_alive: Callable[[], None]) -> None:
        self._keep_alive = keep_alive
        self._attempts = 0

    def keep_alive(self) -> None:
        self._keep_alive()

    def reset(self) -> None:
        self._attempts = 0

    def wait_or_raise(self, error: DownloadError) -> None:
        """Return when it is time to try again; raises `error` when trying again is no use."""
        retry_after_s = error.retry_after_s or 0.0
        if not error.retryable or self._attempts == len(WAITS_S) or retry_after_s > MAX_WAIT_S:
            raise error
        resume_at = time.monotonic() + max(WAITS_S[self._attempts], retry_after_s)
        self._attempts += 1
        while (remaining_s := resume_at - time.monotonic()) > 0:
            self._keep_alive()
            time.sleep(min(remaining_s, _POLL_INTERVAL_S))
