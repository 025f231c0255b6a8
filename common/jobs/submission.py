"""New jobs: many in one transaction, each accepted or refused on its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, delete, func, literal_column, or_, select, text, update
from sqlalchemy.exc import DataError, IntegrityError

from common.db.database import clock, upsert
from common.db.tables import Idempotency, Job, Part
from common.errors import Conflict, InvalidRequest, OratioError, QueueFull
from common.jobs import statements
from common.jobs.records import JobRecord, JobSpec
from common.jobs.transitions import FIRST_MESSAGE_RETRY_S
from common.status import ACTIVE, JobStatus

# Jobs of one transaction are this far apart, so that they keep their order.
CREATED_AT_STEP_S = 1e-6
# A client that lost its connection tries again within this.
JOIN_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob(JobSpec):
    queue: str
    idempotency_key: str | None = None
    request_hash: str = ""
    # An equal request with the same key that is under way, or was not delivered yet, is the same job.
    join_key: str | None = None

    @property
    def key(self) -> str | None:
        """What an earlier job may be found by."""
        return self.idempotency_key or self.join_key

    @property
    def part_id(self) -> str:
        return f"{self.id}.0"


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """`created` is false when an equal request made the job before, with the same key or while it is under way.

    `created_at` is the row's, by the database's clock; None when the row is an earlier one.
    """

    job_id: str
    part_id: str
    queue: str
    created: bool
    created_at: float | None = field(default=None, compare=False)

    def record_of(self, job: NewJob) -> JobRecord:
        """The record of `job`, which this request created, without a query."""
        return JobRecord.queued(job, created_at=self.created_at or 0.0)


@dataclass(slots=True)
class QueueCapacity:
    """How many parts are queued, counted exactly only near the limit: counting a long queue costs milliseconds."""

    queue_max: int
    recount_after_s: float = 1.0
    _upper_bound: int = field(default=0, init=False)
    _counted_at: float = field(default=0.0, init=False)

    def reserve(self, connection: Connection, wanted: int, *, now: float) -> int:
        is_stale = now - self._counted_at > self.recount_after_s
        # Other gateways take places too; further from the limit than this they cannot take all within a second.
        margin = max(1000, self.queue_max // 10)
        if is_stale or self._upper_bound + wanted > self.queue_max - margin:
            self._upper_bound, self._counted_at = _count_queued(connection, up_to=self.queue_max), now
        granted = max(0, min(wanted, self.queue_max - self._upper_bound))
        self._upper_bound += granted
        return granted


def submit(
    connection: Connection, jobs: Sequence[NewJob], *, capacity: QueueCapacity
) -> list[AcceptedJob | OratioError]:
    """Insert `jobs`; the answers are in their order. A refused one leaves its neighbours alone."""
    now = clock(connection)
    # Keys are taken in their order, so that two gateways with the same keys cannot wait for each other.
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
    refused: dict[str, OratioError] = {job.id: _queue_full(capacity.queue_max) for job in new[granted:]}
    refused |= _insert_all(connection, new[:granted], created_at_by_id)
    _release_keys(connection, [job for job in new if job.id in refused])
    return [
        refused.get(outcome.job_id, outcome) if isinstance(outcome, AcceptedJob) else outcome
        for outcome in outcomes
    ]


def _find_earlier(
    connection: Connection, job: NewJob, *, now: float, submitted_ids: set[str]
) -> AcceptedJob | Conflict | None:
    """None when the key is new; it is taken by this very statement, so that a race has one winner.

    `together` are the jobs of this transaction, of which there may be no row yet.
    """
    inserted = connection.execute(
        upsert(connection, Idempotency)
        .values(
            owner=job.owner,
            key=job.key,
            request_hash=job.request_hash,
            job_id=job.id,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Idempotency.job_id)
    ).first()
    if inserted:
        return None
    first = connection.execute(
        select(Idempotency.job_id, Idempotency.request_hash).where(
            Idempotency.owner == job.owner, Idempotency.key == job.key
        )
    ).one()
    if job.idempotency_key is None:
        joined_id = _join_or_take_key(connection, job, first.job_id, now=now, submitted_ids=submitted_ids)
        return AcceptedJob(joined_id, f"{joined_id}.0", job.queue, created=False) if joined_id else None
    if first.request_hash != job.request_hash:
        return Conflict(
            "This idempotency key was used with another request; use a new key for a new request.",
            code="idempotency_conflict",
            param="idempotency_key",
        )
    return AcceptedJob(first.job_id, f"{first.job_id}.0", job.queue, created=False)


def _join_or_take_key(
    connection: Connection, job: NewJob, earlier_id: str, *, now: float, submitted_ids: set[str]
) -> str | None:
    """The job under way, or one that ended well a moment ago and was not delivered; else the key is this one's."""
    is_joinable = or_(
        Job.status.in_(ACTIVE),
        and_(Job.status == JobStatus.COMPLETED, Job.finished_at > now - JOIN_WITHIN_S),
    )
    earlier = select(Job.id).where(Job.id == earlier_id, Job.deleted_at.is_(None), is_joinable)
    if earlier_id in submitted_ids or connection.scalar(earlier):
        return earlier_id
    key = and_(Idempotency.owner == job.owner, Idempotency.key == job.key)
    taken_over = connection.execute(
        update(Idempotency).where(key, Idempotency.job_id == earlier_id).values(job_id=job.id, created_at=now)
    )
    # Another gateway may have been faster.
    return None if taken_over.rowcount else connection.scalar(select(Idempotency.job_id).where(key))


