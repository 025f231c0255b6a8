"""Queues parts with lost leases again, and finds parts whose task messages must be published again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, case, or_, select, update

from common.db.database import clock, force_index_scans
from common.db.leased_table import Evidence
from common.db.tables import Job, Part
from common.jobs import transitions, usage
from common.jobs.lease import PARTS
from common.jobs.statements import IS_QUEUED, OLDEST_FIRST
from common.messaging.messages import PartMessage
from common.status import JobStatus

# A part fails when this many of its workers have died. After a death it runs isolated until it is acquitted, because
# only one of the parts in that worker may have killed it.
MAX_CRASHES = 3
# The messages of so many of the oldest parts of a queue are examined first.
OLDEST_MAX = 1000
MESSAGE_BACKOFF_S = 5.0
MESSAGE_BACKOFF_MAX_S = 60.0

_OF_QUEUE = (IS_QUEUED, Part.queue == bindparam("the_queue"))
_LIMIT = bindparam("the_limit", type_=Integer)
_OLDEST = select(Part).where(*_OF_QUEUE).order_by(*OLDEST_FIRST).limit(OLDEST_MAX).subquery().c
_OLDEST_DUE = (
    select(_OLDEST.id)
    .where(
        or_(
            _OLDEST.next_message_at <= bindparam("the_moment"), _OLDEST.created_at < bindparam("lost_before")
        ),
        _OLDEST.not_before <= bindparam("the_moment"),
    )
    .order_by(_OLDEST.created_at, _OLDEST.id)
    .limit(_LIMIT)
)
_FIRST_DUE = (
    select(Part.id)
    .where(
        *_OF_QUEUE,
        Part.next_message_at <= bindparam("the_moment"),
        Part.not_before <= bindparam("the_moment"),
    )
    .order_by(Part.next_message_at, Part.id)
    .limit(_LIMIT)
)


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """A part whose lease was lost. It is queued again, or failed. `died`: it may have killed its worker."""

    job_id: str
    died: bool
    failed: bool


def release_expired(connection: Connection, evidence: Evidence) -> list[ReleasedPart]:
    """Queue parts again that their workers have left. Fail a part when too many of its workers have died.

    The next claim fences off the earlier worker. If a worker died with an isolated part, that is the suspect, and the
    other parts of this worker are not charged. Those that were acquitted run isolated again: an attempt on another
    machine does not know all that an earlier one had spoken, so it may have been acquitted too soon.
    """
    lost = PARTS.lost(connection, evidence, Part.job_id, Part.crashes, Part.isolated, Part.worker_id)
    with_suspect = {part.worker_id for part in lost if part.died and part.isolated}
    return [
        _release(
            connection,
            part,
            is_charged=part.died and (part.isolated or part.worker_id not in with_suspect),
            now=evidence.now,
        )
        for part in lost
    ]


def _release(
    connection: Connection, part: Row[*tuple[Any, ...]], *, is_charged: bool, now: float
) -> ReleasedPart:
    crashes = part.crashes + (1 if is_charged else 0)
    gives_up = is_charged and crashes >= MAX_CRASHES
    values = transitions.QUEUED_AGAIN | {"crashes": crashes, "next_message_at": now}
    if is_charged or (part.died and part.crashes):
        values["isolated"] = True
    if gives_up:
        values["status"] = JobStatus.FAILED
    connection.execute(update(Part).where(Part.id == part.id).values(**values))
    if gives_up:
        mark_failed(connection, part.job_id, deaths=crashes, now=now)
    else:
        connection.execute(update(Job).where(Job.id == part.job_id).values(**transitions.JOB_QUEUED_AGAIN))
    return ReleasedPart(part.job_id, died=is_charged, failed=gives_up)


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

    `lost_after_s` is set if the queue is empty on the broker: parts older than this have lost their message. The cost
    does not grow with the number of queued parts.
    """
    if limit <= 0:
        return []
    now = clock(connection)
    ids = _find_due(connection, queue, now=now, limit=limit, lost_after_s=lost_after_s)
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
    # A worker may have claimed a part, and another process may be claiming its message.
    still_queued = select(Part.id).where(Part.id.in_(ids), IS_QUEUED).with_for_update(skip_locked=True)
    claimed = connection.execute(
        update(Part)
        .where(Part.id.in_(still_queued))
        .values(messages=Part.messages + 1, next_message_at=now + backoff)
        .returning(Part.id, Part.queue, Part.isolated, Part.created_at)
    ).all()
    return [
        PartMessage(row.id, row.queue, row.isolated)
        for row in sorted(claimed, key=lambda r: (r.created_at, r.id))
    ]


def _find_due(
    connection: Connection, queue: str, *, now: float, limit: int, lost_after_s: float | None
) -> Sequence[str]:
    """Parts whose messages are due, the oldest parts first, then those that were due first."""
    force_index_scans(connection)
    times = {"the_queue": queue, "the_moment": now, "the_limit": limit}
    lost_before = 0.0 if lost_after_s is None else now - lost_after_s
    ids = connection.scalars(_OLDEST_DUE, times | {"lost_before": lost_before}).all()
    if len(ids) == limit:
        return ids
    return list(dict.fromkeys([*ids, *connection.scalars(_FIRST_DUE, times)]))[:limit]
