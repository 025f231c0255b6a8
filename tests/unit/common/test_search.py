"""Words that recordings are found by: what is the same word, what hostile questions do, and that rows come and go."""

import time

import pytest
from alembic import command
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.pool import NullPool

from common.db.database import Database
from common.db.migration import alembic_config, check, migrate
from common.db.tables import RecordingSearch
from common.jobs import changes, lease
from common.recordings import queries as recordings
from common.recordings import search
from common.recordings.search import RecordingFilter
from common.recordings.tokenizer import MAX_INDEX_BYTES, MAX_WORD_CHARS, index_words, query_prefixes
from tests.support.rows import claim_part, complete, new_job, result_of, submit

HOSTILE = (
    '"', '"""', "'", "''", "*", "a*b", "AND", "OR NOT", "NEAR(", "NEAR(a b, 2)", "words:hello", ":*", "\\", "\\'",
    "^a", "-a", "+ a", "(", ")", "{a b}", "a & | ! <-> b", "\0", "a\0b", "🎉", "\u200f\u202e", "%" * 200, "_", ";--",
    "\ue000\uf000", "\ufffd", "ﷺ" * 200, "a " * 100, " ".join(chr(code) for code in range(0x4E00, 0x4E64)),
)  # fmt: skip


def speak(database: Database, said: str, **changed: object) -> str:
    job = new_job(text=said, **changed)
    submit(database, job)
    complete(database, job)
    return job.id


def found(database: Database, query: str, **wanted: object) -> list[str]:
    with database.read() as connection:
        rows = recordings.list_recordings(
            connection,
            owner="local",
            limit=50,
            filters=RecordingFilter(query, **wanted),  # type: ignore[arg-type]
        )
    return [row.job_id for row in rows]


def kept(database: Database) -> int:
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


def test_what_is_written_otherwise_is_the_same_word(database: Database) -> None:
    speak(database, "Something else.")
    for said, asked in SAME:
        job_id = speak(database, said)
        assert job_id in found(database, asked), said
        assert len(found(database, asked)) < len(SAME) / 2, said


def test_every_word_must_begin_one(database: Database) -> None:
    both, one = speak(database, "Hello there, world."), speak(database, "Hello you.")
    assert found(database, "hel") == [one, both]
    assert found(database, "wor hel") == [both]
    assert found(database, "ello") == []
    assert found(database, "hello worlds") == []


@pytest.mark.parametrize(
    "said", ["私は東京タワーへ行きました", "我们明天去北京看长城", "ผมชอบกินข้าวผัด", "ខ្ញុំស្រលាញ់ភាសាខ្មែរ"]
)
def test_any_stretch_of_a_script_without_spaces_is_found(database: Database, said: str) -> None:
    job_id = speak(database, f"Read: {said}.")
    for start in range(len(said)):
        for end in range(start + 1, len(said) + 1):
            # Marks by themselves are no words.
            if query_prefixes(said[start:end]):
                assert words_have(said, said[start:end])
    assert found(database, said[2:6]) == found(database, said[-1]) == found(database, said) == [job_id]


def words_have(said: str, asked: str) -> bool:
    words = index_words(said)
    return all(any(word.startswith(prefix) for word in words) for prefix in query_prefixes(asked))


def test_nothing_in_a_question_has_a_meaning(database: Database) -> None:
    said = {query: speak(database, f"These are: {query}") for query in HOSTILE if "\0" not in query}
    for query in HOSTILE:
        answer = found(database, query)
        assert query not in said or said[query] in answer, query
        assert len(answer) == len(said) or query_prefixes(query), query


def test_words_and_filters_together_and_page_by_page(database: Database) -> None:
    ids = [speak(database, "Hello.", voice_id=f"hibari_{('heart', 'emma')[n % 2]}") for n in range(6)]
    newest = ids[::-1]
    assert found(database, "hello", voice_id="hibari_emma") == newest[::2]
    assert found(database, "", voice_id="hibari_emma") == newest[::2]
    assert found(database, "hello", voice_id="hibari_em") == []
    assert found(database, "hello", model="hibari") == newest
    assert found(database, "hello", model="kokoro") == found(database, "", model="kokoro") == []
    pages: list[str] = []
    after = None
    with database.read() as connection:
        while rows := recordings.list_recordings(
            connection, owner="local", limit=4, after=after, filters=RecordingFilter("hel")
        ):
            pages += [row.job_id for row in rows]
            after = (rows[-1].created_at, rows[-1].job_id)
        assert (
            recordings.list_recordings(connection, owner="other", limit=4, filters=RecordingFilter("hel"))
            == []
        )
    assert pages == newest


