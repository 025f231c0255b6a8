"""A Redis connection that a process can do without: calls return a default while Redis does not answer."""

import time
from collections.abc import Callable
from typing import TypeVar

import redis

from common.logs import get_logger
from common.messaging import broker
from common.settings import Settings

log = get_logger(__name__)

# After a failure nothing is tried for this long, because each try may take the whole time-out.
PAUSE_S = 2.0

T = TypeVar("T")


class RedisLink:
    """Thread-safe. If Redis is down, the service slows down, but no request and no job fails."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.queue_prefix
        self._client = broker.connect(settings)
        self._paused_until = 0.0

    @property
    def pause_s(self) -> float:
        """How long calls still return their default without trying. 0 when Redis is tried."""
        return max(0.0, self._paused_until - time.monotonic())

    def call(self, action: Callable[[redis.Redis], T], *, default: T) -> T:
        """The result of `action(client)`, or `default` when Redis does not answer or did not a moment ago."""
        try:
            return self.call_or_refuse(action, default=default)
        except redis.ResponseError as error:
            self._pause(error)
            return default

    def call_or_refuse(self, action: Callable[[redis.Redis], T], *, default: T) -> T:
        """As `call`. Raises redis.ResponseError when Redis refuses the command itself."""
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
        """Raises redis.RedisError when Redis does not answer."""
        self._client.ping()

    def close(self) -> None:
        self._client.close()

    def _pause(self, error: redis.RedisError) -> None:
        self._paused_until = time.monotonic() + PAUSE_S
        log.warning("redis does not answer", error=type(error).__name__)
