"""The state of each queue and the parts that workers hold. The cost does not grow with the number of parts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from common.db.database import force_index_scans
from common.db.tables import Job, Part
from common.jobs.queries import COUNT_MAX, queues_with_queued_parts
from common.jobs.statements import IS_QUEUED, IS_RUNNING, OLDEST_FIRST


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """Numbers of parts. `at_least`: more are queued than `queued` says. `oldest_at`: when the first was queued."""

    queued: int = 0
    at_least: bool = False
    running: int = 0
    oldest_at: float | None = None


@dataclass(frozen=True, slots=True)
class RunningPart:
    """A part that a worker holds now. Times are UTC epoch seconds."""

    part_id: str
    job_id: str
    queue: str
    worker_id: str | None
    voice_id: str
    model: str
    chars: int
    lease_until: float | None
    started_at: float | None
    segments_done: int
    segments_total: int | None


def running_parts(connection: Connection) -> Sequence[RunningPart]:
    """All running parts, those whose lease ends first before others."""
    rows = connection.execute(
        select(
            Part.id.label("part_id"),
            Part.job_id,
            Part.queue,
            Part.worker_id,
            Job.voice_id,
            Job.model,
            Part.chars,
            Part.lease_until,
            Job.started_at,
            Job.segments_done,
            Job.segments_total,
        )
        .join(Job, Job.id == Part.job_id)
        .where(IS_RUNNING)
        .order_by(Part.lease_until)
        .limit(COUNT_MAX)
    )
    return [RunningPart(**row._mapping) for row in rows]


def queue_statuses(connection: Connection, parts: Sequence[RunningPart]) -> Mapping[str, QueueStatus]:
    """The queues that have queued or running parts. `parts` are the running ones."""
    force_index_scans(connection)
    running = Counter(part.queue for part in parts)
    with_queued = dict.fromkeys(queues_with_queued_parts(connection))
    return {
        queue: _queue_status(connection, queue, running=running[queue], has_queued=queue in with_queued)
        for queue in sorted(with_queued | running)
    }


def _queue_status(connection: Connection, queue: str, *, running: int, has_queued: bool) -> QueueStatus:
    if not has_queued:
        return QueueStatus(running=running)
    conditions = (IS_QUEUED, Part.queue == queue)
    bounded: Select[Any] = (
        select(literal_column("1")).where(*conditions).order_by(*OLDEST_FIRST).limit(COUNT_MAX + 1)
    )
    count = connection.scalar(select(func.count()).select_from(bounded.subquery())) or 0
    return QueueStatus(
        queued=min(count, COUNT_MAX),
        at_least=count > COUNT_MAX,
        running=running,
        oldest_at=connection.scalar(select(func.min(Part.created_at)).where(*conditions)),
    )
