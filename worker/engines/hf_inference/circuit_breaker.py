"""A circuit breaker: stops calls to a failing provider for a while, so that callers do not wait for a failure."""

import threading
import time
from collections.abc import Callable

_PROBE_WAIT_S = 1.0


class CircuitBreaker:
    """Opens for `cooldown_s` after `limit` failures in a row, then allows one probe call. Thread-safe."""

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
        """Return how many seconds to wait before the next call, or 0.0 to call now.

        After 0.0 the caller must report the result with one of the `record_` methods.
        """
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
        """Record that the provider answered, even if it refused the request."""
        with self._lock:
            self._failures = 0
            self._probing = False

    def record_failure(self) -> None:
        """Record that the provider is unavailable."""
        with self._lock:
            # Calls that were running when the breaker opened do not extend the cooldown.
            if self._probing or self._failures < self._limit:
                self._failures += 1
                self._probing = False
                self._open_until = self._clock() + self._cooldown_s

    def record_no_result(self) -> None:
        """Record that the call ended without telling whether the provider is available."""
        with self._lock:
            self._probing = False
