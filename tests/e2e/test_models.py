"""Models in the memory of real worker processes: budgets, orders, folders that change, and what breaks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.service import processes
from common.jobs.submission import NewJob
from common.messaging import broker, messages
from common.settings import Settings
from tests.support.databases import SqliteTemplate
from tests.support.fake_inference import FakeInference
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.rows import new_job
from tests.support.services import settings_in
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from worker.engines.fake import MEMORY_BYTES

QUICK = {"lease_s": 3.0, "sweep_s": 0.5, "stop_grace_s": 4.0}
Open = Callable[..., WorkerFleet]


@pytest.fixture
def opened(settings: Settings, tmp_path: Path) -> Iterator[Open]:
    """Opens a fleet with its own settings and no worker yet; `ops` starts the sweep, for jobs that are tried again."""
    held: list[Any] = []

    def make(*, ops: bool = False, **changes: Any) -> WorkerFleet:
        held.append(open_worker_fleet(settings.model_copy(update=QUICK | changes), tmp_path / "logs"))
        workers: WorkerFleet = held[-1].__enter__()
        if ops:
            workers.start_ops()
        return workers

    yield make
    for one in held:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, sqlite_template: SqliteTemplate
) -> Iterator[WorkerFleet]:
    """A fleet with one worker, for tests that end no process."""
    folder = tmp_path_factory.mktemp("shared")
    settings = settings_in(
        folder, redis_url=valkey_url, database_url=sqlite_template.copy(folder / "oratio.db")
    )
    with open_worker_fleet(settings.model_copy(update=QUICK), folder / "logs") as workers:
        workers.start_worker()
        yield workers


def job_of(key: str, text: str = "Hello there.", **changes: Any) -> NewJob:
    """For one of the fake models, each of which is a set of weights."""
    return fake_job(text, voice_id=key, queue=f"{key}.interactive", **changes)


def speak(workers: WorkerFleet, *jobs: NewJob) -> list[Any]:
    workers.submit(*jobs)
    return [workers.wait_ended(job) for job in jobs]


def announced(workers: WorkerFleet, key: str) -> dict[str, Any]:
    """What a living worker says of a set of weights."""
    found = [engine for seen in workers.statuses() if seen.alive and (engine := seen.engine_of(key))]
    return found[0] if found else {}


def loaded(workers: WorkerFleet) -> set[str]:
    return {
        engine["weights"]
        for seen in workers.statuses()
        if seen.alive
        for engine in seen.announcement.engines
        if engine["loaded"] and engine["alias"] == "fake"
    }


def order(workers: WorkerFleet, task: str, key: str) -> None:
    for seen in workers.statuses():
        if seen.alive and seen.engine_of(key):
            broker.publish_command(
                workers.client, seen.announcement.id, task, [key], prefix=workers.settings.queue_prefix
            )


def test_three_models_and_room_for_two(opened: Open) -> None:
    workers = opened(model_memory_mb=2 * MEMORY_BYTES / 1e6)
    workers.start_worker()
    keys = ("fake_a", "fake_b", "fake_c")
    for key in keys * 3:
        (row,) = speak(workers, job_of(key))
        assert (row.status, row.attempts, row.provider) == ("completed", 1, "local")
    wait_for(lambda: loaded(workers) == {"fake_b", "fake_c"})

    def counts() -> tuple[int, int]:
        (seen,) = [seen for seen in workers.statuses() if seen.speaks]
        return seen.announcement.stats["loads"], seen.announcement.stats["unloads"]

    # And the stub, which is loaded at the start and stays.
    wait_for(lambda: counts() == (9 + 1, 7))
    assert announced(workers, "fake_c")["memory_bytes"] == MEMORY_BYTES
    assert announced(workers, "fake_a")["memory_bytes"] == 0


def test_many_jobs_for_many_models_at_once_lose_none(opened: Open) -> None:
    workers = opened(model_memory_mb=2 * MEMORY_BYTES / 1e6)
    workers.start_worker()
    jobs = [job_of(f"fake_{'abc'[number % 3]}", f"Number {number}.") for number in range(60)]
    assert {row.status for row in speak(workers, *jobs)} == {"completed"}
    assert {row.attempts for row in map(workers.row, jobs)} == {1}


def test_an_idle_model_is_unloaded_and_loaded_again(opened: Open) -> None:
    workers = opened(model_idle_s=1.0)
    workers.start_worker()
    speak(workers, job_of("fake_a"))
    wait_for(lambda: loaded(workers) == {"fake_a"})
    wait_for(lambda: loaded(workers) == set(), timeout_s=10)
    assert speak(workers, job_of("fake_a"))[0].status == "completed"


def test_models_are_warmed_and_unloaded_on_order_and_at_the_start(opened: Open) -> None:
    workers = opened(warm_models="fake_b")
    workers.start_worker()
    wait_for(lambda: loaded(workers) == {"fake_b"})
    order(workers, messages.WARM, "fake_a")
    wait_for(lambda: loaded(workers) == {"fake_a", "fake_b"})
    order(workers, messages.UNLOAD, "fake_b")
    wait_for(lambda: loaded(workers) == {"fake_a"})
    assert (workers.settings.data_dir / "fake" / "loads.log").read_text().split() == ["fake_b", "fake_a"]


def test_what_is_in_use_is_not_unloaded(shared: WorkerFleet) -> None:
    job = job_of("fake_c", "[[slow:2]] A long sentence.")
    shared.submit(job)
    wait_for(lambda: announced(shared, "fake_c").get("in_use"))
    order(shared, messages.UNLOAD, "fake_c")
    assert shared.wait_ended(job).status == "completed"
    assert "fake_c" in loaded(shared)


def test_out_of_memory_costs_the_job_and_not_the_worker(shared: WorkerFleet) -> None:
    neighbour, crowded = job_of("fake_b"), job_of("fake_a", "[[crowded]] Make room.")
    assert [row.status for row in speak(shared, neighbour)] == ["completed"]
    assert [row.status for row in speak(shared, crowded)] == ["completed"], "the other model went"
    wait_for(lambda: loaded(shared) <= {"fake_a"})
    hopeless, well = speak(shared, job_of("fake_a", "[[oom:0]] Too much."), job_of("fake_a"))
    assert (hopeless.status, hopeless.error_code, hopeless.attempts) == ("failed", "out_of_memory", 1)
    assert "ORATIO_MODEL_MEMORY_MB" in hopeless.error_message
    assert well.status == "completed"
    assert shared.children["worker-1"].poll() is None


def test_a_batch_that_does_not_fit_is_spoken_in_halves(shared: WorkerFleet) -> None:
    busy = job_of("fake_a", "[[slow:1]] Wait for it.")
    jobs = [job_of("fake_a", f"[[oom:2]] Number {number}.") for number in range(4)]
    assert {row.status for row in speak(shared, busy, *jobs)} == {"completed"}


def test_a_text_that_is_too_long_for_the_model_is_spoken_in_pieces(shared: WorkerFleet) -> None:
    text = "This sentence is longer than the model can say at once, so it is cut. [[at_most:40]]"
    (row,) = speak(shared, job_of("fake_a", text))
    assert (row.status, row.segments_total) == ("completed", 1)
    assert row.warnings == ()
    # Its pieces hold the marker no more, but for the last one, which is short enough.
    assert row.duration_s == pytest.approx(0.05 * len(text.split()), abs=0.06)


def test_a_lost_device_ends_the_process_and_the_others_go_on(opened: Open) -> None:
    workers = opened(ops=True)
    workers.start_worker()
    workers.restart_on_death("worker-1")
    bad = job_of("fake_a", "[[lost]] Gone.")
    good = [job_of("fake_b", f"[[slow:0.3]] Number {number}.") for number in range(6)]
    workers.submit(*good[:3], bad, *good[3:])
    row = workers.wait_ended(bad)
    assert (row.status, row.error_code, row.attempts) == ("failed", "device_lost", 2)
    assert {workers.wait_ended(job).status for job in good} == {"completed"}


def test_a_model_that_never_finishes_loading_ends_the_process(opened: Open) -> None:
    workers = opened(ops=True, model_load_timeout_s=1.0)
    (workers.settings.data_dir / "fake").mkdir()
    stuck = workers.settings.data_dir / "fake" / "fake_a.load"
    stuck.write_text("hang")
    workers.start_worker()
    workers.restart_on_death("worker-1")
    job, other = job_of("fake_a"), job_of("fake_b", "Not in its way.")
    workers.submit(job)
    workers.wait_status(job, "running")
    first = workers.children["worker-1"]
    wait_for(lambda: first.poll() is not None)
    stuck.unlink()
    workers.submit(other)
    assert workers.wait_ended(job).status == "completed"
    assert workers.wait_ended(other).status == "completed"


def test_a_broken_model_is_announced_as_broken_and_its_jobs_go_elsewhere(opened: Open) -> None:
    workers = opened(ops=True)
    folder = workers.settings.data_dir / "fake"
    folder.mkdir()
    (folder / "fake_a.load").write_text("fail")
    workers.start_worker()
    refused = job_of("fake_a", "Nobody may help.")
    beeped = job_of("fake_a", "Somebody may.", may_fail_over=True)
    failed, helped = speak(workers, refused, beeped)
    assert (failed.status, failed.error_code, failed.attempts) == ("failed", "model_broken", 1)
    assert (helped.status, helped.provider) == ("completed", "stub")
    assert "model_broken" in helped.warnings[0]
    assert "only a beep" in helped.warnings[0].lower()
    wait_for(lambda: announced(workers, "fake_a").get("trouble"))
    assert announced(workers, "fake_a")["voices"] == []
    assert announced(workers, "fake_b")["voices"] == ["*"]


def test_a_broken_model_is_spoken_by_hosted_inference_where_there_is_some(opened: Open) -> None:
    with FakeInference() as provider:
        workers = opened(ops=True, inference_url=provider.url)
        folder = workers.settings.data_dir / "fake"
        folder.mkdir()
        (folder / "fake_a.load").write_text("fail")
        workers.start_worker()
        workers.start(processes.inference(workers.settings))
        workers.wait_announced(workers.children["inference"].pid)
        (row,) = speak(workers, job_of("fake_a", "Speak for me.", may_fail_over=True))
        assert (row.status, row.provider, provider.spoken) == ("completed", "inference", ["Speak for me."])
        assert "model_broken" in row.warnings[0]
        assert "hosted inference" in row.warnings[0]


@contextmanager
def kokoro_in(folder: Path) -> Iterator[None]:
    """Tiny weights of it that are there inside the block."""
    from tests.support.tiny_kokoro import build_kokoro

    built = build_kokoro(folder)
    yield
    built.rename(folder / "gone")


def kokoro_job(text: str) -> NewJob:
    return new_job(voice_id="af_heart", model="kokoro", queue="kokoro.interactive", text=text)


def test_weights_that_appear_are_served_and_those_that_go_are_not(opened: Open) -> None:
    workers = opened(ops=True)
    workers.settings.models_dir.mkdir()
    workers.start_worker(models=("kokoro", "stub"))
    assert announced(workers, "kokoro") == {}
    waiting = kokoro_job("Hello there.")
    workers.submit(waiting)
    with kokoro_in(workers.settings.models_dir):
        assert workers.wait_ended(waiting, timeout_s=60).status == "completed"
        wait_for(lambda: announced(workers, "kokoro").get("voices"))
        (entry,) = [
            one for seen in workers.statuses() if seen.speaks for one in [seen.folder_of("kokoro")] if one
        ]
        assert entry["state"] == "complete"
    wait_for(lambda: announced(workers, "kokoro") == {}, timeout_s=30)
    late = kokoro_job("Too late.")
    workers.submit(late)
    assert speak(workers, new_job(queue="stub.interactive", provider="stub"))[0].status == "completed"
    assert workers.row(late).status == "queued"


def test_a_queue_server_that_hangs_while_weights_appear_costs_no_queue(
    settings: Settings, valkey: Valkey, tmp_path: Path
) -> None:
    own = settings.model_copy(update=QUICK | {"redis_url": valkey.url})
    with open_worker_fleet(own, tmp_path / "logs") as workers:
        own.models_dir.mkdir()
        workers.start_worker(models=("kokoro", "fake", "stub"))
        assert speak(workers, job_of("fake_a"))[0].status == "completed"
        valkey.hang()
        with kokoro_in(own.models_dir):
            wait_for(lambda: announced(workers, "kokoro").get("voices"))
            # As long as it takes the worker to give its connection up.
            wait_for(lambda: "onnection to broker lost" in workers.log_of("worker-1"), timeout_s=40)
            valkey.go_on()
            before, new = job_of("fake_a"), kokoro_job("Hello there.")
            workers.submit(before, new)
            assert workers.wait_ended(before).status == "completed"
            assert workers.wait_ended(new).status == "completed"


def test_weights_that_were_broken_and_come_back_whole_speak(opened: Open) -> None:
    workers = opened(ops=True, fallback_stub=False)
    folder = workers.settings.models_dir
    folder.mkdir()
    workers.start_worker(models=("kokoro",))
    with kokoro_in(folder):
        wait_for(lambda: announced(workers, "kokoro").get("voices"))
        (model,) = folder.glob("*/*.onnx")
        there, away, whole = model.parent, folder / "away", model.read_bytes()
        model.write_bytes(b"x" * len(whole))
        broken = kokoro_job("Hello there.")
        assert speak(workers, broken)[0].error_code == "model_broken"
        wait_for(lambda: announced(workers, "kokoro").get("trouble"))
        there.rename(away)
        wait_for(lambda: announced(workers, "kokoro") == {}, timeout_s=30)
        (away / model.name).write_bytes(whole)
        away.rename(there)
        wait_for(lambda: announced(workers, "kokoro").get("voices"), timeout_s=30)
        assert speak(workers, kokoro_job("Hello there."))[0].status == "completed"


def test_a_job_goes_only_to_a_worker_that_has_the_weights(opened: Open, tmp_path: Path) -> None:
    workers = opened(ops=True)
    workers.settings.models_dir.mkdir()
    elsewhere = workers.settings.model_copy(update={"models_dir": tmp_path / "elsewhere"})
    elsewhere.models_dir.mkdir()
    with kokoro_in(elsewhere.models_dir):
        workers.start_worker("without", models=("kokoro", "stub"))
        workers.start(processes.worker(elsewhere, models=("kokoro", "stub"), name="with"))
        workers.wait_announced(workers.children["with"].pid)
        jobs = [kokoro_job(f"Number {number}.") for number in range(12)]
        assert {(row.status, row.attempts) for row in speak(workers, *jobs)} == {("completed", 1)}
        calls = {
            seen.announcement.pid: seen.announcement.stats["engine_calls"].get("kokoro", 0)
            for seen in workers.statuses()
        }
        assert calls[workers.children["without"].pid] == 0
