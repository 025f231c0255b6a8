"""Models in real worker processes: memory budgets, load commands, changing folders, and failures."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.service import processes
from common.jobs.submission import NewJob
from common.messaging import broker, messages
from common.settings import Settings
from common.worker_registry import ServedWeights
from tests.support.databases import SqliteTemplate
from tests.support.fake_inference import FakeInference
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.rows import new_job
from tests.support.services import settings_in
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from worker.engines.fake import MEMORY_BYTES

QUICK = {"lease_s": 3.0, "sweep_s": 0.5, "stop_grace_s": 4.0}
OpenWorkerFleet = Callable[..., WorkerFleet]
# A mastered text ends with the pause of a sentence.
CLOSING_PAUSE_S = 0.35
NOT_SERVED = ServedWeights(model="", weights="")


@pytest.fixture
def open_with(settings: Settings, tmp_path: Path) -> Iterator[OpenWorkerFleet]:
    """A function that opens a fleet without workers. With `ops` the sweep runs too, which jobs need to be retried."""
    with ExitStack() as farms:

        def open_one(*, ops: bool = False, **changes: Any) -> WorkerFleet:
            changed = settings.model_copy(update=QUICK | changes)
            workers = farms.enter_context(open_worker_fleet(changed, tmp_path / "logs"))
            if ops:
                workers.start_ops()
            return workers

        yield open_one


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, sqlite_template: SqliteTemplate
) -> Iterator[WorkerFleet]:
    """A fleet with one worker and one engine process, for tests that stop no process."""
    folder = tmp_path_factory.mktemp("shared")
    settings = settings_in(
        folder, redis_url=valkey_url, database_url=sqlite_template.copy(folder / "oratio.db"), engines=1
    )
    with open_worker_fleet(settings.model_copy(update=QUICK), folder / "logs") as workers:
        workers.start_worker()
        yield workers


def job_for(key: str, text: str = "Hello there.", **changes: Any) -> NewJob:
    """Return a job for one of the fake weights."""
    return fake_job(text, voice_id=key, queue=f"{key}.interactive", **changes)


def run_jobs(workers: WorkerFleet, *jobs: NewJob) -> list[Any]:
    """Submit jobs, wait until they end, and return their rows."""
    workers.submit(*jobs)
    return [workers.wait_ended(job) for job in jobs]


def announcement_of(workers: WorkerFleet, key: str) -> ServedWeights:
    """Return how a live worker announces these weights, or NOT_SERVED."""
    found = [served for worker in workers.statuses() if worker.alive and (served := worker.served(key))]
    return found[0] if found else NOT_SERVED


def loaded_weights(workers: WorkerFleet) -> set[str]:
    return {
        served.weights
        for worker in workers.statuses()
        if worker.alive
        for served in worker.announcement.served
        if served.loaded and served.model == "fake"
    }


def send_command(workers: WorkerFleet, task: str, key: str) -> None:
    """Send a command about these weights to all live workers that serve them."""
    for worker in workers.statuses():
        if worker.alive and worker.served(key):
            broker.publish_command(
                workers.client, worker.announcement.id, task, [key], prefix=workers.settings.queue_prefix
            )


def test_the_least_recently_used_model_is_unloaded_when_memory_is_full(open_with: OpenWorkerFleet) -> None:
    workers = open_with(model_memory_mb=2 * MEMORY_BYTES / 1e6, engines=1)
    workers.start_worker()
    keys = ("fake_a", "fake_b", "fake_c")
    for key in keys * 3:
        (row,) = run_jobs(workers, job_for(key))
        assert (row.status, row.attempts, row.provider) == ("completed", 1, "local")
    wait_for(lambda: loaded_weights(workers) == {"fake_b", "fake_c"})

    def counts() -> tuple[int, int]:
        (worker,) = [worker for worker in workers.statuses() if worker.speaks]
        return worker.announcement.stats.loads, worker.announcement.stats.unloads

    wait_for(lambda: counts() == (9, 7))
    assert announcement_of(workers, "fake_c").memory_bytes == MEMORY_BYTES
    assert announcement_of(workers, "fake_a").memory_bytes == 0


def test_many_simultaneous_jobs_for_many_models_complete_at_the_first_attempt(
    open_with: OpenWorkerFleet,
) -> None:
    # Each of the two engine processes has room for two models.
    workers = open_with(model_memory_mb=4 * MEMORY_BYTES / 1e6)
    workers.start_worker()
    jobs = [job_for(f"fake_{'abc'[number % 3]}", f"Number {number}.") for number in range(60)]
    assert {row.status for row in run_jobs(workers, *jobs)} == {"completed"}
    assert {row.attempts for row in map(workers.row, jobs)} == {1}


def test_an_idle_model_is_unloaded_and_loaded_again_on_demand(open_with: OpenWorkerFleet) -> None:
    workers = open_with(model_idle_s=1.0)
    workers.start_worker()
    run_jobs(workers, job_for("fake_a"))
    wait_for(lambda: loaded_weights(workers) == {"fake_a"})
    wait_for(lambda: loaded_weights(workers) == set(), timeout_s=10)
    assert run_jobs(workers, job_for("fake_a"))[0].status == "completed"


def test_models_are_loaded_at_startup_and_by_command_and_unloaded_by_command(
    open_with: OpenWorkerFleet,
) -> None:
    workers = open_with(warm_models="fake_b", engines=1)
    workers.start_worker()
    wait_for(lambda: loaded_weights(workers) == {"fake_b"})
    send_command(workers, messages.PRELOAD, "fake_a")
    wait_for(lambda: loaded_weights(workers) == {"fake_a", "fake_b"})
    send_command(workers, messages.UNLOAD, "fake_b")
    wait_for(lambda: loaded_weights(workers) == {"fake_a"})
    assert (workers.settings.data_dir / "fake" / "loads.log").read_text().split() == ["fake_b", "fake_a"]


def test_a_model_in_use_is_not_unloaded(shared: WorkerFleet) -> None:
    job = job_for("fake_c", "[[slow:2]] A long sentence.")
    shared.submit(job)
    wait_for(lambda: announcement_of(shared, "fake_c").in_use)
    send_command(shared, messages.UNLOAD, "fake_c")
    assert shared.wait_ended(job).status == "completed"
    assert "fake_c" in loaded_weights(shared)


def test_out_of_memory_unloads_other_models_and_fails_only_the_job(shared: WorkerFleet) -> None:
    other_model, crowded = job_for("fake_b"), job_for("fake_a", "[[crowded]] Make room.")
    assert [row.status for row in run_jobs(shared, other_model)] == ["completed"]
    assert [row.status for row in run_jobs(shared, crowded)] == ["completed"], (
        "the other model was not unloaded"
    )
    wait_for(lambda: loaded_weights(shared) <= {"fake_a"})
    too_large, small = run_jobs(shared, job_for("fake_a", "[[oom:0]] Too much."), job_for("fake_a"))
    assert (too_large.status, too_large.error_code, too_large.attempts) == ("failed", "out_of_memory", 1)
    assert "ORATIO_MODEL_MEMORY_MB" in too_large.error_message
    assert small.status == "completed"
    assert shared.children["worker-1"].poll() is None


def test_a_batch_that_does_not_fit_into_memory_is_spoken_in_halves(shared: WorkerFleet) -> None:
    busy = job_for("fake_a", "[[slow:1]] Wait for it.")
    jobs = [job_for("fake_a", f"[[oom:2]] Number {number}.") for number in range(4)]
    assert {row.status for row in run_jobs(shared, busy, *jobs)} == {"completed"}


def test_a_segment_that_is_too_long_for_the_model_is_spoken_in_pieces(shared: WorkerFleet) -> None:
    text = "This sentence is longer than the model can say at once, so it is cut. [[at_most:40]]"
    (row,) = run_jobs(shared, job_for("fake_a", text))
    assert (row.status, row.segments_total) == ("completed", 1)
    assert row.warnings == ()
    # Of its pieces only the last has the marker, and that one is short enough.
    assert row.duration_s == pytest.approx(0.05 * len(text.split()) + CLOSING_PAUSE_S, abs=0.06)


def test_a_lost_device_fails_only_its_job(open_with: OpenWorkerFleet) -> None:
    workers = open_with()
    workers.start_worker()
    failing = job_for("fake_a", "[[lost]] Gone.")
    others = [job_for("fake_b", f"[[slow:0.3]] Number {number}.") for number in range(6)]
    workers.submit(*others[:3], failing, *others[3:])
    row = workers.wait_ended(failing)
    assert (row.status, row.error_code, row.attempts) == ("failed", "device_lost", 1)
    ended = [workers.wait_ended(job) for job in others]
    assert {(row.status, row.attempts) for row in ended} == {("completed", 1)}
    assert workers.children["worker-1"].poll() is None


def test_a_model_that_hangs_while_loading_fails_only_its_jobs(open_with: OpenWorkerFleet) -> None:
    workers = open_with(model_load_timeout_s=1.0)
    (workers.settings.data_dir / "fake").mkdir()
    load_behaviour = workers.settings.data_dir / "fake" / "fake_a.load"
    load_behaviour.write_text("hang")
    workers.start_worker()
    hanging, other = run_jobs(workers, job_for("fake_a"), job_for("fake_b", "Not in its way."))
    assert (hanging.status, hanging.error_code, hanging.attempts) == ("failed", "timeout", 1)
    assert (other.status, other.attempts) == ("completed", 1)
    load_behaviour.unlink()
    (later,) = run_jobs(workers, job_for("fake_a"))
    assert later.status == "completed"
    assert workers.children["worker-1"].poll() is None


def test_a_broken_model_is_announced_and_its_jobs_fail_over_where_allowed(open_with: OpenWorkerFleet) -> None:
    workers = open_with(ops=True)
    folder = workers.settings.data_dir / "fake"
    folder.mkdir()
    (folder / "fake_a.load").write_text("fail")
    workers.start_worker()
    without_failover = job_for("fake_a", "Must not fail over.")
    with_failover = job_for("fake_a", "May fail over.", may_fail_over=True)
    failed, failed_over = run_jobs(workers, without_failover, with_failover)
    assert (failed.status, failed.error_code, failed.attempts) == ("failed", "model_broken", 1)
    assert (failed_over.status, failed_over.provider) == ("completed", "stub")
    assert "model_broken" in failed_over.warnings[0]
    assert "only a beep" in failed_over.warnings[0].lower()
    wait_for(lambda: announcement_of(workers, "fake_a").trouble)
    assert announcement_of(workers, "fake_a").voices == ()
    assert announcement_of(workers, "fake_b").voices == ("*",)


def test_jobs_of_a_broken_model_fail_over_to_hosted_inference(open_with: OpenWorkerFleet) -> None:
    with FakeInference() as provider:
        workers = open_with(ops=True, inference_url=provider.url)
        folder = workers.settings.data_dir / "fake"
        folder.mkdir()
        (folder / "fake_a.load").write_text("fail")
        workers.start_worker()
        workers.start(processes.inference(workers.settings))
        workers.wait_announced(workers.children["inference"].pid)
        (row,) = run_jobs(workers, job_for("fake_a", "Speak for me.", may_fail_over=True))
        assert (row.status, row.provider, provider.spoken) == ("completed", "inference", ["Speak for me."])
        assert "model_broken" in row.warnings[0]
        assert "hosted inference" in row.warnings[0]


@contextmanager
def kokoro_in(folder: Path) -> Iterator[None]:
    """Put tiny weights of Kokoro into the folder for the duration of the block."""
    from tests.support.tiny_kokoro import build_kokoro

    built = build_kokoro(folder)
    yield
    built.rename(folder / "removed")


def kokoro_job(text: str) -> NewJob:
    return new_job(voice_id="af_heart", model="kokoro", queue="kokoro.interactive", text=text)


def test_added_weights_are_served_and_removed_ones_are_not(open_with: OpenWorkerFleet) -> None:
    workers = open_with(ops=True)
    workers.settings.models_dir.mkdir()
    workers.start_worker(models=("kokoro", "stub"))
    assert announcement_of(workers, "kokoro") == NOT_SERVED
    waiting = kokoro_job("Hello there.")
    workers.submit(waiting)
    with kokoro_in(workers.settings.models_dir):
        assert workers.wait_ended(waiting, timeout_s=60).status == "completed"
        wait_for(lambda: announcement_of(workers, "kokoro").voices)
        folders = [worker.in_folder("kokoro") for worker in workers.statuses() if worker.speaks]
        (entry,) = [entry for entry in folders if entry]
        assert entry.state == "complete"
    wait_for(lambda: announcement_of(workers, "kokoro") == NOT_SERVED, timeout_s=30)
    late = kokoro_job("Too late.")
    workers.submit(late)
    assert run_jobs(workers, new_job(queue="stub.interactive", provider="stub"))[0].status == "completed"
    assert workers.row(late).status == "queued"


def test_all_queues_are_consumed_after_redis_hangs_while_weights_are_added(
    settings: Settings, valkey: Valkey, tmp_path: Path
) -> None:
    own = settings.model_copy(update=QUICK | {"redis_url": valkey.url})
    with open_worker_fleet(own, tmp_path / "logs") as workers:
        own.models_dir.mkdir()
        workers.start_worker(models=("kokoro", "fake", "stub"))
        assert run_jobs(workers, job_for("fake_a"))[0].status == "completed"
        valkey.hang()
        with kokoro_in(own.models_dir):
            wait_for(lambda: announcement_of(workers, "kokoro").voices)
            # Wait until the worker gives up its connection.
            wait_for(lambda: "onnection to broker lost" in workers.log_of("worker-1"), timeout_s=40)
            valkey.resume()
            before, new = job_for("fake_a"), kokoro_job("Hello there.")
            workers.submit(before, new)
            assert workers.wait_ended(before).status == "completed"
            assert workers.wait_ended(new).status == "completed"


def test_broken_weights_are_served_again_after_they_are_replaced(open_with: OpenWorkerFleet) -> None:
    workers = open_with(ops=True, fallback_stub=False)
    folder = workers.settings.models_dir
    folder.mkdir()
    workers.start_worker(models=("kokoro",))
    with kokoro_in(folder):
        wait_for(lambda: announcement_of(workers, "kokoro").voices)
        (model,) = folder.glob("*/*.onnx")
        weights_dir, removed_dir, content = model.parent, folder / "away", model.read_bytes()
        model.write_bytes(b"x" * len(content))

        def is_announced_as_broken() -> bool:
            # A scan of the folder that sees the change only now forgets the failure, until the next job.
            assert run_jobs(workers, kokoro_job("Hello there."))[0].error_code == "model_broken"
            return bool(announcement_of(workers, "kokoro").trouble)

        wait_for(is_announced_as_broken, interval_s=1.0)
        weights_dir.rename(removed_dir)
        wait_for(lambda: announcement_of(workers, "kokoro") == NOT_SERVED, timeout_s=30)
        (removed_dir / model.name).write_bytes(content)
        removed_dir.rename(weights_dir)
        wait_for(lambda: announcement_of(workers, "kokoro").voices, timeout_s=30)
        assert run_jobs(workers, kokoro_job("Hello there."))[0].status == "completed"


def test_a_job_goes_only_to_a_worker_that_has_the_weights(open_with: OpenWorkerFleet, tmp_path: Path) -> None:
    workers = open_with(ops=True)
    workers.settings.models_dir.mkdir()
    elsewhere = workers.settings.model_copy(update={"models_dir": tmp_path / "elsewhere"})
    elsewhere.models_dir.mkdir()
    with kokoro_in(elsewhere.models_dir):
        workers.start_worker("without", models=("kokoro", "stub"))
        workers.start(processes.worker(elsewhere, models=("kokoro", "stub"), name="with"))
        workers.wait_announced(workers.children["with"].pid)
        jobs = [kokoro_job(f"Number {number}.") for number in range(12)]
        assert {(row.status, row.attempts) for row in run_jobs(workers, *jobs)} == {("completed", 1)}
        calls = {
            worker.announcement.pid: worker.announcement.stats.engine_calls.get("kokoro", 0)
            for worker in workers.statuses()
        }
        assert calls[workers.children["without"].pid] == 0
