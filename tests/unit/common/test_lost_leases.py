"""Which leases the sweep releases, and which of them count as a death, on SQLite and Postgres."""

from typing import Any

import pytest
from sqlalchemy import select, update

from common import downloads, worker_registry
from common.db.database import Database, clock
from common.db.tables import Download, Job, Part, Rendition, Worker
from common.ids import new_id
from common.jobs import lease, sweep
from common.jobs.lease import ClaimedPart
from common.jobs.submission import NewJob
from common.jobs.sweep import MAX_CRASHES, ReleasedPart
from common.recordings import renditions
from common.worker_registry import Announcement
from tests.support.rows import claim_part, complete, evidence, new_job, submit

LEASE_S = 30.0
WORKER = Announcement(id="fake@here:7-aaaaaa", flavour="base", version="1", device="cpu", pid=7)


def announce(database: Database, *, heartbeat_s_ago: float = 0.0) -> None:
    with database.write() as connection:
        worker_registry.announce(connection, WORKER)
        heartbeat_at = clock(connection) - heartbeat_s_ago
        connection.execute(update(Worker).values(heartbeat_at=heartbeat_at))


def claim(database: Database, job: NewJob, *, ends_in_s: float, isolated: bool = False) -> ClaimedPart:
    """Claim a part. Its lease ends in `ends_in_s`, or has ended if that is negative."""
    return claim_part(database, job, worker_id=WORKER.id, isolated=isolated, lease_s=ends_in_s)


def release(database: Database, **known: Any) -> list[ReleasedPart]:
    with database.write() as connection:
        return sweep.release_expired(connection, evidence(connection, **known))


def row_of(database: Database, job: NewJob) -> Any:
    with database.read() as connection:
        columns = Part.status, Part.isolated, Part.crashes, Job.error_code, Job.error_message
        return connection.execute(select(*columns).join(Job).where(Part.id == job.part_id)).one()


@pytest.fixture
def job(database: Database) -> NewJob:
    submitted = new_job()
    submit(database, submitted)
    return submitted


@pytest.mark.parametrize(
    ("ends_in_s", "heartbeat_s_ago", "died"),
    [
        pytest.param(-20, 0, False, id="alive"),
        pytest.param(-1, LEASE_S + 1, True, id="silent"),
        pytest.param(-1, 15, None, id="no heartbeat since the lease ended"),
        pytest.param(100, LEASE_S + 1, None, id="not expired"),
    ],
)
def test_an_expired_lease_is_a_death_only_if_the_heartbeat_stopped(
    database: Database, job: NewJob, ends_in_s: float, heartbeat_s_ago: float, died: bool | None
) -> None:
    claim(database, job, ends_in_s=ends_in_s)
    announce(database, heartbeat_s_ago=heartbeat_s_ago)
    expected = [] if died is None else [ReleasedPart(job.id, died=died, failed=False)]
    assert release(database) == expected
    row = row_of(database, job)
    assert (row.isolated, row.crashes) == ((True, 1) if died else (False, 0))


@pytest.mark.parametrize("heartbeat_s_ago", [5, LEASE_S + 1, 10 * LEASE_S])
def test_a_worker_that_retired_is_no_death(database: Database, job: NewJob, heartbeat_s_ago: float) -> None:
    claim(database, job, ends_in_s=-1)
    announce(database, heartbeat_s_ago=heartbeat_s_ago)
    with database.write() as connection:
        worker_registry.retire(connection, WORKER.id)
    assert release(database) == [ReleasedPart(job.id, died=False, failed=False)]


def test_a_worker_without_an_announcement_is_dead(database: Database, job: NewJob) -> None:
    claim(database, job, ends_in_s=-1)
    assert release(database) == [ReleasedPart(job.id, died=True, failed=False)]


@pytest.mark.parametrize("retired", [False, True])
def test_the_lease_of_an_ended_process_is_released_before_it_expires(
    database: Database, job: NewJob, retired: bool
) -> None:
    announce(database)
    claim(database, job, ends_in_s=LEASE_S)
    if retired:
        with database.write() as connection:
            worker_registry.retire(connection, WORKER.id)
    assert release(database) == []
    known = {"ended_workers": frozenset({WORKER.id}), "after_stall": True}
    assert release(database, **known) == [ReleasedPart(job.id, died=not retired, failed=False)]


def test_after_a_stall_nothing_expires(database: Database, job: NewJob) -> None:
    part = claim(database, job, ends_in_s=-1)
    announce(database, heartbeat_s_ago=LEASE_S + 1)
    assert release(database, after_stall=True) == []
    # The worker was only held up. Its first renewal afterwards succeeds.
    with database.write() as connection:
        assert lease.PARTS.renew(connection, [part.lease], lease_s=LEASE_S) == []
    assert release(database) == []


def test_leases_that_expire_uncharged_never_fail_a_part(database: Database, job: NewJob) -> None:
    for _ in range(12 + MAX_CRASHES):
        claim(database, job, ends_in_s=-20)
        announce(database)
        assert release(database) == [ReleasedPart(job.id, died=False, failed=False)]
    # As many claims as convicted a part before. One death more is still the first.
    claim(database, job, ends_in_s=-1)
    announce(database, heartbeat_s_ago=LEASE_S + 1)
    assert release(database) == [ReleasedPart(job.id, died=True, failed=False)]


