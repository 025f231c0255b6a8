"""Jobs whose worker died go on together as soon as each has shown that it is not the reason."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from common.db.tables import Part
from common.jobs import changes
from common.jobs.submission import NewJob
from tests.support.databases import SqliteTemplate
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.services import settings_in
from tests.support.waiting import wait_for

# Two engine processes hold two calls of four segments each.
HELD_AHEAD = 16
LONG = 5 * HELD_AHEAD


@pytest.fixture
def workers(tmp_path: Path, valkey_url: str, sqlite_template: SqliteTemplate) -> Iterator[WorkerFleet]:
    """A fleet with an ops worker. Leases outlast the tests, so only the death of a process releases them."""
    settings = settings_in(
        tmp_path, redis_url=valkey_url, database_url=sqlite_template.copy(tmp_path / "oratio.db")
    ).model_copy(update={"lease_s": 600.0, "sweep_s": 0.5, "stop_grace_s": 4.0})
    with open_worker_fleet(settings, tmp_path / "logs") as fleet:
        fleet.start_ops()
        yield fleet


def segments_of_jobs(count: int, *, slow_s: float = 0.1) -> list[list[str]]:
    """The segments of long jobs, each a paragraph of its own."""
    return [[f"[[slow:{slow_s}]] {job} fox {number}." for number in range(LONG)] for job in range(count)]


def job_of(segments: list[str]) -> NewJob:
    return fake_job("\n\n".join(segments))


def running(workers: WorkerFleet, *, isolated: bool) -> int:
    with workers.database.read() as connection:
        matches = (Part.status == "running", Part.isolated == isolated, Part.attempt > 1)
        return connection.scalar(select(func.count()).where(*matches)) or 0


def crashes(workers: WorkerFleet, *jobs: NewJob) -> list[int]:
    with workers.database.read() as connection:
        rows = connection.execute(select(Part.id, Part.crashes)).all()
    by_part = {row.id: row.crashes for row in rows}
    return [by_part[job.part_id] for job in jobs]


def kill_under(workers: WorkerFleet, jobs: list[NewJob]) -> None:
    workers.start_worker("first")
    workers.submit(*jobs)
    wait_for(lambda: workers.engine_calls() >= 4 * len(jobs), interval_s=0.005)
    workers.signal("first", signal.SIGKILL)
    workers.start_worker("second")


def test_long_jobs_of_a_killed_worker_run_together_again(workers: WorkerFleet) -> None:
    texts = segments_of_jobs(8)
    jobs = [job_of(segments) for segments in texts]
    kill_under(workers, jobs)
    # One that is not acquitted yet, and others beside it.
    wait_for(lambda: running(workers, isolated=False) >= 4 and running(workers, isolated=True) == 1)
    ended = [workers.wait_ended(job) for job in jobs]
    assert {(row.status, row.attempts) for row in ended} == {("completed", 2)}
    assert set(crashes(workers, *jobs)) == {1}
    # The segments that the engine processes held when the worker died, as many of each job.
    assert max(workers.repeats(segments) for segments in texts) <= HELD_AHEAD // len(jobs)


def test_a_text_that_kills_workers_is_convicted_beside_acquitted_neighbours(workers: WorkerFleet) -> None:
    texts = segments_of_jobs(8)
    jobs = [job_of(segments) for segments in texts]
    poison = fake_job("[[slow:1]] [[parent]] It kills its worker.")
    workers.start_worker("worker")
    workers.restart_on_death("worker")
    workers.submit(*jobs[:4], poison, *jobs[4:])
    row = workers.wait_ended(poison)
    assert (row.status, row.error_code, row.attempts) == ("failed", "worker_crashed", 3)
    ended = [workers.wait_ended(job) for job in jobs]
    assert {row.status for row in ended} == {"completed"}
    assert set(crashes(workers, *jobs)) == {1}
    # Some were in a later worker that died, acquitted and uncharged.
    assert max(row.attempts for row in ended) > 2


def test_a_worker_that_stops_hands_acquitted_parts_back(workers: WorkerFleet) -> None:
    jobs = [job_of(segments) for segments in segments_of_jobs(4, slow_s=0.3)]
    kill_under(workers, jobs)
    wait_for(lambda: running(workers, isolated=False) >= 2)
    workers.signal("second", signal.SIGTERM)
    assert workers.children["second"].wait(workers.settings.stop_grace_s + 20) == 0
    rows = [workers.row(job) for job in jobs]
    assert {row.status for row in rows} == {"queued"}
    assert {row.attempts for row in rows} == {1}
    workers.start_worker("third")
    # Not isolated, so all go on at once.
    wait_for(lambda: running(workers, isolated=False) >= 3)
    with workers.database.write() as connection:
        for job in jobs:
            assert changes.cancel(connection, job.id, owner="local")
