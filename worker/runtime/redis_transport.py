"""Kombu's transport for Redis with one client for each pool of connections.

Kombu creates a client for each message that it takes or acknowledges. That costs as much time as the command itself.
"""

from typing import Any

import redis
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis

# The type stubs of Kombu do not describe its channels.
_KombuChannel: Any = kombu_redis.Channel


class _Channel(_KombuChannel):  # type: ignore[misc]  # a variable as the base class
    _pooled_client: redis.Redis | None = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:  # each takes a connection of its own
            return super()._create_client(asynchronous=True)
        if self._pooled_client is None or self._pooled_client.connection_pool is not self.pool:
            self._pooled_client = super()._create_client()
        return self._pooled_client


class Transport(kombu_redis.Transport):
    Channel = _Channel


def install() -> None:
    """Let Celery use this transport for URLs of Redis."""
    transports: dict[str, Any] = TRANSPORT_ALIASES
    for scheme in ("redis", "rediss"):
        transports[scheme] = f"{__name__}:{Transport.__name__}"
