"""What dies is made good: real processes, killed, stopped and confused."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.service import valkey
from common.jobs import changes
from common.settings import Settings
from tests.support.databases import SqliteTemplate
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.services import settings_in
from tests.support.waiting import wait_for

# Leases and sweeps are short, so that healing takes seconds.
QUICK = {"lease_s": 3.0, "sweep_s": 0.5, "stop_grace_s": 4.0}


@pytest.fixture(scope="module")
def swept(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, sqlite_template: SqliteTemplate
) -> Iterator[Settings]:
    """A database and queues on which the sweep runs, for all tests whose workers alone die."""
    folder = tmp_path_factory.mktemp("swept")
    database_url = sqlite_template.copy(folder / "oratio.db")
    settings = settings_in(folder, redis_url=valkey_url, database_url=database_url)
    settings = settings.model_copy(update=QUICK)
    with open_worker_fleet(settings, folder / "logs") as farm:
        farm.start_ops()
        yield settings


@pytest.fixture
def farm(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """With files of its own, and no worker yet."""
    with open_worker_fleet(swept.model_copy(update={"data_dir": tmp_path}), tmp_path / "logs") as farm:
        yield farm


@pytest.fixture
def impatient(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """A farm whose engines must answer within 2 s."""
    changes = {"data_dir": tmp_path, "engine_timeout_s": 2.0}
    with open_worker_fleet(swept.model_copy(update=changes), tmp_path / "logs") as farm:
        yield farm


def test_a_worker_killed_in_the_middle_costs_one_attempt(farm: WorkerFleet) -> None:
    job = fake_job("[[slow:2]] One. " * 3)
    farm.start_worker("first")
    farm.submit(job)
    farm.wait_status(job, "running")
    farm.signal("first", signal.SIGKILL)
    farm.start_worker("second")
    row = farm.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    assert [path.name for path in farm.files()] == [f"{job.id}.2.wav"]


def test_a_lost_bell_is_rung_again(farm: WorkerFleet) -> None:
    never_rung, deleted = fake_job("Never published."), fake_job("Published, and lost.")
    farm.submit(never_rung, ring=False)
    farm.submit(deleted)
    farm.client.delete(f"ov:{farm.settings.queue_prefix}.fake.interactive")
    farm.start_worker()
    for job in (never_rung, deleted):
        row = farm.wait_ended(job, timeout_s=15)
        assert (row.status, row.attempts) == ("completed", 1)
    assert farm.engine_calls() == 2


def test_bells_that_ring_three_times_make_one_recording(farm: WorkerFleet) -> None:
    jobs = [fake_job(f"Number {number}.") for number in range(20)]
    farm.start_worker("one")
    farm.start_worker("two")
    farm.submit(*jobs)
    farm.ring(*jobs)
    farm.ring(*reversed(jobs))
    for job in jobs:
        assert farm.wait_ended(job).status == "completed"
    assert len(farm.files()) == farm.engine_calls() == 20


def test_valkey_restarts_and_loses_everything(settings: Settings, tmp_path: Path) -> None:
    server = valkey.prepare(tmp_path)
    quick = settings.model_copy(update={"redis_url": server.url, "sweep_s": 0.5, "lease_s": 3.0})
    with open_worker_fleet(quick, tmp_path / "logs") as farm:
        farm.start(server.command)
        wait_for(server.answers)
        farm.start_worker()
        farm.start_ops()
        running = fake_job("[[slow:3]] In the middle of it.")
        waiting = [fake_job(f"[[slow:0.2]] Waiting {number}.") for number in range(20)]
        farm.submit(running)
        farm.wait_status(running, "running")
        farm.submit(*waiting)
        farm.client.flushall()
        farm.signal("valkey", signal.SIGKILL)
        farm.children["valkey"].wait(10)
        farm.start(server.command)
        for job in (running, *waiting):
            row = farm.wait_ended(job, timeout_s=30)
            assert (row.status, row.attempts) == ("completed", 1)
        assert len(farm.files()) == 21


def test_a_text_that_kills_fails_and_its_neighbours_do_not_pay(farm: WorkerFleet) -> None:
    farm.start_worker("worker")
    farm.restart_on_death("worker")
    poison = fake_job("[[segv]]")
    neighbours = [fake_job(f"[[slow:0.3]] Neighbour {number}.") for number in range(6)]
    farm.submit(*neighbours[:3], poison, *neighbours[3:])
    row = farm.wait_ended(poison, timeout_s=90)
    assert (row.status, row.error_code, row.attempts) == ("failed", "worker_crashed", 3)
    for job in neighbours:
        assert farm.wait_ended(job).status == "completed"


def test_a_hung_engine_fails_the_job_and_ends_the_process(impatient: WorkerFleet) -> None:
    impatient.start_worker("worker")
    impatient.restart_on_death("worker")
    hung, neighbour = fake_job("[[hang]]"), fake_job("After it.")
    impatient.submit(hung)
    impatient.wait_status(hung, "running")
    impatient.submit(neighbour)
    row = impatient.wait_ended(hung, timeout_s=60)
    assert (row.status, row.error_code) == ("failed", "timeout")
    assert impatient.wait_ended(neighbour).status == "completed"


def test_an_engine_that_holds_the_interpreter_is_ended_from_outside(impatient: WorkerFleet) -> None:
    impatient.start_worker("worker")
    impatient.restart_on_death("worker")
    spinning = fake_job("[[spin]]")
    impatient.submit(spinning)
    row = impatient.wait_ended(spinning, timeout_s=90)
    assert (row.status, row.error_code) == ("failed", "worker_crashed")
    assert "Timeout" in impatient.log_of("worker")


def test_a_stopped_worker_that_wakes_up_writes_nothing(farm: WorkerFleet) -> None:
    job = fake_job("[[slow:1]] Once only.")
    farm.start_worker("sleeper")
    farm.submit(job)
    farm.wait_status(job, "running")
    farm.signal("sleeper", signal.SIGSTOP)
    farm.start_worker("other")
    row = farm.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    farm.signal("sleeper", signal.SIGCONT)
    wait_for(lambda: "superseded" in farm.log_of("sleeper") or "stopped" in farm.log_of("sleeper"))
    assert [path.name for path in farm.files()] == [f"{job.id}.2.wav"]


def test_sigterm_lets_short_jobs_finish_and_hands_long_ones_back(farm: WorkerFleet) -> None:
    short, long = fake_job("[[slow:1]] Short."), fake_job("[[slow:0.5]] A long one, said again. " * 60)
    farm.start_worker("first")
    farm.submit(short, long)
    farm.wait_status(long, "running")
    farm.wait_status(short, "running", "completed")
    farm.signal("first", signal.SIGTERM)
    assert farm.children["first"].wait(farm.settings.stop_grace_s + 5) == 0
    assert farm.row(short).status == "completed"
    row = farm.row(long)
    assert (row.status, row.attempts) == ("queued", 0)
    farm.start_worker("second")
    farm.wait_status(long, "running")
    with farm.database.write() as connection:
        assert changes.cancel(connection, long.id, owner="local")


def test_a_cancelled_job_stops_at_the_next_segment(farm: WorkerFleet) -> None:
    farm.start_worker()
    job = fake_job("[[slow:0.3]] A long one, said again. " * 100)
    farm.submit(job)
    wait_for(lambda: (farm.row(job).segments_done or 0) > 0)
    with farm.database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
    wait_for(lambda: "cancelled or superseded" in farm.log_of("worker-1"), timeout_s=10)
    assert farm.row(job).status == "cancelled"
    assert farm.files() == []


def test_what_may_pass_is_retried_and_what_cannot_fails_with_a_reason(farm: WorkerFleet) -> None:
    farm.start_worker()
    flaky, hopeless, silent = fake_job("[[flaky:1]]"), fake_job("[[fail]]"), fake_job("[[silence]]")
    farm.submit(flaky, hopeless, silent)
    row = farm.wait_ended(flaky)
    assert (row.status, row.attempts) == ("completed", 2)
    row = farm.wait_ended(hopeless)
    assert (row.status, row.error_code, row.attempts) == ("failed", "engine_failed", 1)
    assert row.error_message
    assert farm.wait_ended(silent).error_code == "unspeakable_text"


def test_a_backlog_is_rows_and_only_a_few_messages(settings: Settings, tmp_path: Path) -> None:
    few = settings.model_copy(update={"bells_max": 4, "sweep_s": 0.5})
    jobs = [fake_job(f"Row {number}.") for number in range(40)]
    with open_worker_fleet(few, tmp_path / "logs") as farm:
        farm.submit(*jobs, ring=False)
        farm.start_ops()
        key = f"ov:{few.queue_prefix}.fake.interactive"
        wait_for(lambda: farm.client.llen(key))
        assert farm.client.llen(key) == 4
        farm.start_worker()
        for job in jobs:
            assert farm.wait_ended(job, timeout_s=30).status == "completed"
        assert farm.engine_calls() == 40
