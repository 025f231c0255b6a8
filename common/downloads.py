"""Rows of downloads. The gateway requests a download, and a worker with a models folder runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Connection, and_, insert, select, text, update

from common.db.database import clock
from common.db.leased_table import Evidence, Lease, LeasedTable
from common.db.tables import Download
from common.status import ACTIVE, JobStatus

# Workers of an earlier release hold no lease. They count as dead after this time without progress.
STALLED_S = 120.0
# A download resumes where it stopped. It fails after this time, because it may be what crashes its workers.
GIVE_UP_AFTER_S = 86_400.0

DOWNLOADS = LeasedTable(
    Download,
    returning=(Download.__table__.c.model, Download.__table__.c.item),  # type: ignore[arg-type]
)


@dataclass(frozen=True, slots=True)
class ClaimedDownload:
    """A download that this process works on."""

    lease: Lease
    id: str
    model: str
    item: str


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """A row of `downloads`. Times are UTC epoch seconds."""

    id: str
    model: str
    item: str
    status: JobStatus
    bytes_done: int
    bytes_total: int
    error_code: str | None
    error_message: str | None
    created_at: float
    updated_at: float
    finished_at: float | None


def request(
    connection: Connection, *, new_id: str, model: str, item: str, bytes_total: int
) -> tuple[str, bool]:
    """Request an item. Returns the id of the download and whether it is new. An active download is not duplicated."""
    if connection.dialect.name == "postgresql":
        # Two simultaneous requests would not see each other's row.
        connection.execute(text("SELECT pg_advisory_xact_lock(20260702)"))
    active_id = connection.scalar(
        select(Download.id)
        .where(Download.model == model, Download.item == item, Download.status.in_(ACTIVE))
        .limit(1)
    )
    if active_id:
        return active_id, False
    now = clock(connection)
    connection.execute(
        insert(Download).values(
            id=new_id,
            model=model,
            item=item,
            status=JobStatus.QUEUED,
            bytes_total=bytes_total,
            created_at=now,
            updated_at=now,
        )
    )
    return new_id, True


def claim(
    connection: Connection, download_id: str, *, worker_id: str, lease_s: float
) -> ClaimedDownload | None:
    """Take a queued download. Returns None if another worker took it."""
    row = DOWNLOADS.take(connection, (download_id,), worker_id=worker_id, lease_s=lease_s)
    if row is None:
        return None
    return ClaimedDownload(Lease(DOWNLOADS, (download_id,), row.attempt), download_id, row.model, row.item)


def report(connection: Connection, download: ClaimedDownload, *, bytes_done: int, bytes_total: int) -> bool:
    """Write the progress. Returns False if the lease is lost."""
    now = clock(connection)
    values = {"bytes_done": bytes_done, "bytes_total": bytes_total, "updated_at": now}
    return DOWNLOADS.change(connection, download.lease, **values)


def hand_back(connection: Connection, download: ClaimedDownload) -> bool:
    """Queue the download again, because this worker stops. The next worker resumes it."""
    values = {"status": JobStatus.QUEUED, "lease_until": None, "updated_at": clock(connection)}
    return DOWNLOADS.change(connection, download.lease, **values)


def finish(connection: Connection, download: ClaimedDownload) -> bool:
    return _end(connection, download, JobStatus.COMPLETED)


def fail(connection: Connection, download: ClaimedDownload, *, code: str, message: str) -> bool:
    return _end(connection, download, JobStatus.FAILED, code=code, message=message)


def _end(
    connection: Connection,
    download: ClaimedDownload,
    status: JobStatus,
    *,
    code: str | None = None,
    message: str | None = None,
) -> bool:
    now = clock(connection)
    return DOWNLOADS.change(
        connection,
        download.lease,
        status=status,
        lease_until=None,
        error_code=code,
        error_message=message,
        updated_at=now,
        finished_at=now,
    )


def release_expired(connection: Connection, evidence: Evidence) -> int:
    """Queue downloads again whose worker does not work on them any more. Returns how many there were.

    Fail one that is too old and whose worker died.
    """
    lost = DOWNLOADS.lost(connection, evidence, Download.created_at)
    for row in lost:
        gives_up = row.died and row.created_at < evidence.now - GIVE_UP_AFTER_S
        release = _fail_interrupted if gives_up else _queue_again
        release(connection, Download.id == row.id, now=evidence.now)
    return len(lost) + (0 if evidence.after_stall else _release_stalled(connection, now=evidence.now))


def _release_stalled(connection: Connection, *, now: float) -> int:
    """Release the downloads of workers of an earlier release, which hold no lease."""
    stalled = and_(
        Download.status == JobStatus.RUNNING,
        Download.lease_until.is_(None),
        Download.updated_at < now - STALLED_S,
    )
    too_old = Download.created_at < now - GIVE_UP_AFTER_S
    given_up = _fail_interrupted(connection, and_(stalled, too_old), now=now)
    return given_up + _queue_again(connection, stalled, now=now)


def _fail_interrupted(connection: Connection, chosen: ColumnElement[bool], *, now: float) -> int:
    failed = update(Download).values(
        status=JobStatus.FAILED,
        lease_until=None,
        error_code="interrupted",
        error_message="The worker stopped several times before the download was complete. Request it again.",
        updated_at=now,
        finished_at=now,
    )
    return connection.execute(failed.where(chosen)).rowcount


def _queue_again(connection: Connection, chosen: ColumnElement[bool], *, now: float) -> int:
    queued = update(Download).values(status=JobStatus.QUEUED, lease_until=None, updated_at=now)
    return connection.execute(queued.where(chosen)).rowcount


def still_queued(connection: Connection, *, limit: int = 100) -> Sequence[str]:
    """Ids of queued downloads, oldest first. The sweep publishes their task messages again."""
    return connection.scalars(
        select(Download.id)
        .where(Download.status == JobStatus.QUEUED)
        .order_by(Download.created_at, Download.id)
        .limit(limit)
    ).all()


def percent(*, bytes_done: int, bytes_total: int) -> float:
    """Progress from 0 to 100. It is 0 while the size is unknown."""
    return round(100 * bytes_done / bytes_total, 1) if bytes_total else 0.0


def recent(connection: Connection, *, limit: int = 50) -> list[DownloadRecord]:
    """Newest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(Download.created_at.desc()).limit(limit))
    return [DownloadRecord(*row) for row in rows]


def get(connection: Connection, download_id: str) -> DownloadRecord | None:
    row = connection.execute(select(*_COLUMNS).where(Download.id == download_id)).first()
    return DownloadRecord(*row) if row else None


_COLUMNS = tuple(getattr(Download, one.name) for one in fields(DownloadRecord))
