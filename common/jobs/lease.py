"""The worker's side: a part is taken by a conditional UPDATE and held by a lease that must be renewed.

Every later write names the attempt. When it touches no row, another attempt holds the part (or it was cancelled or
deleted), and the caller must drop what it made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, literal, or_, select, update

from common.db.database import clock, epoch_now
from common.db.tables import Job, Part
from common.jobs import latencies, statements
from common.jobs.options import PLAIN, Options
from common.jobs.submission import FIRST_BELL_RETRY_S
from common.recordings import search
from common.recordings.search import Findable

MAX_FAILURES = 3
TITLE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Claim:
    """A part that this process holds, with all that is needed to speak it."""

    part_id: str
    attempt: int
    queue: str
    alone: bool
    failures: int
    job_id: str
    owner: str
    voice_id: str
    model: str
    provider: str
    text: str
    language: str | None
    speed: float
    style: str | None
    format: str
    priority: str
    seed: int
    seed_given: bool
    may_fail_over: bool
    warnings: tuple[str, ...]
    created_at: float
    started_at: float
    attempts: int
    claimed_at: float
    request_id: str | None
    options: Options = PLAIN
    # What was spoken of it in the queues that it passed through already.
    takes: tuple[str, ...] = ()

    @property
    def next_queue(self) -> str | None:
        """Where it goes when its voices here have spoken; None when it ends here."""
        legs = self.options.legs
        return legs[len(self.takes) + 1] if len(self.takes) + 1 < len(legs) else None


@dataclass(frozen=True, slots=True)
class Finished:
    """What a completed job brings home. Times in milliseconds, `first_audio_ms` from the claim on.

    `cues` are captions as `common.recordings.captions` stores them; `text` is given where it came while it was spoken.
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
    cues: tuple[Any, ...] = ()
    text: str | None = None


def claim(
    connection: Connection, part_id: str, *, alone: bool, worker_id: str, lease_s: float
) -> Claim | None:
    """Take a queued part. None when it is taken, ended, gone, not yet due, or to be run otherwise (`alone`)."""
    now = clock(connection)
    part = connection.execute(
        statements.TAKE_PART,
        {
            "the_part": part_id,
            "the_moment": now,
            "be_alone": alone,
            "until": now + lease_s,
            "worker": worker_id,
        },
    ).first()
    if part is None:
        return None
    job = connection.execute(statements.START_JOB, {"the_job": part.job_id, "the_moment": now}).one()
    row = dict(job._mapping)
    return Claim(
        part_id=part_id,
        attempt=part.attempt,
        queue=part.queue,
        alone=alone,
        failures=part.failures,
        job_id=part.job_id,
        claimed_at=now,
        takes=tuple(part.takes),
        **{**row, "warnings": tuple(row["warnings"]), "options": Options.from_row(row["options"])},
    )


def renew(connection: Connection, held: Sequence[tuple[str, int]], *, lease_s: float) -> set[str]:
    """Renew the leases of `(part id, attempt)`; the ids that could not be renewed are lost to us."""
    if not held:
        return set()
    ours = or_(*(and_(Part.id == part_id, Part.attempt == attempt) for part_id, attempt in held))
    kept = connection.scalars(
        update(Part)
        .where(Part.status == "running", ours)
        .values(lease_until=epoch_now() + literal(lease_s))
        .returning(Part.id)
    )
    return {part_id for part_id, _ in held} - set(kept)


def report_progress(connection: Connection, held: Claim, *, done: int, total: int) -> bool:
    """False when the part is no longer ours, so this is also how a cancellation is noticed."""
    if connection.scalar(select(Part.id).where(_fence(held))) is None:
        return False
    connection.execute(
        update(Job).where(Job.id == held.job_id).values(segments_done=done, segments_total=total)
    )
    return True


