"""Cleanups on both databases: what they delete and keep, simultaneous runs, and crashes."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text, update

from common.db import locks
from common.db.database import Database
from common.db.tables import Audio, Idempotency, Job, Lock, Recording
from common.ids import new_id
from common.jobs import changes, cleanup, retention, usage
from common.jobs.cleanup import CleanupRunning, clean, count_removable
from common.jobs.retention import RemovalCounts
from common.jobs.submission import QueueCapacity
from common.recordings.queries import set_kept
from common.settings import Settings
from common.store import Store, audio_key
from tests.support.retention import HOUR, add_completed_job, ids, keys, limits, put_file, set_age
from tests.support.rows import claim_part, new_job, submit
from tests.support.waiting import wait_for


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}")


def test_old_jobs_and_recordings_are_deleted_with_their_files(database: Database, store: Store) -> None:
    add_completed_job(database, store, hours_ago=49)
    kept = add_completed_job(database, store, hours_ago=47)
    expected = count_removable(database, store, limits())
    removed = clean(database, store, limits())
    assert expected == removed == RemovalCounts(jobs=1, recordings=1, files=1, size_bytes=5)
    assert ids(database, Job.id) == ids(database, Recording.job_id) == {kept}
    assert len(keys(store)) == len(ids(database, Audio.key)) == 1
    assert clean(database, store, limits()) == RemovalCounts()


def test_zero_means_no_limit(database: Database, store: Store) -> None:
    kept = {add_completed_job(database, store, hours_ago=9000) for _ in range(3)}
    assert clean(database, store, limits(clean_max_hours=0)) == RemovalCounts()
    assert ids(database, Recording.job_id) == kept


def test_a_count_limit_deletes_the_oldest_ended_jobs_above_the_minimum_age(
    database: Database, store: Store
) -> None:
    queued = new_job()
    submit(database, queued)
    set_age(database, queued.id, 30)
    old = [add_completed_job(database, store, hours_ago=20 - hours) for hours in range(4)]
    recent = [add_completed_job(database, store) for _ in range(3)]
    removed = clean(database, store, limits(jobs_max=2, clean_max_history=2))
    assert (removed.jobs, removed.recordings) == (4, 4)
    assert ids(database, Job.id) == {queued.id, *recent}
    assert ids(database, Recording.job_id) == set(recent)
    assert not set(old) & ids(database, Job.id)


def test_audio_outlives_job_rows(database: Database, store: Store) -> None:
    job_ids = {add_completed_job(database, store, hours_ago=5) for _ in range(3)}
    removed = clean(database, store, limits(jobs_max=1))
    assert (removed.jobs, removed.recordings, removed.files) == (2, 0, 0)
    assert ids(database, Recording.job_id) == job_ids
    assert len(keys(store)) == 3


def test_rows_of_deleted_jobs_do_not_count_towards_the_limit(database: Database, store: Store) -> None:
    kept = {add_completed_job(database, store, hours_ago=5) for _ in range(2)}
    for job_id in [add_completed_job(database, store, hours_ago=4) for _ in range(3)]:
        with database.write() as connection:
            changes.remove(connection, job_id, owner="local")
    assert clean(database, store, limits(jobs_max=2)).jobs == 0
    assert kept < ids(database, Job.id)


def test_one_cleanup_runs_at_a_time(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 7)
    monkeypatch.setattr(cleanup, "BATCH", 7)
    for _ in range(40):
        add_completed_job(database, store, hours_ago=50)
    kept = {add_completed_job(database, store) for _ in range(5)}
    start = threading.Barrier(3)

    def run(_: int) -> RemovalCounts | None:
        start.wait()
        try:
            return clean(database, store, limits())
        except CleanupRunning:
            return None

    with ThreadPoolExecutor(3) as pool:
        done = [counts for counts in pool.map(run, range(3)) if counts]
    assert RemovalCounts(jobs=40, recordings=40, files=40, size_bytes=200) in done
    assert ids(database, Recording.job_id) == kept
    assert len(keys(store)) == 5


def test_a_cleanup_whose_process_died_delays_the_next_one_only_for_a_while(
    database: Database, store: Store
) -> None:
    add_completed_job(database, store, hours_ago=50)
    with database.write() as connection:
        assert locks.take(connection, "cleanup", holder="dead", for_s=60)
    with pytest.raises(CleanupRunning):
        clean(database, store, limits())
    with database.write() as connection:
        assert locks.renew(connection, "cleanup", holder="dead", for_s=-1)
    assert clean(database, store, limits()).jobs == 1


def test_a_cleanup_that_stood_still_stops_when_another_one_took_over(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_completed_job(database, store, hours_ago=50)
    find_edges = retention.find_edges

    def lose_lock(connection: Connection, settings: Settings) -> retention.RetentionEdges:
        edges = find_edges(connection, settings)
        connection.rollback()
        with database.write() as other:
            other.execute(update(Lock).values(holder="other", held_until=time.time() + 60))
        return edges

    monkeypatch.setattr(retention, "find_edges", lose_lock)
    assert clean(database, store, limits()) == RemovalCounts()
    assert ids(database, Lock.holder) == {"other"}


def test_files_are_deleted_in_batches(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(30):
        add_completed_job(database, store, hours_ago=50)
    requests: list[int] = []
    delete = Store.delete

    def count_and_delete(self: Store, keys_to_delete: Sequence[str]) -> None:
        requests.append(len(keys_to_delete))
        delete(self, keys_to_delete)

    monkeypatch.setattr(Store, "delete", count_and_delete)
    assert clean(database, store, limits()).files == 30
    assert requests == [30]


@pytest.mark.parametrize("retried", [True, False])
def test_a_retry_and_the_retention_do_not_deadlock(migrated_postgres_url: str, retried: bool) -> None:
    """A retry that has locked the part of a job, while the retention deletes the job."""
    database = Database(migrated_postgres_url, role="worker")
    job = new_job()
    submit(database, job)
    with database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
    with ThreadPoolExecutor(1) as pool, database.write() as connection:
        changes.lock_parts(connection, [job.id])
        deletion = pool.submit(remove_all_ended, database)
        wait_for(lambda: waits_for_lock(database))
        if retried:
            changes.retry(connection, job.id, owner="local", capacity=QueueCapacity(9))
        connection.commit()
        assert deletion.result(5) == (0 if retried else 1)
    database.close()


def remove_all_ended(database: Database) -> int:
    edges = retention.RetentionEdges(recordings=None, jobs=time.time() + HOUR)
    with database.write() as connection:
        return retention.remove_jobs(connection, retention.old_jobs(connection, edges))


def waits_for_lock(database: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.read() as connection:
        return bool(connection.scalar(text(waiting)))


def test_the_store_is_listed_once_in_a_while(database: Database, store: Store, tmp_path: Path) -> None:
    def add_orphan() -> None:
        key = audio_key(new_id(), attempt=1, extension="wav")
        put_file(store, key)
        os.utime(tmp_path / key, (0, 0))

    for expected in (1, 0):
        add_orphan()
        assert clean(database, store, limits(), orphans_every_s=60).orphans == expected
    assert clean(database, store, limits()).orphans == 1


def test_the_next_cleanup_continues_after_a_crash(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = add_completed_job(database, store)
    with database.write() as connection:
        assert changes.remove(connection, job_id, owner="local").pending_delete_keys
    assert len(keys(store)) == 1
    removed = clean(database, store, limits())
    assert (removed.files, keys(store), ids(database, Audio.key)) == (1, set(), set())


def test_a_file_that_cannot_be_deleted_does_not_stop_the_cleanup(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = add_completed_job(database, store, hours_ago=50)
    add_completed_job(database, store, hours_ago=50)

    delete = Store.delete

    def fail_for_stuck(self: Store, keys_to_delete: Sequence[str]) -> None:
        if any(stuck in key for key in keys_to_delete):
            raise PermissionError
        delete(self, keys_to_delete)

    monkeypatch.setattr(Store, "delete", fail_for_stuck)
    assert clean(database, store, limits()).files == 1
    monkeypatch.undo()
    assert clean(database, store, limits()).files == 1
    assert keys(store) == set()


def test_orphan_files_of_ended_jobs_are_deleted(database: Database, store: Store, tmp_path: Path) -> None:
    add_completed_job(database, store)
    running = new_job()
    submit(database, running)
    claim_part(database, running)
    orphan, recent_orphan, unfinished = (
        audio_key(job_id, attempt=1, extension="wav") for job_id in (new_id(), new_id(), running.id)
    )
    for key in (orphan, recent_orphan, unfinished):
        put_file(store, key)
    long_ago = time.time() - cleanup.ORPHAN_AGE_S - 60
    for key in keys(store) - {recent_orphan}:
        os.utime(tmp_path / key, (long_ago, long_ago))
    assert count_removable(database, store, limits()).orphans == 1
    assert clean(database, store, limits()).orphans == 1
    assert keys(store) >= {recent_orphan, unfinished}
    assert orphan not in keys(store)
    assert len(keys(store)) == 3


def test_old_usage_is_merged_without_changing_the_totals(database: Database, store: Store) -> None:
    this_hour = int(time.time() // 3600)
    jobs = {name: new_job(voice_id=f"hibari_{name}") for name in ("heart", "emma")}
    for hours_ago, name in ((4000, "heart"), (3000, "heart"), (3000, "emma"), (24, "heart")):
        with database.write() as connection:
            now = time.time() - hours_ago * HOUR
            usage.add(connection, jobs[name], now=now, completed=1, chars=10, audio_s=1.5)
    with database.read() as connection:
        expected = usage.totals(connection, owner="local")
    for _ in range(2):
        clean(database, store, limits())
        with database.read() as connection:
            assert usage.totals(connection, owner="local") == expected
            rows = usage.hourly(connection, owner="local", since_hour=0)
        found = sorted((row.hour, row.voice_id, row.completed, row.audio_s) for row in rows)
        assert found == [
            (0, "hibari_emma", 1, 1.5),
            (0, "hibari_heart", 2, 3.0),
            (this_hour - 24, "hibari_heart", 1, 1.5),
        ]


def test_rows_of_deleted_jobs_are_deleted_after_a_week(database: Database, store: Store) -> None:
    submit(database, new_job(idempotency_key="k"))
    deleted = add_completed_job(database, store)
    with database.write() as connection:
        changes.remove(connection, deleted, owner="local")
    clean(database, store, limits())
    assert deleted in ids(database, Job.id)
    week = time.time() - 8 * 24 * HOUR
    with database.write() as connection:
        connection.execute(update(Idempotency).values(created_at=week))
        connection.execute(update(Job).where(Job.id == deleted).values(deleted_at=week))
    clean(database, store, limits())
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Idempotency)) == 0
    assert deleted not in ids(database, Job.id)


def keep(database: Database, job_id: str) -> None:
    with database.write() as connection:
        set_kept(connection, job_id, owner="local", kept=True)


def remaining(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(Recording.job_id)))


@pytest.mark.parametrize(
    "changed", [{}, {"clean_max_hours": 0, "clean_max_history": 1}], ids=["age", "count"]
)
def test_a_kept_recording_is_neither_deleted_nor_counted(
    database: Database, store: Store, changed: dict[str, int]
) -> None:
    kept, old, young = (add_completed_job(database, store, hours_ago=hours) for hours in (60, 50, 2))
    keep(database, kept)
    settings = limits(**changed)
    assert count_removable(database, store, settings).recordings == 1
    with database.read() as connection:
        left = retention.count_left(connection, settings)
    assert (left.recordings, left.kept, left.due) == (3, 1, 1)
    assert clean(database, store, settings).recordings == 1
    assert remaining(database) == {kept, young}
    assert old not in remaining(database)
    with database.write() as connection:
        set_kept(connection, kept, owner="local", kept=False)
    assert clean(database, store, settings).recordings == 1
    assert remaining(database) == {young}
