"""Queries about jobs and their places in the queues. Nothing here reads a whole table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, literal_column, or_, select

from common.db.database import sum_or_zero
from common.db.keyset import Keyset, is_after
from common.db.tables import Job, Part
from common.jobs import statements
from common.jobs.records import JobRecord
from common.messaging.queue_names import LANES, job_queue, preceding_queue
from common.status import TERMINAL, JobStatus

# Beyond this, a place in the queue is said to be "at least" this.
POSITION_MAX = 10_000


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where a queued job stands: parts and characters ahead of it on its queue (and on the faster lane)."""

    ahead: int
    chars_ahead: int


def get_job(connection: Connection, job_id: str, *, owner: str) -> JobRecord | None:
    """The job, also a deleted one: `deleted_at` is set then."""
    row = connection.execute(statements.GET_JOB, {"the_job": job_id, "the_owner": owner}).first()
    return JobRecord.from_row(row) if row else None


def ended_jobs(connection: Connection, job_ids: Sequence[str]) -> set[str]:
    """Those of these jobs that ended or were deleted."""
    has_ended = or_(Job.status.in_(TERMINAL), Job.deleted_at.is_not(None))
    chunks = (job_ids[first : first + 500] for first in range(0, len(job_ids), 500))
    return {
        job_id
        for chunk in chunks
        for job_id in connection.scalars(select(Job.id).where(Job.id.in_(chunk), has_ended))
    }


def list_jobs(
    connection: Connection,
    *,
    owner: str,
    limit: int,
    after: Keyset | None = None,
    status: str | None = None,
    voice_id: str | None = None,
    model: str | None = None,
) -> list[JobRecord]:
    """Newest first, from behind `after`."""
    query = statements.SELECT_JOB.where(Job.owner == owner, Job.deleted_at.is_(None))
    if status and status != JobStatus.COMPLETED:
        # Written out: a database cannot know that a parameter is none of those that the index leaves out.
        query = query.where(literal_column("jobs.status <> 'completed'"))
    for column, value in ((Job.status, status), (Job.voice_id, voice_id), (Job.model, model)):
        if value:
            query = query.where(column == value)
    if after:
        query = query.where(is_after(Job.created_at, Job.id, after))
    rows = connection.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit))
    return [JobRecord.from_row(row) for row in rows]


def queue_position(connection: Connection, job_id: str) -> QueuePosition | None:
    """None when no part of the job is queued."""
    part = connection.execute(
        select(Part.queue, Part.created_at, Part.id)
        .where(Part.job_id == job_id, Part.status == JobStatus.QUEUED)
        .order_by(Part.position)
        .limit(1)
    ).first()
    if part is None:
        return None
    ahead = or_(
        Part.created_at < part.created_at, and_(Part.created_at == part.created_at, Part.id < part.id)
    )
    return _count_ahead(connection, part.queue, ahead)


def position_at_end(connection: Connection, queue: str) -> QueuePosition:
    """Where a job would stand that came now."""
    return _count_ahead(connection, queue)


def _count_ahead(connection: Connection, queue: str, *ahead: Any) -> QueuePosition:
    """What is queued in a queue, and in the faster lane that goes before it."""
    force_index_scans(connection)
    positions = [_count_queued(connection, Part.queue == queue, *ahead)]
    if (preceding := preceding_queue(queue)) is not None:
        positions.append(_count_queued(connection, Part.queue == preceding))
    return QueuePosition(sum(one.ahead for one in positions), sum(one.chars_ahead for one in positions))


def _count_queued(connection: Connection, *conditions: Any) -> QueuePosition:
    bounded = select(Part.chars).where(IS_QUEUED, *conditions).order_by(*OLDEST_FIRST).limit(POSITION_MAX)
    chars = bounded.subquery().c.chars
    row = connection.execute(select(func.count(), sum_or_zero(chars))).one()
    return QueuePosition(row[0], row[1])


# Written out, so that both databases see that their index of what is queued has all of it.
IS_QUEUED = Part.status == literal_column("'queued'")
OLDEST_FIRST = (Part.created_at, Part.id)


def queues_with_queued_parts(connection: Connection) -> Iterator[str]:
    """The queues that have queued parts, by one index look-up each: DISTINCT would read a long backlog whole."""
    last = ""
    while name := connection.scalar(
        select(func.min(Part.queue)).where(Part.status == JobStatus.QUEUED, Part.queue > last)
    ):
        yield name
        last = name


def force_index_scans(connection: Connection) -> None:
    """In this transaction; for what reads a bounded piece of an index in its order.

    By what Postgres knows of a table that has just grown, it reads all of a queue and sorts that.
    """
    if connection.dialect.name == "postgresql":
        settings = [func.set_config(f"enable_{scan}", "off", True) for scan in ("seqscan", "bitmapscan")]
        connection.execute(select(*settings))


def remaining_chars(connection: Connection, *, engine: str) -> float:
    """Characters that the running parts of an engine's queues still have before them, by their segments."""
    rows = connection.execute(
        select(Part.chars, Job.segments_done, Job.segments_total)
        .join(Job, Job.id == Part.job_id)
        .where(
            Part.status == JobStatus.RUNNING, Part.queue.in_([job_queue(engine, lane=lane) for lane in LANES])
        )
        .limit(POSITION_MAX)
    )
    return sum(chars * (1 - done / total if total else 1.0) for chars, done, total in rows)


def total_queued(connection: Connection, *, up_to: int) -> QueuePosition:
    """What is queued in all queues, counted up to a bound."""
    bounded = select(Part.chars).where(Part.status == JobStatus.QUEUED).limit(up_to).subquery()
    row = connection.execute(select(func.count(), sum_or_zero(bounded.c.chars))).one()
    return QueuePosition(row[0], row[1])


def count_by_status(connection: Connection) -> dict[str, int]:
    """Unfinished parts by status; both sides come from partial indexes."""
    return {
        status: connection.scalar(
            select(func.count()).select_from(
                select(literal_column("1")).where(Part.status == status).limit(1_000_000).subquery()
            )
        )
        or 0
        for status in ("queued", "running")
    }
