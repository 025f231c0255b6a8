"""Rows of renditions, on SQLite and Postgres."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, func, select, update

from common.db.database import Database, clock
from common.db.tables import Audio, Rendition
from common.ids import new_id
from common.jobs import changes, retention
from common.jobs.retention import RetentionEdges
from common.recordings import renditions
from common.recordings.renditions import MAX_CRASHES, ClaimedRendition, RenditionAudio
from common.store import audio_key
from tests.support.rows import complete, evidence, new_job, submit

ALL_FORMATS = ("wav", "flac", "mp3", "opus", "aac", "pcm")
T = TypeVar("T")


def add_recording(database: Database) -> str:
    """Add a completed job with a WAV recording. Returns its id."""
    job = new_job()
    submit(database, job)
    complete(database, job)
    return job.id


def request(connection: Connection, job_id: str, audio_format: str = "mp3") -> bool | None:
    return renditions.request(connection, job_id, audio_format=audio_format, owner="local")


def claim(
    connection: Connection, job_id: str, audio_format: str = "mp3", *, formats: tuple[str, ...] = ALL_FORMATS
) -> ClaimedRendition | None:
    given: dict[str, Any] = {"formats": formats, "worker_id": "ops@here:1", "lease_s": 30.0}
    return renditions.claim(connection, job_id, audio_format=audio_format, **given)


def claimed(database: Database, job_id: str, audio_format: str = "mp3") -> ClaimedRendition:
    with database.write() as connection:
        request(connection, job_id, audio_format)
        rendition = claim(connection, job_id, audio_format)
    assert rendition is not None
    return rendition


def audio_of(rendition: ClaimedRendition) -> RenditionAudio:
    key = audio_key(rendition.job_id, attempt=rendition.lease.attempt, extension=rendition.format)
    return RenditionAudio(key, "0" * 64, "2" * 64, 24_000, rendition.duration_s, 9_000)


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
    """A database with the larger pool of a gateway, so that eight threads get eight connections."""
    opened = Database(database_url, role="gateway")
    yield opened
    opened.close()


def run_at_once(database: Database, action: Callable[[Connection], T], *, times: int = 8) -> list[T]:
    results: list[T] = []

    def run() -> None:
        with database.write() as connection:
            results.append(action(connection))

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == times
    return results


def test_equal_requests_share_one_row_and_one_message(gateway: Database) -> None:
    job_id = add_recording(gateway)
    results = run_at_once(gateway, lambda connection: request(connection, job_id))
    assert (results.count(True), results.count(False)) == (1, 7)
    assert count(gateway, Rendition) == 1
    with gateway.write() as connection:
        assert request(connection, job_id, "flac")
        assert renditions.still_queued(connection) == [(job_id, "mp3"), (job_id, "flac")]


def test_a_rendition_needs_a_recording_of_the_same_owner(database: Database) -> None:
    job_id = add_recording(database)
    with database.write() as connection:
        assert request(connection, new_id()) is None
        assert renditions.request(connection, job_id, audio_format="mp3", owner="another owner") is None
        assert renditions.still_queued(connection) == []


def test_only_one_of_many_claims_gets_the_rendition(gateway: Database) -> None:
    job_id = add_recording(gateway)
    with gateway.write() as connection:
        request(connection, job_id)
    rendition_list = [
        one for one in run_at_once(gateway, lambda connection: claim(connection, job_id)) if one
    ]
    assert [(one.lease.attempt, one.source_format, one.duration_s) for one in rendition_list] == [
        (1, "wav", 1.5)
    ]
    assert row_of(gateway, job_id).status == "running"


def test_a_worker_claims_only_formats_that_it_can_read_and_write(database: Database) -> None:
    job_id = add_recording(database)
    with database.write() as connection:
        request(connection, job_id, "aac")
        assert claim(connection, job_id, "aac", formats=("wav", "mp3")) is None
        assert claim(connection, job_id, "aac", formats=("aac", "mp3")) is None
        assert claim(connection, job_id, "aac", formats=("aac", "wav")) is not None


def test_a_completed_rendition_has_its_audio(database: Database) -> None:
    job_id = add_recording(database)
    rendition = claimed(database, job_id)
    with database.write() as connection:
        assert renditions.finish(connection, rendition, audio_of(rendition))
        assert request(connection, job_id) is False
    row = row_of(database, job_id)
    assert (row.status, row.audio.key, row.audio.size_bytes, row.audio.duration_s) == (
        "completed",
        audio_of(rendition).key,
        9_000,
        1.5,
    )


def test_a_failed_rendition_may_be_requested_again(database: Database) -> None:
    job_id = add_recording(database)
    rendition = claimed(database, job_id)
    with database.write() as connection:
        assert renditions.fail(connection, rendition, code="storage_full", message="It is full.")
    assert (row_of(database, job_id).status, row_of(database, job_id).error_code) == (
        "failed",
        "storage_full",
    )
    again = claimed(database, job_id)
    assert again.lease.attempt == 2
    assert row_of(database, job_id).error_code is None


def test_a_stale_attempt_changes_nothing(database: Database) -> None:
    job_id = add_recording(database)
    stale = claimed(database, job_id)
    with database.write() as connection:
        assert not renditions.RENDITIONS.renew(connection, [stale.lease], lease_s=30)
        assert renditions.release_expired(connection, evidence(connection)) == []
        expire(connection)
        (released,) = renditions.release_expired(connection, evidence(connection))
        assert (released.job_id, released.format, released.failed) == (job_id, "mp3", False)
        fresh = claim(connection, job_id)
        assert fresh is not None
        assert fresh.lease.attempt == 2
        assert renditions.RENDITIONS.renew(connection, [stale.lease], lease_s=30) == [stale.lease]
        assert not renditions.finish(connection, stale, audio_of(stale))
        assert not renditions.fail(connection, stale, code="internal_error", message="")
        assert not renditions.hand_back(connection, stale)
        assert renditions.finish(connection, fresh, audio_of(fresh))
    assert row_of(database, job_id).audio.key == audio_of(fresh).key
    assert count(database, Audio) == 2


def test_a_rendition_fails_after_too_many_worker_crashes(database: Database) -> None:
    job_id = add_recording(database)
    for crash in range(1, MAX_CRASHES + 1):
        claimed(database, job_id)
        with database.write() as connection:
            expire(connection)
            (released,) = renditions.release_expired(connection, evidence(connection))
        assert released.failed == (crash == MAX_CRASHES)
    assert row_of(database, job_id).error_code == "worker_crashed"
    # A new request starts with all attempts again.
    claimed(database, job_id)
    with database.write() as connection:
        expire(connection)
        assert not renditions.release_expired(connection, evidence(connection))[0].failed


def test_handing_back_counts_no_crash(database: Database) -> None:
    job_id = add_recording(database)
    for _ in range(MAX_CRASHES + 1):
        rendition = claimed(database, job_id)
        with database.write() as connection:
            assert renditions.hand_back(connection, rendition)
    assert row_of(database, job_id).status == "queued"


def test_renditions_are_deleted_with_their_recording(database: Database) -> None:
    job_id = add_recording(database)
    completed, running = claimed(database, job_id), claimed(database, job_id, "flac")
    with database.write() as connection:
        renditions.finish(connection, completed, audio_of(completed))
        request(connection, job_id, "opus")
        removed = changes.remove(connection, job_id, owner="local")
        assert set(removed.pending_delete_keys) == {
            audio_key(job_id, attempt=1, extension="wav"),
            audio_of(completed).key,
        }
        assert not renditions.finish(connection, running, audio_of(running))
        assert request(connection, job_id) is None
        changes.delete_audio_rows(connection, removed.pending_delete_keys)
    assert (count(database, Rendition), count(database, Audio)) == (0, 0)


def test_retention_deletes_and_counts_renditions(database: Database) -> None:
    job_id = add_recording(database)
    rendition = claimed(database, job_id)
    with database.write() as connection:
        renditions.finish(connection, rendition, audio_of(rendition))
        everything = RetentionEdges(clock(connection) + 1, None)
        expected = retention.count_removable(connection, everything)
        assert (expected.recordings, expected.files, expected.size_bytes) == (1, 2, 72_044 + 9_000)
        retention.remove_recordings(connection, retention.old_recordings(connection, everything))
        pending_delete = {size_bytes for _, size_bytes in retention.pending_deletes(connection)}
    assert pending_delete == {72_044, 9_000}
    assert count(database, Rendition) == 0
