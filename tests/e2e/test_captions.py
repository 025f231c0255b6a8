"""`progress` events of a real service contain the captions of the segments spoken so far: GET /jobs/{id}/events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings
from tests.api.test_events import Message, parse

TWENTY_SENTENCES = " ".join(
    f"This is sentence {number}, and it goes past the old stone mill." for number in range(20)
)
# Texts for the fake engine: each sentence takes a moment, and the tenth fails once in FLAKY and ends its engine process
# once in CRASHING.
SLOW = " ".join(f"[[slow:0.2]] Number {number} is slow." for number in range(8))
FLAKY = " ".join(f"[[slow:0.05]] Part {number}{' [[flaky:1]]' * (number == 9)}." for number in range(14))
CRASHING = " ".join(f"[[slow:0.05]] Number {number}{' [[die:1]]' * (number == 9)}." for number in range(14))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("captions")
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
        lease_s=2,
    )
    with Stack(settings, worker_groups=[WorkerGroup("worker", ("hibari", "fake", "stub"), 1)]) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as opened:
        yield opened


def submit(client: httpx.Client, text: str, voice_id: str) -> str:
    body = {"text": text, "voice_id": voice_id}
    response = client.post("/synthesize", json=body, params={"async_mode": "true"})
    return str(response.json()["job_id"])


@contextmanager
def events(client: httpx.Client, job_id: str) -> Iterator[Iterator[Message]]:
    with client.stream("GET", f"/jobs/{job_id}/events") as response:
        yield parse(response.iter_lines())


class JobFollower:
    """A client that collects the captions of a job from its events, as the README describes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.cues: list[Any] = []
        self.attempt = 0

    def receive(self, message: Message) -> None:
        self.names.append(message.name)
        if message.name == "snapshot":
            self.cues = list(message.data["spoken"])
        elif message.name in ("queued", "retrying"):
            self.cues = []
        elif (attempt := message.data.get("attempt", 0)) > self.attempt:
            self.cues = self.cues if self.attempt == 0 else []
            self.attempt = attempt
        if message.name == "progress":
            self.cues += message.data["cues"]


def follow(client: httpx.Client, job_id: str) -> JobFollower:
    follower = JobFollower()
    with events(client, job_id) as messages:
        for message in messages:
            follower.receive(message)
    return follower


def assert_same_as_captions(client: httpx.Client, job_id: str, cues: list[Any], text: str) -> None:
    segments = client.get(f"/jobs/{job_id}/captions.json").json()["segments"]
    assert [cue[2:] for cue in cues] == [[segment["start"], segment["end"]] for segment in segments]
    for (start_s, end_s, *_), segment in zip(cues, segments, strict=True):
        assert start_s == pytest.approx(segment["start_s"], abs=0.05)
        assert end_s == pytest.approx(segment["end_s"], abs=0.05)
    covered = {index for _, _, start, end in cues for index in range(start, end)}
    assert {index for index, character in enumerate(text) if character.isalnum()} <= covered


def test_cues_of_progress_events_match_the_captions(client: httpx.Client) -> None:
    job_id = submit(client, TWENTY_SENTENCES, "hibari_heart")
    follower = follow(client, job_id)
    assert follower.names[-1] == "completed"
    assert follower.names.count("progress") >= 18
    assert len(follower.cues) == 20
    assert follower.cues == sorted(follower.cues)
    assert_same_as_captions(client, job_id, follower.cues, TWENTY_SENTENCES)


def test_a_client_that_reconnects_gets_earlier_cues_in_the_snapshot(client: httpx.Client) -> None:
    job_id = submit(client, SLOW, "fake")
    first, second = JobFollower(), JobFollower()
    with events(client, job_id) as messages:
        for message in messages:
            first.receive(message)
            if len(first.cues) == 3:
                break
    with events(client, job_id) as messages:
        for message in messages:
            second.receive(message)
            if message.name == "snapshot":
                assert 3 <= len(second.cues) < 8
                assert second.cues[:3] == first.cues
    assert second.names[-1] == "completed"
    assert_same_as_captions(client, job_id, second.cues, SLOW)
    # A client that connects after the end gets the same cues.
    assert follow(client, job_id).cues == second.cues


def test_a_new_attempt_starts_without_cues(client: httpx.Client) -> None:
    job_id = submit(client, FLAKY, "fake")
    follower = JobFollower()
    cues_before_retry = 0
    with events(client, job_id) as messages:
        for message in messages:
            if message.name == "retrying":
                cues_before_retry = len(follower.cues)
            follower.receive(message)
    assert cues_before_retry >= 3
    assert (follower.names.count("retrying"), follower.names[-1]) == (1, "completed")
    assert_same_as_captions(client, job_id, follower.cues, FLAKY)


def test_an_engine_process_that_dies_repeats_no_cues(client: httpx.Client) -> None:
    job_id = submit(client, CRASHING, "fake")
    follower = follow(client, job_id)
    assert ("retrying" in follower.names, follower.names[-1]) == (False, "completed")
    assert_same_as_captions(client, job_id, follower.cues, CRASHING)
