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
    """Opens a farm with its own settings and no worker yet; `ops` starts the sweep, for jobs that are tried again."""
    held: list[Any] = []

    def make(*, ops: bool = False, **changes: Any) -> WorkerFleet:
        held.append(open_worker_fleet(settings.model_copy(update=QUICK | changes), tmp_path / "logs"))
        farm: WorkerFleet = held[-1].__enter__()
        if ops:
            farm.start_ops()
        return farm

    yield make
    for one in held:
        one.__exit__(None, None, None)


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, valkey_url: str, sqlite_template: SqliteTemplate
) -> Iterator[WorkerFleet]:
    """A farm with one worker, for tests that end no process."""
    folder = tmp_path_factory.mktemp("shared")
    settings = settings_in(
        folder, redis_url=valkey_url, database_url=sqlite_template.copy(folder / "oratio.db")
    )
    with open_worker_fleet(settings.model_copy(update=QUICK), folder / "logs") as farm:
        farm.start_worker()
        yield farm


def job_of(key: str, text: str = "Hello there.", **changes: Any) -> NewJob:
    """For one of the fake models, each of which is a set of weights."""
    return fake_job(text, voice_id=key, queue=f"{key}.interactive", **changes)


def speak(farm: WorkerFleet, *jobs: NewJob) -> list[Any]:
    farm.submit(*jobs)
    return [farm.wait_ended(job) for job in jobs]


def announced(farm: WorkerFleet, key: str) -> dict[str, Any]:
    """What a living worker says of a set of weights."""
    found = [engine for seen in farm.fleet() if seen.alive and (engine := seen.engine_of(key))]
    return found[0] if found else {}


def loaded(farm: WorkerFleet) -> set[str]:
    return {
        engine["weights"]
        for seen in farm.fleet()
        if seen.alive
        for engine in seen.announcement.engines
        if engine["loaded"] and engine["alias"] == "fake"
    }


def order(farm: WorkerFleet, task: str, key: str) -> None:
    for seen in farm.fleet():
        if seen.alive and seen.engine_of(key):
            broker.publish_command(
                farm.client, seen.announcement.id, task, [key], prefix=farm.settings.queue_prefix
            )


def test_three_models_and_room_for_two(opened: Open) -> None:
    farm = opened(model_memory_mb=2 * MEMORY_BYTES / 1e6)
    farm.start_worker()
    keys = ("fake_a", "fake_b", "fake_c")
    for key in keys * 3:
        (row,) = speak(farm, job_of(key))
        assert (row.status, row.attempts, row.provider) == ("completed", 1, "local")
    wait_for(lambda: loaded(farm) == {"fake_b", "fake_c"})

    def counts() -> tuple[int, int]:
        (seen,) = [seen for seen in farm.fleet() if seen.speaks]
        return seen.announcement.stats["loads"], seen.announcement.stats["unloads"]

    # And the stub, which is loaded at the start and stays.
    wait_for(lambda: counts() == (9 + 1, 7))
    assert announced(farm, "fake_c")["memory_bytes"] == MEMORY_BYTES
    assert announced(farm, "fake_a")["memory_bytes"] == 0


def test_many_jobs_for_many_models_at_once_lose_none(opened: Open) -> None:
    farm = opened(model_memory_mb=2 * MEMORY_BYTES / 1e6)
    farm.start_worker()
    jobs = [job_of(f"fake_{'abc'[number % 3]}", f"Number {number}.") for number in range(60)]
    assert {row.status for row in speak(farm, *jobs)} == {"completed"}
    assert {row.attempts for row in map(farm.row, jobs)} == {1}


def test_an_idle_model_is_unloaded_and_loaded_again(opened: Open) -> None:
    farm = opened(model_idle_s=1.0)
    farm.start_worker()
    speak(farm, job_of("fake_a"))
    wait_for(lambda: loaded(farm) == {"fake_a"})
    wait_for(lambda: loaded(farm) == set(), timeout_s=10)
    assert speak(farm, job_of("fake_a"))[0].status == "completed"


def test_models_are_warmed_and_unloaded_on_order_and_at_the_start(opened: Open) -> None:
    farm = opened(warm_models="fake_b")
    farm.start_worker()
    wait_for(lambda: loaded(farm) == {"fake_b"})
    order(farm, messages.WARM, "fake_a")
    wait_for(lambda: loaded(farm) == {"fake_a", "fake_b"})
    order(farm, messages.UNLOAD, "fake_b")
    wait_for(lambda: loaded(farm) == {"fake_a"})
    assert (farm.settings.data_dir / "fake" / "loads.log").read_text().split() == ["fake_b", "fake_a"]


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
    farm = opened(ops=True)
    farm.start_worker()
    farm.restart_on_death("worker-1")
    bad = job_of("fake_a", "[[lost]] Gone.")
    good = [job_of("fake_b", f"[[slow:0.3]] Number {number}.") for number in range(6)]
    farm.submit(*good[:3], bad, *good[3:])
    row = farm.wait_ended(bad)
    assert (row.status, row.error_code, row.attempts) == ("failed", "device_lost", 2)
    assert {farm.wait_ended(job).status for job in good} == {"completed"}


def test_a_model_that_never_finishes_loading_ends_the_process(opened: Open) -> None:
    farm = opened(ops=True, model_load_timeout_s=1.0)
    (farm.settings.data_dir / "fake").mkdir()
    stuck = farm.settings.data_dir / "fake" / "fake_a.load"
    stuck.write_text("hang")
    farm.start_worker()
    farm.restart_on_death("worker-1")
    job, other = job_of("fake_a"), job_of("fake_b", "Not in its way.")
    farm.submit(job)
    farm.wait_status(job, "running")
    first = farm.children["worker-1"]
    wait_for(lambda: first.poll() is not None)
    stuck.unlink()
    farm.submit(other)
    assert farm.wait_ended(job).status == "completed"
    assert farm.wait_ended(other).status == "completed"


