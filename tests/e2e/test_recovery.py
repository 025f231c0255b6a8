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
    with open_worker_fleet(settings, folder / "logs") as workers:
        workers.start_ops()
        yield settings


@pytest.fixture
def workers(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """With files of its own, and no worker yet."""
    with open_worker_fleet(swept.model_copy(update={"data_dir": tmp_path}), tmp_path / "logs") as workers:
        yield workers


@pytest.fixture
def impatient(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """A fleet whose engines must answer within 2 s."""
    changes = {"data_dir": tmp_path, "engine_timeout_s": 2.0}
    with open_worker_fleet(swept.model_copy(update=changes), tmp_path / "logs") as workers:
        yield workers


def test_a_worker_killed_in_the_middle_costs_one_attempt(workers: WorkerFleet) -> None:
    job = fake_job("[[slow:2]] One. " * 3)
    workers.start_worker("first")
    workers.submit(job)
    workers.wait_status(job, "running")
    workers.signal("first", signal.SIGKILL)
    workers.start_worker("second")
    row = workers.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    assert [path.name for path in workers.files()] == [f"{job.id}.2.wav"]


def test_a_lost_bell_is_rung_again(workers: WorkerFleet) -> None:
    never_rung, deleted = fake_job("Never published."), fake_job("Published, and lost.")
    workers.submit(never_rung, publish=False)
    workers.submit(deleted)
    workers.client.delete(f"ov:{workers.settings.queue_prefix}.fake.interactive")
    workers.start_worker()
    for job in (never_rung, deleted):
        row = workers.wait_ended(job, timeout_s=15)
        assert (row.status, row.attempts) == ("completed", 1)
    assert workers.engine_calls() == 2


def test_bells_that_ring_three_times_make_one_recording(workers: WorkerFleet) -> None:
    jobs = [fake_job(f"Number {number}.") for number in range(20)]
    workers.start_worker("one")
    workers.start_worker("two")
    workers.submit(*jobs)
    workers.publish(*jobs)
    workers.publish(*reversed(jobs))
    for job in jobs:
        assert workers.wait_ended(job).status == "completed"
    assert len(workers.files()) == workers.engine_calls() == 20


def test_valkey_restarts_and_loses_everything(settings: Settings, tmp_path: Path) -> None:
    server = valkey.prepare(tmp_path)
    quick = settings.model_copy(update={"redis_url": server.url, "sweep_s": 0.5, "lease_s": 3.0})
    with open_worker_fleet(quick, tmp_path / "logs") as workers:
        workers.start(server.command)
        wait_for(server.answers)
        workers.start_worker()
        workers.start_ops()
        running = fake_job("[[slow:3]] In the middle of it.")
        waiting = [fake_job(f"[[slow:0.2]] Waiting {number}.") for number in range(20)]
        workers.submit(running)
        workers.wait_status(running, "running")
        workers.submit(*waiting)
        workers.client.flushall()
        workers.signal("valkey", signal.SIGKILL)
        workers.children["valkey"].wait(10)
        workers.start(server.command)
        for job in (running, *waiting):
            row = workers.wait_ended(job, timeout_s=30)
            assert (row.status, row.attempts) == ("completed", 1)
        assert len(workers.files()) == 21


def test_a_text_that_kills_fails_and_its_neighbours_do_not_pay(workers: WorkerFleet) -> None:
    workers.start_worker("worker")
    workers.restart_on_death("worker")
    poison = fake_job("[[segv]]")
    neighbours = [fake_job(f"[[slow:0.3]] Neighbour {number}.") for number in range(6)]
    workers.submit(*neighbours[:3], poison, *neighbours[3:])
    row = workers.wait_ended(poison, timeout_s=90)
    assert (row.status, row.error_code, row.attempts) == ("failed", "worker_crashed", 3)
    for job in neighbours:
        assert workers.wait_ended(job).status == "completed"


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


def test_a_stopped_worker_that_wakes_up_writes_nothing(workers: WorkerFleet) -> None:
    job = fake_job("[[slow:1]] Once only.")
    workers.start_worker("sleeper")
    workers.submit(job)
    workers.wait_status(job, "running")
    workers.signal("sleeper", signal.SIGSTOP)
    workers.start_worker("other")
    row = workers.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    workers.signal("sleeper", signal.SIGCONT)
    wait_for(lambda: "superseded" in workers.log_of("sleeper") or "stopped" in workers.log_of("sleeper"))
    assert [path.name for path in workers.files()] == [f"{job.id}.2.wav"]


def test_sigterm_lets_short_jobs_finish_and_hands_long_ones_back(workers: WorkerFleet) -> None:
    short, long = fake_job("[[slow:1]] Short."), fake_job("[[slow:0.5]] A long one, said again. " * 60)
    workers.start_worker("first")
    workers.submit(short, long)
    workers.wait_status(long, "running")
    workers.wait_status(short, "running", "completed")
    workers.signal("first", signal.SIGTERM)
    assert workers.children["first"].wait(workers.settings.stop_grace_s + 5) == 0
    assert workers.row(short).status == "completed"
    row = workers.row(long)
    assert (row.status, row.attempts) == ("queued", 0)
    workers.start_worker("second")
    workers.wait_status(long, "running")
    with workers.database.write() as connection:
        assert changes.cancel(connection, long.id, owner="local")


def test_a_cancelled_job_stops_at_the_next_segment(workers: WorkerFleet) -> None:
    workers.start_worker()
    job = fake_job("[[slow:0.3]] A long one, said again. " * 100)
    workers.submit(job)
    wait_for(lambda: (workers.row(job).segments_done or 0) > 0)
    with workers.database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
    wait_for(lambda: "cancelled or superseded" in workers.log_of("worker-1"), timeout_s=10)
    assert workers.row(job).status == "cancelled"
    assert workers.files() == []


def test_what_may_pass_is_retried_and_what_cannot_fails_with_a_reason(workers: WorkerFleet) -> None:
    workers.start_worker()
    flaky, hopeless, silent = fake_job("[[flaky:1]]"), fake_job("[[fail]]"), fake_job("[[silence]]")
    workers.submit(flaky, hopeless, silent)
    row = workers.wait_ended(flaky)
    assert (row.status, row.attempts) == ("completed", 2)
    row = workers.wait_ended(hopeless)
    assert (row.status, row.error_code, row.attempts) == ("failed", "engine_failed", 1)
    assert row.error_message
    assert workers.wait_ended(silent).error_code == "unspeakable_text"


def test_a_backlog_is_rows_and_only_a_few_messages(settings: Settings, tmp_path: Path) -> None:
    few = settings.model_copy(update={"bells_max": 4, "sweep_s": 0.5})
    jobs = [fake_job(f"Row {number}.") for number in range(40)]
    with open_worker_fleet(few, tmp_path / "logs") as workers:
        workers.submit(*jobs, publish=False)
        workers.start_ops()
        key = f"ov:{few.queue_prefix}.fake.interactive"
        wait_for(lambda: workers.client.llen(key))
        assert workers.client.llen(key) == 4
        workers.start_worker()
        for job in jobs:
            assert workers.wait_ended(job, timeout_s=30).status == "completed"
        assert workers.engine_calls() == 40
