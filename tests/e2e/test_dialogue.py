"""Texts with voices of several models. The workers of a real service speak them; one worker is killed."""

import hashlib
import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.db.database import Database
from common.jobs.cleanup import ORPHAN_AGE_S, clean
from common.settings import Settings
from common.store import Store
from tests.support.waiting import wait_for

TWO_VOICES = "[voice:fake_a] One here. [voice:fake] Two there."
THREE_MODELS = f"{TWO_VOICES} [voice:default] And three is said by a voice of another kind."
# The first stage ends at once, the second takes three seconds, and the third starts only after it.
SLOW = "[voice:fake_a] {word} here. [voice:fake] [[slow:3]] {word} there. [voice:default] And three."


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("dialogue"),
        port=0,
        engines=1,
        fake_engine=True,
        lease_s=3.0,
        sweep_s=1.0,
        stop_grace_s=5.0,
    )
    with Stack(
        settings,
        worker_groups=[WorkerGroup("fake", ("fake", "stub"), 1), WorkerGroup("hibari", ("hibari",), 1)],
    ) as running:
        yield running


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        wait_for(lambda: client.get("/health").json()["workers_alive"] == 2, timeout_s=60)
        yield client


def submit(service: httpx.Client, text: str, **body: Any) -> str:
    response = service.post(
        "/synthesize",
        json={"text": text, "voice_id": "hibari_heart", **body},
        params={"async_mode": "true"},
    )
    assert response.status_code == 202, response.text
    return str(response.json()["job_id"])


