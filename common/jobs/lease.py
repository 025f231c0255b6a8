"""The worker's side: a part is taken by a conditional UPDATE and held by a lease that must be renewed.

Every later write names the attempt. When it touches no row, another attempt holds the part (or it was cancelled or
deleted), and the caller must drop what it made.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from common.db.database import clock
from common.db.leased_table import Lease, LeasedTable
from common.db.tables import Job, Part
from common.jobs import latencies, statements, transitions, usage
from common.jobs.records import JobSpec, spec_values
from common.jobs.submission import FIRST_MESSAGE_RETRY_S
from common.recordings import search
from common.recordings.captions import Caption
from common.recordings.search import SearchableRecording
from common.status import JobStatus

MAX_FAILURES = 3
TITLE_CHARS = 80


PARTS = LeasedTable(
    Part,
    only_if=(
        statements.PARTS.c.not_before <= bindparam("the_moment"),
        statements.PARTS.c.isolated == bindparam("the_isolation"),
    ),
    returning=(
        statements.PARTS.c.job_id,
        statements.PARTS.c.queue,
        statements.PARTS.c.failures,
        statements.PARTS.c.partial_audio,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedPart:
    """A part that this process works on, with all that is needed to speak it. Moments are UTC epoch seconds."""

    lease: Lease
    job: JobSpec
    queue: str
    isolated: bool
    failures: int
    created_at: float
    started_at: float
    claimed_at: float
    # How often a worker took the job.
    attempts: int
    # Keys of what was spoken in the stages behind it.
    partial_audio: tuple[str, ...] = ()

    @property
    def part_id(self) -> str:
        return self.lease.key[0]

    @property
    def attempt(self) -> int:
        return self.lease.attempt

    @property
    def next_queue(self) -> str | None:
        """The queue of the next stage. None in the last stage, where the file is made."""
        stage = len(self.partial_audio) + 1
        return self.job.options.stages[stage] if stage < len(self.job.options.stages) else None


@dataclass(frozen=True, slots=True)
class SynthesisResult:
    """What a completed job brings home. Times in milliseconds, `first_audio_ms` from the claim on.

    `text` is given where it came while it was spoken.
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


def claim(
    connection: Connection, part_id: str, *, isolated: bool, worker_id: str, lease_s: float
) -> ClaimedPart | None:
    """Take a queued part. None when it is taken, ended, gone, not yet due, or `isolated` differs from the row."""
    now = clock(connection)
    part = PARTS.take(
        connection,
        (part_id,),
        worker_id=worker_id,
        until=now + lease_s,
        the_moment=now,
        the_isolation=isolated,
    )
    if part is None:
        return None
    row = connection.execute(statements.START_JOB, {"the_job": part.job_id, "the_moment": now}).one()
    values = spec_values(dict(row._mapping))
    state = {name: values.pop(name) for name in ("created_at", "started_at", "attempts")}
    return ClaimedPart(
        lease=Lease(PARTS, (part_id,), part.attempt),
        job=JobSpec(**values),
        queue=part.queue,
        isolated=isolated,
        failures=part.failures,
        claimed_at=now,
        partial_audio=tuple(part.partial_audio),
        **state,
    )


def report_progress(connection: Connection, held: ClaimedPart, *, done: int, total: int) -> bool:
    """False when the part is no longer ours, so this is also how a cancellation is noticed."""
    if connection.scalar(select(Part.id).where(PARTS.is_held(held.lease))) is None:
        return False
    connection.execute(
        update(Job).where(Job.id == held.job.id).values(segments_done=done, segments_total=total)
    )
    return True


def finish(connection: Connection, held: ClaimedPart, made: SynthesisResult) -> dict[str, Any] | None:
    """End a part well, in one transaction: audio, job, history, usage.

    What the event of the end says of the job; None if the part is not ours any more.
    """
    now = clock(connection)
    if not PARTS.end(connection, held.lease, status=JobStatus.COMPLETED):
        return None
    if made.text is not None:
        held = replace(held, job=replace(held.job, text=made.text))
        written = update(Job).where(Job.id == held.job.id).values(text=made.text, chars=len(made.text))
        connection.execute(written)
    timings = _timings(held, made, now=now)
    connection.execute(statements.ADD_AUDIO, _audio(made, now=now))
    if made.captions:
        connection.execute(
            statements.ADD_CAPTIONS, {"audio_key": made.key, "rows": [one.as_row() for one in made.captions]}
        )
    connection.execute(
        statements.COMPLETE_JOB,
        {
            "the_job": held.job.id,
            "the_moment": now,
            "the_key": made.key,
            "segments": made.segments,
            "the_timings": timings,
            "the_warnings": list(made.warnings),
        },
    )
    recording = _recording(held, made, now=now)
    connection.execute(statements.ADD_RECORDING, recording)
    search.add(
        connection, [SearchableRecording(**{name: recording[name] for name in SearchableRecording.__slots__})]
    )
    usage.count(
        connection,
        held.job,
        now=now,
        completed=1,
        chars=len(held.job.text),
        audio_s=made.duration_s,
        size_bytes=made.size_bytes,
        queue_ms=timings["queue_ms"],
        synthesis_ms=made.synthesis_ms,
        total_ms=timings["total_ms"],
    )
    waited: dict[latencies.Measure, float] = {
        "wait": timings["queue_ms"],
        "first_audio": timings["first_audio_ms"],
    }
    latencies.count(connection, held.job, waited, now=now)
    return {
        "provider": held.job.provider,
        "started_at": held.started_at,
        "finished_at": now,
        "duration_s": made.duration_s,
        "size_bytes": made.size_bytes,
        "sample_rate_hz": made.sample_rate_hz,
        "segments_done": made.segments,
        "segments_total": made.segments,
        "attempts": held.attempts,
        "warnings": list(made.warnings),
        "timings": timings,
    }


