"""Queries of jobs and queue positions. None of them reads a whole table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, literal_column, or_, select

from common.db.database import force_index_scans, sum_or_zero
from common.db.keyset import Keyset, Page, is_after, read_lazily, take_page
from common.db.tables import Job, Part
from common.jobs import statements
from common.jobs.records import JobRecord
from common.jobs.statements import IS_QUEUED, IS_RUNNING, OLDEST_FIRST
from common.messaging.queue_names import LANES, job_queue, preceding_queue
from common.recordings.queries import get_recording
from common.status import TERMINAL

# Queue positions are counted up to this number. Clients ask for them often.
POSITION_MAX = 1000
# The parts of a queue, or of all, are counted up to this number.
COUNT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Parts and characters ahead of a job, in its queue and in the queue that workers take from first.

    `at_least`: more are ahead than were counted.
    """

    ahead: int
    chars_ahead: int
    at_least: bool = False


def get_job(connection: Connection, job_id: str, *, owner: str) -> JobRecord | None:
    """Find a job. A deleted job has `deleted_at`."""
    row = connection.execute(statements.GET_JOB, {"the_job": job_id, "the_owner": owner}).first()
    return JobRecord.from_row(row) if row else None


def get_job_or_recording(connection: Connection, job_id: str, *, owner: str) -> JobRecord | None:
    """As `get_job`. A job whose row the retention removed is described by its recording."""
    job = get_job(connection, job_id, owner=owner)
    if job is not None:
        return job
    recording = get_recording(connection, job_id, owner=owner)
    return JobRecord.recorded(recording, owner=owner) if recording else None


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
) -> Page[JobRecord]:
    """Jobs that follow `after`, newest first."""
    query = statements.SELECT_JOB.where(Job.owner == owner, Job.deleted_at.is_(None))
    for column, value in ((Job.status, status), (Job.voice_id, voice_id), (Job.model, model)):
        if value:
            query = query.where(column == value)
    if after:
        query = query.where(is_after(Job.created_at, Job.id, after))
    query = query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)
    with read_lazily(connection, query) as rows:
        return take_page(map(JobRecord.from_row, rows), limit=limit, text_of=lambda job: job.text)


def queue_position(connection: Connection, job_id: str) -> QueuePosition | None:
    """None if no part of the job is queued."""
    part = connection.execute(
        select(Part.queue, Part.created_at, Part.id)
        .where(Part.job_id == job_id, IS_QUEUED)
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
    """Count all parts of the queue that goes before `queue`, and the parts of `queue` that match `ahead`."""
    force_index_scans(connection)
    preceding = preceding_queue(queue)
    first = _count_queued(connection, Part.queue == preceding) if preceding else QueuePosition(0, 0)
    if first.at_least:
        return first
    own = _count_queued(connection, Part.queue == queue, *ahead, up_to=POSITION_MAX - first.ahead)
    return QueuePosition(first.ahead + own.ahead, first.chars_ahead + own.chars_ahead, own.at_least)


def _count_queued(connection: Connection, *conditions: Any, up_to: int = POSITION_MAX) -> QueuePosition:
    """The oldest queued parts that match, at most `up_to`."""
    numbered = select(Part.chars).where(IS_QUEUED, *conditions).order_by(*OLDEST_FIRST).limit(up_to + 1)
    chars = numbered.subquery().c.chars
    count, total_chars = connection.execute(select(func.count(), sum_or_zero(chars))).one()
    return QueuePosition(min(count, up_to), total_chars, at_least=count > up_to)


def queues_with_queued_parts(connection: Connection) -> Iterator[str]:
    """Yield the queues that have queued parts, with one index look-up each. DISTINCT would read all queued parts."""
    last = ""
    while name := connection.scalar(select(func.min(Part.queue)).where(IS_QUEUED, Part.queue > last)):
        yield name
        last = name


def remaining_chars(connection: Connection, *, engine: str) -> dict[str | None, float]:
    """Characters that the running parts of an engine's queues have not spoken yet, by the id of their worker.

    They are estimated from the segments.
    """
    rows = connection.execute(
        select(Part.worker_id, Part.chars, Job.segments_done, Job.segments_total)
        .join(Job, Job.id == Part.job_id)
        .where(IS_RUNNING, Part.queue.in_([job_queue(engine, lane=lane) for lane in LANES]))
        .limit(POSITION_MAX)
    )
    remaining: dict[str | None, float] = {}
    for worker_id, chars, done, total in rows:
        left = chars * (1 - done / total if total else 1.0)
        remaining[worker_id] = remaining.get(worker_id, 0.0) + left
    return remaining


def total_queued(connection: Connection, *, up_to: int) -> QueuePosition:
    """Parts and characters in all queues, counted up to `up_to` parts."""
    bounded = select(Part.chars).where(IS_QUEUED).limit(up_to).subquery()
    row = connection.execute(select(func.count(), sum_or_zero(bounded.c.chars))).one()
    return QueuePosition(row[0], row[1])


def count_by_status(connection: Connection) -> dict[str, int]:
    """The numbers of queued and running parts, each counted up to `COUNT_MAX`."""
    return {
        "queued": _count_up_to_max(connection, IS_QUEUED),
        "running": _count_up_to_max(connection, IS_RUNNING),
    }


def _count_up_to_max(connection: Connection, condition: Any) -> int:
    bounded = select(literal_column("1")).where(condition).limit(COUNT_MAX).subquery()
    return connection.scalar(select(func.count()).select_from(bounded)) or 0
