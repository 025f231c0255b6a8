"""Voices of several models in one text, by the whole service: real workers, one of which is killed on the way."""

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

FAKES = "[voice:fake_a] One here. [voice:fake] Two there."
WITH_HIBARI = f"{FAKES} [voice:default] And three is said by a voice of another kind."
# The first leg is over at once, the second takes its time, the third is never reached before that.
SLOW = "[voice:fake_a] {word} here. [voice:fake] [[slow:3]] {word} there. [voice:default] And three."


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("dialogue"),
        port=0,
        fake_engine=True,
        lease_s=3.0,
        sweep_s=1.0,
        stop_grace_s=5.0,
    )
    with Stack(
        settings,
        worker_groups=[WorkerGroup("fakes", ("fake", "stub"), 1), WorkerGroup("real", ("hibari",), 1)],
    ) as running:
        yield running


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        wait_for(lambda: client.get("/health").json()["workers_alive"] == 2, timeout_s=60)
        yield client


def begin(service: httpx.Client, text: str, **body: Any) -> str:
    answer = service.post(
        "/synthesize",
        json={"text": text, "voice_id": "hibari_heart", **body},
        params={"async_mode": "true"},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def job_of(service: httpx.Client, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = service.get(f"/jobs/{job_id}").json()
    return found


def ended(service: httpx.Client, job_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = job_of(service, job_id)
        return found if found["status"] in ("completed", "failed", "cancelled") else None

    found = wait_for(look, timeout_s=60)
    assert found is not None
    return found


def said(service: httpx.Client, job_id: str) -> list[tuple[str, str]]:
    """(voice, what it says) by the captions, whose moments only grow."""
    segments = service.get(f"/jobs/{job_id}/captions.json").json()["segments"]
    moments = [moment for one in segments for moment in (one["start_s"], one["end_s"])]
    assert moments == sorted(moments)
    return [(one["voice_id"], one["text"]) for one in segments]


def takes(stack: Stack, job_id: str) -> list[Path]:
    return sorted((stack.settings.data_dir / "outputs" / "audio").glob(f"{job_id}.*.take"))


def calls_for(stack: Stack, text: str) -> int:
    """How often a fake voice was asked to say it."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    log = stack.settings.data_dir / "fake" / "calls.log"
    return log.read_text().count(digest) if log.exists() else 0


def in_the_second_leg(stack: Stack, service: httpx.Client, word: str) -> str:
    """A job whose first voice has spoken and whose second one speaks."""
    job_id = begin(service, SLOW.format(word=word))
    wait_for(lambda: calls_for(stack, f"[[slow:3]] {word} there."), timeout_s=30)
    assert len(takes(stack, job_id)) == 1
    assert job_of(service, job_id)["status"] == "running"
    return job_id


def superseded(stack: Stack, job_id: str) -> bool:
    """The worker that spoke it has heard that it is over."""
    lines = (line for log in stack.logs.glob("fakes*.log") for line in log.read_text().splitlines())
    return any(job_id in line and ("superseded" in line or "stopped" in line) for line in lines)


def clean_later(stack: Stack) -> None:
    """As the cleanup does when what lies in the store has become old."""
    old = time.time() - ORPHAN_AGE_S - 60
    for path in (stack.settings.data_dir / "outputs" / "audio").iterdir():
        os.utime(path, (old, old))
    database = Database(stack.settings.database, role="worker")
    clean(database, Store(stack.settings.store), stack.settings)
    database.close()


def test_two_voices_take_turns(stack: Stack, service: httpx.Client) -> None:
    job_id = begin(service, FAKES, voice_id="fake")
    job = ended(service, job_id)
    assert (job["status"], job["warnings"], job["attempts"]) == ("completed", [], 1)
    assert said(service, job_id) == [("fake_a", "One here."), ("fake", "Two there.")]
    wait_for(lambda: not takes(stack, job_id), timeout_s=5)
    vtt = service.get(f"/jobs/{job_id}/captions.vtt").text
    assert vtt.index("<v fake_a>One here.") < vtt.index("<v fake>Two there.")


def test_three_models_of_two_workers_are_one_file(stack: Stack, service: httpx.Client) -> None:
    job_id = begin(service, WITH_HIBARI)
    job = ended(service, job_id)
    assert (job["status"], job["warnings"], job["attempts"]) == ("completed", [], 1)
    assert job["progress"]["segments_total"] == 3
    assert [voice for voice, _ in said(service, job_id)] == ["fake_a", "fake", "hibari_heart"]
    wait_for(lambda: not takes(stack, job_id), timeout_s=5)
    samples, rate_hz = soundfile.read(io.BytesIO(service.get(f"/jobs/{job_id}/audio").content))
    assert len(samples) / rate_hz == pytest.approx(job["duration_s"], abs=0.01)
    assert job["duration_s"] > 2.0


def test_the_order_of_the_text_is_not_that_of_the_queues(service: httpx.Client) -> None:
    text = "First the own one speaks. [voice:fake]Then this. [voice:default]Then the own one. [voice:fake_a]And that."
    job_id = begin(service, text)
    assert ended(service, job_id)["status"] == "completed"
    assert [voice for voice, _ in said(service, job_id)] == ["hibari_heart", "fake", "hibari_heart", "fake_a"]


def test_it_is_heard_whole_while_it_is_made(service: httpx.Client) -> None:
    """Who streams gets what the file holds."""
    asked = {"model": "tts-1", "input": WITH_HIBARI, "voice": "hibari_heart", "response_format": "pcm"}
    streamed = service.post("/v1/audio/speech", json=asked)
    assert streamed.status_code == 200, streamed.text
    job_id = begin(service, WITH_HIBARI, format="pcm")
    job = ended(service, job_id)
    assert job["status"] == "completed"
    assert len(streamed.content) / 48_000 == pytest.approx(job["duration_s"], rel=0.2)


def test_a_worker_killed_in_the_second_leg_costs_no_speech_of_the_first(
    stack: Stack, service: httpx.Client
) -> None:
    job_id = in_the_second_leg(stack, service, "Killed")
    (name,) = (name for name in stack.pids() if name.startswith("fakes"))
    os.kill(stack.pids()[name], signal.SIGKILL)
    job = ended(service, job_id)
    assert (job["status"], job["attempts"]) == ("completed", 2)
    assert said(service, job_id) == [
        ("fake_a", "Killed here."),
        ("fake", "[[slow:3]] Killed there."),
        ("hibari_heart", "And three."),
    ]
    assert calls_for(stack, "Killed here.") == 1
    assert calls_for(stack, "[[slow:3]] Killed there.") == 2
    wait_for(lambda: not takes(stack, job_id), timeout_s=5)


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_what_ends_in_the_middle_leaves_no_take_behind(stack: Stack, service: httpx.Client, how: str) -> None:
    job_id = in_the_second_leg(stack, service, how.title())
    if how == "cancel":
        assert service.post(f"/jobs/{job_id}/cancel").status_code == 200
    else:
        assert service.delete(f"/jobs/{job_id}").status_code == 200
    wait_for(lambda: superseded(stack, job_id), timeout_s=10)
    clean_later(stack)
    assert takes(stack, job_id) == []
    if how == "cancel":
        assert job_of(service, job_id)["status"] == "cancelled"
    else:
        assert service.get(f"/jobs/{job_id}").status_code == 410


def test_one_that_was_cancelled_begins_anew(stack: Stack, service: httpx.Client) -> None:
    job_id = in_the_second_leg(stack, service, "Again")
    assert service.post(f"/jobs/{job_id}/cancel").status_code == 200
    assert service.post(f"/jobs/{job_id}/retry").status_code == 202
    assert ended(service, job_id)["status"] == "completed"
    assert [voice for voice, _ in said(service, job_id)] == ["fake_a", "fake", "hibari_heart"]
    assert calls_for(stack, "Again here.") == 2
    clean_later(stack)
    assert takes(stack, job_id) == []


@pytest.mark.parametrize(
    ("tag", "status", "code"),
    [
        ("[voice:nobody]", 404, "voice_not_found"),
        ("[voice:]", 400, "invalid_tag"),
        ("[pause:forever]", 400, "invalid_tag"),
    ],
)
def test_a_tag_that_is_refused_queues_nothing(
    service: httpx.Client, tag: str, status: int, code: str
) -> None:
    jobs = service.get("/jobs").json()
    answer = service.post("/synthesize", json={"text": f"One here. {tag} Two.", "voice_id": "hibari_heart"})
    assert answer.status_code == status
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, "text")
    assert service.get("/jobs").json() == jobs
