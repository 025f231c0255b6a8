"""Waits longer after each failed attempt, and gives up after a few attempts without progress."""

import time
from collections.abc import Callable

from worker.hub.errors import DownloadError

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
# If the hub asks for a longer wait, the download fails and a person must start it again.
MAX_WAIT_S = 60.0
_POLL_INTERVAL_S = 0.5


class Backoff:
    """Decides whether and when to retry.

    It calls `keep_alive` often while it waits. The callback reports that the download is still running, and may raise
    an exception to cancel it.
    """

    def __init__(self, keep_alive: Callable[[], None]) -> None:
        self._keep_alive = keep_alive
        self._attempts = 0

    def keep_alive(self) -> None:
        self._keep_alive()

    def reset(self) -> None:
        """Start over with the shortest wait, after progress."""
        self._attempts = 0

    def wait_or_raise(self, error: DownloadError) -> None:
        """Wait until the next attempt. Raises `error` if it is not retryable or no attempts are left."""
        retry_after_s = error.retry_after_s or 0.0
        if not error.retryable or self._attempts == len(WAITS_S) or retry_after_s > MAX_WAIT_S:
            raise error
        resume_at = time.monotonic() + max(WAITS_S[self._attempts], retry_after_s)
        self._attempts += 1
        while (remaining_s := resume_at - time.monotonic()) > 0:
            self._keep_alive()
            time.sleep(min(remaining_s, _POLL_INTERVAL_S))
