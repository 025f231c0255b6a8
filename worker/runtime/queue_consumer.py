"""Sets the queues that this process consumes. They change while it runs, with the contents of its models folder."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from common.logs import get_logger
from common.messaging.queue_names import BULK, LANES, full_name, job_queue, worker_queue

log = get_logger(__name__)


def consumed_queues(keys: Sequence[str], *, worker_id: str, prefix: str) -> tuple[str, ...]:
    """The worker's own queue, then the job queues of the weights `keys`, interactive lanes before bulk lanes."""
    lanes = [job_queue(key, lane=lane) for lane in LANES for key in keys]
    return tuple(full_name(queue, prefix=prefix) for queue in (worker_queue(worker_id), *lanes))


class QueueConsumer:
    """Changes the queues of Celery's consumer.

    The queues are first set in the app, where every new connection to Redis reads them; this needs no network. Then the
    consumer's own thread changes the open connection. If that fails, the next connection starts with the new queues.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._consumer: Any = None
        self._all_names: tuple[str, ...] = ()
        self._bulk_paused = False

    def attach(self, consumer: Any) -> None:
        """Control this consumer from now on. Until `set_queues` is called, it has the queues of its command line."""
        self._consumer = consumer
        if self._all_names:
            self.set_queues(self._all_names)

    def set_queues(self, names: Sequence[str]) -> None:
        """Consume only these queues (at least one), the first with the highest priority. Thread-safe.

        A repeated call with the same queues corrects a consumer that has others.
        """
        self._all_names = tuple(names)
        self._apply()

    def pause_bulk(self, paused: bool) -> None:  # a switch
        """Stop or resume the delivery of bulk parts. Thread-safe."""
        self._bulk_paused = paused
        self._apply()

    @property
    def _names(self) -> tuple[str, ...]:
        if not self._bulk_paused:
            return self._all_names
        return tuple(name for name in self._all_names if not name.endswith(f".{BULK}"))

    def _apply(self) -> None:
        self._set_in_app()
        if self._consumer is not None and self._consumed() != self._names:
            self._consumer.call_soon(self._set_in_consumer)

    def _set_in_app(self) -> None:
        queues = self._app.amqp.queues
        if tuple(queues.consume_from) != self._names:
            queues.select(self._names)

    def _consumed(self) -> tuple[str, ...]:
        consumer = self._consumer.task_consumer
        return tuple(queue.name for queue in consumer.queues) if consumer else ()

    def _set_in_consumer(self) -> None:
        names, consumer = self._names, self._consumer
        self._set_in_app()
        if self._consumed() == names:
            return
        # The order of the queues is their priority, so all behind the first difference are added again.
        consumed = self._consumed()
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(consumed, names, strict=False)))
        for name in consumed[kept:]:
            consumer.task_consumer.cancel_by_queue(name)
        for name in names[kept:]:
            consumer.add_task_queue(name)
        log.debug("queues changed", queues=len(names))
