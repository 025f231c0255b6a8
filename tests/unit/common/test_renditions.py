"""Other formats of recordings as rows: one of many works on each, and they go with their recording."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, func, select, update

from common.db.database import Database, clock
from common.db.tables import Audio, Rendition
from common.ids import new_id
from common.jobs import changes, retention
from common.jobs.retention import RetentionLimits
from common.recordings import renditions
from common.recordings.renditions import MAX_CRASHES, ClaimedRendition, RenditionAudio
from common.store import audio_key
from tests.support.rows import complete, new_job, submit

ALL = ("wav", "flac", "mp3", "opus", "aac", "pcm")
T = TypeVar("T")


def recorded(database: Database) -> str:
    """The id of a job with a recording, a WAV."""
    job = new_job()
    submit(database, job)
    complete(database, job)
    return job.id


def ask(connection: Connection, job_id: str, audio_format: str = "mp3") -> bool | None:
    return renditions.request(connection, job_id, audio_format=audio_format, owner="local")


def begin(
    connection: Connection, job_id: str, audio_format: str = "mp3", *, formats: tuple[str, ...] = ALL
) -> ClaimedRendition | None:
    given: dict[str, Any] = {"formats": formats, "worker_id": "ops@here:1", "lease_s": 30.0}
    return renditions.claim(connection, job_id, audio_format=audio_format, **given)


def begun(database: Database, job_id: str, audio_format: str = "mp3") -> ClaimedRendition:
    with database.write() as connection:
        ask(connection, job_id, audio_format)
        claim = begin(connection, job_id, audio_format)
    assert claim is not None
    return claim


def made(claim: ClaimedRendition) -> RenditionAudio:
    key = audio_key(claim.job_id, attempt=claim.lease.attempt, extension=claim.format)
    return RenditionAudio(key, "0" * 64, "2" * 64, 24_000, claim.duration_s, 9_000)


def expire(connection: Connection) -> None:
    connection.execute(update(Rendition).values(lease_until=clock(connection) - 1))


def row_of(database: Database, job_id: str, audio_format: str = "mp3") -> Any:
    with database.read() as connection:
        return renditions.find(connection, job_id, audio_format=audio_format, owner="local")


def count(database: Database, table: type) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def gateway(database_url: str) -> Iterator[Database]:
    """With the larger pool, so that eight threads are eight connections."""
    opened = Database(database_url, role="gateway")
    yield opened
    opened.close()


def at_once(database: Database, act: Callable[[Connection], T], *, times: int = 8) -> list[T]:
    answers: list[T] = []

    def race() -> None:
        with database.write() as connection:
            answers.append(act(connection))

    threads = [threading.Thread(target=race) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


def test_equal_requests_are_one_row_and_ring_once(gateway: Database) -> None:
    job_id = recorded(gateway)
    answers = at_once(gateway, lambda connection: ask(connection, job_id))
    assert (answers.count(True), answers.count(False)) == (1, 7)
    assert count(gateway, Rendition) == 1
    with gateway.write() as connection:
        assert ask(connection, job_id, "flac")
        assert renditions.still_queued(connection) == [(job_id, "mp3"), (job_id, "flac")]


def test_there_is_none_without_a_recording_of_ones_own(database: Database) -> None:
    job_id = recorded(database)
    with database.write() as connection:
        assert ask(connection, new_id()) is None
        assert renditions.request(connection, job_id, audio_format="mp3", owner="somebody") is None
        assert renditions.still_queued(connection) == []


def test_one_of_many_begins(gateway: Database) -> None:
    job_id = recorded(gateway)
    with gateway.write() as connection:
        ask(connection, job_id)
    claims = [one for one in at_once(gateway, lambda connection: begin(connection, job_id)) if one]
    assert [(one.lease.attempt, one.source_format, one.duration_s) for one in claims] == [(1, "wav", 1.5)]
    assert row_of(gateway, job_id).status == "running"


def test_who_cannot_write_or_read_a_format_leaves_it_to_others(database: Database) -> None:
    job_id = recorded(database)
    with database.write() as connection:
        ask(connection, job_id, "aac")
        assert begin(connection, job_id, "aac", formats=("wav", "mp3")) is None
        assert begin(connection, job_id, "aac", formats=("aac", "mp3")) is None
        assert begin(connection, job_id, "aac", formats=("aac", "wav")) is not None


def test_a_finished_one_is_found_with_its_figures(database: Database) -> None:
    job_id = recorded(database)
    claim = begun(database, job_id)
    with database.write() as connection:
        assert renditions.finish(connection, claim, made(claim))
        assert ask(connection, job_id) is False
    row = row_of(database, job_id)
    assert (row.status, row.audio.key, row.audio.size_bytes, row.audio.duration_s) == (
        "completed",
        made(claim).key,
        9_000,
        1.5,
    )


def test_a_failed_one_may_be_asked_for_again(database: Database) -> None:
    job_id = recorded(database)
    claim = begun(database, job_id)
    with database.write() as connection:
        assert renditions.fail(connection, claim, code="storage_full", message="It is full.")
    assert (row_of(database, job_id).status, row_of(database, job_id).error_code) == (
        "failed",
        "storage_full",
    )
    again = begun(database, job_id)
    assert again.lease.attempt == 2
    assert row_of(database, job_id).error_code is None


def test_a_stale_attempt_changes_nothing(database: Database) -> None:
    job_id = recorded(database)
    stale = begun(database, job_id)
    with database.write() as connection:
        assert not renditions.RENDITIONS.renew(connection, [stale.lease], lease_s=30)
        assert renditions.release_expired(connection) == []
        expire(connection)
        (released,) = renditions.release_expired(connection)
        assert (released.job_id, released.format, released.failed) == (job_id, "mp3", False)
        fresh = begin(connection, job_id)
        assert fresh is not None
        assert fresh.lease.attempt == 2
        assert renditions.RENDITIONS.renew(connection, [stale.lease], lease_s=30) == [stale.lease]
        assert not renditions.finish(connection, stale, made(stale))
        assert not renditions.fail(connection, stale, code="internal_error", message="")
        assert not renditions.hand_back(connection, stale)
        assert renditions.finish(connection, fresh, made(fresh))
    assert row_of(database, job_id).audio.key == made(fresh).key
    assert count(database, Audio) == 2


def test_what_ends_workers_is_given_up(database: Database) -> None:
    job_id = recorded(database)
    for time in range(1, MAX_CRASHES + 1):
        begun(database, job_id)
        with database.write() as connection:
            expire(connection)
            (released,) = renditions.release_expired(connection)
        assert released.failed == (time == MAX_CRASHES)
    assert row_of(database, job_id).error_code == "worker_crashed"
    # Who asks again has all tries again.
    begun(database, job_id)
    with database.write() as connection:
        expire(connection)
        assert not renditions.release_expired(connection)[0].failed


def test_one_that_is_handed_back_is_charged_nothing(database: Database) -> None:
    job_id = recorded(database)
    for _ in range(MAX_CRASHES + 1):
        claim = begun(database, job_id)
        with database.write() as connection:
            assert renditions.hand_back(connection, claim)
    assert row_of(database, job_id).status == "queued"


def test_deleted_with_the_recording(database: Database) -> None:
    job_id = recorded(database)
    ended, running = begun(database, job_id), begun(database, job_id, "flac")
    with database.write() as connection:
        renditions.finish(connection, ended, made(ended))
        ask(connection, job_id, "opus")
        removed = changes.remove(connection, job_id, owner="local")
        assert set(removed.pending_delete_keys) == {
            audio_key(job_id, attempt=1, extension="wav"),
            made(ended).key,
        }
        assert not renditions.finish(connection, running, made(running))
        assert ask(connection, job_id) is None
        changes.delete_audio_rows(connection, removed.pending_delete_keys)
    assert (count(database, Rendition), count(database, Audio)) == (0, 0)


def test_retention_takes_them_along_and_counts_them(database: Database) -> None:
    job_id = recorded(database)
    claim = begun(database, job_id)
    with database.write() as connection:
        renditions.finish(connection, claim, made(claim))
        everything = RetentionLimits(clock(connection) + 1, clock(connection) + 1, None, None)
        expected = retention.count_removable(connection, everything)
        assert (expected.recordings, expected.files, expected.size_bytes) == (1, 2, 72_044 + 9_000)
        retention.remove_recordings(connection, retention.old_recordings(connection, everything))
        pending_delete = {size_bytes for _, size_bytes in retention.pending_deletes(connection)}
    assert pending_delete == {72_044, 9_000}
    assert count(database, Rendition) == 0
