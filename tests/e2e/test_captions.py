"""What is being spoken is told while it is spoken, by a real service: see GET /jobs/{id}/events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings
from tests.api.test_events import Message, parse

TWENTY = " ".join(f"This is sentence {number}, and it goes past the old stone mill." for number in range(20))
# The engine that does what its text says: one sentence takes a moment, the tenth ends its worker at first.
SLOW = " ".join(f"[[slow:0.2]] Number {number} is slow." for number in range(8))
DEADLY = " ".join(f"[[slow:0.05]] Number {number}{' [[die:1]]' * (number == 9)}." for number in range(14))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("cues")
    settings = Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=folder / "models",
        hf_token=None,
        port=0,
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


def queue(client: httpx.Client, text: str, voice_id: str) -> str:
    body = {"text": text, "voice_id": voice_id}
    answer = client.post("/synthesize", json=body, params={"async_mode": "true"})
    return str(answer.json()["job_id"])


@contextmanager
def events(client: httpx.Client, job_id: str) -> Iterator[Iterator[Message]]:
    with client.stream("GET", f"/jobs/{job_id}/events") as answer:
        yield parse(answer.iter_lines())


class Page:
    """What a page knows that follows a job as the README says."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.cues: list[Any] = []
        self.attempt = 0

    def hear(self, message: Message) -> None:
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


def follow(client: httpx.Client, job_id: str) -> Page:
    page = Page()
    with events(client, job_id) as coming:
        for message in coming:
            page.hear(message)
    return page


def same_as_captions(client: httpx.Client, job_id: str, cues: list[Any], text: str) -> None:
    segments = client.get(f"/jobs/{job_id}/captions.json").json()["segments"]
    assert [cue[2:] for cue in cues] == [[one["start"], one["end"]] for one in segments]
    for (start_s, end_s, *_), one in zip(cues, segments, strict=True):
        assert start_s == pytest.approx(one["start_s"], abs=0.05)
        assert end_s == pytest.approx(one["end_s"], abs=0.05)
    spoken = {place for _, _, start, end in cues for place in range(start, end)}
    assert {place for place, character in enumerate(text) if character.isalnum()} <= spoken


def test_cues_come_in_order_and_are_those_of_the_captions(client: httpx.Client) -> None:
    job_id = queue(client, TWENTY, "hibari_heart")
    page = follow(client, job_id)
    assert page.names[-1] == "completed"
    assert page.names.count("progress") >= 18
    assert len(page.cues) == 20
    assert page.cues == sorted(page.cues)
    same_as_captions(client, job_id, page.cues, TWENTY)


def test_a_page_that_is_loaded_anew_goes_on(client: httpx.Client) -> None:
    job_id = queue(client, SLOW, "fake")
    first, again = Page(), Page()
    with events(client, job_id) as coming:
        for message in coming:
            first.hear(message)
            if len(first.cues) == 3:
                break
    with events(client, job_id) as coming:
        for message in coming:
            again.hear(message)
            if message.name == "snapshot":
                assert 3 <= len(again.cues) < 8
                assert again.cues[:3] == first.cues
    assert again.names[-1] == "completed"
    same_as_captions(client, job_id, again.cues, SLOW)
    # Also from what is left when it has ended.
    assert follow(client, job_id).cues == again.cues


def test_another_attempt_begins_with_none(client: httpx.Client) -> None:
    job_id = queue(client, DEADLY, "fake")
    page = Page()
    most = 0
    with events(client, job_id) as coming:
        for message in coming:
            if message.name == "retrying":
                most = len(page.cues)
            page.hear(message)
    assert most >= 3
    assert (page.names.count("retrying"), page.names[-1]) == (1, "completed")
    same_as_captions(client, job_id, page.cues, DEADLY)
