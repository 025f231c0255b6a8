"""The context that all tasks of a worker process share: settings, connections, engines, and shutdown state."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from common import worker_registry
from common.db.database import DATABASE_DOWN, Database, open_database
from common.logs import get_logger
from common.messaging.messages import PRELOAD
from common.messaging.notifier import Notifier
from common.messaging.queue_names import BULK, INTERACTIVE
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store
from worker.inference.engine_registry import EngineRegistry
from worker.runtime.announcer import Announcer
from worker.runtime.bulk_slots import BulkSlots
from worker.runtime.dedicated_threads import DedicatedThreads
from worker.runtime.heartbeat import Heartbeat
from worker.runtime.idle_memory import IdleMemory
from worker.runtime.isolated_parts import IsolatedParts
from worker.runtime.leases import Leases
from worker.runtime.queue_consumer import QueueConsumer, consumed_queues
from worker.runtime.queue_refill import QueueRefill
from worker.runtime.watchdog import HANG_TIMEOUT_S, Watchdog
from worker.text.lexicon import Lexicon

log = get_logger(__name__)

# How long threads have to hand back their parts, after the end of a segment.
_HAND_BACK_S = 5.0


class WorkerContext:
    """`aliases`: the engines, or single sets of weights, that this process may serve. Empty for an ops worker.

    `task_threads`: how many tasks run at once. Bulk parts take at most half of them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        aliases: Sequence[str],
        queue_consumer: QueueConsumer | None = None,
        task_threads: int = 2,
    ) -> None:
        self.settings = settings
        self.aliases = tuple(aliases)
        self.worker_id = worker_registry.new_worker_id(aliases)
        self.database: Database = open_database(settings, role="worker")
        self.store = Store(settings.store)
        self.redis_link = RedisLink(settings)
        self.notifier = Notifier(self.redis_link, max_depth=settings.bells_max)
        self.queue_refill = QueueRefill(
            self.redis_link, self.notifier, self.database, max_depth=settings.bells_max
        )
        bulk_threads = max(1, task_threads // 2)
        self.isolated_parts = IsolatedParts({INTERACTIVE: task_threads, BULK: bulk_threads})
        self.bulk_slots = BulkSlots(
            bulk_threads, pause=queue_consumer.pause_bulk if queue_consumer else lambda _: None
        )
        self.leases = Leases(self.database, lease_s=settings.lease_s)
        self.lexicon = _read_lexicon(settings)
        self.engines = EngineRegistry(aliases, settings)
        self.dedicated_threads = DedicatedThreads()
        # In an ops worker, its sweep.
        self.sweep_soon: Callable[[], None] = lambda: None
        self._hand_back_at: float | None = None
        self._queue_consumer = queue_consumer
        self._announcer = Announcer(
            settings, self.database, self.engines, worker_id=self.worker_id, on_scan=self._update_queues
        )
        self._heartbeat = Heartbeat(
            leases=self.leases,
            announcer=self._announcer,
            idle_memory=IdleMemory(self.engines, self.leases),
            watchdog=Watchdog(timeout_s=HANG_TIMEOUT_S),
            on_tick=self._give_up_segments,
        )

    def start(self) -> None:
        """Load the pinned engines, then announce this worker. Raises EngineError when no served engine loads."""
        self.engines.load()
        self._update_queues()
        self._heartbeat.start()

    def begin_stop(self) -> None:
        """Let jobs finish for half of the grace time. After it they are handed back at their next segment."""
        self._hand_back_at = time.monotonic() + self.settings.stop_grace_s / 2

    @property
    def stopping(self) -> bool:
        return self._hand_back_at is not None

    @property
    def must_hand_back(self) -> bool:
        return self._hand_back_at is not None and time.monotonic() > self._hand_back_at

    def _give_up_segments(self) -> None:
        """Wake the tasks that must hand their parts back now. An engine may be slow, or hang."""
        if self.must_hand_back:
            self.engines.cancel_segments()

    def announce(self) -> None:
        """Scan the models folder and announce at once. If the database is down, the next announcement catches up."""
        try:
            self._announcer.scan_and_announce()
        except DATABASE_DOWN as error:
            log.warning("not announced", error=type(error).__name__)

    def consumer_started(self, consumer: Any) -> None:
        """Celery's consumer is running: it can change its queues and receive commands from now on."""
        if self._queue_consumer:
            self._queue_consumer.attach(consumer)
        if self.aliases:
            # The worker before this one may have died with jobs in its hands.
            self.notifier.request_sweep()
        for key in self.engines.served_keys_of(self.settings.warm_model_names):
            self.notifier.send_command(self.worker_id, PRELOAD, key)

    def _update_queues(self) -> None:
        if self._queue_consumer and self.aliases:
            keys, prefix = self.engines.served_keys, self.settings.queue_prefix
            queues = consumed_queues(keys, worker_id=self.worker_id, prefix=prefix)
            self._queue_consumer.set_queues(queues)

    def close(self) -> None:
        """Hand back what runs. Celery has waited for its own threads, but not for isolated parts."""
        self.isolated_parts.close()
        self.isolated_parts.join(timeout_s=(self._hand_back_at or 0.0) - time.monotonic())
        self._hand_back_at = 0.0
        self.isolated_parts.join(timeout_s=_HAND_BACK_S)
        self.dedicated_threads.join(timeout_s=_HAND_BACK_S)
        self._heartbeat.stop()
        self.engines.close(timeout_s=1.0)
        self.redis_link.close()
        self.database.close()


class InvalidLexicon(Exception):
    """The lexicon file is invalid. The message names the file and the fault."""


def _read_lexicon(settings: Settings) -> Lexicon | None:
    if settings.lexicon_file is None:
        return None
    try:
        return Lexicon.read(settings.lexicon_file)
    except ValueError as error:
        raise InvalidLexicon(str(error)) from None


class _Holder:
    context: WorkerContext | None = None


def current() -> WorkerContext:
    """The context of this process. Raises RuntimeError outside of a worker."""
    if _Holder.context is None:
        raise RuntimeError("This process has no worker context: tasks run only in a started worker.")
    return _Holder.context


def set_current(context: WorkerContext) -> None:
    _Holder.context = context
