"""Finds and deletes old rows in small batches. Files are marked before they are deleted.

A cleanup first computes the edges of the limits, and then deletes everything before them, oldest first. So each batch
reads only the rows that it deletes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    TextClause,
    delete,
    func,
    select,
    text,
    tuple_,
    union,
)

from common.db.database import clock
from common.db.tables import Audio, Base, Download, Idempotency, Job, Recording, Rendition, Worker
from common.jobs import changes, latencies, usage
from common.settings import Settings
from common.status import TERMINAL

BATCH = 500
# Recordings per transaction. Removing a long text from the search index takes tenths of a second.
RECORDINGS_BATCH = 50
# A dry run counts up to this many jobs and recordings.
COUNT_MAX = 500
HOUR_S = 3600.0
DAY_S = 86_400.0
# How long the rows of deleted jobs, idempotency keys and downloads are kept.
ROWS_KEPT_S = 7 * DAY_S


@dataclass(slots=True)
class RemovalCounts:
    """Numbers of rows and files that a cleanup deleted, or would delete. With `is_at_least`, it would delete more."""

    jobs: int = 0
    recordings: int = 0
    files: int = 0
    size_bytes: int = 0
    orphans: int = 0
    is_at_least: bool = False

    def counts(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RetentionEdges:
    """Recordings created and jobs ended before these times (epoch seconds) may be deleted. None: none of them.

    Kept recordings are neither deleted nor counted.
    """

    recordings: float | None
    jobs: float | None


# The condition of the index of recordings by age. A condition with a parameter would not use it.
NOT_KEPT = text("NOT recordings.kept")
# With a condition on `finished_at`, it lets the databases use the index of ended jobs.
_IS_LISTED = Job.deleted_at.is_(None)


def find_edges(connection: Connection, settings: Settings) -> RetentionEdges:
    """The edges for the limits of the settings. The rows of deleted jobs do not count towards a limit."""
    now = clock(connection)
    has_ended = (Job.finished_at.is_not(None), _IS_LISTED)
    return RetentionEdges(
        _edge(
            _count_edge(connection, Recording.created_at, settings.clean_max_history, NOT_KEPT),
            settings,
            now=now,
        ),
        _edge(_count_edge(connection, Job.finished_at, settings.jobs_max, *has_ended), settings, now=now),
    )


def _edge(count_edge: float | None, settings: Settings, *, now: float) -> float | None:
    """The later of the edges of the two limits. The count limit spares young rows."""
    edges = []
    if settings.clean_max_hours:
        edges.append(now - settings.clean_max_hours * HOUR_S)
    if count_edge is not None:
        edges.append(min(count_edge, now - settings.clean_min_age_s))
    return max(edges, default=None)


def _count_edge(
    connection: Connection, moment: Any, limit: int, *conditions: ColumnElement[bool] | TextClause
) -> float | None:
    """The time of the oldest row within a count limit. None if there are fewer rows, or for 0, which is no limit."""
    if not limit:
        return None
    newest_first = select(moment).where(*conditions).order_by(moment.desc())
    return connection.scalar(newest_first.offset(limit - 1).limit(1))


@dataclass(frozen=True, slots=True)
class RecordingsLeft:
    """How many recordings there are, and when the retention deletes the next ones. Times are epoch seconds.

    `due`: those that the limits delete within a day if no others are added. `next_at`: the age limit of the oldest.
    """

    recordings: int
    kept: int
    due: int
    next_at: float | None


def count_left(connection: Connection, settings: Settings) -> RecordingsLeft:
    count = select(func.count()).select_from(Recording)
    recordings = connection.scalar(count) or 0
    not_kept = connection.scalar(count.where(NOT_KEPT)) or 0
    due, next_at = 0, None
    if settings.clean_max_hours:
        max_age_s = settings.clean_max_hours * HOUR_S
        edge = clock(connection) - max_age_s + min(DAY_S, max_age_s / 2)
        due = connection.scalar(count.where(Recording.created_at < edge, NOT_KEPT)) or 0
        oldest = connection.scalar(select(func.min(Recording.created_at)).where(NOT_KEPT))
        next_at = None if oldest is None else oldest + max_age_s
    if settings.clean_max_history:
        due = max(due, not_kept - settings.clean_max_history)
    return RecordingsLeft(recordings, recordings - not_kept, due, next_at)


def old_recordings(connection: Connection, edges: RetentionEdges) -> Sequence[str]:
    """A batch of recordings before the edge, oldest first. Those that other transactions lock are left out."""
    if edges.recordings is None:
        return []
    query = select(Recording.job_id).where(Recording.created_at < edges.recordings, NOT_KEPT)
    batch = query.order_by(Recording.created_at).limit(RECORDINGS_BATCH)
    return connection.scalars(batch.with_for_update(skip_locked=True)).all()


def old_jobs(connection: Connection, edges: RetentionEdges) -> Sequence[str]:
    """A batch of jobs that ended before the edge, oldest first."""
    if edges.jobs is None:
        return []
    query = select(Job.id).where(Job.finished_at < edges.jobs, _IS_LISTED)
    return connection.scalars(query.order_by(Job.finished_at).limit(BATCH)).all()


def count_removable(connection: Connection, edges: RetentionEdges) -> RemovalCounts:
    """Count what a cleanup would delete now: the oldest `COUNT_MAX` jobs and recordings, with their files."""
    counts = RemovalCounts()
    if edges.jobs is not None:
        jobs = select(Job.id).where(Job.finished_at < edges.jobs, _IS_LISTED).order_by(Job.finished_at)
        counts.jobs = _count(connection, jobs, counts)
    if edges.recordings is not None:
        old = select(Recording.job_id, Recording.audio_key).where(
            Recording.created_at < edges.recordings, NOT_KEPT
        )
        old = old.order_by(Recording.created_at)
        counts.recordings = _count(connection, old, counts)
        oldest = old.limit(COUNT_MAX).cte()
        of_renditions = select(Rendition.audio_key).join(oldest, oldest.c.job_id == Rendition.job_id)
        keys = union(select(oldest.c.audio_key), of_renditions).subquery()
        files = select(func.coalesce(func.sum(Audio.size_bytes), 0), func.count())
        size, counts.files = connection.execute(
            files.join_from(keys, Audio, Audio.key == keys.c.audio_key)
        ).one()
        counts.size_bytes = int(size)  # Postgres adds integers to a decimal
    return counts


def _count(connection: Connection, rows: Select[*tuple[Any, ...]], counts: RemovalCounts) -> int:
    """Count up to `COUNT_MAX` rows."""
    found = connection.scalar(select(func.count()).select_from(rows.limit(COUNT_MAX + 1).subquery())) or 0
    counts.is_at_least |= found > COUNT_MAX
    return min(found, COUNT_MAX)


def remove_recordings(connection: Connection, ids: Sequence[str]) -> None:
    """Delete recordings. Their files are marked, so that `pending_deletes` returns them."""
    changes.remove_recordings(connection, ids, now=clock(connection))


def remove_jobs(connection: Connection, ids: Sequence[str]) -> int:
    """Delete the rows of ended jobs. Their recordings and audio stay. Returns how many there were."""
    changes.lock_parts(connection, ids)
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


def delete_expired_rows(connection: Connection) -> int:
    """Delete a batch of expired rows of deleted jobs and idempotency keys. Returns how many there were."""
    week_ago = clock(connection) - ROWS_KEPT_S
    return sum(
        _delete_batch(connection, table, moment < week_ago)
        for table, moment in ((Job, Job.deleted_at), (Idempotency, Idempotency.created_at))
    )


def _delete_batch(connection: Connection, table: type[Base], is_expired: ColumnElement[bool]) -> int:
    key = tuple(table.__table__.primary_key)
    batch = select(*key).where(is_expired).limit(BATCH)
    return connection.execute(delete(table).where(tuple_(*key).in_(batch))).rowcount


def tidy_small_tables(connection: Connection) -> None:
    """Delete the rows of silent workers, ended downloads and old latencies, and merge old usage. All are few."""
    now = clock(connection)
    connection.execute(delete(Worker).where(Worker.heartbeat_at < now - DAY_S))
    connection.execute(delete(Download).where(Download.finished_at < now - ROWS_KEPT_S))
    latencies.delete_old(connection, now=now)
    usage.merge_old(connection, now=now)
