"""Runs one part of a job: claims it, synthesizes it and writes the outcome."""

import time
from collections.abc import Callable
from functools import partial
from typing import IO

import structlog
from sqlalchemy import Connection

from common.db.database import DATABASE_DOWN
from common.jobs import lease
from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from common.messaging import text_stream
from common.messaging.queue_names import INTERACTIVE, weights_of
from common.messaging.text_stream import TextUpdate
from common.recordings.captions import Caption
from common.store import StoreUnavailable
from worker.engines.protocol import EngineError
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease
from worker.synthesis import pipeline
from worker.synthesis.acquittal import Acquittal
from worker.synthesis.callbacks import JobCallbacks, ListenersGone, SynthesisStopped
from worker.synthesis.kept_segments import KeptSegments
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.outcomes import Outcomes
from worker.synthesis.partial_audio import PartialAudio
from worker.synthesis.pipeline import OpenLive

log = get_logger(__name__)

# How often the progress is written to the row of the job. A book has ten thousand segments.
PROGRESS_EVERY_S = 0.5
# The delay before another try when this process already speaks as many arriving texts as it can.
THREADS_BUSY_DELAY_S = 2.0


def run_part(context: WorkerContext, part_id: str, *, isolated: bool, lane: str = INTERACTIVE) -> None:
    """Claim and run a part. Do nothing if it cannot be claimed, because a task message may arrive twice."""
    if isolated:
        work = partial(_claim_and_run, context, part_id, isolated=True)
        context.isolated_parts.add(part_id, work, lane=lane)
    else:
        _claim_and_run(context, part_id, isolated=False)


def _claim_and_run(context: WorkerContext, part_id: str, *, isolated: bool) -> None:
    part = _claim(context, part_id, isolated=isolated)
    if part is None:
        return
    if not part.job.options.live_text:
        _run(context, part)
    elif not context.dedicated_threads.try_start(lambda: _run(context, part)):
        # On this thread it would mostly wait for its text and block other jobs. Another worker may be free.
        with context.database.write() as connection:
            lease.hand_back(connection, part, delay_s=THREADS_BUSY_DELAY_S)
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
    """End the live audio only after the outcome is in the row: from then on, listeners read the file."""
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
    """Synthesize the part and write the outcome. Returns whether the job has ended."""
    kept = KeptSegments(
        part,
        store=context.store,
        data_dir=context.settings.data_dir,
        write=lambda kept_audio: _write_if_held(context, held, lambda c: lease.keep(c, part, kept_audio)),
    )
    ended = _speak_and_keep(context, part, held, open_live, kept)
    if ended:
        kept.delete()
    return ended


def _speak_and_keep(
    context: WorkerContext, part: ClaimedPart, held: HeldLease, open_live: OpenLive, kept: KeptSegments
) -> bool:
    outcomes = Outcomes(context, part, held, kept)
    try:
        result = pipeline.speak(
            part,
            dispatcher=context.engines.dispatcher(weights_of(part.queue)),
            store=context.store,
            callbacks=_callbacks(context, part, held),
            open_live=open_live,
            data_dir=context.settings.data_dir,
            store_wait_s=context.settings.lease_s,
            lexicon=context.lexicon,
            kept=kept,
        )
    except SynthesisStopped:
        return outcomes.stop()
    except ListenersGone:
        return outcomes.cancel()
    except StoreUnavailable:
        return outcomes.put_off()
    except Exception as error:
        return outcomes.fail(_as_engine_error(error))
    if isinstance(result, PartialAudio):
        return outcomes.pass_on(result)
    return outcomes.complete(result)


def _as_engine_error(error: Exception) -> EngineError:
    if isinstance(error, EngineError):
        return error
    log.error("unexpected failure", exc_info=error)
    message = f"The worker failed: {type(error).__name__}. Its log has the details."
    return EngineError("internal_error", message)


def _callbacks(context: WorkerContext, part: ClaimedPart, held: HeldLease) -> JobCallbacks:
    job_id = part.job.id
    last_written = time.monotonic()
    captions: list[Caption] = []

    def check() -> None:
        if held.lost.is_set() or context.must_hand_back:
            raise SynthesisStopped

    def started(total: int) -> None:
        context.notifier.publish_event(job_id, "started", attempt=part.attempt, segments_total=total)

    def progressed(done: int, total: int) -> bool:
        nonlocal last_written
        # Word timings would make the event ten times as long. The captions of the finished job have them.
        rows = [[caption.start_s, caption.end_s, caption.start, caption.end] for caption in captions]
        captions.clear()
        context.notifier.publish_event(
            job_id, "progress", attempt=part.attempt, segments_done=done, segments_total=total, cues=rows
        )
        if done == total or time.monotonic() - last_written < PROGRESS_EVERY_S:
            return False
        last_written = time.monotonic()
        finish_early = False

        def report(connection: Connection) -> bool:
            nonlocal finish_early
            is_held = lease.report_progress(connection, part, done=done, total=total)
            finish_early = is_held and lease.must_finish_early(connection, part)
            return is_held

        if not _write_if_held(context, held, report):
            raise SynthesisStopped
        return finish_early

    def read_text(after: str, within_s: float) -> list[tuple[str, TextUpdate]]:
        link = context.redis_link
        if link.pause_s:
            time.sleep(min(link.pause_s, within_s))
        return link.call(
            lambda client: text_stream.read(
                client, job_id, after=after, within_s=within_s, prefix=link.prefix
            ),
            default=[],
        )

    outlived = Acquittal(context, part, held).proceed
    return JobCallbacks(check, started, progressed, read_text, captions.append, outlived)


def _write_if_held(context: WorkerContext, held: HeldLease, change: Callable[[Connection], bool]) -> bool:
    """Returns whether the lease is still held. True while the database is down: the renewal finds out later."""
    try:
        with context.database.write() as connection:
            is_held = change(connection)
    except DATABASE_DOWN as error:
        log.warning("progress not written", error=type(error).__name__)
        return True
    if not is_held:
        held.lost.set()
    return is_held
