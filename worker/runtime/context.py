"""One worker process: what it opened at its start, and how Celery's signals start and stop it."""

import os
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from celery import signals

from common.db.database import DATABASE_AWAY, Database, open_database
from common.messaging.broker import LANES, OPS, WARM
from common.settings import Settings, get_settings
from common.store import Store
from common.telemetry import get_logger
from worker.inference.engine_registry import Voicebox
from worker.runtime.dedicated_threads import Conversations
from worker.runtime.heartbeat import Keeper
from worker.runtime.isolation import Gate
from worker.runtime.leases import Leases
from worker.runtime.notifier import Bells
from worker.runtime.queue_consumer import Consuming, queue_names
from worker.synthesis import pipeline
from worker.text.lexicon import Lexicon

log = get_logger(__name__)

# By default a thread that has the interpreter may keep it for 5 ms. Who hands a first sound over would wait as long for
# the engine's thread, which spells the next segment.
_SWITCH_S = 0.0005


class Process:
    """Everything that tasks of this process share."""

    def __init__(
        self, settings: Settings, *, aliases: Sequence[str], consuming: Consuming | None = None
    ) -> None:
        self.settings = settings
        self.aliases = tuple(aliases)
        self.worker_id = f"{'+'.join(aliases)[:60] or OPS}@{socket.gethostname()[:60]}:{os.getpid()}"
        self.database: Database = open_database(settings, role="worker")
        self.store = Store(settings.store)
        self.bells = Bells(settings, self.database)
        self.gate = Gate()
        self.leases = Leases()
        self.lexicon = _lexicon(settings)
        self.voicebox = Voicebox(aliases, settings)
        self.conversations = Conversations()
        self._hand_back_at: float | None = None
        self._consuming = consuming
        self._keeper = Keeper(
            settings,
            self.database,
            leases=self.leases,
            voicebox=self.voicebox,
            bells=self.bells,
            worker_id=self.worker_id,
            on_look=self._choose_queues,
        )

    def start(self) -> None:
        """Load what stays loaded, then announce what can be spoken. Raises when nothing of it could be loaded."""
        self.voicebox.load()
        if self.aliases:
            pipeline.warm_up()
        self._choose_queues()
        self._keeper.start()

    def begin_stop(self) -> None:
        """Jobs may finish for half of the grace time; after that they go back at the next segment."""
        self._hand_back_at = time.monotonic() + self.settings.stop_grace_s / 2

    @property
    def stopping(self) -> bool:
        return self._hand_back_at is not None

    @property
    def must_hand_back(self) -> bool:
        return self._hand_back_at is not None and time.monotonic() > self._hand_back_at

    def announce(self) -> None:
        """At once, because something changed here. A database that is away hears it with the next announcement."""
        try:
            self._keeper.look_and_announce()
        except DATABASE_AWAY as error:
            log.warning("not announced", error=type(error).__name__)

    def consuming_began(self, consumer: Any) -> None:
        """Celery's consumer runs: from here on queues are changed in its thread, and orders are heard."""
        if self._consuming:
            self._consuming.attach(consumer)
        for key in self.voicebox.chosen(self.settings.warm_model_names):
            self.bells.tell_worker(self.worker_id, WARM, key)

    def _choose_queues(self) -> None:
        if self._consuming and self.aliases:
            keys = self.voicebox.served
            self._consuming.choose(
                queue_names(keys, worker_id=self.worker_id, prefix=self.settings.queue_prefix)
            )

    def close(self) -> None:
        self._hand_back_at = 0.0
        self.conversations.join(timeout_s=5.0)
        self._keeper.stop()
        self.voicebox.close(timeout_s=1.0)
        self.bells.close()
        self.database.close()


class BadLexicon(Exception):
    """The file of the service's lexicon is none. The message names it and says what is wrong with it."""


def _lexicon(settings: Settings) -> Lexicon | None:
    if settings.lexicon_file is None:
        return None
    try:
        return Lexicon.read(settings.lexicon_file)
    except ValueError as error:
        raise BadLexicon(str(error)) from None


class _Holder:
    process: Process | None = None


def current() -> Process:
    """The process that tasks run in. Raises RuntimeError outside of a worker."""
    if _Holder.process is None:
        raise RuntimeError("not in a worker process")
    return _Holder.process


def aliases_of(queues: Sequence[str], *, prefix: str) -> tuple[str, ...]:
    """What a worker may serve is what its command line names queues of (`{prefix}.{alias or weights}.{lane}`)."""
    found: dict[str, None] = {}
    for queue in queues:
        model, _, lane = queue.removeprefix(f"{prefix}.").rpartition(".")
        if lane in LANES:
            found[model] = None
    return tuple(found)


@signals.celeryd_after_setup.connect
def _start(instance: Any, **_: Any) -> None:
    settings = get_settings()
    queues = list(instance.app.amqp.queues.consume_from)
    aliases = aliases_of(queues, prefix=settings.queue_prefix)
    sys.setswitchinterval(_SWITCH_S)
    try:
        process = Process(settings, aliases=aliases, consuming=Consuming(instance.app))
        process.start()
    except BadLexicon as error:
        log.error("the lexicon cannot be used", reason=str(error))  # noqa: TRY400  # it is no fault of the code
        raise SystemExit(1) from None
    except Exception as error:
        # Celery swallows what a signal's receiver raises, but not this.
        log.exception("no engine could be loaded")
        raise SystemExit(1) from error
    _Holder.process = process
    log.info("ready", engines=process.aliases, worker_id=process.worker_id)


@signals.worker_ready.connect
def _begin(sender: Any, **_: Any) -> None:
    current().consuming_began(sender)
    if not current().aliases:
        sender.app.send_task("oratio.clean", expires=600)


@signals.worker_shutting_down.connect
def _stop(**_: Any) -> None:
    if _Holder.process is not None:
        _Holder.process.begin_stop()


@signals.worker_shutdown.connect
def _close(**_: Any) -> None:
    if _Holder.process is not None:
        _Holder.process.close()
