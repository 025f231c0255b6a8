"""Runs one part: claim it, speak it, and write down the outcome."""

import time
from typing import IO

import structlog

from common.jobs import lease
from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from common.messaging import text_stream
from common.messaging.queue_names import weights_of
from common.messaging.text_stream import Piece
from common.recordings.captions import Caption
from worker.engines.protocol import EngineError
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease
from worker.synthesis import pipeline
from worker.synthesis.callbacks import JobCallbacks, ListenersGone, SynthesisStopped
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.outcomes import Outcomes
from worker.synthesis.partial_audio import PartialAudio
from worker.synthesis.pipeline import OpenLive

log = get_logger(__name__)

# How often the progress of a job is written to its row. A book of ten thousand sentences needs no ten thousand writes.
PROGRESS_EVERY_S = 0.5
# When this process has no room for another text that arrives while it is spoken.
NO_ROOM_DELAY_S = 2.0


def run_part(context: WorkerContext, part_id: str, *, isolated: bool) -> None:
    """Returns silently when there is nothing to take: a task message may arrive twice."""
    with context.isolation.enter(isolated=isolated):
        part = _claim(context, part_id, isolated=isolated)
        if part is None:
            return
        if not part.job.options.live_text:
            _run(context, part)
        elif not context.dedicated_threads.begin(lambda: _run(context, part)):
            # It would mostly wait for its writer and take the place of other jobs. Another worker may have room.
            with context.database.write() as connection:
                lease.hand_back(connection, part, delay_s=NO_ROOM_DELAY_S)
    context.queue_refill.top_up(part.queue)


def _claim(context: WorkerContext, part_id: str, *, isolated: bool) -> ClaimedPart | None:
    if context.stopping:
        return None
    with context.database.write() as connection:
        return lease.claim(
            connection,
            part_id,
            isolated=isolated,
            worker_id=context.worker_id,
            lease_s=context.settings.lease_s,
        )


def _run(context: WorkerContext, part: ClaimedPart) -> None:
    with (
        context.leases.hold(part.lease, hand_back=lambda c: lease.hand_back(c, part)) as held,
        structlog.contextvars.bound_contextvars(
            job_id=part.job.id, attempt=part.attempt, request_id=part.job.request_id
        ),
    ):
        _run_attempt(context, part, held)


def _run_attempt(context: WorkerContext, part: ClaimedPart, held: HeldLease) -> None:
    """The live audio stays until the row says how the job ended. From then on, listeners read the file."""
    opened: list[LiveAudioWriter] = []
    ended = False

    def open_live(spool: IO[bytes]) -> LiveAudioWriter:
        writer = LiveAudioWriter(part, redis_link=context.redis_link, store=context.store, spool=spool)
        opened.append(writer)
        return writer

    try:
        ended = _speak(context, part, held, open_live)
    finally:
        for writer in opened:
            writer.end(job_ended=ended)


def _speak(context: WorkerContext, part: ClaimedPart, held: HeldLease, open_live: OpenLive) -> bool:
    """Returns whether the job has ended."""
    outcomes = Outcomes(context, part, held)
    try:
        result = pipeline.speak(
            part,
            dispatcher=context.engines.dispatcher(weights_of(part.queue)),
            store=context.store,
            callbacks=_callbacks(context, part, held),
            open_live=open_live,
            lexicon=context.lexicon,
        )
    except SynthesisStopped:
        return outcomes.stopped()
    except ListenersGone:
        return outcomes.cancelled()
    except EngineError as error:
        return outcomes.failed(error)
    except Exception as error:
        log.exception("unexpected failure")
        return outcomes.failed(EngineError("internal_error", f"The worker failed: {type(error).__name__}."))
    if isinstance(result, PartialAudio):
        return outcomes.passed_on(result)
    return outcomes.completed(result)


def _callbacks(context: WorkerContext, part: ClaimedPart, held: HeldLease) -> JobCallbacks:
    job_id = part.job.id
    last_written = time.monotonic()
    captions: list[Caption] = []

    def check() -> None:
        if held.lost.is_set() or context.must_hand_back:
            raise SynthesisStopped

    def started(total: int) -> None:
        context.notifier.publish_event(job_id, "started", attempt=part.attempt, segments_total=total)

    def progressed(done: int, total: int) -> None:
        nonlocal last_written
        # Words would make the event ten times as long. The captions at the end have them.
        cues = [[one.start_s, one.end_s, one.start, one.end] for one in captions]
        captions.clear()
        context.notifier.publish_event(
            job_id, "progress", attempt=part.attempt, segments_done=done, segments_total=total, cues=cues
        )
        if done == total or time.monotonic() - last_written < PROGRESS_EVERY_S:
            return
        last_written = time.monotonic()
        if not Outcomes(context, part, held).report_progress(done=done, total=total):
            held.lost.set()
            raise SynthesisStopped

    def read_text(after: str, within_s: float) -> list[tuple[str, Piece]]:
        link = context.redis_link
        if link.pause_s:
            time.sleep(min(link.pause_s, within_s))
        return link.call(
            lambda client: text_stream.read(
                client, job_id, after=after, within_s=within_s, prefix=link.prefix
            ),
            default=[],
        )

    return JobCallbacks(check, started, progressed, read_text, captions.append)
