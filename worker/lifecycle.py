"""Starts and stops a worker process on Celery's signals."""

import sys
from collections.abc import Sequence
from typing import Any

from celery import signals

from common.logs import get_logger
from common.messaging.queue_names import parse_job_queue, without_prefix
from common.settings import get_settings
from worker.ops.sweep import Sweep, SweepThread
from worker.runtime import context
from worker.runtime.context import InvalidLexicon, WorkerContext
from worker.runtime.queue_consumer import QueueConsumer
from worker.synthesis import pipeline
from worker.synthesis.local_segments import delete_old

log = get_logger(__name__)

# By default a thread keeps the interpreter for up to 5 ms. The thread that publishes the first sound would wait that
# long for the engine's thread, which prepares the next segment.
_SWITCH_INTERVAL_S = 0.0005

_SWEEP_STOP_S = 2.0

_started: list[WorkerContext] = []
_sweeps: list[SweepThread] = []


def aliases_of(queues: Sequence[str], *, prefix: str) -> tuple[str, ...]:
    """The engines or weights of the job queues among `queues`, in order."""
    parsed = (parse_job_queue(without_prefix(queue, prefix=prefix)) for queue in queues)
    return tuple(dict.fromkeys(queue.weights for queue in parsed if queue))


@signals.celeryd_after_setup.connect
def _start(instance: Any, **_: Any) -> None:
    settings = get_settings()
    aliases = aliases_of(list(instance.app.amqp.queues.consume_from), prefix=settings.queue_prefix)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        started = WorkerContext(
            settings,
            aliases=aliases,
            queue_consumer=QueueConsumer(instance.app),
            task_threads=instance.concurrency,
        )
        if aliases:
            pipeline.warm_up()
            delete_old(settings.data_dir)
        started.start()
    except InvalidLexicon as error:
        log.error("the lexicon cannot be used", reason=str(error))  # noqa: TRY400  # a traceback does not help the administrator
        raise SystemExit(1) from None
    except Exception as error:
        # Celery swallows every other exception of a receiver.
        log.exception("no engine could be loaded")
        raise SystemExit(1) from error
    context.set_current(started)
    _started.append(started)
    if not aliases:
        _start_sweep(started)
    log.info("ready", engines=started.aliases, worker_id=started.worker_id)


def _start_sweep(started: WorkerContext) -> None:
    thread = SweepThread(Sweep(started))
    started.sweep_soon = thread.sweep_soon
    thread.start()
    _sweeps.append(thread)


@signals.worker_ready.connect
def _consumer_started(sender: Any, **_: Any) -> None:
    context.current().consumer_started(sender)
    if not context.current().aliases:
        sender.app.send_task("oratio.clean", expires=600)


@signals.worker_shutting_down.connect
def _begin_stop(**_: Any) -> None:
    for started in _started:
        started.begin_stop()


@signals.worker_shutdown.connect
def _close(**_: Any) -> None:
    for thread in _sweeps:
        thread.stop(timeout_s=_SWEEP_STOP_S)
    for started in _started:
        started.close()
