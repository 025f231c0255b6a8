"""Full-text search of recordings: words, hostile queries, filters and search rows."""

import time

import pytest
from alembic import command
from sqlalchemy import create_engine, func, select
from sqlalchemy import text as sql
from sqlalchemy.pool import NullPool

from common.db.database import Database
from common.db.migration import alembic_config, check, migrate
from common.db.tables import RecordingSearch
from common.jobs import changes, lease
from common.recordings import queries as recordings
from common.recordings import search
from common.recordings.search import RecordingFilter
from common.recordings.tokenizer import (
    MARK_BYTES,
    MAX_INDEX_BYTES,
    MAX_WORD_CHARS,
    index_words,
    query_prefixes,
)
from tests.support.recordings import add_recording, search_ids
from tests.support.rows import claim_part, new_job, result_of, submit

HOSTILE = (
    '"', '"""', "'", "''", "*", "a*b", "AND", "OR NOT", "NEAR(", "NEAR(a b, 2)", "words:hello", ":*", "\\", "\\'",
    "^a", "-a", "+ a", "(", ")", "{a b}", "a & | ! <-> b", "\0", "a\0b", "🎉", "\u200f\u202e", "%" * 200, "_", ";--",
    "\ue000\uf000", "\ufffd", "ﷺ" * 200, "a " * 100, " ".join(chr(code) for code in range(0x4E00, 0x4E64)),
)  # fmt: skip


def count_rows(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(RecordingSearch)) or 0


SAME = (
    ("Un été à Zürich", "ETE zurich"),
    ("ete", "ÉTÉ"),
    ("e\u0301te\u0301", "été"),
    ("Große Straße", "GROSSE strasse"),
    ("ﬁne ①", "fine 1"),
    ("\uff26\uff55\uff4c\uff4c width", "full"),
    ("l'avion n'est pas", "avion"),
    ("co\u00adoper\u200date", "cooperate"),
    ("İstanbul", "istanbul"),
    ("Ωμέγα", "ωμεγα"),
    ("שָׁלוֹם", "\u200f\u05e9\u05dc\u05d5\u05dd"),
    ("ｶﾞﾗｽ", "ガラス"),
    ("한국어를", "한국"),
    ("A party 🎉!", "🎉"),
    ("room 101", "10"),
    ("x" * 100, "x" * 90),
)


def test_case_accents_and_compatibility_forms_are_ignored(database: Database) -> None:
    add_recording(database, "Something else.")
    for text, query in SAME:
        job_id = add_recording(database, text)
        assert job_id in search_ids(database, query), text
        assert len(search_ids(database, query)) < len(SAME) / 2, text


def test_every_query_word_must_be_a_prefix(database: Database) -> None:
    both, one = add_recording(database, "Hello there, world."), add_recording(database, "Hello you.")
    assert search_ids(database, "hel") == [one, both]
    assert search_ids(database, "wor hel") == [both]
    assert search_ids(database, "ello") == []
    assert search_ids(database, "hello worlds") == []


@pytest.mark.parametrize(
    "text", ["私は東京タワーへ行きました", "我们明天去北京看长城", "ผมชอบกินข้าวผัด", "ខ្ញុំស្រលាញ់ភាសាខ្មែរ"]
)
def test_any_substring_of_a_script_without_spaces_is_found(database: Database, text: str) -> None:
    job_id = add_recording(database, f"Read: {text}.")
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            # Marks alone are no words.
            if query_prefixes(text[start:end]):
                assert matches(text, text[start:end])
    assert (
        search_ids(database, text[2:6])
        == search_ids(database, text[-1])
        == search_ids(database, text)
        == [job_id]
    )


def matches(text: str, query: str) -> bool:
    words = index_words(text)
    return all(any(word.startswith(prefix) for word in words) for prefix in query_prefixes(query))


def test_no_character_of_a_query_is_an_operator(database: Database) -> None:
    recordings_by_query = {
        query: add_recording(database, f"These are: {query}") for query in HOSTILE if "\0" not in query
    }
    for query in HOSTILE:
        ids = search_ids(database, query)
        assert query not in recordings_by_query or recordings_by_query[query] in ids, query
        assert len(ids) == len(recordings_by_query) or query_prefixes(query), query


