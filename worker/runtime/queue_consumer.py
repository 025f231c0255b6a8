"""Which queues this process takes messages from. They change while it runs, with what lies in its models folder."""

from collections.abc import Sequence
from typing import Any

from common.logs import get_logger
from common.messaging.queue_names import LANES, full_name, job_queue, worker_queue

log = get_logger(__name__)


def consumed_queues(keys: Sequence[str], *, worker_id: str, prefix: str) -> tuple[str, ...]:
    """Of the weights that are served, the faster lane of all of them first; and one of this process's own."""
    lanes = [job_queue(key, lane=lane) for lane in LANES for key in keys]
    return tuple(full_name(queue, prefix=prefix) for queue in (worker_queue(worker_id), *lanes))


class QueueConsumer:
    """`choose` may be called again at any time: it repairs what Celery's consumer takes when that is something else.

    What is chosen is first written where every new connection to Redis looks, which needs no network; a connection
    that stands is changed in the consumer's thread, and one that breaks at that is made anew from what was written.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._consumer: Any = None
        self._names: tuple[str, ...] = ()

    def attach(self, consumer: Any) -> None:
        """Celery's consumer runs from here on; with the queues of its command line where none were chosen."""
        self._consumer = consumer
        if self._names:
            self.choose(self._names)

    def choose(self, names: Sequence[str]) -> None:
        """Take messages from these queues only, the first of them first. Thread-safe; at least one."""
        self._names = tuple(names)
        self._write_down()
        if self._consumer is not None and self._taken() != self._names:
            self._consumer.call_soon(self._change)

    def _write_down(self) -> None:
        queues = self._app.amqp.queues
        if tuple(queues.consume_from) != self._names:
            queues.select(self._names)

    def _taken(self) -> tuple[str, ...]:
        consumer = self._consumer.task_consumer
        return tuple(queue.name for queue in consumer.queues) if consumer else ()

    def _change(self) -> None:
        names, consumer = self._names, self._consumer
        self._write_down()
        if self._taken() == names:
            return
        # Their order is their rank, so those that stay are taken up anew as well.
        for name in self._taken():
            consumer.task_consumer.cancel_by_queue(name)
        for name in names:
            consumer.add_task_queue(name)
        log.info("queues changed", queues=len(names))