def release_join_key(connection: Connection, job: NewJob, *, delivered_id: str) -> None:
    """It was delivered whole: who asks for the same again wants it spoken again."""
    connection.execute(
        delete(Idempotency).where(
            Idempotency.owner == job.owner, Idempotency.key == job.key, Idempotency.job_id == delivered_id
        )
    )


def _insert_all(
    connection: Connection, jobs: Sequence[NewJob], created_at_by_id: dict[str, float]
) -> dict[str, OratioError]:
    # By hand: what the library adds to a savepoint costs as much as the rows.
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
            refused[job.id] = InvalidRequest("The database cannot hold this request.", code="unstorable")
    return refused


def _insert(connection: Connection, jobs: Sequence[NewJob], created_at_by_id: dict[str, float]) -> None:
    if not jobs:
        return
    job_rows = [_job_row(job, now=created_at_by_id[job.id]) for job in jobs]
    part_rows = [_part_row(job, now=created_at_by_id[job.id]) for job in jobs]
    connection.execute(statements.ADD_JOB, job_rows)
    connection.execute(statements.ADD_PART, part_rows)


def _job_row(job: NewJob, *, now: float) -> dict[str, Any]:
    return job.as_row() | {
        "status": JobStatus.QUEUED,
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
        "status": JobStatus.QUEUED,
        "chars": len(job.text),
        "not_before": now,
        # The intake rings right after the commit; if that bell is lost, the sweep rings from here on.
        "next_message_at": now + FIRST_MESSAGE_RETRY_S,
        "created_at": now,
    }


def _release_keys(connection: Connection, jobs: Sequence[NewJob]) -> None:
    """A refused request may come again with the same key."""
    keyed = [job.id for job in jobs if job.key]
    if keyed:
        connection.execute(
            Idempotency.__table__.delete().where(Idempotency.job_id.in_(keyed))  # type: ignore[attr-defined]
        )


def _count_queued(connection: Connection, *, up_to: int) -> int:
    if connection.dialect.name == "postgresql":
        # Gateways count one after the other, so that together they accept exactly the limit.
        connection.execute(text("SELECT pg_advisory_xact_lock(20260701)"))
    bounded = select(literal_column("1")).where(Part.status == JobStatus.QUEUED).limit(up_to).subquery()
    return connection.scalar(select(func.count()).select_from(bounded)) or 0


def _queue_full(limit: int) -> QueueFull:
    return QueueFull(f"{limit} jobs are waiting, which is the limit; try again later.")