def test_dates_bound_what_is_found(database: Database) -> None:
    before = time.time()
    job_id = speak(database, "Hello.")
    after = time.time() + 0.01
    for query in ("", "hello"):
        assert found(database, query, since=before - 0.01, before=after) == [job_id]
        assert found(database, query, since=after) == found(database, query, before=before - 1) == []


def test_what_is_rare_and_old_is_found_behind_what_is_looked_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RECENT_ROWS", 3)
    rare = [speak(database, "A zygomatic bone.") for _ in range(2)]
    for _ in range(5):
        speak(database, "A common bone.")
    assert found(database, "zygo") == rare[::-1]
    assert len(found(database, "bone")) == 7


def test_a_row_comes_with_the_recording_and_goes_with_it(database: Database) -> None:
    first, second = speak(database, "Hello."), speak(database, "Hello again.")
    with database.write() as connection:
        changes.remove(connection, first, owner="local")
    assert found(database, "hello") == [second]
    with database.write() as connection:
        changes.remove_recordings(connection, [second], now=time.time())
    assert found(database, "hello") == []
    assert kept(database) == 0
    if database.is_sqlite:
        with database.write() as connection:
            connection.execute(
                text("INSERT INTO recording_words(recording_words) VALUES ('integrity-check')")
            )


def test_an_attempt_that_came_too_late_leaves_no_row(database: Database) -> None:
    job = new_job(text="Hello.")
    submit(database, job)
    claim = claim_part(database, job)
    with database.write() as connection:
        assert lease.finish(connection, claim, result_of(claim))
    with database.write() as connection:
        assert lease.finish(connection, claim, result_of(claim)) is None
    assert kept(database) == 1


def test_two_of_one_millisecond_are_both_found(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "clock", lambda _: 1_800_000_000.0)
    jobs = [new_job(text="Hello.") for _ in range(3)]
    submit(database, *jobs)
    monkeypatch.undo()
    claims = [claim_part(database, job) for job in jobs]
    monkeypatch.setattr(lease, "clock", lambda _: 1_800_000_000.0)
    for claim in claims:
        with database.write() as connection:
            lease.finish(connection, claim, result_of(claim))
    assert set(found(database, "hello")) == {job.id for job in jobs}


def test_a_new_title_is_found_and_the_old_one_no_longer(database: Database) -> None:
    job_id = speak(database, "Hello there.")
    for title, missing in (("Greeting", "weather"), ("Weather", "greeting")):
        with database.write() as connection:
            assert search.change_title(connection, job_id, owner="local", title=title)
            assert not search.change_title(connection, job_id, owner="other", title="No")
        assert found(database, title) == found(database, f"{title} there") == [job_id]
        assert found(database, missing) == []


def test_very_long_texts_are_bounded(database: Database) -> None:
    said = " ".join(f"{number:x}{'y' * 80}" for number in range(0x4000, 0x8000))
    words = index_words(said)
    assert max(map(len, words)) == MAX_WORD_CHARS
    assert MAX_INDEX_BYTES - MAX_WORD_CHARS <= sum(map(len, words)) <= MAX_INDEX_BYTES
    job_id = speak(database, said)
    assert found(database, "4000yyy") == [job_id]
    assert found(database, "7fffyyy") == []


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest) -> str:
    """The URL of a database of before there were search rows, with recordings."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    migrate(url)
    database = Database(url, role="worker")
    for number in range(230):
        speak(database, f"Hello number{number}.")
    database.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0003")
    return url


def test_recordings_that_exist_are_found_after_the_migration(old: str) -> None:
    migrate(old)
    check(old)
    database = Database(old, role="worker")
    assert len(found(database, "hello")) == 50
    for number in (0, 99, 229):
        [_] = found(database, f"number{number} hello")
    newest = speak(database, "Hello number230.")
    assert found(database, "number230") == [newest]
    assert kept(database) == 231
    database.close()
