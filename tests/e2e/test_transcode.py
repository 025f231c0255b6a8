"""Transcoding with a real service: the audio stays the same, also when a worker dies or the recording is deleted."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from cli.service.processes import WorkerGroup, ops
from cli.service.stack import Stack
from common.db.database import Database
from common.db.tables import Rendition
from common.formats import MEDIA_TYPES
from common.settings import Settings
from tests.support.decoding import by_pyav, tags_of
from tests.support.fleet import WorkerFleet, open_worker_fleet
from tests.support.waiting import wait_for
from worker.encoding import CODEC_DELAY

LOSSLESS = ("wav", "flac", "pcm")
SHORT = "Good morning to everyone. The river runs quietly past the old stone mill, and nobody minds."
LONG = "Good morning. [pause:40s] Good night. " * 10


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("transcode")
    settings = Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=folder / "models",
        hf_token=None,
        port=0,
        engines=1,
        fake_engine=True,
        stop_grace_s=2,
        sweep_s=1,
        lease_s=3,
    )
    with Stack(settings, worker_groups=[WorkerGroup("worker", ("hibari", "fake", "stub"), 1)]) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as opened:
        yield opened


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    opened = Database(stack.settings.database, role="worker")
    yield opened
    opened.close()


@pytest.fixture
def second_ops(stack: Stack, tmp_path: Path) -> Iterator[WorkerFleet]:
    """A second ops worker. The stack restarts its own when that dies."""
    with open_worker_fleet(stack.settings, tmp_path / "logs") as workers:
        workers.start(ops(stack.settings, name="ops-2"))
        workers.wait_announced(workers.children["ops-2"].pid)
        yield workers


def speak(client: httpx.Client, text: str = SHORT, **body: Any) -> str:
    response = client.post("/synthesize", json={"text": text, "seed": 5} | body)
    assert response.status_code == 200, response.text
    return str(response.json()["job_id"])


def transcode(client: httpx.Client, job_id: str, audio_format: str) -> httpx.Response:
    return client.post(f"/jobs/{job_id}/transcode", json={"format": audio_format})


def get_samples(client: httpx.Client, job_id: str, audio_format: str) -> NDArray[np.float32]:
    """Return the samples at the voice's 24 kHz, without the delay of the codec."""
    response = client.get(f"/jobs/{job_id}/audio", params={"format": audio_format})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == MEDIA_TYPES[audio_format][0]
    samples, rate_hz = by_pyav(response.content, audio_format)
    # FFmpeg decodes Opus at 48 kHz, the rate of the codec.
    samples = samples[:: rate_hz // 24_000]
    return samples[CODEC_DELAY[audio_format].before :]


def correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Return the correlation of the samples over the shorter length; 1 if they are equal."""
    count = min(len(first), len(second))
    return float(np.corrcoef(first[:count], second[:count])[0, 1])


def get_rendition(database: Database, job_id: str) -> Any:
    with database.read() as connection:
        return connection.execute(
            select(*Rendition.__table__.columns).where(Rendition.job_id == job_id)
        ).first()


def wait_until_running(database: Database, job_id: str) -> Any:
    def running_rendition() -> Any:
        row = get_rendition(database, job_id)
        return row if row and row.status == "running" else None

    return wait_for(running_rendition)


def file_names(stack: Stack, job_id: str) -> list[str]:
    folder = stack.settings.data_dir / "outputs" / "audio"
    return sorted(path.name for path in folder.glob(f"{job_id}*"))


def pid_of(worker_id: str) -> int:
    """The process of a worker's id, which ends with `:{pid}-{random}`."""
    return int(worker_id.rpartition(":")[2].partition("-")[0])


@pytest.mark.parametrize("original_format", MEDIA_TYPES)
def test_every_format_is_transcoded_to_every_other(
    stack: Stack, client: httpx.Client, original_format: str
) -> None:
    job_id = speak(client, format=original_format)
    original = get_samples(client, job_id, original_format)
    duration_s = client.get(f"/jobs/{job_id}").json()["duration_s"]
    for target in MEDIA_TYPES:
        response = transcode(client, job_id, target)
        assert response.status_code == 200, response.text
        path = f"/jobs/{job_id}/audio" + (f"?format={target}" if target != original_format else "")
        body = response.json()
        assert (body["status"], body["audio_url"]) == ("completed", path)
        assert body["duration_s"] == duration_s
        assert body["size_bytes"] == int(client.head(path).headers["content-length"])
        if target in ("mp3", "flac", "opus"):
            title = client.get(f"/history/{job_id}").json()["title"]
            tags = tags_of(client.get(path).content, target)
            assert (tags["title"], tags["artist"]) == (title, "Heart")
        samples = get_samples(client, job_id, target)
        length = round(duration_s * 24_000)
        # AAC leaves out silence at the end.
        within = CODEC_DELAY[target].added + CODEC_DELAY[target].frame
        assert len(samples) == pytest.approx(length, abs=within)
        # FFmpeg's Opus samples are shifted by a fraction of a sample against those of libopus at 24 kHz.
        minimum = 0.95 if target not in LOSSLESS else 0.97 if original_format == "opus" else 0.9999
        assert correlation(samples[:length], original[:length]) > minimum, target
    assert len(file_names(stack, job_id)) == len(MEDIA_TYPES)


def test_transcoding_between_lossless_formats_loses_nothing(client: httpx.Client) -> None:
    job_id = speak(client)
    for target in ("flac", "pcm"):
        assert transcode(client, job_id, target).status_code == 200
        assert np.array_equal(get_samples(client, job_id, target), get_samples(client, job_id, "wav"))


def test_a_rendition_is_completed_after_its_worker_is_killed(
    stack: Stack, client: httpx.Client, database: Database, second_ops: WorkerFleet
) -> None:
    """Three requests wait for the same rendition and get the same response."""
    job_id = speak(client, LONG, voice_id="fake")
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(transcode, client, job_id, "opus") for _ in range(3)]
        first_attempt = wait_until_running(database, job_id)
        early = client.get(f"/jobs/{job_id}/audio?format=opus")
        assert early.json()["error"]["code"] == "not_transcoded"
        os.kill(pid_of(first_attempt.worker_id), signal.SIGKILL)
        responses = [request.result(60) for request in requests]

    assert [response.status_code for response in responses] == [200] * 3, [r.text for r in responses]
    assert responses[0].json() == responses[1].json() == responses[2].json()
    completed = get_rendition(database, job_id)
    assert (completed.status, completed.attempt, completed.crashes) == ("completed", 2, 1)
    assert completed.worker_id != first_attempt.worker_id
    assert file_names(stack, job_id) == [f"{job_id}.1.wav", f"{job_id}.2.opus"]
    samples = get_samples(client, job_id, "opus")
    assert len(samples) == pytest.approx(responses[0].json()["duration_s"] * 24_000, abs=480)
    assert correlation(samples, get_samples(client, job_id, "wav")) > 0.9


