"""Answers about jobs and recordings. Lists page by keyset; nothing here reads a long table whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, cast, func, literal_column, or_, select

from common.db.tables import TERMINAL, AnyRow, Audio, Captions, Job, Part, Recording, UsageHourly
from common.jobs import statements
from common.messaging.broker import LANES
from common.recordings import search
from common.recordings.search import Wanted

# Beyond this, a place in the queue is said to be "at least" this.
POSITION_MAX = 10_000

Keyset = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a queued job stands: parts and characters ahead of it on its queue (and on the faster lane)."""

    ahead: int
    chars_ahead: int


@dataclass(frozen=True, slots=True)
class SpokenAudio:
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


_JOB = (
    *(column for column in Job.__table__.columns if column.name != "audio_key"),
    Audio.key.label("audio_key"),
    Audio.sample_rate_hz,
    Audio.duration_s,
    Audio.size_bytes,
)


def _jobs() -> Select[Any]:
    return (
        select(*_JOB)
        .select_from(Job)
        .outerjoin(Audio, and_(Audio.key == Job.audio_key, Audio.doomed_at.is_(None)))
    )


def get_job(connection: Connection, job_id: str, *, owner: str) -> AnyRow | None:
    """The row, deleted ones too (`deleted_at` is set then)."""
    return connection.execute(statements.GET_JOB, {"the_job": job_id, "the_owner": owner}).first()


def ended_among(connection: Connection, job_ids: Sequence[str]) -> set[str]:
    """Those of these jobs that ended or were deleted."""
    over = or_(Job.status.in_(TERMINAL), Job.deleted_at.is_not(None))
    return {
        job_id
        for start in range(0, len(job_ids), 500)
        for job_id in connection.scalars(select(Job.id).where(Job.id.in_(job_ids[start : start + 500]), over))
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
) -> Sequence[AnyRow]:
    """Newest first, from behind `after`."""
    query = _jobs().where(Job.owner == owner, Job.deleted_at.is_(None))
    if status and status != "completed":
        # Written out: a database cannot know that a parameter is none of those that the index leaves out.
        query = query.where(literal_column("jobs.status <> 'completed'"))
    for column, wanted in ((Job.status, status), (Job.voice_id, voice_id), (Job.model, model)):
        if wanted:
            query = query.where(column == wanted)
    if after:
        query = query.where(_behind(Job.created_at, Job.id, after))
    return connection.execute(query.order_by(Job.created_at.desc(), Job.id.desc()).limit(limit)).all()


def list_recordings(
    connection: Connection,
    *,
    owner: str,
    limit: int,
    after: Keyset | None = None,
    wanted: Wanted = search.ALL,
) -> Sequence[AnyRow]:
    """Newest first, from behind `after`."""
    if wanted.prefixes:
        found = search.find(connection, wanted, owner=owner, limit=limit, after=after)
        rows = connection.execute(_recordings().where(_named(found, owner=owner)))
        return sorted(rows, key=lambda row: found.index(row.job_id))
    query = _recordings().where(Recording.owner == owner, *_filters(wanted))
    if after:
        query = query.where(_behind(Recording.created_at, Recording.job_id, after))
    order = (Recording.created_at.desc(), Recording.job_id.desc())
    return connection.execute(query.order_by(*order).limit(limit)).all()


def get_recording(connection: Connection, job_id: str, *, owner: str) -> AnyRow | None:
    """As the list shows it; None when there is none or its audio is on its way out."""
    query = _recordings().where(_named([job_id], owner=owner), Audio.doomed_at.is_(None))
    return connection.execute(query).first()


def _recordings() -> Select[Any]:
    return select(*Recording.__table__.columns, *_AUDIO_FIGURES).join(Audio, Audio.key == Recording.audio_key)


def _named(job_ids: Sequence[str], *, owner: str) -> Any:
    # Not a plain column: SQLite would go through all that the owner has rather than look up a few ids.
    return and_(Recording.job_id.in_(job_ids), Recording.owner.concat("") == owner)


def _filters(wanted: Wanted) -> list[Any]:
    exact = ((Recording.voice_id, wanted.voice_id), (Recording.model, wanted.model))
    filters = [column == value for column, value in exact if value is not None]
    if wanted.since is not None:
        filters.append(Recording.created_at >= wanted.since)
    if wanted.before is not None:
        filters.append(Recording.created_at < wanted.before)
    return filters


_AUDIO_FIGURES = (Audio.format, Audio.sample_rate_hz, Audio.duration_s, Audio.size_bytes, Audio.sha256)


def _behind(moment: Any, key: Any, after: Keyset) -> Any:
    # Written out rather than as a row value, which SQLite does not use its index for in a descending scan; and with
    # what follows from it, by which both find the place to begin at.
    return and_(moment <= after[0], or_(moment < after[0], key < after[1]))


def find_audio(connection: Connection, job_ids: Sequence[str], *, owner: str) -> dict[str, SpokenAudio]:
    """The audio of these jobs by the recordings that own it, so that it outlives the job rows."""
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
        .where(_named(job_ids, owner=owner), Audio.doomed_at.is_(None))
    )
    return {row.job_id: SpokenAudio(**row._mapping) for row in rows}


def find_captions(connection: Connection, job_id: str, *, owner: str) -> list[Any] | None:
    """Cues as `common.recordings.captions` stores them; None when there are none (or no recording)."""
    return connection.scalar(
        select(Captions.cues)
        .join(Recording, Recording.audio_key == Captions.audio_key)
        .where(Recording.job_id == job_id, Recording.owner == owner)
    )


