"""Rows of renditions: other formats of recordings. The gateway requests them, and ops workers create them.

A worker holds a rendition by lease, as it holds a part (common.db.leased_table). Renditions are deleted with their
recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from common.db.database import clock, upsert
from common.db.leased_table import Evidence, Lease, LeasedTable
from common.db.tables import Audio, Recording, Rendition
from common.status import JobStatus

RENDITIONS = LeasedTable(Rendition)
# A rendition fails when this many of its workers have died.
MAX_CRASHES = 3


@dataclass(frozen=True, slots=True)
class ClaimedRendition:
    """A rendition that this process works on, with its source audio and the values of its tags."""

    lease: Lease
    source_key: str
    source_format: str
    recipe: str
    duration_s: float
    title: str
    voice_id: str
    created_at: float

    @property
    def job_id(self) -> str:
        return self.lease.key[0]

    @property
    def format(self) -> str:
        return self.lease.key[1]

    @property
    def topic(self) -> str:
        return topic(self.job_id, self.format)


@dataclass(frozen=True, slots=True)
class RenditionAudio:
    key: str
    sha256: str
    recipe: str
    sample_rate_hz: int
    duration_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ReleasedRendition:
    """A rendition whose lease was lost. It is queued again, or failed."""

    job_id: str
    format: str
    failed: bool


def topic(job_id: str, audio_format: str) -> str:
    """The topic of its events."""
    return f"{job_id}.{audio_format}"


def request(connection: Connection, job_id: str, *, audio_format: str, owner: str) -> bool | None:
    """Request a format. Equal requests share one row.

    Returns True if its task message must be published, because it is new or had failed. None without a recording.
    """
    recording = select(Recording.job_id).where(Recording.job_id == job_id, Recording.owner == owner)
    # The lock keeps the recording, because its deletion deletes all renditions.
    if connection.scalar(recording.with_for_update(read=True, key_share=True)) is None:
        return None
    initial_values = {
        "status": JobStatus.QUEUED,
        "crashes": 0,
        "error_code": None,
        "error_message": None,
        "created_at": clock(connection),
        "finished_at": None,
    }
    requested = connection.execute(
        upsert(connection, Rendition)
        .values(job_id=job_id, format=audio_format, **initial_values)
        .on_conflict_do_update(
            index_elements=["job_id", "format"],
            set_=initial_values,
            where=Rendition.status == JobStatus.FAILED,
        )
        .returning(Rendition.job_id)
    )
    return requested.first() is not None


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """The file of a rendition in the store."""

    key: str
    sha256: str
    duration_s: float
    size_bytes: int
    created_at: float


@dataclass(frozen=True, slots=True)
class RenditionRecord:
    """A row of `renditions`. `audio` is None until it is completed."""

    status: JobStatus
    error_code: str | None
    error_message: str | None
    audio: StoredAudio | None


def find(connection: Connection, job_id: str, *, audio_format: str, owner: str) -> RenditionRecord | None:
    row = connection.execute(
        select(
            *(Rendition.status, Rendition.error_code, Rendition.error_message),
            *(Audio.key, Audio.sha256, Audio.duration_s, Audio.size_bytes, Audio.created_at),
        )
        .join(Recording, Recording.job_id == Rendition.job_id)
        .outerjoin(Audio, and_(Audio.key == Rendition.audio_key, Audio.pending_delete_at.is_(None)))
        .where(Rendition.job_id == job_id, Rendition.format == audio_format, Recording.owner == owner)
    ).first()
    if row is None:
        return None
    has_audio: bool = row.key is not None
    audio = StoredAudio(row.key, row.sha256, row.duration_s, row.size_bytes, row.created_at)
    return RenditionRecord(row.status, row.error_code, row.error_message, audio if has_audio else None)


def claim(
    connection: Connection,
    job_id: str,
    *,
    audio_format: str,
    formats: Sequence[str],
    worker_id: str,
    lease_s: float,
) -> ClaimedRendition | None:
    """Claim a rendition. Returns None if another worker took it, or if its formats are not all in `formats`.

    `formats` are the formats that the worker can read and write.
    """
    source = connection.execute(
        select(
            *(Audio.key, Audio.format, Audio.recipe, Audio.duration_s),
            *(Recording.title, Recording.voice_id, Recording.created_at),
        )
        .join(Recording, Recording.audio_key == Audio.key)
        .where(Recording.job_id == job_id)
    ).first()
    if source is None or not {source.format, audio_format} <= set(formats):
        return None
    key = (job_id, audio_format)
    row = RENDITIONS.take(connection, key, worker_id=worker_id, lease_s=lease_s)
    if row is None:
        return None
    lease = Lease(RENDITIONS, key, row.attempt)
    return ClaimedRendition(
        lease=lease,
        source_key=source.key,
        source_format=source.format,
        recipe=source.recipe,
        duration_s=source.duration_s,
        title=source.title,
        voice_id=source.voice_id,
        created_at=source.created_at,
    )


def finish(connection: Connection, rendition: ClaimedRendition, audio: RenditionAudio) -> bool:
    """Complete a rendition. Returns False if the lease is lost; then no row names the file."""
    now = clock(connection)
    if not RENDITIONS.change(
        connection, rendition.lease, status=JobStatus.COMPLETED, lease_until=None, finished_at=now
    ):
        return False
    connection.execute(
        insert(Audio).values(
            key=audio.key,
            sha256=audio.sha256,
            recipe=audio.recipe,
            format=rendition.format,
            sample_rate_hz=audio.sample_rate_hz,
            duration_s=audio.duration_s,
            size_bytes=audio.size_bytes,
            created_at=now,
        )
    )
    connection.execute(
        update(Rendition)
        .where(Rendition.job_id == rendition.job_id, Rendition.format == rendition.format)
        .values(audio_key=audio.key)
    )
    return True


def fail(connection: Connection, rendition: ClaimedRendition, *, code: str, message: str) -> bool:
    now = clock(connection)
    failed = {"status": JobStatus.FAILED, "error_code": code, "error_message": message}
    return RENDITIONS.change(connection, rendition.lease, lease_until=None, finished_at=now, **failed)


def hand_back(connection: Connection, rendition: ClaimedRendition) -> bool:
    """Queue a rendition again, because this worker stops."""
    return RENDITIONS.change(connection, rendition.lease, status=JobStatus.QUEUED, lease_until=None)


def release_expired(connection: Connection, evidence: Evidence) -> list[ReleasedRendition]:
    """Queue renditions again that their workers have left. Fail one when too many of its workers have died."""
    return [
        _release(connection, row, now=evidence.now)
        for row in RENDITIONS.lost(connection, evidence, Rendition.crashes)
    ]


def _release(connection: Connection, row: Row[*tuple[Any, ...]], *, now: float) -> ReleasedRendition:
    crashes = row.crashes + (1 if row.died else 0)
    gives_up: bool = row.died and crashes >= MAX_CRASHES
    values = {"status": JobStatus.QUEUED, "lease_until": None, "crashes": crashes}
    if gives_up:
        message = f"{crashes} workers died while they created this format. Request it again."
        values |= {"status": JobStatus.FAILED, "finished_at": now}
        values |= {"error_code": "worker_crashed", "error_message": message}
    connection.execute(
        update(Rendition)
        .where(Rendition.job_id == row.job_id, Rendition.format == row.format)
        .values(**values)
    )
    return ReleasedRendition(row.job_id, row.format, failed=gives_up)


def still_queued(connection: Connection, *, limit: int = 100) -> list[tuple[str, str]]:
    """Queued renditions as (job id, format), oldest first. The sweep publishes their task messages again."""
    rows = connection.execute(
        select(Rendition.job_id, Rendition.format)
        .where(Rendition.status == JobStatus.QUEUED)
        .order_by(Rendition.created_at, Rendition.job_id, Rendition.format)
        .limit(limit)
    )
    return [(row.job_id, row.format) for row in rows]


def remove(connection: Connection, job_ids: Sequence[str]) -> list[str]:
    """Delete the renditions of recordings that are about to be deleted. Returns the keys of their files.

    The recordings are locked first, so that no rendition is added.
    """
    connection.execute(
        select(Recording.job_id)
        .where(Recording.job_id.in_(job_ids))
        .order_by(Recording.job_id)
        .with_for_update()
    )
    keys = connection.scalars(
        delete(Rendition).where(Rendition.job_id.in_(job_ids)).returning(Rendition.audio_key)
    )
    return [key for key in keys if key is not None]
