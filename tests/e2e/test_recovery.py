"""Jobs survive killed, stopped and hanging workers and engine processes, and lost messages."""

import os
import signal
import string
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
    with open_worker_fleet(settings, folder / "logs") as workers:
        workers.start_ops()
        yield settings


@pytest.fixture
def workers(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """A fleet without workers, with its own files, on the shared database and queues."""
    with open_worker_fleet(swept.model_copy(update={"data_dir": tmp_path}), tmp_path / "logs") as workers:
        yield workers


@pytest.fixture
def workers_with_long_leases(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """Workers whose leases outlast every test."""
    changes = {"data_dir": tmp_path, "lease_s": 600.0}
    with open_worker_fleet(swept.model_copy(update=changes), tmp_path / "logs") as workers:
        yield workers


@pytest.fixture
def workers_with_engine_timeout(swept: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """A fleet whose engine calls time out after 2 s."""
    changes = {"data_dir": tmp_path, "engine_timeout_s": 2.0}
    with open_worker_fleet(swept.model_copy(update=changes), tmp_path / "logs") as workers:
        yield workers


def test_the_job_of_a_killed_worker_goes_on_before_its_lease_ends(
    workers_with_long_leases: WorkerFleet,
) -> None:
    workers, job = workers_with_long_leases, fake_job("[[slow:2]] One. " * 3)
    workers.start_worker("first")
    workers.submit(job)
    workers.wait_status(job, "running")
    workers.signal("first", signal.SIGKILL)
    workers.start_worker("second")
    row = workers.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    assert [path.name for path in workers.files()] == [f"{job.id}.2.wav"]


def test_the_next_worker_speaks_the_rest_of_a_long_text(workers_with_long_leases: WorkerFleet) -> None:
    workers = workers_with_long_leases
    segments = [f"[[slow:0.3]] The {word} fox of {other}." for word in _WORDS for other in _WORDS]
    job = fake_job("\n\n".join(segments))
    workers.start_worker("first")
    workers.submit(job)
    wait_for(lambda: workers.kept_files(job), timeout_s=30, interval_s=0.01)
    workers.signal("first", signal.SIGKILL)
    spoken = workers.engine_calls()
    workers.start_worker("second")
    row = workers.wait_ended(job)
    assert (row.status, row.attempts, row.segments_total) == ("completed", 2, len(segments))
    # Two engine processes hold two calls of four segments each, and others were spoken while the file was written.
    assert workers.repeats(segments) < min(33, spoken)
    # The kept segments are deleted after the job has ended.
    wait_for(lambda: [path.name for path in workers.files()] == [f"{job.id}.2.wav"])


def test_a_worker_that_starts_takes_the_job_of_a_killed_one_at_once_beside_others(
    tmp_path: Path, valkey_url: str, sqlite_template: SqliteTemplate
) -> None:
    settings = settings_in(
        tmp_path, redis_url=valkey_url, database_url=sqlite_template.copy(tmp_path / "oratio.db")
    ).model_copy(update={"lease_s": 600.0, "sweep_s": 600.0})
    with open_worker_fleet(settings, tmp_path / "logs") as workers:
        workers.start_ops()
        job, other = fake_job("[[slow:8]] It runs alone among suspects."), fake_job("Not held up.")
        workers.start_worker("first")
        workers.submit(job)
        workers.wait_status(job, "running")
        workers.signal("first", signal.SIGKILL)
        workers.start_worker("second")
        wait_for(lambda: workers.row(job).attempts == 2)
        workers.submit(other)
        row, other_row = workers.wait_ended(job), workers.wait_ended(other)
        assert (row.status, row.attempts, other_row.status) == ("completed", 2, "completed")
        assert other_row.started_at < row.finished_at


def test_a_lost_message_is_published_again(workers: WorkerFleet) -> None:
    unpublished, lost = fake_job("Never published."), fake_job("Published, and lost.")
    workers.submit(unpublished, publish=False)
    workers.submit(lost)
    workers.client.delete(f"ov:{workers.settings.queue_prefix}.fake.interactive")
    workers.start_worker()
    for job in (unpublished, lost):
        row = workers.wait_ended(job, timeout_s=15)
        assert (row.status, row.attempts) == ("completed", 1)
    assert workers.engine_calls() == 2


def test_messages_that_are_delivered_three_times_make_one_recording(workers: WorkerFleet) -> None:
    jobs = [fake_job(f"Number {number}.") for number in range(20)]
    workers.start_worker("one")
    workers.start_worker("two")
    workers.submit(*jobs)
    workers.publish(*jobs)
    workers.publish(*reversed(jobs))
    for job in jobs:
        assert workers.wait_ended(job).status == "completed"
    assert len(workers.files()) == workers.engine_calls() == 20


def test_jobs_complete_after_valkey_restarts_without_its_data(settings: Settings, tmp_path: Path) -> None:
    server = valkey.prepare(tmp_path)
    quick = settings.model_copy(update={"redis_url": server.url, "sweep_s": 0.5, "lease_s": 3.0})
    with open_worker_fleet(quick, tmp_path / "logs") as workers:
        workers.start(server.command)
        wait_for(server.answers)
        workers.start_worker()
        workers.start_ops()
        running = fake_job("[[slow:3]] While it is spoken.")
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


@pytest.mark.parametrize(
    ("marker", "code"), [("[[segv]]", "worker_crashed"), ("[[hang]]", "timeout")], ids=["crash", "hang"]
)
def test_a_poison_text_costs_fifty_neighbours_at_most_a_segment_each(
    workers_with_engine_timeout: WorkerFleet, marker: str, code: str
) -> None:
    workers = workers_with_engine_timeout
    workers.start_worker("worker")
    segments_of_jobs = list(_segments_of_jobs(50))
    others = [fake_job("\n\n".join(segments)) for segments in segments_of_jobs]
    # As long as its neighbours, so that it shares a call with them.
    poison = fake_job(f"{marker} In the quick fox.")
    workers.submit(*others[:25], poison, *others[25:])
    row = workers.wait_ended(poison)
    assert (row.status, row.error_code, row.attempts) == ("failed", code, 1)
    ended = [workers.wait_ended(job) for job in others]
    assert {(row.status, row.attempts) for row in ended} == {("completed", 1)}
    assert max(workers.repeats(segments) for segments in segments_of_jobs) <= 1
    assert workers.children["worker"].poll() is None


def test_a_killed_engine_process_costs_each_job_at_most_a_segment(workers: WorkerFleet) -> None:
    workers.start_worker("worker")
    segments_of_jobs = list(_segments_of_jobs(16))
    jobs = [fake_job("\n\n".join(segments)) for segments in segments_of_jobs]
    workers.submit(*jobs)
    wait_for(lambda: workers.engine_calls() >= 24, interval_s=0.005)
    pid, *_ = workers.engine_pids("worker")
    os.kill(pid, signal.SIGKILL)
    ended = [workers.wait_ended(job) for job in jobs]
    assert {(row.status, row.attempts) for row in ended} == {("completed", 1)}
    repeats = [workers.repeats(segments) for segments in segments_of_jobs]
    assert workers.engine_calls() == sum(row.segments_total for row in ended) + sum(repeats)
    assert max(repeats) <= 1
    assert pid not in workers.engine_pids("worker")


def test_a_killed_worker_costs_each_job_at_most_a_segment(workers_with_long_leases: WorkerFleet) -> None:
    workers = workers_with_long_leases
    workers.start_worker("first")
    segments_of_jobs = list(_segments_of_jobs(16))
    jobs = [fake_job("\n\n".join(segments)) for segments in segments_of_jobs]
    workers.submit(*jobs)
    wait_for(lambda: workers.engine_calls() >= 24, interval_s=0.005)
    workers.signal("first", signal.SIGKILL)
    workers.start_worker("second")
    ended = [workers.wait_ended(job) for job in jobs]
    assert {row.status for row in ended} == {"completed"}
    assert max(row.attempts for row in ended) == 2
    assert max(workers.repeats(segments) for segments in segments_of_jobs) <= 1


_WORDS = (
    "first",
    "next",
    "quick",
    "brown",
    "jumping",
    "lazy",
    "old",
    "new",
    "big",
    "small",
    "last",
    "very last",
)


def _segments_of_jobs(count: int) -> Iterator[list[str]]:
    """Yield the segments of jobs, each a paragraph of its own."""
    for letter in string.ascii_letters[:count]:
        yield [f"[[slow:0.1]] {letter} {word} fox." for word in ("quick", "brown", "jumping", "lazy")]


@pytest.mark.parametrize("text", ["[[hang]]", "[[spin]]"], ids=["waits", "holds the interpreter lock"])
def test_a_hanging_engine_fails_only_its_job(workers_with_engine_timeout: WorkerFleet, text: str) -> None:
    workers = workers_with_engine_timeout
    workers.start_worker("worker")
    hanging, other = fake_job(text), fake_job("After it.")
    workers.submit(hanging)
    workers.wait_status(hanging, "running")
    workers.submit(other)
    row = workers.wait_ended(hanging)
    assert (row.status, row.error_code, row.attempts) == ("failed", "timeout", 1)
    row = workers.wait_ended(other)
    assert (row.status, row.attempts) == ("completed", 1)
    assert workers.children["worker"].poll() is None


def test_a_suspended_worker_that_resumes_writes_nothing(workers: WorkerFleet) -> None:
    job = fake_job("[[slow:1]] Once only.")
    workers.start_worker("suspended")
    workers.submit(job)
    workers.wait_status(job, "running")
    workers.signal("suspended", signal.SIGSTOP)
    workers.start_worker("other")
    row = workers.wait_ended(job)
    assert (row.status, row.attempts) == ("completed", 2)
    workers.signal("suspended", signal.SIGCONT)
    wait_for(lambda: "superseded" in workers.log_of("suspended") or "stopped" in workers.log_of("suspended"))
    assert [path.name for path in workers.files()] == [f"{job.id}.2.wav"]


def test_sigterm_lets_short_jobs_finish_and_releases_long_ones(workers: WorkerFleet) -> None:
    short = fake_job("[[slow:1]] Short.")
    long = fake_job("[[slow:0.5]] A long one, said again. " * 60)
    stuck = fake_job("[[slow:60]] One call that outlasts the grace.")
    before = fake_job("Starts the engine processes.")
    workers.start_worker("first")
    workers.submit(before)
    workers.wait_ended(before)
    workers.submit(short, long, stuck)
    workers.wait_status(long, "running")
    workers.wait_status(stuck, "running")
    workers.wait_status(short, "running", "completed")
    workers.signal("first", signal.SIGTERM)
    assert workers.children["first"].wait(workers.settings.stop_grace_s + 5) == 0
    assert workers.row(short).status == "completed"
    for row in (workers.row(long), workers.row(stuck)):
        assert (row.status, row.attempts) == ("queued", 0)
    workers.start_worker("second")
    workers.wait_status(long, "running")
    with workers.database.write() as connection:
        for job in (long, stuck):
            assert changes.cancel(connection, job.id, owner="local")


@pytest.mark.parametrize(("seconds", "status"), [(1, "completed"), (60, "queued")])
def test_sigterm_lets_an_isolated_part_finish_or_releases_it(
    workers_with_long_leases: WorkerFleet, seconds: int, status: str
) -> None:
    workers, job = workers_with_long_leases, fake_job(f"[[slow:{seconds}]] It saw its worker die.")
    workers.start_worker("first")
    workers.submit(job)
    workers.wait_status(job, "running")
    workers.signal("first", signal.SIGKILL)
    workers.start_worker("second")
    wait_for(lambda: workers.row(job).attempts == 2)
    workers.signal("second", signal.SIGTERM)
    assert workers.children["second"].wait(workers.settings.stop_grace_s + 20) == 0
    assert workers.row(job).status == status
    with workers.database.write() as connection:  # for the tests that share the queue
        assert changes.cancel(connection, job.id, owner="local") == (status == "queued")


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


def test_a_temporary_failure_is_retried_and_a_permanent_one_is_not(workers: WorkerFleet) -> None:
    workers.start_worker()
    temporary, permanent, silent = fake_job("[[flaky:1]]"), fake_job("[[fail]]"), fake_job("[[silence]]")
    workers.submit(temporary, permanent, silent)
    row = workers.wait_ended(temporary)
    assert (row.status, row.attempts) == ("completed", 2)
    row = workers.wait_ended(permanent)
    assert (row.status, row.error_code, row.attempts) == ("failed", "engine_failed", 1)
    assert row.error_message
    assert workers.wait_ended(silent).error_code == "unspeakable_text"


def test_the_number_of_messages_of_a_backlog_is_limited(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"bells_max": 4, "sweep_s": 0.5})
    jobs = [fake_job(f"Row {number}.") for number in range(40)]
    with open_worker_fleet(settings, tmp_path / "logs") as workers:
        workers.submit(*jobs, publish=False)
        workers.start_ops()
        key = f"ov:{settings.queue_prefix}.fake.interactive"
        wait_for(lambda: workers.client.llen(key))
        assert workers.client.llen(key) == 4
        workers.start_worker()
        for job in jobs:
            assert workers.wait_ended(job, timeout_s=30).status == "completed"
        assert workers.engine_calls() == 40