def test_a_broken_model_is_announced_as_broken_and_its_jobs_go_elsewhere(opened: Open) -> None:
    farm = opened(ops=True)
    folder = farm.settings.data_dir / "fake"
    folder.mkdir()
    (folder / "fake_a.load").write_text("fail")
    farm.start_worker()
    refused = job_of("fake_a", "Nobody may help.")
    beeped = job_of("fake_a", "Somebody may.", may_fail_over=True)
    failed, helped = speak(farm, refused, beeped)
    assert (failed.status, failed.error_code, failed.attempts) == ("failed", "model_broken", 1)
    assert (helped.status, helped.provider) == ("completed", "stub")
    assert "model_broken" in helped.warnings[0]
    assert "only a beep" in helped.warnings[0].lower()
    wait_for(lambda: announced(farm, "fake_a").get("trouble"))
    assert announced(farm, "fake_a")["voices"] == []
    assert announced(farm, "fake_b")["voices"] == ["*"]


def test_a_broken_model_is_spoken_by_hosted_inference_where_there_is_some(opened: Open) -> None:
    with FakeInference() as provider:
        farm = opened(ops=True, inference_url=provider.url)
        folder = farm.settings.data_dir / "fake"
        folder.mkdir()
        (folder / "fake_a.load").write_text("fail")
        farm.start_worker()
        farm.start(processes.inference(farm.settings))
        farm.wait_announced(farm.children["inference"].pid)
        (row,) = speak(farm, job_of("fake_a", "Speak for me.", may_fail_over=True))
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
    farm = opened(ops=True)
    farm.settings.models_dir.mkdir()
    farm.start_worker(models=("kokoro", "stub"))
    assert announced(farm, "kokoro") == {}
    waiting = kokoro_job("Hello there.")
    farm.submit(waiting)
    with kokoro_in(farm.settings.models_dir):
        assert farm.wait_ended(waiting, timeout_s=60).status == "completed"
        wait_for(lambda: announced(farm, "kokoro").get("voices"))
        (entry,) = [one for seen in farm.fleet() if seen.speaks for one in [seen.folder_of("kokoro")] if one]
        assert entry["state"] == "complete"
    wait_for(lambda: announced(farm, "kokoro") == {}, timeout_s=30)
    late = kokoro_job("Too late.")
    farm.submit(late)
    assert speak(farm, new_job(queue="stub.interactive", provider="stub"))[0].status == "completed"
    assert farm.row(late).status == "queued"


def test_a_queue_server_that_hangs_while_weights_appear_costs_no_queue(
    settings: Settings, valkey: Valkey, tmp_path: Path
) -> None:
    own = settings.model_copy(update=QUICK | {"redis_url": valkey.url})
    with open_worker_fleet(own, tmp_path / "logs") as farm:
        own.models_dir.mkdir()
        farm.start_worker(models=("kokoro", "fake", "stub"))
        assert speak(farm, job_of("fake_a"))[0].status == "completed"
        valkey.hang()
        with kokoro_in(own.models_dir):
            wait_for(lambda: announced(farm, "kokoro").get("voices"))
            # As long as it takes the worker to give its connection up.
            wait_for(lambda: "onnection to broker lost" in farm.log_of("worker-1"), timeout_s=40)
            valkey.go_on()
            before, new = job_of("fake_a"), kokoro_job("Hello there.")
            farm.submit(before, new)
            assert farm.wait_ended(before).status == "completed"
            assert farm.wait_ended(new).status == "completed"


def test_weights_that_were_broken_and_come_back_whole_speak(opened: Open) -> None:
    farm = opened(ops=True, fallback_stub=False)
    folder = farm.settings.models_dir
    folder.mkdir()
    farm.start_worker(models=("kokoro",))
    with kokoro_in(folder):
        wait_for(lambda: announced(farm, "kokoro").get("voices"))
        (model,) = folder.glob("*/*.onnx")
        there, away, whole = model.parent, folder / "away", model.read_bytes()
        model.write_bytes(b"x" * len(whole))
        broken = kokoro_job("Hello there.")
        assert speak(farm, broken)[0].error_code == "model_broken"
        wait_for(lambda: announced(farm, "kokoro").get("trouble"))
        there.rename(away)
        wait_for(lambda: announced(farm, "kokoro") == {}, timeout_s=30)
        (away / model.name).write_bytes(whole)
        away.rename(there)
        wait_for(lambda: announced(farm, "kokoro").get("voices"), timeout_s=30)
        assert speak(farm, kokoro_job("Hello there."))[0].status == "completed"


def test_a_job_goes_only_to_a_worker_that_has_the_weights(opened: Open, tmp_path: Path) -> None:
    farm = opened(ops=True)
    farm.settings.models_dir.mkdir()
    elsewhere = farm.settings.model_copy(update={"models_dir": tmp_path / "elsewhere"})
    elsewhere.models_dir.mkdir()
    with kokoro_in(elsewhere.models_dir):
        farm.start_worker("without", models=("kokoro", "stub"))
        farm.start(processes.worker(elsewhere, models=("kokoro", "stub"), name="with"))
        farm.wait_announced(farm.children["with"].pid)
        jobs = [kokoro_job(f"Number {number}.") for number in range(12)]
        assert {(row.status, row.attempts) for row in speak(farm, *jobs)} == {("completed", 1)}
        calls = {
            seen.announcement.pid: seen.announcement.stats["engine_calls"].get("kokoro", 0)
            for seen in farm.fleet()
        }
        assert calls[farm.children["without"].pid] == 0
