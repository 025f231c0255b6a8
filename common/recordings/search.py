"""Full-text search of recordings: the search row of each recording, and queries. See common.recordings.tokenizer.

Results are newest first, and no query reads all matches. SQLite's index returns matches in this order. The index of
Postgres does not, so a query first scans the newest rows, which finds common words at once. Only if that does not fill
a page does it use the index, which is fast for rare words. A word that none of the very newest rows contains is rare.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Connection, Text, bindparam, cast, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from common.db.tables import Recording, RecordingSearch
from common.recordings.tokenizer import exact_word, index_words, query_prefixes

# Postgres scans so many of the newest rows, in a millisecond, and then so many more if there was any match.
RECENT_ROWS = (1_000, 10_000)


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
    statement = _insert(connection.dialect.name)
    for recording in recordings:
        row = {
            "id": int(recording.created_at * 1000),
            "job_id": recording.job_id,
            "owner": recording.owner,
            "voice_id": recording.voice_id,
            "model": recording.model,
            "words": _words_value(connection, recording.words),
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
    words = _words_value(connection, SearchableRecording(**row._mapping).words)
    is_sqlite = connection.dialect.name == "sqlite"
    connection.execute(
        update(RecordingSearch)
        .where(RecordingSearch.job_id == job_id)
        .values(words=words if is_sqlite else func.array_to_tsvector(cast(words, ARRAY(Text))))
    )
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
    parameters = {
        "owner": owner,
        "limit": limit,
        "since": math.floor(filters.since * 1000) if filters.since is not None else 0,
        "before": _id_limit(connection, filters, after),
        "voice_id": filters.voice_id,
        "model": filters.model,
    }
    if connection.dialect.name == "sqlite":
        return _find_ids(connection, _BY_FTS5, parameters | {"match": _fts5_query(filters)})
    parameters |= {"match": _tsquery(filters)}
    recent = _recent_query(by_voice=filters.voice_id is not None, by_model=filters.model is not None)
    for recent_rows in RECENT_ROWS:
        recent_ids = _find_ids(connection, recent, parameters | {"recent_rows": recent_rows})
        if len(recent_ids) == limit:
            return recent_ids
        if not recent_ids:
            break
    return _find_ids(connection, _BY_GIN, parameters)


def _id_limit(connection: Connection, filters: RecordingFilter, after: tuple[float, str] | None) -> int:
    """The exclusive upper bound of the ids of results."""
    id_limits = [2**63 - 1]
    if filters.before is not None:
        id_limits.append(math.ceil(filters.before * 1000))
    if after is not None:
        last_id = connection.scalar(select(RecordingSearch.id).where(RecordingSearch.job_id == after[1]))
        # The row may be deleted meanwhile.
        id_limits.append(int(after[0] * 1000) if last_id is None else last_id)
    return min(id_limits)


def _find_ids(connection: Connection, statement: Any, parameters: dict[str, Any]) -> list[str]:
    return list(connection.scalars(statement, parameters))


def _exact_words(filters: RecordingFilter) -> list[str]:
    exact_matches = (("voice", filters.voice_id), ("model", filters.model))
    return [exact_word(kind, value) for kind, value in exact_matches if value is not None]


def _fts5_query(filters: RecordingFilter) -> str:
    words = [f'"{word}"*' for word in filters.prefixes]
    return " AND ".join([*(f'"{word}"' for word in _exact_words(filters)), *words])


def _tsquery(filters: RecordingFilter) -> str:
    words = [f"'{word}':*" for word in filters.prefixes]
    return " & ".join([*(f"'{word}'" for word in _exact_words(filters)), *words])


def _words_value(connection: Connection, words: list[str]) -> Any:
    return " ".join(words) if connection.dialect.name == "sqlite" else words


@cache
def _insert(dialect: str) -> Any:
    """The INSERT returns the id, or no row if the id is taken."""
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(RecordingSearch)
    values: dict[str, Any] = {
        name: bindparam(name) for name in ("id", "job_id", "owner", "voice_id", "model", "words")
    }
    if dialect != "sqlite":
        values["words"] = func.array_to_tsvector(bindparam("words", type_=ARRAY(Text)))
    return (
        insert.values(values)
        .on_conflict_do_nothing(index_elements=[RecordingSearch.id])
        .returning(RecordingSearch.id)
    )


# CROSS JOIN makes SQLite start with the index of words.
_BY_FTS5 = text(
    "SELECT found.job_id FROM recording_words CROSS JOIN recording_search AS found"
    " ON found.id = recording_words.rowid"
    " WHERE recording_words MATCH :match AND recording_words.rowid >= :since"
    " AND recording_words.rowid < :before AND found.owner = :owner"
    " ORDER BY recording_words.rowid DESC LIMIT :limit"
)

# `id + 0` keeps the planner from scanning the rows in the order of their ids.
_BY_GIN = text(
    "SELECT job_id FROM recording_search WHERE words @@ CAST(:match AS tsquery)"
    " AND id >= :since AND id < :before AND owner = :owner ORDER BY id + 0 DESC LIMIT :limit"
)


@cache
def _recent_query(*, by_voice: bool, by_model: bool) -> Any:
    filters = (" AND voice_id = :voice_id" if by_voice else "") + (" AND model = :model" if by_model else "")
    return text(
        "SELECT job_id FROM (SELECT id, job_id, words FROM recording_search"  # noqa: S608  # written here
        f" WHERE owner = :owner AND id >= :since AND id < :before{filters}"
        " ORDER BY id DESC LIMIT :recent_rows) AS recent"
        " WHERE words @@ CAST(:match AS tsquery) ORDER BY id DESC LIMIT :limit"
    )
