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
CHECK_EXPIRES_S = 10

T = TypeVar("T")


class RedisLink:
    """Thread-safe. If Redis is down, the service slows down, but no request and no job fails."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.queue_prefix
        self._client = broker.connect(settings)
        self._paused_until = 0.0
        self._silent_until = 0.0

    @property
    def pause_s(self) -> float:
        """How long calls will return their default without an attempt. 0 if the next call is attempted."""
        return max(0.0, self._paused_until - time.monotonic())

    def call(self, action: Callable[[redis.Redis], T], *, default: T) -> T:
        """Return the result of `action(client)`, or `default` if Redis refuses it, does not respond or just failed.

        Only silence causes a pause. A refusal, for example while Redis has no memory left, comes at once and may not
        concern the next command.
        """
        if self.pause_s:
            return default
        try:
            return action(self._client)
        except redis.ResponseError as error:
            self._log(error)
        except redis.RedisError as error:
            self._paused_until = time.monotonic() + PAUSE_S
            self._log(error)
        return default

    def check(self) -> None:
        """Raises redis.RedisError if Redis does not respond, or accepts no writes."""
        self._check(self._client)

    def accepts_writes(self) -> bool:
        """Whether Redis responds and accepts writes. False during a pause."""
        return self.call(self._check, default=False)

    def close(self) -> None:
        self._client.close()

    def _check(self, client: redis.Redis) -> bool:
        return bool(client.set(f"{broker.KEY_PREFIX}{self.prefix}.check", 1, ex=CHECK_EXPIRES_S))

    def _log(self, error: redis.RedisError) -> None:
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + PAUSE_S
            refused = isinstance(error, redis.ResponseError)
            log.warning("redis refuses" if refused else "redis does not answer", error=type(error).__name__)
