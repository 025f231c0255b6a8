"""Recordings in other formats, by a real service: the same sound, whoever dies or deletes meanwhile."""

import os
import signal
import threading
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
from tests.support.decoding import by_pyav
from tests.support.fleet import WorkerFleet, open_worker_fleet
from tests.support.waiting import wait_for
from worker.encoding import CODEC_DELAY

LOSSLESS = ("wav", "flac", "pcm")
TEXT = "Good morning to everyone. The river runs quietly past the old stone mill, and nobody minds."
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
    """Another ops worker beside that of the stack, which is started again when it dies."""
    with open_worker_fleet(stack.settings, tmp_path / "logs") as workers:
        workers.start(ops(stack.settings, name="ops-2"))
        workers.wait_announced(workers.children["ops-2"].pid)
        yield workers


def speak(client: httpx.Client, text: str = TEXT, **body: Any) -> str:
    answer = client.post("/synthesize", json={"text": text, "seed": 5} | body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["job_id"])


def heard(client: httpx.Client, job_id: str, audio_format: str) -> NDArray[np.float32]:
    """From where its sound begins, at the 24 kHz of the voice."""
    answer = client.get(f"/jobs/{job_id}/audio", params={"format": audio_format})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPES[audio_format][0]
    samples, rate_hz = by_pyav(answer.content, audio_format)
    # FFmpeg gives Opus at the rate of its codec.
    samples = samples[:: rate_hz // 24_000]
    return samples[CODEC_DELAY[audio_format].before :]


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Of two sounds, sample by sample: 1 when one is the other."""
    count = min(len(one), len(other))
    return float(np.corrcoef(one[:count], other[:count])[0, 1])


def rendition(database: Database, job_id: str) -> Any:
    with database.read() as connection:
        return connection.execute(
            select(*Rendition.__table__.columns).where(Rendition.job_id == job_id)
        ).first()


def names(stack: Stack, job_id: str) -> list[str]:
    folder = stack.settings.data_dir / "outputs" / "audio"
    return sorted(path.name for path in folder.glob(f"{job_id}*"))


@pytest.mark.parametrize("own", MEDIA_TYPES)
def test_every_format_becomes_every_other(stack: Stack, client: httpx.Client, own: str) -> None:
    job_id = speak(client, format=own)
    original = heard(client, job_id, own)
    duration_s = client.get(f"/jobs/{job_id}").json()["duration_s"]
    for other in MEDIA_TYPES:
        said = client.post(f"/jobs/{job_id}/transcode", json={"format": other})
        assert said.status_code == 200, said.text
        path = f"/jobs/{job_id}/audio" + (f"?format={other}" if other != own else "")
        body = said.json()
        assert (body["status"], body["audio_url"]) == ("completed", path)
        assert body["duration_s"] == duration_s
        assert body["size_bytes"] == int(client.head(path).headers["content-length"])
        sound = heard(client, job_id, other)
        whole = round(duration_s * 24_000)
        assert whole <= len(sound) <= whole + CODEC_DELAY[other].added + CODEC_DELAY[other].frame
        # Opus as FFmpeg reads it is a fraction of a sample beside what libopus gives at 24 kHz.
        least = 0.95 if other not in LOSSLESS else 0.97 if own == "opus" else 0.9999
        assert likeness(sound[:whole], original[:whole]) > least, other
    assert len(names(stack, job_id)) == len(MEDIA_TYPES)


def test_between_formats_that_lose_nothing_nothing_is_lost(client: httpx.Client) -> None:
    job_id = speak(client)
    for other in ("flac", "pcm"):
        assert client.post(f"/jobs/{job_id}/transcode", json={"format": other}).status_code == 200
        assert np.array_equal(heard(client, job_id, other), heard(client, job_id, "wav"))


def test_a_long_one_is_told_to_go_on_and_outlives_its_worker(
    stack: Stack, client: httpx.Client, database: Database, second_ops: WorkerFleet
) -> None:
    job_id = speak(client, LONG, voice_id="fake")
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(client.post(f"/jobs/{job_id}/transcode", json={"format": "opus"}))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    row = wait_for(lambda: (row := rendition(database, job_id)) and row.status == "running" and row)
    assert client.get(f"/jobs/{job_id}/audio?format=opus").json()["error"]["code"] == "not_transcoded"
    os.kill(int(row.worker_id.rpartition(":")[2]), signal.SIGKILL)
    for thread in asking:
        thread.join(60)

    assert [answer.status_code for answer in answers] == [200] * 3, [answer.text for answer in answers]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    ended = rendition(database, job_id)
    assert (ended.status, ended.attempt, ended.crashes) == ("completed", 2, 1)
    assert ended.worker_id != row.worker_id
    assert names(stack, job_id) == [f"{job_id}.1.wav", f"{job_id}.2.opus"]
    sound = heard(client, job_id, "opus")
    assert len(sound) == pytest.approx(answers[0].json()["duration_s"] * 24_000, abs=480)
    assert likeness(sound, heard(client, job_id, "wav")) > 0.9


def test_what_is_deleted_meanwhile_leaves_no_file(
    stack: Stack, client: httpx.Client, database: Database
) -> None:
    job_id = speak(client, LONG, voice_id="fake")
    answers: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: answers.append(client.post(f"/jobs/{job_id}/transcode", json={"format": "opus"}))
    )
    asking.start()
    wait_for(lambda: (row := rendition(database, job_id)) and row.status == "running")
    assert client.delete(f"/jobs/{job_id}").status_code == 200
    asking.join(30)
    assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (410, "deleted")
    wait_for(lambda: has_let_go(stack, job_id))
    assert names(stack, job_id) == []


def has_let_go(stack: Stack, job_id: str) -> bool:
    """Whether the ops worker has ended what it made of a job: at the end, in the middle, or without its source."""
    lines = (stack.logs / "ops.log").read_text().splitlines()
    ends = ("superseded", "stopped", "audio_gone")
    return any(job_id in line and end in line for line in lines for end in ends)


def test_a_worker_that_stops_hands_it_back(
    stack: Stack, client: httpx.Client, database: Database, second_ops: WorkerFleet
) -> None:
    job_id = speak(client, LONG, voice_id="fake")
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.post, f"/jobs/{job_id}/transcode", json={"format": "opus"})
        row = wait_for(lambda: (row := rendition(database, job_id)) and row.status == "running" and row)
        os.kill(int(row.worker_id.rpartition(":")[2]), signal.SIGTERM)
        assert asking.result(60).status_code == 200
    ended = rendition(database, job_id)
    assert (ended.status, ended.crashes) == ("completed", 0)


def test_what_was_made_goes_with_the_recording(stack: Stack, client: httpx.Client) -> None:
    job_id = speak(client)
    for other in ("mp3", "flac"):
        assert client.post(f"/jobs/{job_id}/transcode", json={"format": other}).status_code == 200
    assert len(names(stack, job_id)) == 3
    assert client.delete(f"/history/{job_id}").status_code == 200
    assert names(stack, job_id) == []
    for answer in (
        client.get(f"/jobs/{job_id}/audio?format=mp3"),
        client.post(f"/jobs/{job_id}/transcode", json={"format": "mp3"}),
    ):
        assert answer.status_code == 410


def test_the_sound_of_a_short_one_is_made_while_the_sweep_goes_on(
    stack: Stack, client: httpx.Client, database: Database
) -> None:
    """More at once than may be: each is made, and the ops worker hears its beat."""
    jobs = [speak(client, f"{number}. {LONG[:300]}", voice_id="fake") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(client.post, f"/jobs/{job_id}/transcode", json={"format": "mp3"}) for job_id in jobs
        ]
        assert [one.result(60).status_code for one in asked] == [200] * 4
