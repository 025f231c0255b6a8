"""Inserts jobs: many in one transaction, each accepted or refused on its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, literal_column, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from common.db.database import clock
from common.db.row_inserts import RowInsert
from common.db.tables import Idempotency, Job, Recording
from common.errors import Conflict, InvalidRequest, OratioError, QueueFull
from common.jobs.records import SPEC_COLUMNS, JobRecord, JobSpec
from common.jobs.statements import IS_QUEUED, JOBS, PARTS
from common.jobs.transitions import FIRST_MESSAGE_RETRY_S
from common.status import ACTIVE, JobStatus

# The times of jobs in one transaction differ by this, so that they keep their order.
CREATED_AT_STEP_S = 1e-6
# A client that lost its connection retries within this time.
JOIN_WITHIN_S = 60.0

# Built once, because it runs for every streamed request.
_ADD_KEY = {
    name: dialect.insert(Idempotency).on_conflict_do_nothing().returning(Idempotency.job_id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


_ADD_JOBS = RowInsert(JOBS, (*SPEC_COLUMNS, "status", "chars", "timings", "created_at"))
_ADD_PARTS = RowInsert(
    PARTS,
    (
        "id",
        "job_id",
        "position",
        "queue",
        "status",
        "chars",
        "not_before",
        "next_message_at",
        "created_at",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob(JobSpec):
    queue: str
    idempotency_key: str | None = None
    request_hash: str = ""
    # Joins an earlier job with the same key that is unfinished, or that has not been delivered yet.
    join_key: str | None = None

    @property
    def key(self) -> str | None:
        """The key that finds an earlier job."""
        return self.idempotency_key or self.join_key

    @property
    def part_id(self) -> str:
        return f"{self.id}.0"


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """`created` is false if the request joins an earlier job.

    `created_at` is by the database's clock. None for an earlier job.
    """

    job_id: str
    part_id: str
    queue: str
    created: bool
    created_at: float | None = field(default=None, compare=False)

    def record_of(self, job: NewJob) -> JobRecord:
        """Build the record of the created `job` without a query."""
        return JobRecord.queued(job, created_at=self.created_at or 0.0)


@dataclass(slots=True)
class QueueCapacity:
    """Limits the number of queued parts. Threads share it.

    It counts seldom while few are queued, because counting takes a millisecond for every ten thousand parts.
    """

    queue_max: int
    _upper_bound: int = field(default=0, init=False)
    _recount_at: float = field(default=0.0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def reserve(self, connection: Connection, wanted: int, *, now: float) -> int:
        with self._lock:
            if now > self._recount_at or self._upper_bound + wanted > self.queue_max - self._margin:
                self._count(connection, now=now)
            granted = max(0, min(wanted, self.queue_max - self._upper_bound))
            self._upper_bound += granted
        return granted

    @property
    def _margin(self) -> int:
        """Other gateways insert jobs too. Within a second they cannot insert more than this."""
        return max(1000, self.queue_max // 10)

    def _count(self, connection: Connection, *, now: float) -> None:
        self._upper_bound = _count_queued(connection, up_to=self.queue_max)
        self._recount_at = now + max(1.0, (self.queue_max - self._upper_bound) / self._margin - 1)


def submit(
    connection: Connection, jobs: Sequence[NewJob], *, capacity: QueueCapacity
) -> list[AcceptedJob | OratioError]:
    """Insert jobs. Returns one outcome per job, in order. A refused job does not affect the others."""
    now = clock(connection)
    # Keys are inserted in sorted order, so that two gateways with the same keys cannot deadlock.
    keyed = sorted((job for job in jobs if job.key), key=lambda job: job.key or "")
    submitted_ids = {job.id for job in jobs}
    earlier = {job.id: _find_earlier(connection, job, now=now, submitted_ids=submitted_ids) for job in keyed}
    new = [job for job in jobs if earlier.get(job.id) is None]
    created_at_by_id = {job.id: now + index * CREATED_AT_STEP_S for index, job in enumerate(new)}
    outcomes = [
        earlier.get(job.id) or AcceptedJob(job.id, job.part_id, job.queue, True, created_at_by_id[job.id])
        for job in jobs
    ]
    granted = capacity.reserve(connection, len(new), now=now)
    refused: dict[str, OratioError] = {job.id: queue_full(capacity.queue_max) for job in new[granted:]}
    refused |= _insert_all(connection, new[:granted], created_at_by_id)
    _release_keys(connection, [job for job in new if job.id in refused])
    return [
        refused.get(outcome.job_id, outcome) if isinstance(outcome, AcceptedJob) else outcome
        for outcome in outcomes
    ]


def _find_earlier(
    connection: Connection, job: NewJob, *, now: float, submitted_ids: set[str]
) -> AcceptedJob | Conflict | None:
    """Find the earlier job with the same key. None if the key is new, or if its job does not exist any more.

    The query inserts the key, so that only one of several simultaneous requests creates the job. `submitted_ids` are
    the jobs of this transaction, whose rows may not exist yet.
    """
    key_row = {
        "owner": job.owner,
        "key": job.key,
        "request_hash": job.request_hash,
        "job_id": job.id,
        "created_at": now,
    }
    if connection.execute(_ADD_KEY[connection.dialect.name], key_row).first():
        return None
    first = _read_key(connection, job)
    if first.job_id not in submitted_ids and not _is_joinable(connection, job, first.job_id, now=now):
        if _take_key(connection, job, first.job_id, now=now):
            return None
        first = _read_key(connection, job)  # Another gateway was faster.
    if job.idempotency_key is not None and first.request_hash != job.request_hash:
        return Conflict(
            "This idempotency key was used for a different request. Use a new key for a new request.",
            code="idempotency_conflict",
            param="idempotency_key",
        )
    return AcceptedJob(first.job_id, f"{first.job_id}.0", job.queue, created=False)


def _read_key(connection: Connection, job: NewJob) -> Row[str, str]:
    key = select(Idempotency.job_id, Idempotency.request_hash)
    return connection.execute(key.where(Idempotency.owner == job.owner, Idempotency.key == job.key)).one()


def _is_joinable(connection: Connection, job: NewJob, earlier_id: str, *, now: float) -> bool:
    """An idempotency key stands for its job as long as the job or its recording exists.

    A join key stands for a job that is unfinished, or completed but not delivered.
    """
    earlier = select(Job.id).where(Job.id == earlier_id, Job.deleted_at.is_(None))
    if job.idempotency_key is not None:
        recording = select(Recording.job_id).where(Recording.job_id == earlier_id)
        return bool(connection.scalar(earlier) or connection.scalar(recording))
    is_undelivered = and_(Job.status == JobStatus.COMPLETED, Job.finished_at > now - JOIN_WITHIN_S)
    return connection.scalar(earlier.where(or_(Job.status.in_(ACTIVE), is_undelivered))) is not None


def _take_key(connection: Connection, job: NewJob, earlier_id: str, *, now: float) -> bool:
    """Let the key stand for `job`. Returns False if another gateway took it from the earlier job."""
    taken = connection.execute(
        update(Idempotency)
        .where(Idempotency.owner == job.owner, Idempotency.key == job.key, Idempotency.job_id == earlier_id)
        .values(job_id=job.id, request_hash=job.request_hash, created_at=now)
    )
    return taken.rowcount == 1


def release_join_key(connection: Connection, job: NewJob, *, delivered_id: str) -> None:
    """Release the join key of a job that was delivered completely, so that an equal request creates a new job."""
    connection.execute(
        delete(Idempotency).where(
            Idempotency.owner == job.owner, Idempotency.key == job.key, Idempotency.job_id == delivered_id
        )
    )


def _insert_all(
    connection: Connection, jobs: Sequence[NewJob], created_at_by_id: dict[str, float]
) -> dict[str, OratioError]:
    # Plain SQL, because SQLAlchemy's own savepoints take as long as the inserts.
    connection.exec_driver_sql("SAVEPOINT batch")
    try:
        _insert(connection, jobs, created_at_by_id)
    except (IntegrityError, DataError):
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT batch")
        return _insert_one_by_one(connection, jobs, created_at_by_id)
    connection.exec_driver_sql("RELEASE SAVEPOINT batch")
    return {}


def _insert_one_by_one(
    connection: Connection, jobs: Sequence[NewJob], created_at_by_id: dict[str, float]
) -> dict[str, OratioError]:
    refused: dict[str, OratioError] = {}
    for job in jobs:
        try:
            with connection.begin_nested():
                _insert(connection, [job], created_at_by_id)
        except (IntegrityError, DataError):
            refused[job.id] = InvalidRequest(
                "The database cannot store this request. Remove unusual characters from it.",
                code="unstorable",
            )
    return refused


def _insert(connection: Connection, jobs: Sequence[NewJob], created_at_by_id: dict[str, float]) -> None:
    if not jobs:
        return
    _ADD_JOBS.execute(connection, [_job_row(job, now=created_at_by_id[job.id]) for job in jobs])
    _ADD_PARTS.execute(connection, [_part_row(job, now=created_at_by_id[job.id]) for job in jobs])


def _job_row(job: NewJob, *, now: float) -> dict[str, Any]:
    return job.as_row() | {
        "status": JobStatus.QUEUED.value,
        "chars": len(job.text),
        "timings": {},
        "created_at": now,
    }


def _part_row(job: NewJob, *, now: float) -> dict[str, Any]:
    return {
        "id": job.part_id,
        "job_id": job.id,
        "position": 0,
        "queue": job.queue,
        "status": JobStatus.QUEUED.value,
        "chars": len(job.text),
        "not_before": now,
        "next_message_at": now + FIRST_MESSAGE_RETRY_S,
        "created_at": now,
    }


def _release_keys(connection: Connection, jobs: Sequence[NewJob]) -> None:
    """Release the keys of refused jobs, so that they can be submitted again."""
    keyed = [job.id for job in jobs if job.key]
    if keyed:
        connection.execute(
            Idempotency.__table__.delete().where(Idempotency.job_id.in_(keyed))  # type: ignore[attr-defined]
        )


def _count_queued(connection: Connection, *, up_to: int) -> int:
    if connection.dialect.name == "postgresql":
        # Gateways count one at a time, so that together they accept no more than the limit.
        connection.execute(text("SELECT pg_advisory_xact_lock(20260701)"))
    bounded = select(literal_column("1")).where(IS_QUEUED).limit(up_to).subquery()
    return connection.scalar(select(func.count()).select_from(bounded)) or 0


def queue_full(limit: int) -> QueueFull:
    return QueueFull(f"The queue is full: {limit} jobs are waiting. Try again later.")
