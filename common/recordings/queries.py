"""Queries of recordings, with their audio and captions. A recording outlives the row of its job."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select, update

from common.db.keyset import Keyset, Page, is_after, read_lazily, take_page
from common.db.tables import Audio, Captions, Recording
from common.recordings import search
from common.recordings.captions import Caption
from common.recordings.search import RecordingFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRecord:
    """A row of `recordings` with data of its audio."""

    job_id: str
    title: str
    text: str
    voice_id: str
    model: str
    provider: str
    language: str | None
    speed: float
    style: str | None
    created_at: float
    kept: bool = False
    # None if the service chose it.
    seed: int | None = None
    lexicon: Mapping[str, str] = field(default_factory=dict)
    format: str
    sample_rate_hz: int
    duration_s: float
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SpokenAudio:
    """The audio of a recording or rendition, with the values that make up its file name."""

    job_id: str
    title: str
    text: str
    voice_id: str
    key: str
    sha256: str
    format: str
    duration_s: float
    size_bytes: int
    created_at: float


# Recordings found by a search that are read together.
_GROUP = 21
_AUDIO_COLUMNS = ("format", "sample_rate_hz", "duration_s", "size_bytes", "sha256")
_COLUMNS = tuple(
    getattr(Audio if one.name in _AUDIO_COLUMNS else Recording, one.name) for one in fields(RecordingRecord)
)


def list_recordings(
    connection: Connection,
    *,
    owner: str,
    limit: int,
    after: Keyset | None = None,
    filters: RecordingFilter = search.NO_FILTER,
) -> Page[RecordingRecord]:
    """Recordings that follow `after`, newest first."""
    if filters.prefixes:
        ids = search.find(connection, filters, owner=owner, limit=limit + 1, after=after)
        found = _in_order(connection, ids, owner=owner)
        return take_page(found, limit=limit, text_of=lambda one: one.text)
    query = _recordings().where(Recording.owner == owner, *_conditions(filters))
    if after:
        query = query.where(is_after(Recording.created_at, Recording.job_id, after))
    order = (Recording.created_at.desc(), Recording.job_id.desc())
    with read_lazily(connection, query.order_by(*order).limit(limit + 1)) as rows:
        return take_page(map(_record, rows), limit=limit, text_of=lambda one: one.text)


def _in_order(connection: Connection, ids: Sequence[str], *, owner: str) -> Iterator[RecordingRecord]:
    """Read recordings in small groups, because their texts may be long."""
    for start in range(0, len(ids), _GROUP):
        group = ids[start : start + _GROUP]
        rows = connection.execute(_recordings().where(_has_ids(group, owner=owner)))
        found = {row.job_id: _record(row) for row in rows}
        yield from (found[job_id] for job_id in group if job_id in found)


def get_recording(connection: Connection, job_id: str, *, owner: str) -> RecordingRecord | None:
    """None if there is no recording, or its audio is marked for deletion."""
    query = _recordings().where(_has_ids([job_id], owner=owner), Audio.pending_delete_at.is_(None))
    row = connection.execute(query).first()
    return _record(row) if row else None


def set_kept(connection: Connection, job_id: str, *, owner: str, kept: bool) -> None:
    """Exempt a recording from the retention, or no longer."""
    connection.execute(update(Recording).where(_has_ids([job_id], owner=owner)).values(kept=kept))


def _recordings() -> Select[Any]:
    return select(*_COLUMNS).join(Audio, Audio.key == Recording.audio_key)


def _record(row: Row[*tuple[Any, ...]]) -> RecordingRecord:
    return RecordingRecord(**row._mapping)


def _has_ids(job_ids: Sequence[str], *, owner: str) -> Any:
    # With a plain column SQLite would scan the index of the owner instead of looking up a few ids.
    return and_(Recording.job_id.in_(job_ids), Recording.owner.concat("") == owner)


def _conditions(filters: RecordingFilter) -> list[Any]:
    exact_matches = ((Recording.voice_id, filters.voice_id), (Recording.model, filters.model))
    conditions = [column == value for column, value in exact_matches if value is not None]
    if filters.since is not None:
        conditions.append(Recording.created_at >= filters.since)
    if filters.before is not None:
        conditions.append(Recording.created_at < filters.before)
    return conditions


def find_audio(connection: Connection, job_ids: Sequence[str], *, owner: str) -> dict[str, SpokenAudio]:
    """The audio by job id. It belongs to recordings, so it outlives the rows of jobs."""
    rows = connection.execute(
        select(
            Recording.job_id,
            Recording.title,
            Recording.text,
            Recording.voice_id,
            Audio.key,
            Audio.sha256,
            Audio.format,
            Audio.duration_s,
            Audio.size_bytes,
            Recording.created_at,
        )
        .join(Audio, Audio.key == Recording.audio_key)
        .where(_has_ids(job_ids, owner=owner), Audio.pending_delete_at.is_(None))
    )
    return {row.job_id: SpokenAudio(**row._mapping) for row in rows}


def find_captions(connection: Connection, job_id: str, *, owner: str) -> list[Caption] | None:
    """None if the job has no captions or no recording."""
    rows = connection.scalar(
        select(Captions.rows)
        .join(Recording, Recording.audio_key == Captions.audio_key)
        .where(Recording.job_id == job_id, Recording.owner == owner)
    )
    return None if rows is None else [Caption.from_row(row) for row in rows]
