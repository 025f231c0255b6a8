"""Queues parts with lost leases again, and finds parts whose task messages must be published again."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, case, select, update

from common.db.database import clock
from common.db.leased_table import Evidence
from common.db.tables import Job, Part
from common.jobs import transitions, usage
from common.jobs.lease import PARTS
from common.messaging.messages import PartMessage
from common.status import JobStatus

# A part fails when this many of its workers have died. After the first death it runs isolated, because only one of the
# parts in that worker may have killed it.
MAX_CRASHES = 3
MESSAGE_BACKOFF_S = 5.0
MESSAGE_BACKOFF_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """A part whose lease was lost. It is queued again, or failed. `died`: its worker died."""

    job_id: str
    died: bool
    failed: bool


def release_expired(connection: Connection, evidence: Evidence) -> list[ReleasedPart]:
    """Queue parts again whose worker does not work on them any more. Fail those of which too many workers died.

    The next claim fences off the earlier worker.
    """
    lost = PARTS.lost(connection, evidence, Part.job_id, Part.crashes)
    return [_release(connection, part, now=evidence.now) for part in lost]


def _release(connection: Connection, part: Row[*tuple[Any, ...]], *, now: float) -> ReleasedPart:
    crashes = part.crashes + (1 if part.died else 0)
    gives_up: bool = part.died and crashes >= MAX_CRASHES
    values = transitions.QUEUED_AGAIN | {"crashes": crashes, "next_message_at": now}
    if part.died:
        values["isolated"] = True
    if gives_up:
        values["status"] = JobStatus.FAILED
    connection.execute(update(Part).where(Part.id == part.id).values(**values))
    if gives_up:
        mark_failed(connection, part.job_id, deaths=crashes, now=now)
    else:
        connection.execute(update(Job).where(Job.id == part.job_id).values(**transitions.JOB_QUEUED_AGAIN))
    return ReleasedPart(part.job_id, died=part.died, failed=gives_up)


def mark_failed(connection: Connection, job_id: str, *, deaths: int, now: float) -> None:
    job = connection.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            status=JobStatus.FAILED,
            finished_at=now,
            error_code="worker_crashed",
            error_message=f"{deaths} workers died while they spoke this text. Change the text and retry.",
        )
        .returning(Job.owner, Job.model, Job.voice_id, Job.provider)
    ).one()
    usage.add(connection, job, now=now, failed=1)


def claim_due_messages(
    connection: Connection, *, queue: str, limit: int, lost_after_s: float | None = None
) -> list[PartMessage]:
    """Claim the messages that are due, for the oldest parts of a queue. The caller publishes them after its commit.

    `lost_after_s` is set if the queue is empty on the broker: parts older than this have lost their message.
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
    # 5, 10, 20, 40, 60 s. Cases instead of a power, which would overflow for many messages.
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
