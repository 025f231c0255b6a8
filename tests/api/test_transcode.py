"""POST /jobs/{id}/transcode: requesting, waiting, errors, serving and deletion."""

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
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.waiting import wait_for

AUDIO = b"\xff\xf3" + bytes(range(200)) * 40
WAIT_S = 3.0


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"sync_wait_s": WAIT_S})) as running:
        wait_for(lambda: running.client.get("/health").json()["broker_ok"])
        yield running


@pytest.fixture
def job_id(gateway: RunningGateway) -> str:
    """The id of a completed job with WAV audio."""
    made = gateway.submit()
    gateway.complete(made)
    return made


class PendingRequest:
    """A request in a thread."""

    def __init__(self, gateway: RunningGateway, job_id: str, audio_format: str = "mp3") -> None:
        self._answers: list[httpx.Response] = []
        self._thread = threading.Thread(target=self._run, args=(gateway, job_id, audio_format))
        self._thread.start()
        wait_for(lambda: find(gateway, job_id, audio_format))

    def _run(self, gateway: RunningGateway, job_id: str, audio_format: str) -> None:
        self._answers.append(request_rendition(gateway, job_id, audio_format))

    def response(self) -> httpx.Response:
        self._thread.join(10)
        return self._answers[0]


def request_rendition(gateway: RunningGateway, job_id: str, audio_format: str = "mp3") -> httpx.Response:
    return gateway.client.post(f"/jobs/{job_id}/transcode", json={"format": audio_format})


def find(gateway: RunningGateway, job_id: str, audio_format: str) -> Any:
    with gateway.database.read() as connection:
        return renditions.find(connection, job_id, audio_format=audio_format, owner="local")


def claim_rendition(gateway: RunningGateway, job_id: str, audio_format: str = "mp3") -> ClaimedRendition:
    arguments: dict[str, Any] = {"formats": ("wav", audio_format), "worker_id": "ops", "lease_s": 30.0}
    with gateway.database.write() as connection:
        claim = renditions.claim(connection, job_id, audio_format=audio_format, **arguments)
    assert claim is not None
    return claim


def complete(gateway: RunningGateway, claim: ClaimedRendition, *, publish: bool = True) -> None:
    """Complete a rendition as a worker does."""
    key = audio_key(claim.job_id, attempt=claim.lease.attempt, extension=claim.format)
    gateway.store.put(key, io.BytesIO(AUDIO))
    made = RenditionAudio(key, "a" * 64, "b" * 64, 24_000, claim.duration_s, len(AUDIO))
    with gateway.database.write() as connection:
        assert renditions.finish(connection, claim, made)
    if publish:
        gateway.publish_event(claim.topic, "completed")