def finish(connection: Connection, held: Claim, made: Finished) -> dict[str, Any] | None:
    """End a part well, in one transaction: audio, job, history, usage.

    What the event of the end says of the job; None if the part is not ours any more.
    """
    now = clock(connection)
    if not _leave(connection, held, status="completed"):
        return None
    if made.text is not None:
        held = replace(held, text=made.text)
        written = update(Job).where(Job.id == held.job_id).values(text=made.text, chars=len(made.text))
        connection.execute(written)
    timings = _timings(held, made, now=now)
    connection.execute(statements.ADD_AUDIO, _audio(made, now=now))
    if made.cues:
        connection.execute(statements.ADD_CAPTIONS, {"audio_key": made.key, "cues": list(made.cues)})
    connection.execute(
        statements.COMPLETE_JOB,
        {
            "the_job": held.job_id,
            "the_moment": now,
            "the_key": made.key,
            "segments": made.segments,
            "the_timings": timings,
            "the_warnings": list(made.warnings),
        },
    )
    recording = _recording(held, made, now=now)
    connection.execute(statements.ADD_RECORDING, recording)
    search.add(connection, [Findable(**{name: recording[name] for name in Findable.__slots__})])
    count_usage(
        connection,
        held,
        now=now,
        completed=1,
        chars=len(held.text),
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
    latencies.count(connection, held, waited, now=now)
    return {
        "provider": held.provider,
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


def fail(connection: Connection, held: Claim, *, code: str, message: str) -> bool:
    """End a part with a reason that a person can act on."""
    if not _leave(connection, held, status="failed"):
        return False
    now = clock(connection)
    connection.execute(
        update(Job)
        .where(Job.id == held.job_id)
        .values(status="failed", finished_at=now, error_code=code, error_message=message)
    )
    count_usage(connection, held, now=now, failed=1)
    return True


def retry_later(connection: Connection, held: Claim, *, delay_s: float, alone: bool = False) -> bool:
    """Back to the queue after a failure that may pass; the delay lives in the row, never in the broker."""
    due = clock(connection) + delay_s
    return _requeue(
        connection,
        held,
        failures=Part.failures + 1,
        not_before=due,
        next_bell_at=due,
        alone=alone or held.alone,
    )


def hand_back(connection: Connection, held: Claim, *, delay_s: float = 0.0) -> bool:
    """Back to the queue unharmed, because this process must stop or has no room; no attempt is charged."""
    due = clock(connection) + delay_s
    if not _requeue(connection, held, not_before=due, next_bell_at=due):
        return False
    connection.execute(update(Job).where(Job.id == held.job_id).values(attempts=Job.attempts - 1))
    return True


def pass_on(connection: Connection, held: Claim, *, queue: str, take: str) -> bool:
    """To the queue of its next voices; `take` is the key of what those of this one have spoken.

    The attempt goes on there: none is charged, and what went wrong here says nothing of other voices. The caller rings
    for it after the commit.
    """
    ring_again_at = clock(connection) + FIRST_BELL_RETRY_S
    given = {"queue": queue, "takes": [*held.takes, take], "next_bell_at": ring_again_at}
    if not _requeue(connection, held, failures=0, crashes=0, alone=False, **given):
        return False
    connection.execute(update(Job).where(Job.id == held.job_id).values(attempts=Job.attempts - 1))
    return True


def hand_over(connection: Connection, held: Claim, *, queue: str, provider: str, warning: str) -> bool:
    """To another provider's queue, because this one cannot speak it through no fault of the caller."""
    now = clock(connection)
    if not _requeue(connection, held, queue=queue, next_bell_at=now, failures=0):
        return False
    connection.execute(
        update(Job)
        .where(Job.id == held.job_id)
        .values(provider=provider, may_fail_over=False, warnings=[*held.warnings, warning])
    )
    return True


def _fence(held: Claim) -> Any:
    return and_(Part.id == held.part_id, Part.attempt == held.attempt, Part.status == "running")


def _leave(connection: Connection, held: Claim, *, status: str) -> bool:
    left = connection.execute(
        statements.LEAVE_PART, {"the_part": held.part_id, "the_attempt": held.attempt, "ended": status}
    )
    return left.rowcount == 1


def _requeue(connection: Connection, held: Claim, **values: Any) -> bool:
    # `bells` starts again: the back-off of bells is for rows that nobody takes.
    if not _change(connection, held, status="queued", lease_until=None, bells=0, **values):
        return False
    # It starts again from the beginning: how far it was and since when would mislead the forecast.
    connection.execute(
        update(Job).where(Job.id == held.job_id).values(status="queued", segments_done=0, started_at=None)
    )
    return True


def _change(connection: Connection, held: Claim, **values: Any) -> bool:
    return connection.execute(update(Part).where(_fence(held)).values(**values)).rowcount == 1


def _timings(held: Claim, made: Finished, *, now: float) -> dict[str, float]:
    queue_ms = (held.claimed_at - held.created_at) * 1000
    return {
        "queue_ms": round(queue_ms, 1),
        "first_audio_ms": round(queue_ms + made.first_audio_ms, 1),
        "synthesis_ms": round(made.synthesis_ms, 1),
        "encode_ms": round(made.encode_ms, 1),
        "total_ms": round((now - held.created_at) * 1000, 1),
        "rtf": round(made.synthesis_ms / 1000 / made.duration_s, 4) if made.duration_s else 0.0,
    }


def _audio(made: Finished, *, now: float) -> dict[str, Any]:
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


def _recording(held: Claim, made: Finished, *, now: float) -> dict[str, Any]:
    words = " ".join(held.text[: 2 * TITLE_CHARS].split())
    title = words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"
    return {
        "job_id": held.job_id,
        "owner": held.owner,
        "title": title,
        "text": held.text,
        "voice_id": held.voice_id,
        "model": held.model,
        "provider": held.provider,
        "language": held.language,
        "speed": held.speed,
        "style": held.style,
        "audio_key": made.key,
        "created_at": now,
    }


def count_usage(connection: Connection, job: Any, *, now: float, **amounts: float) -> None:
    """Add to the rollup of this hour. `job` names owner, model, voice and provider."""
    row = {
        "hour": int(now // 3600),
        "owner": job.owner,
        "model": job.model,
        "voice_id": job.voice_id,
        "provider": job.provider,
    }
    connection.execute(statements.add_usage(connection.dialect.name, tuple(amounts)), row | amounts)