def fail(connection: Connection, held: ClaimedPart, *, code: str, message: str) -> bool:
    """End a part with a reason that a person can act on."""
    if not PARTS.end(connection, held.lease, status=JobStatus.FAILED):
        return False
    now = clock(connection)
    connection.execute(
        update(Job)
        .where(Job.id == held.job.id)
        .values(status=JobStatus.FAILED, finished_at=now, error_code=code, error_message=message)
    )
    usage.count(connection, held.job, now=now, failed=1)
    return True


def retry_later(connection: Connection, held: ClaimedPart, *, delay_s: float, isolated: bool = False) -> bool:
    """Back to the queue after a failure that may pass; the delay lives in the row, never in the broker."""
    due = clock(connection) + delay_s
    return _requeue(
        connection,
        held,
        failures=Part.failures + 1,
        not_before=due,
        next_message_at=due,
        isolated=isolated or held.isolated,
    )


def hand_back(connection: Connection, held: ClaimedPart, *, delay_s: float = 0.0) -> bool:
    """Back to the queue unharmed, because this process must stop or has no room; no attempt is charged."""
    due = clock(connection) + delay_s
    if not _requeue(connection, held, not_before=due, next_message_at=due):
        return False
    connection.execute(update(Job).where(Job.id == held.job.id).values(attempts=Job.attempts - 1))
    return True


def pass_on(connection: Connection, held: ClaimedPart, *, queue: str, key: str) -> bool:
    """To the queue of its next voices; `key` is that of what those of this one have spoken.

    The attempt goes on there: none is charged, and what went wrong here says nothing of other voices. The caller rings
    for it after the commit.
    """
    ring_again_at = clock(connection) + FIRST_MESSAGE_RETRY_S
    given = {"queue": queue, "partial_audio": [*held.partial_audio, key], "next_message_at": ring_again_at}
    if not _requeue(connection, held, failures=0, crashes=0, isolated=False, **given):
        return False
    connection.execute(update(Job).where(Job.id == held.job.id).values(attempts=Job.attempts - 1))
    return True


def hand_over(connection: Connection, held: ClaimedPart, *, queue: str, provider: str, warning: str) -> bool:
    """To another provider's queue, because this one cannot speak it through no fault of the caller."""
    now = clock(connection)
    if not _requeue(connection, held, queue=queue, next_message_at=now, failures=0):
        return False
    connection.execute(
        update(Job)
        .where(Job.id == held.job.id)
        .values(provider=provider, may_fail_over=False, warnings=[*held.job.warnings, warning])
    )
    return True


def _requeue(connection: Connection, held: ClaimedPart, **values: Any) -> bool:
    # `bells` starts again: the back-off of bells is for rows that nobody takes.
    if not PARTS.change(connection, held.lease, **transitions.QUEUED_AGAIN, **values):
        return False
    # It starts again from the beginning: how far it was and since when would mislead the forecast.
    connection.execute(update(Job).where(Job.id == held.job.id).values(**transitions.JOB_QUEUED_AGAIN))
    return True


def _timings(held: ClaimedPart, made: SynthesisResult, *, now: float) -> dict[str, float]:
    queue_ms = (held.claimed_at - held.created_at) * 1000
    return {
        "queue_ms": round(queue_ms, 1),
        "first_audio_ms": round(queue_ms + made.first_audio_ms, 1),
        "synthesis_ms": round(made.synthesis_ms, 1),
        "encode_ms": round(made.encode_ms, 1),
        "total_ms": round((now - held.created_at) * 1000, 1),
        "rtf": round(made.synthesis_ms / 1000 / made.duration_s, 4) if made.duration_s else 0.0,
    }


def _audio(made: SynthesisResult, *, now: float) -> dict[str, Any]:
    return {
        "key": made.key,
        "sha256": made.sha256,
        "recipe": made.recipe,
        "format": made.format,
        "sample_rate_hz": made.sample_rate_hz,
        "duration_s": made.duration_s,
        "size_bytes": made.size_bytes,
        "created_at": now,
    }


def _recording(held: ClaimedPart, made: SynthesisResult, *, now: float) -> dict[str, Any]:
    words = " ".join(held.job.text[: 2 * TITLE_CHARS].split())
    title = words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"
    return {
        "job_id": held.job.id,
        "owner": held.job.owner,
        "title": title,
        "text": held.job.text,
        "voice_id": held.job.voice_id,
        "model": held.job.model,
        "provider": held.job.provider,
        "language": held.job.language,
        "speed": held.job.speed,
        "style": held.job.style,
        "audio_key": made.key,
        "created_at": now,
    }
