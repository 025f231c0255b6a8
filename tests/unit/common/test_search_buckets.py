"""The buckets in which Postgres searches one after the other."""

import pytest
from sqlalchemy import Connection, select
from sqlalchemy import text as sql

from common.db.database import Database
from common.db.tables import Recording
from common.recordings import search
from common.recordings.search import RecordingFilter
from tests.support.query_cost import query_cost
from tests.support.recordings import add_recording, search_ids


def test_results_of_several_buckets_are_newest_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BUCKET_ROWS", 3)
    rare = [add_recording(database, "A zygomatic bone.") for _ in range(2)]
    common = [add_recording(database, "A common bone.") for _ in range(8)]
    newest = (rare + common)[::-1]
    assert search_ids(database, "zygo") == rare[::-1]
    assert search_ids(database, "bone") == newest
    for last in range(len(newest)):
        with database.read() as connection:
            [created_at] = connection.scalars(
                select(Recording.created_at).where(Recording.job_id == newest[last])
            )
            found = search.find(
                connection,
                RecordingFilter("bone"),
                owner="local",
                limit=4,
                after=(created_at, newest[last]),
            )
        assert found == newest[last + 1 : last + 5]


def test_rows_of_earlier_releases_are_found(migrated_postgres_url: str) -> None:
    database = Database(migrated_postgres_url, role="worker")
    old = add_recording(database, "Room 101 is old.")
    with database.write() as connection:
        plain = "array_to_tsvector(ARRAY(SELECT split_part(word, '/', 3) FROM unnest(tsvector_to_array(words)) word))"
        connection.execute(sql(f"UPDATE recording_search SET bucket = 0, words = {plain}"))
    new = add_recording(database, "Room 101 is new.")
    assert search_ids(database, "room 101") == [new, old]
    assert search_ids(database, "1") == [new, old]
    assert search_ids(database, "old") == [old]
    with database.write() as connection:
        assert search.change_title(connection, old, owner="local", title="Chamber")
    assert search_ids(database, "chamber 101") == [old]
    database.close()


def test_the_cost_of_a_word_does_not_grow_with_its_old_matches(migrated_postgres_url: str) -> None:
    """The rows that Postgres reads, of a word and of a prefix of many words."""
    database = Database(migrated_postgres_url, role="worker")
    costs = []
    for count in (2, 8):
        add_rows(database, count * search.BUCKET_ROWS, words="'bone', 'id' || i")
        add_rows(database, 2 * search.BUCKET_ROWS, words="'none'")
        costs.append(
            [
                query_cost(database, lambda connection: find_page(connection, "bone")),
                query_cost(database, lambda connection: find_page(connection, "id")),
            ]
        )
    for small, large in zip(*costs, strict=True):
        assert large < 1.5 * small + 20
    database.close()


def find_page(connection: Connection, query: str) -> None:
    assert len(search.find(connection, RecordingFilter(query), owner="local", limit=50)) == 50


def add_rows(database: Database, count: int, *, words: str) -> None:
    """Add search rows without recordings."""
    with database.write() as connection:
        connection.execute(sql("SET LOCAL session_replication_role = replica"))
        connection.execute(
            sql(
                "INSERT INTO recording_search (id, job_id, owner, voice_id, model, bucket, words)"
                " SELECT first + i, first + i, 'local', 'v', 'm', bucket, array_to_tsvector(ARRAY("
                f"SELECT '/' || bucket || '/' || word FROM unnest(ARRAY[{words}]) AS word))"
                " FROM (SELECT i, (SELECT coalesce(max(id), 0) FROM recording_search) AS first,"
                " nextval('recording_search_rows') / :bucket_rows + 1 AS bucket"
                " FROM generate_series(1, :count) AS i) AS new"
            ),
            {"count": count, "bucket_rows": search.BUCKET_ROWS},
        )
    with database.write() as connection:
        connection.execute(sql("ANALYZE"))
