"""POST /jobs/{id}/transcode and what it makes: asked for, waited for, refused, served, gone."""

import io
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from common import worker_registry
from common.recordings import renditions
from common.recordings.renditions import ClaimedRendition, RenditionAudio
from common.settings import Settings
from common.store import audio_key
from common.worker_registry import OPS_FLAVOUR, Announcement
from tests.support.gateway import Running, run_gateway
from tests.support.waiting import wait_for

SOUND = b"\xff\xf3" + bytes(range(200)) * 40
WAIT_S = 3.0


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"sync_wait_s": WAIT_S})) as running:
        wait_for(lambda: running.client.get("/health").json()["broker_ok"])
        yield running


@pytest.fixture
def job_id(gateway: Running) -> str:
    """Of a WAV."""
    made = gateway.queue()
    gateway.complete(made)
    return made


class Asking:
    """A request in a thread of its own."""

    def __init__(self, gateway: Running, job_id: str, audio_format: str = "mp3") -> None:
        self._answers: list[httpx.Response] = []
        self._thread = threading.Thread(target=self._ask, args=(gateway, job_id, audio_format))
        self._thread.start()
        wait_for(lambda: _stands(gateway, job_id, audio_format))

    def _ask(self, gateway: Running, job_id: str, audio_format: str) -> None:
        self._answers.append(ask(gateway, job_id, audio_format))

    def answer(self) -> httpx.Response:
        self._thread.join(10)
        return self._answers[0]


def ask(gateway: Running, job_id: str, audio_format: str = "mp3") -> httpx.Response:
    return gateway.client.post(f"/jobs/{job_id}/transcode", json={"format": audio_format})


def _stands(gateway: Running, job_id: str, audio_format: str) -> Any:
    with gateway.database.read() as connection:
        return renditions.find(connection, job_id, audio_format=audio_format, owner="local")


def begin(gateway: Running, job_id: str, audio_format: str = "mp3") -> ClaimedRendition:
    given: dict[str, Any] = {"formats": ("wav", audio_format), "worker_id": "ops", "lease_s": 30.0}
    with gateway.database.write() as connection:
        claim = renditions.claim(connection, job_id, audio_format=audio_format, **given)
    assert claim is not None
    return claim


def make(gateway: Running, claim: ClaimedRendition, *, tell: bool = True) -> None:
    """As a worker does."""
    key = audio_key(claim.job_id, attempt=claim.lease.attempt, extension=claim.format)
    gateway.store.put(key, io.BytesIO(SOUND))
    made = RenditionAudio(key, "a" * 64, "b" * 64, 24_000, claim.duration_s, len(SOUND))
    with gateway.database.write() as connection:
        assert renditions.finish(connection, claim, made)
    if tell:
        gateway.tell(claim.topic, "completed")


