"""A few tries without progress, each after a longer wait."""

import time
from collections.abc import Callable

from worker.engines.protocol import EngineError

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
# A hub that asks for more than this is asked again later, by people.
LONGEST_WAIT_S = 60.0
_BEAT_EVERY_S = 0.5


class Patience:
    """`beat` is called all the while: it says that somebody is at work, and may raise to stop the waiting."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._tries = 0

    def beat(self) -> None:
        self._beat()

    def progressed(self) -> None:
        self._tries = 0

    def wait_or_raise(self, error: EngineError) -> None:
        """Return when it is time to try again; raises `error` when trying again is no use."""
        asked_s = error.retry_after_s or 0.0
        if not error.retryable or self._tries == len(WAITS_S) or asked_s > LONGEST_WAIT_S:
            raise error
        until = time.monotonic() + max(WAITS_S[self._tries], asked_s)
        self._tries += 1
        while (left_s := until - time.monotonic()) > 0:
            self._beat()
            time.sleep(min(left_s, _BEAT_EVERY_S))
