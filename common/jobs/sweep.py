"""What heals: expired leases go back to their queue, and bells that were lost are rung again."""

from dataclasses import dataclass

from sqlalchemy import Connection, Row, case, select, update

from common.db.database import clock
from common.db.tables import Job, Part
from common.jobs import transitions, usage
from common.jobs.lease import PARTS
from common.messaging.messages import PartMessage
from common.status import JobStatus

# A part that was running when its worker died is tried again alone; two deaths alone convict it.
MAX_CRASHES = 2
# No part is worth more claims than this, whatever keeps ending them.
MAX_ATTEMPTS = 12
BATCH = 500
MESSAGE_BACKOFF_S = 5.0
MESSAGE_BACKOFF_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """A part whose lease ran out: back in its queue, or failed with `code`."""

    job_id: str
    failed: bool


def release_expired(connection: Connection) -> list[ReleasedPart]:
    """Take back parts whose worker stopped renewing. The worker that held them is fenced off by the next claim."""
    now = clock(connection)
    expired = connection.execute(
        select(Part.id, Part.job_id, Part.isolated, Part.crashes, Part.attempt)
        .where(PARTS.is_expired(now))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    return [_release(connection, part, now=now) for part in expired]


def _release(connection: Connection, part: Row[str, str, bool, int, int], *, now: float) -> ReleasedPart:
    crashes = part.crashes + (1 if part.isolated else 0)
    gives_up = crashes >= MAX_CRASHES or part.attempt >= MAX_ATTEMPTS
    connection.execute(
        update(Part)
        .where(Part.id == part.id)
        .values(
            **transitions.QUEUED_AGAIN | ({"status": JobStatus.FAILED} if gives_up else {}),
            crashes=crashes,
            isolated=True,
            next_message_at=now,
        )
    )
    if gives_up:
        mark_failed(connection, part.job_id, attempts=part.attempt, now=now)
    else:
        connection.execute(update(Job).where(Job.id == part.job_id).values(**transitions.JOB_QUEUED_AGAIN))
    return ReleasedPart(part.job_id, failed=gives_up)


def mark_failed(connection: Connection, job_id: str, *, attempts: int, now: float) -> None:
    job = connection.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            status=JobStatus.FAILED,
            finished_at=now,
            error_code="worker_crashed",
            error_message=f"The worker died {attempts} times while speaking this text; it was given up.",
        )
        .returning(Job.owner, Job.model, Job.voice_id, Job.provider)
    ).one()
    usage.add(connection, job, now=now, failed=1)


def claim_due_messages(
    connection: Connection, *, queue: str, limit: int, lost_after_s: float | None = None
) -> list[PartMessage]:
    """The oldest parts of a queue whose bell is due, marked as rung now; the caller rings after its commit.

    `lost_after_s`: the queue was seen empty, so whatever was made longer ago than this has no bell any more.
    """
    if limit <= 0:
        return []
    now = clock(connection)
    is_due = Part.next_message_at <= now
    if lost_after_s is not None:
        is_due |= Part.created_at < now - lost_after_s
    due = (
        select(Part.id)
        .where(Part.status == JobStatus.QUEUED, Part.queue == queue, Part.not_before <= now, is_due)
        .order_by(Part.created_at, Part.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = connection.scalars(due).all()
    if not ids:
        return []
    # 5, 10, 20, 40, 60 s: the exponent is bounded, for both dialects know no infinity here.
    backoff = case(
        (Part.messages >= 4, MESSAGE_BACKOFF_MAX_S),
        (Part.messages == 3, 8 * MESSAGE_BACKOFF_S),
        (Part.messages == 2, 4 * MESSAGE_BACKOFF_S),
        (Part.messages == 1, 2 * MESSAGE_BACKOFF_S),
        else_=MESSAGE_BACKOFF_S,
    )
    claimed = connection.execute(
        update(Part)
        .where(Part.id.in_(ids))
        .values(messages=Part.messages + 1, next_message_at=now + backoff)
        .returning(Part.id, Part.queue, Part.isolated, Part.created_at)
    ).all()
    return [
        PartMessage(row.id, row.queue, row.isolated)
        for row in sorted(claimed, key=lambda r: (r.created_at, r.id))
    ]
