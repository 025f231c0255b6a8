"""Queries of jobs and queue positions. None of them reads a whole table."""

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

# Queue positions are counted up to this number.
POSITION_MAX = 10_000


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Parts and characters ahead of a job, in its queue and in the queue that workers take from first."""

    ahead: int
    chars_ahead: int


def get_job(connection: Connection, job_id: str, *, owner: str) -> JobRecord | None:
    """Find a job. A deleted job has `deleted_at`."""
    row = connection.execute(statements.GET_JOB, {"the_job": job_id, "the_owner": owner}).first()
    return JobRecord.from_row(row) if row else None


def ended_jobs(connection: Connection, job_ids: Sequence[str]) -> set[str]:
    """The ids of the jobs that ended or were deleted."""
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
    """Jobs that follow `after`, newest first."""
    query = statements.SELECT_JOB.where(Job.owner == owner, Job.deleted_at.is_(None))
    if status and status != JobStatus.COMPLETED:
        # A literal instead of a parameter, so that the database sees that the partial index covers the query.
        query = query.where(literal_column("jobs.status <> 'completed'"))
    for column, value in ((Job.status, status), (Job.voice_id, voice_id), (Job.model, model)):
        if value:
            query = query.where(column == value)
    if after:
        query = query.where(is_after(Job.created_at, Job.id, after))
    rows = connection.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit))
    return [JobRecord.from_row(row) for row in rows]


def queue_position(connection: Connection, job_id: str) -> QueuePosition | None:
    """None if no part of the job is queued."""
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
    """The position of a job that is submitted now."""
    return _count_ahead(connection, queue)


def _count_ahead(connection: Connection, queue: str, *ahead: Any) -> QueuePosition:
    """Count the queued parts of a queue that match `ahead`, and all parts of the queue that goes before it."""
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


# A literal instead of a parameter, so that the databases see that the partial index covers the query.
IS_QUEUED = Part.status == literal_column("'queued'")
OLDEST_FIRST = (Part.created_at, Part.id)


def queues_with_queued_parts(connection: Connection) -> Iterator[str]:
    """Yield the queues that have queued parts, with one index look-up each. DISTINCT would read all queued parts."""
    last = ""
    while name := connection.scalar(
        select(func.min(Part.queue)).where(Part.status == JobStatus.QUEUED, Part.queue > last)
    ):
        yield name
        last = name


def force_index_scans(connection: Connection) -> None:
    """Make Postgres scan indexes in this transaction, for queries that read a bounded range of an index in order.

    With outdated statistics of a table that has just grown, it would read and sort all parts of a queue.
    """
    if connection.dialect.name == "postgresql":
        settings = [func.set_config(f"enable_{scan}", "off", True) for scan in ("seqscan", "bitmapscan")]
        connection.execute(select(*settings))


def remaining_chars(connection: Connection, *, engine: str) -> float:
    """Characters that the running parts of an engine's queues have not spoken yet, estimated from their segments."""
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
    """Parts and characters in all queues, counted up to `up_to` parts."""
    bounded = select(Part.chars).where(Part.status == JobStatus.QUEUED).limit(up_to).subquery()
    row = connection.execute(select(func.count(), sum_or_zero(bounded.c.chars))).one()
    return QueuePosition(row[0], row[1])


def count_by_status(connection: Connection) -> dict[str, int]:
    """The numbers of queued and running parts, from partial indexes."""
    return {
        status: connection.scalar(
            select(func.count()).select_from(
                select(literal_column("1")).where(Part.status == status).limit(1_000_000).subquery()
            )
        )
        or 0
        for status in ("queued", "running")
    }