def get_job(service: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/jobs/{job_id}").json()
    return job


def wait_until_ended(service: httpx.Client, job_id: str) -> dict[str, Any]:
    def ended_job() -> dict[str, Any] | None:
        job = get_job(service, job_id)
        return job if job["status"] in ("completed", "failed", "cancelled") else None

    job = wait_for(ended_job, timeout_s=60)
    assert job is not None
    return job


def get_captions(service: httpx.Client, job_id: str) -> list[tuple[str, str]]:
    """Return (voice, text) of each caption, and check that their times increase."""
    segments = service.get(f"/jobs/{job_id}/captions.json").json()["segments"]
    times_s = [time_s for segment in segments for time_s in (segment["start_s"], segment["end_s"])]
    assert times_s == sorted(times_s)
    return [(segment["voice_id"], segment["text"]) for segment in segments]


def partial_audio(stack: Stack, job_id: str) -> list[Path]:
    """Return the files that hand the audio of one stage over to the next."""
    return sorted((stack.settings.data_dir / "outputs" / "audio").glob(f"{job_id}.*.take"))


def count_calls(stack: Stack, text: str) -> int:
    """Return how often the fake engine was called with this text."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    log = stack.settings.data_dir / "fake" / "calls.log"
    return log.read_text().count(digest) if log.exists() else 0


def start_second_stage(stack: Stack, service: httpx.Client, word: str) -> str:
    """Submit a job and wait until its first voice has spoken and its second is speaking."""
    job_id = submit(service, SLOW.format(word=word))
    wait_for(lambda: count_calls(stack, f"[[slow:3]] {word} there."), timeout_s=30)
    assert len(partial_audio(stack, job_id)) == 1
    assert get_job(service, job_id)["status"] == "running"
    return job_id


def is_abandoned(stack: Stack, job_id: str) -> bool:
    """Return whether the worker has logged that it no longer works on the job."""
    lines = (line for log in stack.logs.glob("fake*.log") for line in log.read_text().splitlines())
    return any(job_id in line and ("superseded" in line or "stopped" in line) for line in lines)


def run_cleanup_of_old_files(stack: Stack) -> None:
    """Make all files in the store old enough to be removed as orphans, then run the cleanup."""
    old = time.time() - ORPHAN_AGE_S - 60
    for path in (stack.settings.data_dir / "outputs" / "audio").iterdir():
        os.utime(path, (old, old))
    database = Database(stack.settings.database, role="worker")
    clean(database, Store(stack.settings.store), stack.settings)
    database.close()


def test_two_voices_take_turns(stack: Stack, service: httpx.Client) -> None:
    job_id = submit(service, TWO_VOICES, voice_id="fake")
    job = wait_until_ended(service, job_id)
    assert (job["status"], job["warnings"], job["attempts"]) == ("completed", [], 1)
    assert get_captions(service, job_id) == [("fake_a", "One here."), ("fake", "Two there.")]
    wait_for(lambda: not partial_audio(stack, job_id), timeout_s=5)
    vtt = service.get(f"/jobs/{job_id}/captions.vtt").text
    assert vtt.index("<v fake_a>One here.") < vtt.index("<v fake>Two there.")


def test_three_models_on_two_workers_make_one_file(stack: Stack, service: httpx.Client) -> None:
    job_id = submit(service, THREE_MODELS)
    job = wait_until_ended(service, job_id)
    assert (job["status"], job["warnings"], job["attempts"]) == ("completed", [], 1)
    assert job["progress"]["segments_total"] == 3
    assert [voice for voice, _ in get_captions(service, job_id)] == ["fake_a", "fake", "hibari_heart"]
    wait_for(lambda: not partial_audio(stack, job_id), timeout_s=5)
    samples, rate_hz = soundfile.read(io.BytesIO(service.get(f"/jobs/{job_id}/audio").content))
    assert len(samples) / rate_hz == pytest.approx(job["duration_s"], abs=0.01)
    assert job["duration_s"] > 2.0


def test_voices_speak_in_the_order_of_the_text(service: httpx.Client) -> None:
    text = "First the own one speaks. [voice:fake]Then this. [voice:default]Then the own one. [voice:fake_a]And that."
    job_id = submit(service, text)
    assert wait_until_ended(service, job_id)["status"] == "completed"
    assert [voice for voice, _ in get_captions(service, job_id)] == [
        "hibari_heart",
        "fake",
        "hibari_heart",
        "fake_a",
    ]


def test_a_stream_has_the_audio_of_all_voices(service: httpx.Client) -> None:
    body = {"model": "tts-1", "input": THREE_MODELS, "voice": "hibari_heart", "response_format": "pcm"}
    streamed = service.post("/v1/audio/speech", json=body)
    assert streamed.status_code == 200, streamed.text
    job_id = submit(service, THREE_MODELS, format="pcm")
    job = wait_until_ended(service, job_id)
    assert job["status"] == "completed"
    assert len(streamed.content) / 48_000 == pytest.approx(job["duration_s"], rel=0.2)


def test_a_worker_killed_in_the_second_stage_does_not_repeat_the_first(
    stack: Stack, service: httpx.Client
) -> None:
    job_id = start_second_stage(stack, service, "Killed")
    (name,) = (name for name in stack.pids() if name.startswith("fake"))
    os.kill(stack.pids()[name], signal.SIGKILL)
    job = wait_until_ended(service, job_id)
    assert (job["status"], job["attempts"]) == ("completed", 2)
    assert get_captions(service, job_id) == [
        ("fake_a", "Killed here."),
        ("fake", "[[slow:3]] Killed there."),
        ("hibari_heart", "And three."),
    ]
    assert count_calls(stack, "Killed here.") == 1
    assert count_calls(stack, "[[slow:3]] Killed there.") == 2
    wait_for(lambda: not partial_audio(stack, job_id), timeout_s=5)


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_a_job_ended_in_the_second_stage_leaves_no_partial_audio(
    stack: Stack, service: httpx.Client, action: str
) -> None:
    job_id = start_second_stage(stack, service, action.title())
    if action == "cancel":
        assert service.post(f"/jobs/{job_id}/cancel").status_code == 200
    else:
        assert service.delete(f"/jobs/{job_id}").status_code == 200
    wait_for(lambda: is_abandoned(stack, job_id), timeout_s=10)
    run_cleanup_of_old_files(stack)
    assert partial_audio(stack, job_id) == []
    if action == "cancel":
        assert get_job(service, job_id)["status"] == "cancelled"
    else:
        assert service.get(f"/jobs/{job_id}").status_code == 410


def test_a_retried_job_starts_from_the_beginning(stack: Stack, service: httpx.Client) -> None:
    job_id = start_second_stage(stack, service, "Again")
    assert service.post(f"/jobs/{job_id}/cancel").status_code == 200
    assert service.post(f"/jobs/{job_id}/retry").status_code == 202
    assert wait_until_ended(service, job_id)["status"] == "completed"
    assert [voice for voice, _ in get_captions(service, job_id)] == ["fake_a", "fake", "hibari_heart"]
    assert count_calls(stack, "Again here.") == 2
    run_cleanup_of_old_files(stack)
    assert partial_audio(stack, job_id) == []


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ("[voice:nobody]", 404, "voice_not_found"),
        ("[pause:61s]", 400, "invalid_tag"),
    ],
)
def test_a_text_with_an_invalid_tag_creates_no_job(
    service: httpx.Client, tag: str, status: int, code: str
) -> None:
    jobs_before = service.get("/jobs").json()
    body = {"text": f"One here. {tag} Two.", "voice_id": "hibari_heart"}
    response = service.post("/synthesize", json=body)
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["code"], error["param"]) == (code, "text")
    assert service.get("/jobs").json() == jobs_before