def fail(gateway: RunningGateway, claim: ClaimedRendition, code: str) -> None:
    with gateway.database.write() as connection:
        assert renditions.fail(connection, claim, code=code, message="It did not work.")
    gateway.publish_event(claim.topic, "failed", code=code)


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_waiting_request_returns_and_the_result_is_served(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    complete(gateway, claim_rendition(gateway, job_id))
    response = pending.response()
    path = f"/jobs/{job_id}/audio?format=mp3"
    assert response.status_code == 200
    assert response.json() == {
        "job_id": job_id,
        "format": "mp3",
        "status": "completed",
        "audio_url": path,
        "size_bytes": len(AUDIO),
        "duration_s": 0.1,
    }
    assert request_rendition(gateway, job_id).json() == response.json()

    whole = gateway.client.get(path)
    assert (whole.content, whole.headers["content-type"]) == (AUDIO, "audio/mpeg")
    assert whole.headers["content-disposition"].startswith(f'inline; filename="oratio-{job_id}.mp3"; ')
    part = gateway.client.get(path, headers={"Range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, AUDIO[2:10])
    unchanged = gateway.client.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert unchanged.status_code == 304
    head = gateway.client.head(f"{path}&download=1")
    assert head.headers["content-disposition"].startswith("attachment;")
    assert (head.headers["content-length"], head.content) == (str(len(AUDIO)), b"")
    # The original is unchanged.
    assert gateway.client.get(f"/jobs/{job_id}/audio").headers["content-type"] == "audio/wav"


def test_a_lost_event_only_delays_the_response(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    complete(gateway, claim_rendition(gateway, job_id), publish=False)
    assert pending.response().status_code == 200


def test_a_wait_that_times_out_is_a_202_and_can_be_repeated(gateway: RunningGateway, job_id: str) -> None:
    queued = request_rendition(gateway, job_id)
    assert (queued.status_code, queued.json()["status"]) == (202, "queued")
    assert queued.headers["location"] == f"/jobs/{job_id}/audio?format=mp3"
    assert queued.json()["audio_url"] is None
    claim = claim_rendition(gateway, job_id)
    pending = PendingRequest(gateway, job_id)
    assert error_of(gateway.client.get(queued.headers["location"])) == (409, "not_transcoded")
    complete(gateway, claim)
    assert pending.response().status_code == 200
    assert gateway.client.get(queued.headers["location"]).status_code == 200


def test_the_original_format_is_always_available(gateway: RunningGateway, job_id: str) -> None:
    response = request_rendition(gateway, job_id, "wav")
    assert (response.status_code, response.json()["audio_url"]) == (200, f"/jobs/{job_id}/audio")
    assert find(gateway, job_id, "wav") is None
    assert gateway.client.get(f"/jobs/{job_id}/audio?format=wav").status_code == 200


def test_a_failed_rendition_can_be_requested_again(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    fail(gateway, claim_rendition(gateway, job_id), "storage_full")
    assert error_of(pending.response()) == (502, "storage_full")
    assert pending.response().json()["error"]["job_id"] == job_id
    again = PendingRequest(gateway, job_id)
    wait_for(lambda: find(gateway, job_id, "mp3").status == "queued")
    complete(gateway, claim_rendition(gateway, job_id))
    assert again.response().status_code == 200


def test_a_rendition_of_a_removed_recording_is_gone(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    fail(gateway, claim_rendition(gateway, job_id), "audio_gone")
    assert error_of(pending.response()) == (410, "audio_gone")


def test_a_deletion_while_waiting_is_an_error(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    assert gateway.client.delete(f"/jobs/{job_id}").status_code == 200
    assert error_of(pending.response()) == (410, "deleted")
    assert error_of(request_rendition(gateway, job_id)) == (410, "deleted")
    assert error_of(gateway.client.get(f"/jobs/{job_id}/audio?format=mp3")) == (410, "deleted")


def test_deleting_a_recording_deletes_every_format(gateway: RunningGateway, job_id: str) -> None:
    pending = PendingRequest(gateway, job_id)
    complete(gateway, claim_rendition(gateway, job_id))
    assert pending.response().status_code == 200
    assert len(gateway.files()) == 2
    assert gateway.client.delete(f"/history/{job_id}").status_code == 200
    assert gateway.files() == []


def test_impossible_renditions_are_rejected(gateway: RunningGateway, job_id: str) -> None:
    unknown = gateway.client.post(f"/jobs/{job_id}/transcode", json={"format": "midi"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "format")
    assert gateway.client.get(f"/jobs/{job_id}/audio?format=midi").status_code == 400
    queued = gateway.submit()
    assert error_of(request_rendition(gateway, queued)) == (409, "audio_not_ready")
    assert error_of(gateway.client.get(f"/jobs/{queued}/audio?format=mp3")) == (409, "audio_not_ready")
    assert request_rendition(gateway, "0199b6a1-7c1e-7d3a-9f52-0c2b6a4e8d11").status_code == 404


def test_a_format_without_an_ops_worker_is_rejected(gateway: RunningGateway, job_id: str) -> None:
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
    # The gateway reads the workers every two seconds.
    wait_for(lambda: request_rendition(gateway, job_id, "aac").status_code == 400)
    assert error_of(request_rendition(gateway, job_id, "opus")) == (400, "format_unavailable")
    assert find(gateway, job_id, "opus") is None
