"""Jobs survive killed, stopped and hanging processes, and lost messages."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.service import valkey
from common.jobs import changes
from common.settings import Settings
from tests.support.databases import SqliteTemplate
from tests.support.farm import Farm, fake_job, open_farm
from tests.support.services import settings_in
from tests.support.waiting import wait_for

# Short leases and sweep intervals, so that recovery takes seconds.
QUICK = {"lease_s": 3.0, "sweep_s": 0.5, "stop_grace_s": 4.0}


@pytest.fixture(scope="module")
def swept(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, sqlite_template: SqliteTemplate
) -> Iterator[Settings]:
    """Settings of a database and queues with a running sweep, shared by the tests in which only workers die."""
    folder = tmp_path_factory.mktemp("swept")
    database_url = sqlite_template.copy(folder / "oratio.db")
    settings = settings_in(folder, redis_url=valkey_url, database_url=database_url)
    settings = settings.model_copy(update=QUICK)
    with open_farm(settings, folder / "logs") as farm:
        farm.start_ops()
        yield settings


@pytest.fixture
def farm(swept: Settings, tmp_path: Path) -> Iterator[Farm]:
    """A farm without workers, with its own files, on the shared database and queues."""
    with open_farm(swept.model_copy(update={"data_dir": tmp_path}), tmp_path / "logs") as farm:
        yield farm


@pytest.fixture
def farm_with_engine_timeout(swept: Settings, tmp_path: Path) -> Iterator[Farm]:
    """A farm whose engine calls time out after 2 s."""
    changes = {"data_dir": tmp_path, "engine_timeout_s": 2.0}
    with open_farm(swept.model_copy(update=changes), tmp_path / "logs") as farm:
        yield farm


def test_the_job_of_a_killed_worker_is_completed_at_the_second_attempt(farm: Farm) -> None:
    job = fake_job("[[slow:2]] One. " * 3)
    farm.start_worker("first")
    farm.submit(job)
    farm.wait_status(job, "running")
    farm.signal("first", signal.SIGKILL)
    farm.start_worker("second")
    row = farm.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    assert [path.name for path in farm.files()] == [f"{job.id}.2.wav"]


def test_a_lost_message_is_published_again(farm: Farm) -> None:
    unpublished, lost = fake_job("Never published."), fake_job("Published, and lost.")
    farm.submit(unpublished, ring=False)
    farm.submit(lost)
    farm.client.delete(f"ov:{farm.settings.queue_prefix}.fake.interactive")
    farm.start_worker()
    for job in (unpublished, lost):
        row = farm.wait_ended(job, timeout_s=15)
        assert (row.status, row.attempts) == ("completed", 1)
    assert farm.engine_calls() == 2


def test_messages_that_are_delivered_three_times_make_one_recording(farm: Farm) -> None:
    jobs = [fake_job(f"Number {number}.") for number in range(20)]
    farm.start_worker("one")
    farm.start_worker("two")
    farm.submit(*jobs)
    farm.ring(*jobs)
    farm.ring(*reversed(jobs))
    for job in jobs:
        assert farm.wait_ended(job).status == "completed"
    assert len(farm.files()) == farm.engine_calls() == 20


def test_jobs_complete_after_valkey_restarts_without_its_data(settings: Settings, tmp_path: Path) -> None:
    server = valkey.prepare(tmp_path)
    quick = settings.model_copy(update={"redis_url": server.url, "sweep_s": 0.5, "lease_s": 3.0})
    with open_farm(quick, tmp_path / "logs") as farm:
        farm.start(server.command)
        wait_for(server.answers)
        farm.start_worker()
        farm.start_ops()
        running = fake_job("[[slow:3]] While it is spoken.")
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


def test_a_text_that_crashes_workers_fails_and_other_jobs_complete(farm: Farm) -> None:
    farm.start_worker("worker")
    farm.restart_on_death("worker")
    poison = fake_job("[[segv]]")
    others = [fake_job(f"[[slow:0.3]] Neighbour {number}.") for number in range(6)]
    farm.submit(*others[:3], poison, *others[3:])
    row = farm.wait_ended(poison, timeout_s=90)
    assert (row.status, row.error_code, row.attempts) == ("failed", "worker_crashed", 3)
    for job in others:
        assert farm.wait_ended(job).status == "completed"


def test_a_hanging_engine_fails_the_job_and_ends_the_process(farm_with_engine_timeout: Farm) -> None:
    farm_with_engine_timeout.start_worker("worker")
    farm_with_engine_timeout.restart_on_death("worker")
    hanging, other = fake_job("[[hang]]"), fake_job("After it.")
    farm_with_engine_timeout.submit(hanging)
    farm_with_engine_timeout.wait_status(hanging, "running")
    farm_with_engine_timeout.submit(other)
    row = farm_with_engine_timeout.wait_ended(hanging, timeout_s=60)
    assert (row.status, row.error_code) == ("failed", "timeout")
    assert farm_with_engine_timeout.wait_ended(other).status == "completed"


def test_an_engine_that_holds_the_interpreter_lock_is_killed(farm_with_engine_timeout: Farm) -> None:
    farm_with_engine_timeout.start_worker("worker")
    farm_with_engine_timeout.restart_on_death("worker")
    spinning = fake_job("[[spin]]")
    farm_with_engine_timeout.submit(spinning)
    row = farm_with_engine_timeout.wait_ended(spinning, timeout_s=90)
    assert (row.status, row.error_code) == ("failed", "worker_crashed")
    assert "Timeout" in farm_with_engine_timeout.log_of("worker")


def test_a_suspended_worker_that_resumes_writes_nothing(farm: Farm) -> None:
    job = fake_job("[[slow:1]] Once only.")
    farm.start_worker("suspended")
    farm.submit(job)
    farm.wait_status(job, "running")
    farm.signal("suspended", signal.SIGSTOP)
    farm.start_worker("other")
    row = farm.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    farm.signal("suspended", signal.SIGCONT)
    wait_for(lambda: "superseded" in farm.log_of("suspended") or "stopped" in farm.log_of("suspended"))
    assert [path.name for path in farm.files()] == [f"{job.id}.2.wav"]


def test_sigterm_lets_short_jobs_finish_and_releases_long_ones(farm: Farm) -> None:
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


def test_a_cancelled_job_stops_at_the_next_segment(farm: Farm) -> None:
    farm.start_worker()
    job = fake_job("[[slow:0.3]] A long one, said again. " * 100)
    farm.submit(job)
    wait_for(lambda: (farm.row(job).segments_done or 0) > 0)
    with farm.database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
    wait_for(lambda: "cancelled or superseded" in farm.log_of("worker-1"), timeout_s=10)
    assert farm.row(job).status == "cancelled"
    assert farm.files() == []


def test_a_temporary_failure_is_retried_and_a_permanent_one_is_not(farm: Farm) -> None:
    farm.start_worker()
    temporary, permanent, silent = fake_job("[[flaky:1]]"), fake_job("[[fail]]"), fake_job("[[silence]]")
    farm.submit(temporary, permanent, silent)
    row = farm.wait_ended(temporary)
    assert (row.status, row.attempts) == ("completed", 2)
    row = farm.wait_ended(permanent)
    assert (row.status, row.error_code, row.attempts) == ("failed", "engine_failed", 1)
    assert row.error_message
    assert farm.wait_ended(silent).error_code == "unspeakable_text"


def test_the_number_of_messages_of_a_backlog_is_limited(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"bells_max": 4, "sweep_s": 0.5})
    jobs = [fake_job(f"Row {number}.") for number in range(40)]
    with open_farm(settings, tmp_path / "logs") as farm:
        farm.submit(*jobs, ring=False)
        farm.start_ops()
        key = f"ov:{settings.queue_prefix}.fake.interactive"
        wait_for(lambda: farm.client.llen(key))
        assert farm.client.llen(key) == 4
        farm.start_worker()
        for job in jobs:
            assert farm.wait_ended(job, timeout_s=30).status == "completed"
        assert farm.engine_calls() == 40
