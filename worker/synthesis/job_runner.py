"""One bell: claim the part, speak it, and write down how it ended."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, TypeVar

import structlog
from sqlalchemy import Connection, select

from common import providers, worker_registry
from common.catalogue import find_model
from common.db.database import DATABASE_AWAY
from common.db.tables import TERMINAL, Job
from common.errors import Gone, NotFound
from common.jobs import changes, lease
from common.jobs.lease import Claim, Finished
from common.messaging import broker
from common.messaging.text_stream import Piece
from common.telemetry import get_logger
from worker.engines.protocol import EngineError
from worker.runtime.context import Process
from worker.runtime.leases import Held
from worker.synthesis import pipeline
from worker.synthesis.live_audio import Live
from worker.synthesis.pipeline import Abandoned, OpenLive, Passed
from worker.synthesis.segment_synthesis import Stopped, Watch

log = get_logger(__name__)

# A hang may be the device's fault once; twice, it is the text's. So with a device that fails under a text.
MAX_HANGS = 2
HANGS = frozenset({"timeout", "device_lost"})
RETRY_BASE_S = 2.0
RETRY_MAX_S = 60.0
# A book of ten thousand sentences need not write ten thousand times how far it is.
PROGRESS_EVERY_S = 0.5
# When there is no room for another conversation here.
PUT_OFF_S = 2.0

T = TypeVar("T")


def speak_part(process: Process, part_id: str, *, alone: bool) -> None:
    """Returns without a word when there is nothing to take: bells may ring twice."""
    with process.gate.enter(alone=alone):
        claim = _claim(process, part_id, alone=alone)
        if claim is None:
            return
        if not claim.options.live_text:
            _hold(process, claim)
        elif not process.conversations.begin(lambda: _hold(process, claim)):
            # Mostly it would wait: it takes the place of no other job, and another worker may have room.
            _put_off(process, claim)
    process.bells.top_up(claim.queue)


def _put_off(process: Process, claim: Claim) -> None:
    with process.database.write() as connection:
        lease.hand_back(connection, claim, delay_s=PUT_OFF_S)


def _hold(process: Process, claim: Claim) -> None:
    with (
        process.leases.hold(claim) as held,
        structlog.contextvars.bound_contextvars(
            job_id=claim.job_id, attempt=claim.attempt, request_id=claim.request_id
        ),
    ):
        _attempt(process, held)


def _claim(process: Process, part_id: str, *, alone: bool) -> Claim | None:
    if process.stopping:
        return None
    with process.database.write() as connection:
        return lease.claim(
            connection,
            part_id,
            alone=alone,
            worker_id=process.worker_id,
            lease_s=process.settings.lease_s,
        )


def _attempt(process: Process, held: Held) -> None:
    """What they listen by is there until the row says how it ended: from then on they have the file."""
    opened: list[Live] = []
    ended = False

    def open_live(spool: IO[bytes]) -> Live:
        opened.append(Live(held.claim, bells=process.bells, store=process.store, spool=spool))
        return opened[-1]

    try:
        ended = _speak(process, held, open_live)
    finally:
        for live in opened:
            live.end(for_good=ended)


def _speak(process: Process, held: Held, open_live: OpenLive) -> bool:
    """Whether the job has ended."""
    claim = held.claim
    try:
        speaker = process.voicebox.speaker(claim.queue.rpartition(".")[0])
        made = pipeline.speak(
            claim,
            speaker=speaker,
            store=process.store,
            watch=_watch(process, held),
            open_live=open_live,
            lexicon=process.lexicon,
        )
    except Stopped:
        return _stop(process, held)
    except Abandoned:
        return _cancel(process, held)
    except EngineError as error:
        return _end_badly(process, held, error)
    except Exception as error:
        log.exception("unexpected failure")
        failure = EngineError("internal_error", f"The worker failed: {type(error).__name__}.")
        return _end_badly(process, held, failure)
    if isinstance(made, Passed):
        return _pass_on(process, held, made)
    return _end_well(process, held, made)


def _watch(process: Process, held: Held) -> Watch:
    claim = held.claim
    last_written = time.monotonic()
    spoken: list[list[Any]] = []

    def go_on() -> None:
        if held.lost.is_set() or process.must_hand_back:
            raise Stopped

    def started(total: int) -> None:
        process.bells.emit(claim.job_id, "started", attempt=claim.attempt, segments_total=total)

    def spoke(cue: list[Any]) -> None:
        # Its words would make the event ten times as long; captions have them at the end.
        spoken.append(cue[:4])

    def progressed(done: int, total: int) -> None:
        nonlocal last_written
        told = {"attempt": claim.attempt, "segments_done": done, "segments_total": total, "cues": spoken}
        process.bells.emit(claim.job_id, "progress", **told)
        spoken.clear()
        if done == total or time.monotonic() - last_written < PROGRESS_EVERY_S:
            return
        last_written = time.monotonic()
        if not _still_ours(process, claim, done=done, total=total):
            held.lost.set()
            raise Stopped

    def listen(after: str, within_s: float) -> list[tuple[str, Piece]]:
        return process.bells.read_text(claim.job_id, after=after, within_s=within_s)

    return Watch(go_on, started, progressed, listen, spoke)


def _still_ours(process: Process, claim: Claim, *, done: int, total: int) -> bool:
    """A database that is away for a moment does not say: the lease decides, and the end is written when it is back."""
    try:
        with process.database.write() as connection:
            return lease.report_progress(connection, claim, done=done, total=total)
    except DATABASE_AWAY as error:
        log.warning("progress not written", error=type(error).__name__)
        return True


def _end_well(process: Process, held: Held, made: Finished) -> bool:
    claim = held.claim
    ended = _write(process, held, lambda connection: lease.finish(connection, claim, made))
    if ended is None:
        # Another attempt holds the part, or it was deleted: this key is ours alone, and nobody names it.
        process.store.delete([made.key])
        log.info("superseded", key=made.key)
        return _has_ended(process, claim)
    process.bells.emit(claim.job_id, "completed", **ended)
    if claim.takes:
        process.store.delete(claim.takes)
    log.info("completed", audio_s=round(made.duration_s, 2), segments=made.segments, **ended["timings"])
    return True


def _pass_on(process: Process, held: Held, made: Passed) -> bool:
    claim = held.claim
    queue = claim.next_queue
    assert queue is not None  # noqa: S101  # else it would not have been passed on
    if _write(process, held, lambda c: lease.pass_on(c, claim, queue=queue, take=made.take)):
        log.info("passed on", queue=queue)
        process.bells.ring(claim.part_id, queue=queue)
    else:
        process.store.delete([made.take])
        log.info("superseded", key=made.take)
    return False


def _stop(process: Process, held: Held) -> bool:
    claim = held.claim
    if held.lost.is_set():
        log.info("stopped", reason="cancelled or superseded")
        return _has_ended(process, claim)
    if _write(process, held, lambda connection: lease.hand_back(connection, claim)):
        log.info("handed back")
    return False


def _has_ended(process: Process, claim: Claim) -> bool:
    """By whomever. Of one that cannot be asked for, what listeners need ends by itself."""
    try:
        with process.database.read() as connection:
            status = connection.scalar(select(Job.status).where(Job.id == claim.job_id))
    except DATABASE_AWAY:
        return False
    return status is None or status in TERMINAL


def _cancel(process: Process, held: Held) -> bool:
    claim = held.claim
    with suppress(Gone, NotFound):  # somebody deleted it meanwhile
        _write(process, held, lambda c: changes.cancel(c, claim.job_id, owner=claim.owner))
        process.bells.emit(claim.job_id, "cancelled")
        log.info("cancelled", reason="nobody listens")
    return True


def _end_badly(process: Process, held: Held, error: EngineError) -> bool:
    claim = held.claim
    hung = error.code in HANGS
    if error.retryable and claim.failures + 1 < (MAX_HANGS if hung else lease.MAX_FAILURES):
        delay_s = _retry_delay_s(claim.failures, error.retry_after_s)
        # A hung engine takes its process with it: the next try must not take neighbours along.
        ended = _write(process, held, lambda c: lease.retry_later(c, claim, delay_s=delay_s, alone=hung))
        _tell(process, claim, "retrying", error, told=bool(ended), delay_s=round(delay_s, 1))
        return False
    if (provider := _next_provider(process, claim, error)) is not None:
        _hand_over(process, held, error, provider=provider)
        return False
    ended = _write(process, held, lambda c: lease.fail(c, claim, code=error.code, message=error.message))
    _tell(process, claim, "failed", error, told=bool(ended))
    return bool(ended)


def _next_provider(process: Process, claim: Claim, error: EngineError) -> str | None:
    """Who may speak it instead: hosted inference where it can, the stub for a model that is as good as missing."""
    if error.caller_fault or not claim.may_fail_over:
        return None
    with process.database.read() as connection:
        seen = worker_registry.seen_lately(connection)
    if find_model(claim.model).hosted and providers.announced(providers.INFERENCE, seen):
        return providers.INFERENCE
    beeps = process.settings.fallback_stub and providers.announced(providers.STUB, seen)
    return providers.STUB if error.code == "model_broken" and beeps else None


def _hand_over(process: Process, held: Held, error: EngineError, *, provider: str) -> None:
    claim = held.claim
    queue = broker.job_queue(provider, lane=claim.priority)
    hosted = provider == providers.INFERENCE
    instead = "Spoken by hosted inference instead." if hosted else "Only a beep, not speech."
    warning = f"The local engine failed ({error.code}): {error.message} {instead}"
    moved = _write(
        process,
        held,
        lambda c: lease.hand_over(c, claim, queue=queue, provider=provider, warning=warning),
    )
    _tell(process, claim, "retrying", error, told=bool(moved), provider=provider)
    if moved:
        process.bells.top_up(queue)


def _tell(process: Process, claim: Claim, event: str, error: EngineError, *, told: bool, **data: Any) -> None:
    if told:
        process.bells.emit(claim.job_id, event, code=error.code, message=error.message, **data)
    log.warning(event, code=error.code, reason=error.message, written=told, **data)


def _retry_delay_s(failures: int, asked_s: float | None) -> float:
    """Full jitter, so that jobs that failed together don't come back together."""
    ceiling = min(RETRY_MAX_S, RETRY_BASE_S * 4**failures)
    return max(asked_s or 0.0, random.uniform(ceiling / 2, ceiling))  # noqa: S311


def _write(process: Process, held: Held, change: Callable[[Connection], T]) -> T | None:
    """A database that is away for a moment must not cost finished speech: tried until the lease is lost."""
    give_up_at = time.monotonic() + process.settings.lease_s
    while True:
        try:
            with process.database.write() as connection:
                return change(connection)
        except DATABASE_AWAY as error:
            if time.monotonic() > give_up_at or held.lost.wait(1.0):
                raise
            log.warning("database does not answer", error=type(error).__name__)
