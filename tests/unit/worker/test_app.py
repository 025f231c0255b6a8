"""The Celery application and its keys in Redis."""

from collections.abc import Iterator

import pytest
from celery import Celery

from common.messaging import broker, messages, queue_names
from common.settings import Settings
from worker.app import create_app

WORKER_ID = "hibari@host:7"


@pytest.fixture
def app(settings: Settings) -> Iterator[Celery]:
    created = create_app(settings)
    yield created
    created.close()


def test_the_queue_of_a_worker_leaves_no_key_when_it_is_empty(app: Celery, settings: Settings) -> None:
    """It is named after the process, so each start would leave keys."""
    prefix = settings.queue_prefix
    own = queue_names.full_name(queue_names.worker_queue(WORKER_ID), prefix=prefix)
    app.amqp.queues.select([own])
    received: list[str] = []
    with broker.connect(settings) as client, app.connection_for_read() as connection:
        with app.amqp.TaskConsumer(connection.default_channel) as consumer:
            consumer.on_message = lambda message: received.append(message.headers["task"]) or message.ack()
            broker.publish_command(client, WORKER_ID, messages.RESCAN, [], prefix=prefix)
            connection.drain_events(timeout=10)
        assert received == [messages.RESCAN]
        assert [key for key in client.scan_iter(f"*{prefix}*") if WORKER_ID.encode() in key] == []
        app.send_task("oratio.sweep")
        assert client.llen(broker.queue_key(queue_names.OPS, prefix=prefix)) == 1