def test_the_message_of_a_failed_part_counts_deaths(database: Database, job: NewJob) -> None:
    announce(database)
    with database.write() as connection:  # claims that are no deaths
        part = lease.claim(connection, job.part_id, isolated=False, worker_id="a", lease_s=30)
        assert part is not None
        assert lease.hand_back(connection, part)
        part = lease.claim(connection, job.part_id, isolated=False, worker_id="a", lease_s=30)
        assert part is not None
        assert lease.retry_later(connection, part, delay_s=0)
    for death in range(1, MAX_CRASHES + 1):
        claim(database, job, ends_in_s=LEASE_S, isolated=death > 1)
        released = release(database, ended_workers=frozenset({WORKER.id}))
        assert released == [ReleasedPart(job.id, died=True, failed=death == MAX_CRASHES)]
    row = row_of(database, job)
    assert (row.status, row.error_code) == ("failed", "worker_crashed")
    assert row.error_message == "3 workers died while they spoke this text. Change the text and retry."


def test_a_rendition_counts_only_deaths(database: Database) -> None:
    job = new_job()
    submit(database, job)
    complete(database, job)
    announce(database)
    for ended in (frozenset[str](), frozenset({WORKER.id})):
        with database.write() as connection:
            renditions.request(connection, job.id, audio_format="mp3", owner="local")
            claimed = renditions.claim(
                connection,
                job.id,
                audio_format="mp3",
                formats=("wav", "mp3"),
                worker_id=WORKER.id,
                lease_s=-20,
            )
            assert claimed is not None
            known = evidence(connection, ended_workers=ended)
            assert renditions.release_expired(connection, evidence(connection, after_stall=True)) == []
            assert [one.failed for one in renditions.release_expired(connection, known)] == [False]
            assert connection.scalar(select(Rendition.crashes)) == len(ended)


def test_an_old_download_fails_only_after_a_death(database: Database) -> None:
    announce(database)
    for ended, status in ((frozenset[str](), "queued"), (frozenset({WORKER.id}), "failed")):
        with database.write() as connection:
            download_id, _ = downloads.request(
                connection, new_id=new_id(), model="hibari", item="emma", bytes_total=1
            )
            assert downloads.claim(connection, download_id, worker_id=WORKER.id, lease_s=-20) is not None
            connection.execute(update(Download).values(created_at=0.0))
            assert downloads.release_expired(connection, evidence(connection, after_stall=True)) == 0
            assert downloads.release_expired(connection, evidence(connection, ended_workers=ended)) == 1
            assert connection.scalar(select(Download.status)) == status


def test_beside_an_isolated_part_no_other_is_charged_with_a_death(database: Database, job: NewJob) -> None:
    suspect, neighbour = job, new_job()
    submit(database, neighbour)
    claim(database, suspect, ends_in_s=LEASE_S)
    announce(database)
    release(database, ended_workers=frozenset({WORKER.id}))
    for death in range(2, MAX_CRASHES + 1):
        claim(database, suspect, ends_in_s=LEASE_S, isolated=True)
        claim(database, neighbour, ends_in_s=LEASE_S)
        released = release(database, ended_workers=frozenset({WORKER.id}))
        assert set(released) == {
            ReleasedPart(suspect.id, died=True, failed=death == MAX_CRASHES),
            ReleasedPart(neighbour.id, died=False, failed=False),
        }
    row = row_of(database, neighbour)
    assert (row.status, row.isolated, row.crashes) == ("queued", False, 0)


def test_an_acquitted_part_runs_beside_the_suspect_uncharged_and_isolated_again(
    database: Database, job: NewJob
) -> None:
    suspect, acquitted = job, new_job()
    submit(database, acquitted)
    announce(database)
    for one in (suspect, acquitted):
        claim(database, one, ends_in_s=LEASE_S)
    release(database, ended_workers=frozenset({WORKER.id}))
    part = claim(database, acquitted, ends_in_s=LEASE_S, isolated=True)
    with database.write() as connection:
        assert lease.acquit(connection, part)
    claim(database, suspect, ends_in_s=LEASE_S, isolated=True)
    released = release(database, ended_workers=frozenset({WORKER.id}))
    assert set(released) == {
        ReleasedPart(suspect.id, died=True, failed=False),
        ReleasedPart(acquitted.id, died=False, failed=False),
    }
    row = row_of(database, acquitted)
    assert (row.status, row.isolated, row.crashes) == ("queued", True, 1)
    assert row_of(database, suspect).crashes == 2


def test_an_acquitted_part_that_is_handed_back_is_not_isolated(database: Database, job: NewJob) -> None:
    announce(database)
    claim(database, job, ends_in_s=LEASE_S)
    release(database, ended_workers=frozenset({WORKER.id}))
    part = claim(database, job, ends_in_s=LEASE_S, isolated=True)
    with database.write() as connection:
        assert lease.acquit(connection, part)
        assert lease.hand_back(connection, part)
        # The lease has ended, so a late acquittal changes nothing.
        assert not lease.acquit(connection, part)
    row = row_of(database, job)
    assert (row.status, row.isolated, row.crashes) == ("queued", False, 1)
