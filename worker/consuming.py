"""Which queues this process takes messages from. They change while it runs, with what lies in its models folder."""

from collections.abc import Sequence
from typing import Any

from common import broker
from common.telemetry import get_logger

log = get_logger(__name__)


def queue_names(keys: Sequence[str], *, worker_id: str, prefix: str) -> tuple[str, ...]:
    """Of the weights that are served, the faster lane of all of them first; and one of this process's own."""
    lanes = [broker.job_queue(key, lane=lane) for lane in broker.LANES for key in keys]
    return tuple(broker.queue_name(queue, prefix=prefix) for queue in (broker.own_queue(worker_id), *lanes))


class Consuming:
    """Before Celery's consumer runs the queues are chosen at once; later it is asked to change them, in its thread."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._consumer: Any = None

    def attach(self, consumer: Any) -> None:
        """Celery's consumer runs from here on."""
        self._consumer = consumer

    def choose(self, names: Sequence[str]) -> None:
        """Take messages from these queues only, the first of them first."""
        if self._consumer is None:
            self._choose_at_start(names)
        else:
            self._consumer.call_soon(self._change, self._consumer, tuple(names))

    def _choose_at_start(self, names: Sequence[str]) -> None:
        queues = self._app.amqp.queues
        for name in list(queues.consume_from):
            queues.deselect(name)
        for name in names:
            queues.select_add(name)

    @staticmethod
    def _change(consumer: Any, names: Sequence[str]) -> None:
        # Their order is their rank, so those that stay are taken up anew as well.
        for name in list(consumer.app.amqp.queues.consume_from):
            consumer.cancel_task_queue(name)
        for name in names:
            consumer.add_task_queue(name)
        log.info("queues changed", queues=len(names))
