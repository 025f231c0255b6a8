"""Which queues a worker consumes while its bulk slots are taken."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery

from worker.runtime.queue_consumer import QueueConsumer

WORKER = "t.at.one"
INTERACTIVE = ("t.hibari.interactive", "t.kokoro.interactive")
BULK = ("t.hibari.bulk", "t.kokoro.bulk")


class Consumer:
    """Stands in for Celery's consumer, with an open connection. Records what is changed on it."""

    def __init__(self) -> None:
        self.queues: list[Any] = []
        self.changes: list[str] = []
        self.task_consumer = self

    def call_soon(self, change: Callable[[], None]) -> None:
        change()

    def add_task_queue(self, name: str) -> None:
        self.changes.append(f"+{name}")
        self.queues.append(SimpleNamespace(name=name))

    def cancel_by_queue(self, name: str) -> None:
        self.changes.append(f"-{name}")
        self.queues = [queue for queue in self.queues if queue.name != name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(queue.name for queue in self.queues)


@pytest.fixture
def app() -> Celery:
    return Celery(set_as_current=False)


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


@pytest.fixture
def queues(app: Celery, consumer: Consumer) -> QueueConsumer:
    queues = QueueConsumer(app)
    queues.attach(consumer)
    queues.set_queues((WORKER, *INTERACTIVE, *BULK))
    consumer.changes.clear()
    return queues


def test_a_pause_stops_only_bulk_queues(app: Celery, consumer: Consumer, queues: QueueConsumer) -> None:
    queues.pause_bulk(True)
    assert consumer.names == tuple(app.amqp.queues.consume_from) == (WORKER, *INTERACTIVE)
    assert consumer.changes == [f"-{name}" for name in BULK]
    queues.pause_bulk(False)
    assert consumer.names == tuple(app.amqp.queues.consume_from) == (WORKER, *INTERACTIVE, *BULK)


def test_queues_that_change_during_a_pause_keep_bulk_out(consumer: Consumer, queues: QueueConsumer) -> None:
    queues.pause_bulk(True)
    queues.set_queues((WORKER, "t.mms_fra.interactive", "t.mms_fra.bulk"))
    assert list(consumer.names) == [WORKER, "t.mms_fra.interactive"]
    queues.pause_bulk(False)
    assert list(consumer.names) == [WORKER, "t.mms_fra.interactive", "t.mms_fra.bulk"]


def test_queues_before_the_first_difference_stay(consumer: Consumer, queues: QueueConsumer) -> None:
    queues.set_queues((WORKER, *INTERACTIVE, "t.mms_fra.interactive", *BULK))
    added = ["t.mms_fra.interactive", *BULK]
    assert consumer.changes == [*(f"-{name}" for name in BULK), *(f"+{name}" for name in added)]
    assert consumer.names == (WORKER, *INTERACTIVE, *added)


def test_a_new_connection_starts_paused(app: Celery, consumer: Consumer, queues: QueueConsumer) -> None:
    queues.pause_bulk(True)
    later = Consumer()
    for name in app.amqp.queues.consume_from:
        later.add_task_queue(name)
    queues.attach(later)
    assert later.names == (WORKER, *INTERACTIVE)