def fail(gateway: Running, claim: ClaimedRendition, code: str) -> None:
    with gateway.database.write() as connection:
        assert renditions.fail(connection, claim, code=code, message="It did not work.")
    gateway.tell(claim.topic, "failed", code=code)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_who_waits_hears_of_it_and_has_it_served(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    make(gateway, begin(gateway, job_id))
    answer = asking.answer()
    path = f"/jobs/{job_id}/audio?format=mp3"
    assert answer.status_code == 200
    assert answer.json() == {
        "job_id": job_id,
        "format": "mp3",
        "status": "completed",
        "audio_url": path,
        "size_bytes": len(SOUND),
        "duration_s": 0.1,
    }
    assert ask(gateway, job_id).json() == answer.json()

    whole = gateway.client.get(path)
    assert (whole.content, whole.headers["content-type"]) == (SOUND, "audio/mpeg")
    assert whole.headers["content-disposition"].startswith(f'inline; filename="oratio-{job_id}.mp3"; ')
    part = gateway.client.get(path, headers={"Range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, SOUND[2:10])
    known = gateway.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert known.status_code == 304
    head = gateway.client.head(f"{path}&download=1")
    assert head.headers["content-disposition"].startswith("attachment;")
    assert (head.headers["content-length"], head.content) == (str(len(SOUND)), b"")
    # The first one is what it was.
    assert gateway.client.get(f"/jobs/{job_id}/audio").headers["content-type"] == "audio/wav"


def test_an_event_that_is_lost_costs_two_seconds(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    make(gateway, begin(gateway, job_id), tell=False)
    assert asking.answer().status_code == 200


def test_what_takes_longer_says_where_it_will_be_and_is_waited_for_again(
    gateway: Running, job_id: str
) -> None:
    waits = ask(gateway, job_id)
    assert (waits.status_code, waits.json()["status"]) == (202, "queued")
    assert waits.headers["location"] == f"/jobs/{job_id}/audio?format=mp3"
    assert waits.json()["audio_url"] is None
    claim = begin(gateway, job_id)
    asking = Asking(gateway, job_id)
    assert refusal(gateway.client.get(waits.headers["location"])) == (409, "not_transcoded")
    make(gateway, claim)
    assert asking.answer().status_code == 200
    assert gateway.client.get(waits.headers["location"]).status_code == 200


def test_its_own_format_is_there_already(gateway: Running, job_id: str) -> None:
    answer = ask(gateway, job_id, "wav")
    assert (answer.status_code, answer.json()["audio_url"]) == (200, f"/jobs/{job_id}/audio")
    assert _stands(gateway, job_id, "wav") is None
    assert gateway.client.get(f"/jobs/{job_id}/audio?format=wav").status_code == 200


def test_one_that_failed_says_why_and_may_be_asked_for_again(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    fail(gateway, begin(gateway, job_id), "storage_full")
    assert refusal(asking.answer()) == (502, "storage_full")
    assert asking.answer().json()["error"]["job_id"] == job_id
    again = Asking(gateway, job_id)
    wait_for(lambda: _stands(gateway, job_id, "mp3").status == "queued")
    make(gateway, begin(gateway, job_id))
    assert again.answer().status_code == 200


def test_one_whose_recording_is_gone_is_gone(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    fail(gateway, begin(gateway, job_id), "audio_gone")
    assert refusal(asking.answer()) == (410, "audio_gone")


def test_deletion_meanwhile_is_told(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    assert gateway.client.delete(f"/jobs/{job_id}").status_code == 200
    assert refusal(asking.answer()) == (410, "deleted")
    assert refusal(ask(gateway, job_id)) == (410, "deleted")
    assert refusal(gateway.client.get(f"/jobs/{job_id}/audio?format=mp3")) == (410, "deleted")


def test_deleting_takes_every_format_at_once(gateway: Running, job_id: str) -> None:
    asking = Asking(gateway, job_id)
    make(gateway, begin(gateway, job_id))
    assert asking.answer().status_code == 200
    assert len(gateway.files()) == 2
    assert gateway.client.delete(f"/history/{job_id}").status_code == 200
    assert gateway.files() == []


def test_what_cannot_be_made_is_refused(gateway: Running, job_id: str) -> None:
    unknown = gateway.client.post(f"/jobs/{job_id}/transcode", json={"format": "midi"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "format")
    assert gateway.client.get(f"/jobs/{job_id}/audio?format=midi").status_code == 400
    waits = gateway.queue()
    assert refusal(ask(gateway, waits)) == (409, "audio_not_ready")
    assert refusal(gateway.client.get(f"/jobs/{waits}/audio?format=mp3")) == (409, "audio_not_ready")
    assert ask(gateway, "0199b6a1-7c1e-7d3a-9f52-0c2b6a4e8d11").status_code == 404


def test_a_format_that_no_ops_worker_knows_is_refused_as_it_is_to_speakers(
    gateway: Running, job_id: str
) -> None:
    ops = Announcement(
        id="ops@here:1",
        flavour=OPS_FLAVOUR,
        version="0",
        device="cpu",
        pid=1,
        formats=("wav", "flac", "mp3"),
    )
    with gateway.database.write() as connection:
        worker_registry.announce(connection, ops)
    # What the gateway knows of workers may be two seconds old.
    wait_for(lambda: ask(gateway, job_id, "aac").status_code == 400)
    assert refusal(ask(gateway, job_id, "opus")) == (400, "format_unavailable")
    assert _stands(gateway, job_id, "opus") is None
