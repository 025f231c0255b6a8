"""The functions of workers: claim a part, report progress, end it or queue it again.

Every write names the attempt. If it matches no row, another attempt holds the part, or it was cancelled or deleted. The
caller must then discard its result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update

from common.db.database import clock, epoch_now
from common.db.leased_table import Lease, LeasedTable
from common.db.tables import Job, Part
from common.jobs import latencies, statements, transitions, usage
from common.jobs.kept_audio import NOTHING_KEPT, KeptAudio
from common.jobs.records import JobSpec, spec_values
from common.recordings import search
from common.recordings.captions import Caption
from common.recordings.search import SearchableRecording
from common.recordings.titles import title_of
from common.status import JobStatus

MAX_FAILURES = 3


PARTS = LeasedTable(
    Part,
    only_if=(
        statements.PARTS.c.not_before <= epoch_now(),
        statements.PARTS.c.isolated == bindparam("the_isolation"),
    ),
    returning=(
        statements.PARTS.c.job_id,
        statements.PARTS.c.queue,
        statements.PARTS.c.failures,
        statements.PARTS.c.partial_audio,
        statements.PARTS.c.kept_audio,
    ),
)

_REPORT_PROGRESS = (
    update(statements.JOBS)
    .where(statements.JOBS.c.id == bindparam("the_job"), exists().where(PARTS.holds))
    .values(segments_done=bindparam("segments_done"), segments_total=bindparam("segments_total"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPart:
    """A part that this process works on, with everything needed to speak it. Times are UTC epoch seconds."""

    lease: Lease
    job: JobSpec
    queue: str
    isolated: bool
    failures: int
    created_at: float
    started_at: float
    claimed_at: float
    # How often workers claimed the job.
    attempts: int
    # The keys of the audio of earlier stages.
    partial_audio: tuple[str, ...] = ()
    # The finished segments of this stage, of earlier attempts.
    kept_audio: KeptAudio = NOTHING_KEPT

    @property
    def part_id(self) -> str:
        return self.lease.key[0]

    @property
    def attempt(self) -> int:
        return self.lease.attempt

    @property
    def next_queue(self) -> str | None:
        """The queue of the next stage. None in the last stage, which writes the file."""
        stage = len(self.partial_audio) + 1
        return self.job.options.stages[stage] if stage < len(self.job.options.stages) else None


@dataclass(frozen=True, slots=True)
class SynthesisResult:
    """The result of a completed job. `first_audio_ms` counts from the claim.

    `text` is set if the text arrived while it was spoken, and `spoken_chars` if not all of it was spoken.
    """

    key: str
    sha256: str
    recipe: str
    format: str
    sample_rate_hz: int
    duration_s: float
    size_bytes: int
    segments: int
    first_audio_ms: float
    synthesis_ms: float
    encode_ms: float
    warnings: tuple[str, ...]
    captions: tuple[Caption, ...] = ()
    text: str | None = None
    spoken_chars: int | None = None


def claim(
    connection: Connection, part_id: str, *, isolated: bool, worker_id: str, lease_s: float
) -> ClaimedPart | None:
    """Claim a queued part. Returns None if it is not queued or not due, or if `isolated` differs from its row."""
    taken = PARTS.take(connection, (part_id,), worker_id=worker_id, lease_s=lease_s, the_isolation=isolated)
    if taken is None:
        return None
    start = {"the_job": taken.job_id, "the_moment": taken.taken_at}
    job_row = connection.execute(statements.START_JOB, start).one()
    values = spec_values(dict(job_row._mapping))
    state = {name: values.pop(name) for name in ("created_at", "started_at", "attempts")}
    return ClaimedPart(
        lease=Lease(PARTS, (part_id,), taken.attempt),
        job=JobSpec(**values),
        queue=taken.queue,
        isolated=isolated,
        failures=taken.failures,
        claimed_at=taken.taken_at,
        partial_audio=tuple(taken.partial_audio),
        kept_audio=KeptAudio.from_row(taken.kept_audio),
        **state,
    )


def report_progress(connection: Connection, part: ClaimedPart, *, done: int, total: int) -> bool:
    """Write the progress. Returns False if the lease is lost, for example after a cancellation."""
    progress = {"the_job": part.job.id, "segments_done": done, "segments_total": total}
    return connection.execute(_REPORT_PROGRESS, PARTS.parameters_of(part.lease) | progress).rowcount == 1


def keep(connection: Connection, part: ClaimedPart, kept: KeptAudio) -> bool:
    """Write where the finished segments are. Returns False if the lease is lost."""
    return PARTS.change(connection, part.lease, kept_audio=kept.as_row())


def acquit(connection: Connection, part: ClaimedPart) -> bool:
    """End the isolation of a part that has spoken what its dead worker held. Returns False if the lease is lost."""
    return PARTS.change(connection, part.lease, isolated=False)


def must_finish_early(connection: Connection, part: ClaimedPart) -> bool:
    """True if the job is to end with the segments that are spoken, because the user stopped it."""
    return bool(connection.scalar(select(Job.finish_early).where(Job.id == part.job.id)))


def finish(connection: Connection, part: ClaimedPart, result: SynthesisResult) -> dict[str, Any] | None:
    """Complete a part, in one transaction with its audio, job, recording and usage.

    Returns the data of the event `completed`. None if the lease is lost.
    """
    now = PARTS.end(connection, part.lease, status=JobStatus.COMPLETED)
    if now is None:
        return None
    if result.text is not None:
        part = replace(part, job=replace(part.job, text=result.text))
        new_text = {"text": result.text, "chars": len(result.text)}
        connection.execute(update(Job).where(Job.id == part.job.id).values(**new_text))
    timings = _timings(part, result, now=now)
    connection.execute(statements.ADD_AUDIO, _audio_row(result, now=now))
    if result.captions:
        connection.execute(
            statements.ADD_CAPTIONS,
            {"audio_key": result.key, "rows": [one.as_row() for one in result.captions]},
        )
    connection.execute(
        statements.COMPLETE_JOB,
        {
            "the_job": part.job.id,
            "the_moment": now,
            "the_key": result.key,
            "segments": result.segments,
            "the_timings": timings,
            "the_warnings": list(result.warnings),
        },
    )
    recording = _recording_row(part, result, now=now)
    connection.execute(statements.ADD_RECORDING, recording)
    search.add(
        connection, [SearchableRecording(**{name: recording[name] for name in SearchableRecording.__slots__})]
    )
    _add_usage(connection, part, result, timings, now=now)
    return _completed_data(part, result, timings, now=now)


def fail(connection: Connection, part: ClaimedPart, *, code: str, message: str) -> bool:
    """Fail a part. `message` says what is wrong and what to do. Returns False if the lease is lost."""
    now = PARTS.end(connection, part.lease, status=JobStatus.FAILED)
    if now is None:
        return False
    connection.execute(
        update(Job)
        .where(Job.id == part.job.id)
        .values(status=JobStatus.FAILED, finished_at=now, error_code=code, error_message=message)
    )
    usage.add(connection, part.job, now=now, failed=1)
    return True


def retry_later(connection: Connection, part: ClaimedPart, *, delay_s: float) -> bool:
    """Queue a part again after a temporary failure. The delay is in the row, not in the broker.

    Returns False if the lease is lost.
    """
    due = clock(connection) + delay_s
    return _requeue(
        connection,
        part,
        failures=Part.failures + 1,
        not_before=due,
        next_message_at=due,
    )


def hand_back(connection: Connection, part: ClaimedPart, *, delay_s: float = 0.0) -> bool:
    """Queue a part again: this process stops or has no free slot, or the store does not answer.

    `attempts` of the job, which clients see, does not count this attempt. `attempt` of the part keeps its number, so
    the next claim has a higher one. Returns False if the lease is lost.
    """
    due = clock(connection) + delay_s
    if not _requeue(connection, part, not_before=due, next_message_at=due):
        return False
    connection.execute(update(Job).where(Job.id == part.job.id).values(attempts=Job.attempts - 1))
    return True


def pass_on(connection: Connection, part: ClaimedPart, *, queue: str, key: str) -> bool:
    """Pass a part on to the queue of its next stage. `key` names the audio of this stage.

    For clients the attempt continues there, so `attempts` of the job does not count this stage. Failures and crashes
    start from 0, because they say nothing about the voices of the next stage. The caller publishes the message after
    the commit. Returns False if the lease is lost.
    """
    next_message_at = clock(connection) + transitions.FIRST_MESSAGE_RETRY_S
    changes = {
        "queue": queue,
        "partial_audio": [*part.partial_audio, key],
        "kept_audio": NOTHING_KEPT.as_row(),
        "next_message_at": next_message_at,
    }
    if not _requeue(connection, part, failures=0, crashes=0, isolated=False, **changes):
        return False
    connection.execute(update(Job).where(Job.id == part.job.id).values(attempts=Job.attempts - 1))
    return True


def hand_over(connection: Connection, part: ClaimedPart, *, queue: str, provider: str, warning: str) -> bool:
    """Queue a part for another provider, because this one cannot speak it and the request is not the reason.

    Returns False if the lease is lost.
    """
    now = clock(connection)
    changes = {"queue": queue, "kept_audio": NOTHING_KEPT.as_row()}
    if not _requeue(connection, part, next_message_at=now, failures=0, **changes):
        return False
    connection.execute(
        update(Job)
        .where(Job.id == part.job.id)
        .values(provider=provider, may_fail_over=False, warnings=[*part.job.warnings, warning])
    )
    return True


def _requeue(connection: Connection, part: ClaimedPart, **values: Any) -> bool:
    if not PARTS.change(connection, part.lease, **transitions.QUEUED_AGAIN, **values):
        return False
    connection.execute(update(Job).where(Job.id == part.job.id).values(**transitions.JOB_QUEUED_AGAIN))
    return True


def _add_usage(
    connection: Connection,
    part: ClaimedPart,
    result: SynthesisResult,
    timings: Mapping[str, float],
    *,
    now: float,
) -> None:
    usage.add(
        connection,
        part.job,
        now=now,
        completed=1,
        chars=len(part.job.text) if result.spoken_chars is None else result.spoken_chars,
        audio_s=result.duration_s,
        size_bytes=result.size_bytes,
        queue_ms=timings["queue_ms"],
        synthesis_ms=result.synthesis_ms,
        total_ms=timings["total_ms"],
    )
    latencies_ms: dict[latencies.Measure, float] = {
        "wait": timings["queue_ms"],
        "first_audio": timings["first_audio_ms"],
    }
    latencies.add(connection, part.job, latencies_ms, now=now)


def _completed_data(
    part: ClaimedPart, result: SynthesisResult, timings: dict[str, float], *, now: float
) -> dict[str, Any]:
    """The data of the event `completed`: the attempt, and common.jobs.records.COMPLETED_FIELDS."""
    return {
        "attempt": part.attempt,
        "provider": part.job.provider,
        "started_at": part.started_at,
        "finished_at": now,
        "duration_s": result.duration_s,
        "size_bytes": result.size_bytes,
        "sample_rate_hz": result.sample_rate_hz,
        "segments_done": result.segments,
        "segments_total": result.segments,
        "attempts": part.attempts,
        "warnings": list(result.warnings),
        "timings": timings,
    }


def _timings(part: ClaimedPart, result: SynthesisResult, *, now: float) -> dict[str, float]:
    queue_ms = (part.claimed_at - part.created_at) * 1000
    return {
        "queue_ms": round(queue_ms, 1),
        "first_audio_ms": round(queue_ms + result.first_audio_ms, 1),
        "synthesis_ms": round(result.synthesis_ms, 1),
        "encode_ms": round(result.encode_ms, 1),
        "total_ms": round((now - part.created_at) * 1000, 1),
        "rtf": round(result.synthesis_ms / 1000 / result.duration_s, 4) if result.duration_s else 0.0,
    }


def _audio_row(result: SynthesisResult, *, now: float) -> dict[str, Any]:
    return {
        "key": result.key,
        "sha256": result.sha256,
        "recipe": result.recipe,
        "format": result.format,
        "sample_rate_hz": result.sample_rate_hz,
        "duration_s": result.duration_s,
        "size_bytes": result.size_bytes,
        "created_at": now,
    }


def _recording_row(part: ClaimedPart, result: SynthesisResult, *, now: float) -> dict[str, Any]:
    return {
        "job_id": part.job.id,
        "owner": part.job.owner,
        "title": part.job.options.title or title_of(part.job.text),
        "text": part.job.text,
        "voice_id": part.job.voice_id,
        "model": part.job.model,
        "provider": part.job.provider,
        "language": part.job.language,
        "speed": part.job.speed,
        "style": part.job.style,
        "audio_key": result.key,
        "created_at": now,
        "seed": part.job.seed if part.job.seed_given else None,
        "lexicon": dict(part.job.options.lexicon),
    }