def test_words_and_filters_combine_and_results_are_paged(database: Database) -> None:
    ids = [add_recording(database, "Hello.", voice_id=f"hibari_{('heart', 'emma')[n % 2]}") for n in range(6)]
    newest = ids[::-1]
    assert search_ids(database, "hello", voice_id="hibari_emma") == newest[::2]
    assert search_ids(database, "", voice_id="hibari_emma") == newest[::2]
    assert search_ids(database, "hello", voice_id="hibari_em") == []
    assert search_ids(database, "hello", model="hibari") == newest
    assert search_ids(database, "hello", model="kokoro") == search_ids(database, "", model="kokoro") == []
    pages: list[str] = []
    after = None
    with database.read() as connection:
        has_more = True
        while has_more:
            page = recordings.list_recordings(
                connection, owner="local", limit=4, after=after, filters=RecordingFilter("hel")
            )
            pages += [row.job_id for row in page.rows]
            after, has_more = (page.rows[-1].created_at, page.rows[-1].job_id), page.has_more
        others = recordings.list_recordings(
            connection, owner="other", limit=4, filters=RecordingFilter("hel")
        )
        assert others.rows == []
    assert pages == newest


def test_results_are_limited_by_date(database: Database) -> None:
    before = time.time()
    job_id = add_recording(database, "Hello.")
    after = time.time() + 0.01
    for query in ("", "hello"):
        assert search_ids(database, query, since=before - 0.01, before=after) == [job_id]
        assert (
            search_ids(database, query, since=after) == search_ids(database, query, before=before - 1) == []
        )


def test_a_search_row_is_deleted_with_its_recording(database: Database) -> None:
    first, second = add_recording(database, "Hello."), add_recording(database, "Hello again.")
    with database.write() as connection:
        changes.remove(connection, first, owner="local")
    assert search_ids(database, "hello") == [second]
    with database.write() as connection:
        changes.remove_recordings(connection, [second], now=time.time())
    assert search_ids(database, "hello") == []
    assert count_rows(database) == 0
    if database.is_sqlite:
        with database.write() as connection:
            connection.execute(sql("INSERT INTO recording_words(recording_words) VALUES ('integrity-check')"))


def test_a_lost_lease_adds_no_search_row(database: Database) -> None:
    job = new_job(text="Hello.")
    submit(database, job)
    part = claim_part(database, job)
    with database.write() as connection:
        assert lease.finish(connection, part, result_of(part))
    with database.write() as connection:
        assert lease.finish(connection, part, result_of(part)) is None
    assert count_rows(database) == 1


def test_recordings_of_the_same_millisecond_are_all_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "clock", lambda _: 1_800_000_000.0)
    jobs = [new_job(text="Hello.") for _ in range(3)]
    submit(database, *jobs)
    monkeypatch.undo()
    parts = [claim_part(database, job) for job in jobs]
    monkeypatch.setattr(lease, "clock", lambda _: 1_800_000_000.0)
    for part in parts:
        with database.write() as connection:
            lease.finish(connection, part, result_of(part))
    assert set(search_ids(database, "hello")) == {job.id for job in jobs}


def test_a_changed_title_replaces_the_old_one(database: Database) -> None:
    job_id = add_recording(database, "Hello there.")
    for title, missing in (("Greeting", "weather"), ("Weather", "greeting")):
        with database.write() as connection:
            assert search.change_title(connection, job_id, owner="local", title=title)
            assert not search.change_title(connection, job_id, owner="other", title="No")
        assert search_ids(database, title) == search_ids(database, f"{title} there") == [job_id]
        assert search_ids(database, missing) == []


def test_the_indexed_words_of_a_text_are_limited(database: Database) -> None:
    text = " ".join(f"{number:x}{'y' * 80}" for number in range(0x4000, 0x8000))
    words = index_words(text)
    assert max(map(len, words)) == MAX_WORD_CHARS
    size_bytes = sum(len(word) + MARK_BYTES for word in words)
    assert MAX_INDEX_BYTES - MAX_WORD_CHARS - MARK_BYTES <= size_bytes <= MAX_INDEX_BYTES
    job_id = add_recording(database, text)
    assert search_ids(database, "4000yyy") == [job_id]
    assert search_ids(database, "7fffyyy") == []


@pytest.fixture(params=["sqlite", "postgres"])
def database_url_before_search(request: pytest.FixtureRequest) -> str:
    """The URL of a database with recordings, at the revision before search rows."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    migrate(url)
    database = Database(url, role="worker")
    for number in range(230):
        add_recording(database, f"Hello number{number}.")
    database.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0003")
    return url


def test_existing_recordings_are_found_after_the_migration(database_url_before_search: str) -> None:
    migrate(database_url_before_search)
    check(database_url_before_search)
    database = Database(database_url_before_search, role="worker")
    assert len(search_ids(database, "hello")) == 50
    for number in (0, 99, 229):
        [_] = search_ids(database, f"number{number} hello")
    newest = add_recording(database, "Hello number230.")
    assert search_ids(database, "number230") == [newest]
    assert count_rows(database) == 231
    database.close()
