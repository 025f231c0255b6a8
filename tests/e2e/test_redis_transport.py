"""The clients of Celery's connection to Redis."""

from typing import Any

from celery import Celery

from worker.runtime import redis_transport


def test_a_channel_has_one_client_for_each_pool(valkey_url: str) -> None:
    redis_transport.install()
    with Celery(broker=valkey_url).connection_for_read() as connection:
        channel: Any = connection.default_channel
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
            assert first is second
            assert first.ping()
        channel._disconnect_pools()
        with channel.conn_or_acquire() as after_a_lost_connection:
            assert after_a_lost_connection is not first
            assert after_a_lost_connection.ping()
