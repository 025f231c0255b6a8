"""An optional Redis connection: calls return a default while Redis does not respond."""

import time
from collections.abc import Callable
from typing import TypeVar

import redis

from common.logs import get_logger
from common.messaging import broker
from common.settings import Settings

log = get_logger(__name__)

# No call is attempted for this long after a failure, because each attempt may take the whole time-out.
PAUSE_S = 2.0
CHECK_KEY_EXPIRES_S = 60

T = TypeVar("T")


class RedisLink:
    """Thread-safe. If Redis is down, the service slows down, but no request and no job fails."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.queue_prefix
        self._client = broker.connect(settings)
        self._paused_until = 0.0

    @property
    def pause_s(self) -> float:
        """How long calls will return their default without an attempt. 0 if the next call is attempted."""
        return max(0.0, self._paused_until - time.monotonic())

    def call(self, action: Callable[[redis.Redis], T], *, default: T) -> T:
        """Return the result of `action(client)`, or `default` if Redis does not respond or has failed just before."""
        try:
            return self.call_or_refuse(action, default=default)
        except redis.ResponseError as error:
            self._pause(error)
            return default

    def call_or_refuse(self, action: Callable[[redis.Redis], T], *, default: T) -> T:
        """Like `call`, but raises redis.ResponseError if Redis refuses the command."""
        if self.pause_s:
            return default
        try:
            return action(self._client)
        except redis.ResponseError:
            raise
        except redis.RedisError as error:
            self._pause(error)
            return default

    def check(self) -> None:
        """Raises redis.RedisError if Redis does not respond, or responds but refuses writes, as when it is full."""
        self._client.set(f"{broker.KEY_PREFIX}{self.prefix}.check", 1, ex=CHECK_KEY_EXPIRES_S)

    def close(self) -> None:
        self._client.close()

    def _pause(self, error: redis.RedisError) -> None:
        self._paused_until = time.monotonic() + PAUSE_S
        log.warning("redis does not answer", error=type(error).__name__)
