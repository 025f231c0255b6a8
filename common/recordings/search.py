"""Full-text search of recordings: the search row of each recording, and queries. See common.recordings.tokenizer.

Results are newest first, and no query reads all matches. SQLite's index returns matches in this order. The index of
Postgres returns all matches of a word. So Postgres puts `BUCKET_ROWS` rows after the other into a bucket, and indexes
each word with the number of its bucket. A query asks for the words of one bucket after the other, and ends when the
page is full.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import sqlite

from common.db.tables import Recording, RecordingSearch
from common.recordings.tokenizer import exact_word, index_words, query_prefixes

# With more rows, a common word costs more. With fewer, there are more buckets to ask for a rare one.
BUCKET_ROWS = 7_000
# Rows are numbered at their insertion, and a transaction may commit before another one with lower numbers. So the
# newest row may be in the last bucket but one, but the newest few are not all.
_NEAREST_ROWS = 50
_MAX_ID = 2**63 - 1
_MAX_BUCKET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SearchableRecording:
    """The searchable columns of a recording. `created_at` is in epoch seconds."""

    job_id: str
    owner: str
    voice_id: str
    model: str
    created_at: float
    title: str
    text: str

    @property
    def words(self) -> list[str]:
        return [
            exact_word("voice", self.voice_id),
            exact_word("model", self.model),
            *index_words(self.title, self.text),
        ]


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """None does not filter, nor does a query without words. Times are in epoch seconds: [`since`, `before`)."""

    query: str | None = None
    voice_id: str | None = None
    model: str | None = None
    since: float | None = None
    before: float | None = None

    @property
    def prefixes(self) -> list[str]:
        return query_prefixes(self.query or "")


NO_FILTER = RecordingFilter()


def add(connection: Connection, recordings: Sequence[SearchableRecording]) -> None:
    """Insert the search rows, in the transaction that inserts the recordings."""
    statement = insert_statement(connection.dialect.name)
    for recording in recordings:
        row: dict[str, Any] = {
            "id": int(recording.created_at * 1000),
            "job_id": recording.job_id,
            "owner": recording.owner,
            "voice_id": recording.voice_id,
            "model": recording.model,
            "words": words_value(connection, recording.words),
            "bucket_rows": BUCKET_ROWS,
        }
        # The id of this millisecond may be taken. Then use the next free one.
        while connection.scalar(statement, row) is None:
            row["id"] += 1


def change_title(connection: Connection, job_id: str, *, owner: str, title: str) -> bool:
    """Returns False if there is no such recording."""
    row = connection.execute(
        update(Recording)
        .where(Recording.job_id == job_id, Recording.owner == owner)
        .values(title=title)
        .returning(*(getattr(Recording, name) for name in SearchableRecording.__slots__))
    ).first()
    if row is None:
        return False
    words = words_value(connection, SearchableRecording(**row._mapping).words)
    is_sqlite = connection.dialect.name == "sqlite"
    change = _CHANGE_TEXT if is_sqlite else _CHANGE_WORDS
    connection.execute(change, {"job_id": job_id, "words": words})
    return True


def find(
    connection: Connection,
    filters: RecordingFilter,
    *,
    owner: str,
    limit: int,
    after: tuple[float, str] | None = None,
) -> list[str]:
    """The job ids of matching recordings that follow `after`, newest first."""
    is_sqlite = connection.dialect.name == "sqlite"
    bucket, last_id = _position(connection, after)
    parameters = {
        "owner": owner,
        "limit": limit,
        "since": math.floor(filters.since * 1000) if filters.since is not None else 0,
        "before": math.ceil(filters.before * 1000) if filters.before is not None else _MAX_ID,
        "bucket": bucket,
        "last_id": last_id,
        "match": _fts5_query(filters) if is_sqlite else _tsquery(filters),
        "nearest": _NEAREST_ROWS,
    }
    return list(connection.scalars(_BY_FTS5 if is_sqlite else _BY_BUCKETS, parameters))


def _position(connection: Connection, after: tuple[float, str] | None) -> tuple[int, int]:
    """The bucket and id of a row. Results are in lower buckets, or in the same one with a lower id."""
    if after is None:
        return _MAX_BUCKET, _MAX_ID
    position = select(RecordingSearch.bucket, RecordingSearch.id).where(RecordingSearch.job_id == after[1])
    row = connection.execute(position).first()
    if row is not None:
        return row.bucket, row.id
    # It was deleted meanwhile.
    last_id = int(after[0] * 1000)
    older = select(RecordingSearch.bucket).where(RecordingSearch.id < last_id)
    bucket = connection.scalar(older.order_by(RecordingSearch.id.desc()).limit(1))
    return bucket or 0, last_id


def _exact_words(filters: RecordingFilter) -> list[str]:
    exact_matches = (("voice", filters.voice_id), ("model", filters.model))
    return [exact_word(kind, value) for kind, value in exact_matches if value is not None]


def _fts5_query(filters: RecordingFilter) -> str:
    words = [f'"{word}"*' for word in filters.prefixes]
    return " AND ".join([*(f'"{word}"' for word in _exact_words(filters)), *words])


def _tsquery(filters: RecordingFilter) -> str:
    """The query for a bucket, whose mark replaces each slash. Words contain no slashes."""
    words = [f"'/{word}':*" for word in filters.prefixes]
    return " & ".join([*(f"'/{word}'" for word in _exact_words(filters)), *words])


def words_value(connection: Connection, words: list[str]) -> str:
    """The words with blanks between them. For Postgres, a slash is where the mark of the bucket belongs."""
    return " ".join(words) if connection.dialect.name == "sqlite" else "/" + " /".join(words)


@cache
def insert_statement(dialect: str) -> Any:
    """Insert a search row. Returns its id, or no row if the id is taken."""
    if dialect != "sqlite":
        return _INSERT_INTO_BUCKET
    values: dict[str, Any] = {
        name: bindparam(name) for name in ("id", "job_id", "owner", "voice_id", "model", "words")
    }
    insert = sqlite.insert(RecordingSearch).values(values)
    return insert.on_conflict_do_nothing(index_elements=["id"]).returning(RecordingSearch.id)


# CROSS JOIN makes SQLite start with the index of words.
_BY_FTS5 = text(
    "SELECT found.job_id FROM recording_words CROSS JOIN recording_search AS found"
    " ON found.id = recording_words.rowid"
    " WHERE recording_words MATCH :match AND recording_words.rowid >= :since"
    " AND recording_words.rowid < min(:before, :last_id) AND found.owner = :owner"
    " ORDER BY recording_words.rowid DESC LIMIT :limit"
)


_CHANGE_TEXT = text("UPDATE recording_search SET words = :words WHERE job_id = :job_id")


def _marked(bucket: str) -> str:
    """The SQL of the words with the mark of their bucket. Rows of earlier releases are in bucket 0, without a mark."""
    return f"array_to_tsvector(string_to_array(replace(:words, '/', {_mark(bucket)}), ' '))"


def _mark(bucket: str) -> str:
    return f"CASE {bucket} WHEN 0 THEN '' ELSE '/' || {bucket} || '/' END"


_INSERT_INTO_BUCKET = text(
    "INSERT INTO recording_search (id, job_id, owner, voice_id, model, bucket, words)"  # noqa: S608
    f" SELECT :id, :job_id, :owner, :voice_id, :model, next.bucket, {_marked('next.bucket')}"
    " FROM (SELECT CAST(nextval('recording_search_rows') / :bucket_rows + 1 AS integer) AS bucket) AS next"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
)

_CHANGE_WORDS = text(
    f"UPDATE recording_search SET words = {_marked('bucket')} WHERE job_id = :job_id"  # noqa: S608
)

# The loop over the buckets ends when the page is full. `id + 0` keeps the planner from scanning the rows in the order
# of their ids.
_BY_BUCKETS = text(
    "SELECT found.job_id FROM (SELECT bucket FROM generate_series("  # noqa: S608
    "(SELECT max(least(bucket, :bucket)) FROM"
    " (SELECT bucket FROM recording_search WHERE id < :before ORDER BY id DESC LIMIT :nearest) AS newest),"
    " (SELECT min(greatest(bucket, 1)) FROM"
    " (SELECT bucket FROM recording_search WHERE id >= :since ORDER BY id LIMIT :nearest) AS oldest),"
    " -1) AS bucket UNION ALL SELECT 0 ORDER BY bucket DESC) AS buckets"
    " CROSS JOIN LATERAL (SELECT job_id FROM recording_search"
    f" WHERE words @@ CAST(replace(:match, '/', {_mark('buckets.bucket')}) AS tsquery)"
    " AND id >= :since AND id < :before AND (buckets.bucket < :bucket OR id < :last_id)"
    " AND owner = :owner ORDER BY id + 0 DESC LIMIT :limit) AS found LIMIT :limit"
)
