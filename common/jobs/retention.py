"""Finds and deletes old rows in small batches. Files are marked before they are deleted.

Two cleanups may therefore run at once, and a crash in between does no harm.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from common.db.database import clock
from common.db.tables import Audio, Download, Idempotency, Job, Recording, Rendition, Worker
from common.jobs import changes, latencies
from common.settings import Settings
from common.status import TERMINAL

BATCH = 500
DAY_S = 86_400.0
# How long the rows of deleted jobs, idempotency keys and downloads are kept.
ROWS_KEPT_S = 7 * DAY_S


@dataclass(slots=True)
class RemovalCounts:
    """Numbers of rows and files that a cleanup deleted, or would delete."""

    jobs: int = 0
    recordings: int = 0
    files: int = 0
    size_bytes: int = 0
    orphans: int = 0

    def counts(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """The limits of the settings, with times in epoch seconds. None means no limit."""

    older_than: float | None
    min_age_before: float
    max_recordings: int | None
    max_jobs: int | None

    @classmethod
    def of(cls, settings: Settings, *, now: float) -> "RetentionLimits":
        return cls(
            older_than=now - settings.clean_max_hours * 3600 if settings.clean_max_hours else None,
            min_age_before=now - settings.clean_min_age_s,
            max_recordings=settings.clean_max_history or None,
            max_jobs=settings.jobs_max or None,
        )


def old_recordings(connection: Connection, limits: RetentionLimits) -> Sequence[str]:
    """A batch of recordings that are too old, or beyond the count limit and old enough."""
    too_old = select(Recording.job_id).where(Recording.created_at < (limits.older_than or 0.0))
    queries = [too_old] if limits.older_than is not None else []
    if (cutoff := _count_cutoff(connection, Recording.created_at, limits.max_recordings)) is not None:
        queries.append(
            select(Recording.job_id).where(
                Recording.created_at < cutoff, Recording.created_at < limits.min_age_before
            )
        )
    return _first_batch(connection, queries)


def old_jobs(connection: Connection, limits: RetentionLimits) -> Sequence[str]:
    """A batch of ended jobs that are too old, or beyond the count limit and old enough."""
    ended_jobs = select(Job.id).where(Job.status.in_(TERMINAL), Job.deleted_at.is_(None))
    queries: list[Select[str]] = []
    if limits.older_than is not None:
        queries.append(ended_jobs.where(Job.finished_at < limits.older_than))
    if (cutoff := _jobs_cutoff(connection, limits)) is not None:
        queries.append(ended_jobs.where(Job.created_at < cutoff, Job.finished_at < limits.min_age_before))
    return _first_batch(connection, queries)


def _jobs_cutoff(connection: Connection, limits: RetentionLimits) -> float | None:
    # The rows of deleted jobs do not count towards the limit.
    return _count_cutoff(connection, Job.created_at, limits.max_jobs, Job.deleted_at.is_(None))


def _count_cutoff(
    connection: Connection, created_at: Any, limit: int | None, *conditions: Any
) -> float | None:
    """When the oldest row within a count limit was created. None if there are fewer rows."""
    if limit is None:
        return None
    newest_first = select(created_at).where(*conditions).order_by(created_at.desc())
    return connection.scalar(newest_first.offset(limit - 1).limit(1))


def _first_batch(connection: Connection, queries: list[Select[str]]) -> Sequence[str]:
    for query in queries:
        if ids := connection.scalars(query.limit(BATCH).with_for_update(skip_locked=True)).all():
            return ids
    return []


def count_removable(connection: Connection, limits: RetentionLimits) -> RemovalCounts:
    """Count what a cleanup would delete now."""
    recordings = select(Recording.job_id)
    recordings_cutoff = _count_cutoff(connection, Recording.created_at, limits.max_recordings)
    jobs_cutoff = _jobs_cutoff(connection, limits)
    recordings = recordings.where(
        _is_removable(Recording.created_at, Recording.created_at, recordings_cutoff, limits)
    )
    jobs = select(Job.id).where(
        Job.status.in_(TERMINAL),
        Job.deleted_at.is_(None),
        _is_removable(Job.created_at, Job.finished_at, jobs_cutoff, limits),
    )
    of_recordings = select(Recording.audio_key).where(Recording.job_id.in_(recordings))
    of_renditions = select(Rendition.audio_key).where(Rendition.job_id.in_(recordings))
    size = select(func.coalesce(func.sum(Audio.size_bytes), 0), func.count()).where(
        Audio.key.in_(of_recordings) | Audio.key.in_(of_renditions)
    )
    size_bytes, files = connection.execute(size).one()
    return RemovalCounts(
        jobs=connection.scalar(select(func.count()).select_from(jobs.subquery())) or 0,
        recordings=connection.scalar(select(func.count()).select_from(recordings.subquery())) or 0,
        files=files,
        size_bytes=size_bytes,
    )


def _is_removable(created_at: Any, ended_at: Any, cutoff: float | None, limits: RetentionLimits) -> Any:
    is_too_old = ended_at < (limits.older_than if limits.older_than is not None else -1.0)
    if cutoff is None:
        return is_too_old
    return is_too_old | ((created_at < cutoff) & (ended_at < limits.min_age_before))


def remove_recordings(connection: Connection, ids: Sequence[str]) -> None:
    """Delete recordings. Their files are marked, so that `pending_deletes` returns them."""
    changes.remove_recordings(connection, ids, now=clock(connection))


def remove_jobs(connection: Connection, ids: Sequence[str]) -> int:
    """Delete the rows of jobs. Their recordings and audio stay."""
    return connection.execute(delete(Job).where(Job.id.in_(ids), Job.status.in_(TERMINAL))).rowcount


def pending_deletes(connection: Connection, *, after: str = "") -> Sequence[tuple[str, int]]:
    """A batch of marked files after the key `after`, as (key, size in bytes). The files may exist or not."""
    rows = connection.execute(
        select(Audio.key, Audio.size_bytes)
        .where(Audio.pending_delete_at.is_not(None), Audio.key > after)
        .order_by(Audio.key)
        .limit(BATCH)
    )
    return [(row.key, row.size_bytes) for row in rows]


def known_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """The keys that a row names. The other files are orphans."""
    return set(connection.scalars(select(Audio.key).where(Audio.key.in_(keys))))


def unfinished_jobs(connection: Connection, job_ids: Sequence[str]) -> set[str]:
    """The ids of unfinished jobs. A row may soon name a file of theirs."""
    return set(connection.scalars(select(Job.id).where(Job.id.in_(job_ids), Job.status.not_in(TERMINAL))))


def delete_expired_rows(connection: Connection) -> None:
    """Delete expired rows of deleted jobs, idempotency keys, workers, downloads and latencies."""
    now = clock(connection)
    connection.execute(delete(Job).where(Job.deleted_at < now - ROWS_KEPT_S))
    connection.execute(delete(Idempotency).where(Idempotency.created_at < now - ROWS_KEPT_S))
    connection.execute(delete(Worker).where(Worker.heartbeat_at < now - DAY_S))
    connection.execute(delete(Download).where(Download.finished_at < now - ROWS_KEPT_S))
    latencies.delete_old(connection, now=now)
