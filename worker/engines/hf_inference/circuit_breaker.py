"""Leaving a provider that fails alone for a while, so that callers hear at once what they'd wait for otherwise."""

import threading
import time
from collections.abc import Callable

_PROBE_WAIT_S = 1.0


class CircuitBreaker:
    """Refuses for `rest_s` after `limit` failures in a row; then lets one call through to see. Thread-safe."""

    def __init__(
        self, *, limit: int = 5, cooldown_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._probing = False

    def wait_s(self) -> float:
        """0.0: go on, and report `answered`, `failed` or `gave_up`. Else: how long to stay away."""
        with self._lock:
            if self._failures < self._limit:
                return 0.0
            wait_s = self._open_until - self._clock()
            if wait_s > 0:
                return wait_s
            if self._probing:
                return _PROBE_WAIT_S
            self._probing = True
            return 0.0

    def record_success(self) -> None:
        """The provider is there, whatever it said."""
        with self._lock:
            self._failures = 0
            self._probing = False

    def record_failure(self) -> None:
        with self._lock:
            # Calls that were under way when it opened don't prolong the rest.
            if self._probing or self._failures < self._limit:
                self._failures += 1
                self._probing = False
                self._open_until = self._clock() + self._cooldown_s

    def record_no_result(self) -> None:
        """The call ended in a way that says nothing about the provider."""
        with self._lock:
            self._probing = False