def test_deleting_a_recording_while_it_is_transcoded_leaves_no_file(
    stack: Stack, client: httpx.Client, database: Database
) -> None:
    job_id = speak(client, LONG, voice_id="fake")
    with ThreadPoolExecutor(1) as pool:
        request = pool.submit(transcode, client, job_id, "opus")
        wait_until_running(database, job_id)
        assert client.delete(f"/jobs/{job_id}").status_code == 200
        response = request.result(30)
    assert (response.status_code, response.json()["error"]["code"]) == (410, "deleted")
    wait_for(lambda: is_abandoned(stack, job_id))
    assert file_names(stack, job_id) == []


def is_abandoned(stack: Stack, job_id: str) -> bool:
    """Return whether the ops worker has logged that it no longer transcodes this job's audio."""
    lines = (stack.logs / "ops.log").read_text().splitlines()
    reasons = ("superseded", "stopped", "audio_gone")
    return any(job_id in line and reason in line for line in lines for reason in reasons)


def test_a_worker_that_stops_releases_its_rendition(
    stack: Stack, client: httpx.Client, database: Database, second_ops: WorkerFleet
) -> None:
    job_id = speak(client, LONG, voice_id="fake")
    with ThreadPoolExecutor(1) as pool:
        request = pool.submit(transcode, client, job_id, "opus")
        first_attempt = wait_until_running(database, job_id)
        os.kill(pid_of(first_attempt.worker_id), signal.SIGTERM)
        assert request.result(60).status_code == 200
    completed = get_rendition(database, job_id)
    assert (completed.status, completed.crashes) == ("completed", 0)


def test_deleting_a_recording_deletes_its_renditions(stack: Stack, client: httpx.Client) -> None:
    job_id = speak(client)
    for target in ("mp3", "flac"):
        assert transcode(client, job_id, target).status_code == 200
    assert len(file_names(stack, job_id)) == 3
    assert client.delete(f"/history/{job_id}").status_code == 200
    assert file_names(stack, job_id) == []
    assert client.get(f"/jobs/{job_id}/audio?format=mp3").status_code == 410
    assert transcode(client, job_id, "mp3").status_code == 410


def test_more_simultaneous_requests_than_transcoding_threads_all_complete(client: httpx.Client) -> None:
    job_ids = [speak(client, f"{number}. {LONG[:300]}", voice_id="fake") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        requests = [pool.submit(transcode, client, job_id, "mp3") for job_id in job_ids]
        assert [request.result(60).status_code for request in requests] == [200] * 4