def place_of(connection: Connection, job_id: str) -> Place | None:
    """None when no part of the job is queued."""
    part = connection.execute(
        select(Part.queue, Part.created_at, Part.id)
        .where(Part.job_id == job_id, Part.status == "queued")
        .order_by(Part.position)
        .limit(1)
    ).first()
    if part is None:
        return None
    ahead = or_(
        Part.created_at < part.created_at, and_(Part.created_at == part.created_at, Part.id < part.id)
    )
    return _before(connection, part.queue, ahead)


def place_at_end(connection: Connection, queue: str) -> Place:
    """Where a job would stand that came now."""
    return _before(connection, queue)


def _before(connection: Connection, queue: str, *ahead: Any) -> Place:
    """What is queued in a queue, and in the faster lane that goes before it."""
    walk_indexes(connection)
    places = [_count_queued(connection, Part.queue == queue, *ahead)]
    if queue.endswith(".bulk"):
        faster = queue.removesuffix("bulk") + "interactive"
        places.append(_count_queued(connection, Part.queue == faster))
    return Place(sum(p.ahead for p in places), sum(p.chars_ahead for p in places))


def _count_queued(connection: Connection, *conditions: Any) -> Place:
    some = select(Part.chars).where(IS_QUEUED, *conditions).order_by(*OLDEST_FIRST).limit(POSITION_MAX)
    chars = some.subquery().c.chars
    row = connection.execute(select(func.count(), _sum(chars))).one()
    return Place(row[0], row[1])


# Written out, so that both databases see that their index of what is queued has all of it.
IS_QUEUED = Part.status == literal_column("'queued'")
OLDEST_FIRST = (Part.created_at, Part.id)


def walk_indexes(connection: Connection) -> None:
    """In this transaction; for what reads a bounded piece of an index in its order.

    By what Postgres knows of a table that has just grown, it reads all of a queue and sorts that.
    """
    if connection.dialect.name == "postgresql":
        off = [func.set_config(f"enable_{way}", "off", True) for way in ("seqscan", "bitmapscan")]
        connection.execute(select(*off))


def _sum(column: Any) -> Any:
    # Postgres adds up integers into a numeric, which Python reads as a Decimal.
    return cast(func.coalesce(func.sum(column), 0), column.type)


def chars_being_spoken(connection: Connection, *, engine: str) -> float:
    """Characters that the running parts of an engine's queues still have before them, by their segments."""
    rows = connection.execute(
        select(Part.chars, Job.segments_done, Job.segments_total)
        .join(Job, Job.id == Part.job_id)
        .where(Part.status == "running", Part.queue.in_([f"{engine}.{lane}" for lane in LANES]))
        .limit(POSITION_MAX)
    )
    return sum(chars * (1 - done / total if total else 1.0) for chars, done, total in rows)


def backlog(connection: Connection, *, up_to: int) -> Place:
    """What is queued in all queues, counted up to a bound."""
    some = select(Part.chars).where(Part.status == "queued").limit(up_to).subquery()
    row = connection.execute(select(func.count(), _sum(some.c.chars))).one()
    return Place(row[0], row[1])


def synthesis_s_per_char(
    connection: Connection, *, model: str | None, since_hour: int, provider: str | None = None
) -> float | None:
    """Engine seconds per character of text, lately; None when nothing was spoken."""
    query = select(_sum(UsageHourly.synthesis_ms), _sum(UsageHourly.chars)).where(
        UsageHourly.hour >= since_hour
    )
    for column, wanted in ((UsageHourly.model, model), (UsageHourly.provider, provider)):
        if wanted:
            query = query.where(column == wanted)
    spent_ms, chars = connection.execute(query).one()
    return spent_ms / 1000 / chars if chars else None


def count_by_status(connection: Connection) -> dict[str, int]:
    """Unfinished parts by status; both sides come from partial indexes."""
    return {
        status: connection.scalar(
            select(func.count()).select_from(
                select(literal_column("1")).where(Part.status == status).limit(1_000_000).subquery()
            )
        )
        or 0
        for status in ("queued", "running")
    }


def usage(connection: Connection, *, owner: str, since_hour: int) -> Sequence[AnyRow]:
    """Rollup rows from `since_hour` on, oldest first."""
    return connection.execute(
        select(*UsageHourly.__table__.columns)
        .where(UsageHourly.owner == owner, UsageHourly.hour >= since_hour)
        .order_by(UsageHourly.hour)
    ).all()


def usage_totals(connection: Connection, *, owner: str) -> AnyRow:
    columns = ("completed", "failed", "cancelled", "chars", "audio_s", "size_bytes", "synthesis_ms")
    sums = [_sum(getattr(UsageHourly, name)).label(name) for name in columns]
    return connection.execute(select(*sums).where(UsageHourly.owner == owner)).one()


def spoken_by_voice(
    connection: Connection, *, model: str, provider: str, since_hour: int
) -> dict[str, tuple[int, float]]:
    """Characters of text and seconds of sound of each voice of a model, lately."""
    rows = connection.execute(
        select(UsageHourly.voice_id, _sum(UsageHourly.chars), _sum(UsageHourly.audio_s))
        .where(UsageHourly.hour >= since_hour, UsageHourly.model == model, UsageHourly.provider == provider)
        .group_by(UsageHourly.voice_id)
    )
    return {voice_id: (chars, audio_s) for voice_id, chars, audio_s in rows}
