"""A stall is not a death: after it, every worker goes on with its jobs, and none is charged with a crash."""

import signal
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from common.db.tables import Part
from common.jobs.submission import NewJob
from tests.support.databases import Postgres
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.services import settings_in
from tests.support.waiting import wait_for

LEASE_S = 3.0
JOBS = 4


@pytest.fixture(scope="module")
def fleet(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, postgres: Postgres
) -> Iterator[WorkerFleet]:
    """A worker and an ops worker on Postgres, with a sweep that trusts expired leases."""
    folder = tmp_path_factory.mktemp("stalls")
    with postgres.database(migrated=True) as url:
        settings = settings_in(folder, redis_url=valkey_url, database_url=url, lease_s=LEASE_S, sweep_s=0.5)
        with open_worker_fleet(settings, folder / "logs") as fleet:
            fleet.start_ops()
            fleet.start_worker()
            yield fleet


@pytest.fixture
def jobs(fleet: WorkerFleet) -> list[NewJob]:
    """Jobs that run when the test begins, and outlast a lease."""
    submitted = [fake_job(f"[[slow:1]] Job {number}. " * 6) for number in range(JOBS)]
    fleet.submit(*submitted)
    for job in submitted:
        fleet.wait_status(job, "running")
    return submitted


def expires(fleet: WorkerFleet) -> Callable[[], bool]:
    """A condition that becomes true when every lease and heartbeat of now has expired by a whole lease."""
    with fleet.database.read() as connection:
        lease_ends = connection.scalars(select(Part.lease_until).where(Part.lease_until.is_not(None)))
        expired_at = max(end for end in lease_ends if end) + LEASE_S
    return lambda: time.time() > expired_at


def assert_uncharged(fleet: WorkerFleet, jobs: list[NewJob]) -> None:
    for job in jobs:
        row = fleet.wait_ended(job)
        assert (row.status, row.attempts) == ("completed", 1)
    with fleet.database.read() as connection:
        parts = connection.execute(select(Part.isolated, Part.crashes, Part.attempt).distinct()).all()
    assert [tuple(part) for part in parts] == [(False, 0, 1)]


def test_no_job_suffers_when_the_database_is_frozen_for_longer_than_a_lease(
    fleet: WorkerFleet, jobs: list[NewJob], postgres: Postgres
) -> None:
    have_expired = expires(fleet)
    with postgres.frozen():
        wait_for(have_expired, interval_s=0.2)
    assert_uncharged(fleet, jobs)


def test_no_job_suffers_when_all_processes_are_suspended_for_longer_than_a_lease(
    fleet: WorkerFleet, jobs: list[NewJob]
) -> None:
    for name in fleet.children:
        fleet.signal(name, signal.SIGSTOP)
    wait_for(expires(fleet), interval_s=0.2)
    resumed_at = time.time()
    # The sweep runs again before the worker does.
    for name in ("ops", "beat"):
        fleet.signal(name, signal.SIGCONT)
    wait_for(lambda: any(worker.heartbeat_at > resumed_at + LEASE_S / 3 for worker in fleet.statuses()))
    fleet.signal("worker-1", signal.SIGCONT)
    assert_uncharged(fleet, jobs)
