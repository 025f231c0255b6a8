"""HEAD on every path that serves GET, and slashes at the end of paths."""

import json
from collections.abc import Iterator

import httpx
import pytest

from common import downloads
from common.ids import new_id
from common.messaging.audio_window import listeners_key
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.routes import documented_routes, fill, read_paths

# Headers whose value differs from one response to the next, and those that only describe the body.
CHANGING = {"date", "x-request-id", "content-security-policy", "content-length"}
OF_BODY = {"transfer-encoding"}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        yield running


def existing_ids(gateway: RunningGateway) -> dict[str, str]:
    """Create a finished job and a download."""
    job_id = gateway.submit()
    gateway.complete(job_id)
    with gateway.database.write() as connection:
        download_id = downloads.request(
            connection, new_id=new_id(), model="mms", item="mms_fra", bytes_total=0
        )[0]
    return {"job_id": job_id, "download_id": download_id, "model_id": "tts-1", "voice_id": "fake"}


def get_headers(gateway: RunningGateway, path: str, **headers: str) -> httpx.Response:
    """GET without reading the body, which may never end."""
    with gateway.client.stream("GET", path, headers=headers) as response:
        return response


def test_every_get_path_answers_head_with_the_same_headers(gateway: RunningGateway) -> None:
    ids = existing_ids(gateway)
    for values in (ids, dict.fromkeys(ids, "unknown")):
        for path in (fill(path, values) for path in read_paths()):
            head, get = gateway.client.head(path), get_headers(gateway, path)
            assert head.status_code == get.status_code, path
            assert head.content == b""
            assert set(head.headers) == set(get.headers) - OF_BODY, path
            for name in set(head.headers) - CHANGING:
                assert head.headers[name] == get.headers[name], (path, name)


def test_head_of_a_job_that_has_not_ended_starts_nothing(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    events = gateway.client.head(f"/jobs/{job_id}/events")
    assert (events.status_code, events.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    for stream_format, media_type in (("audio", "audio/wav"), ("sse", "text/event-stream; charset=utf-8")):
        # GET would wait for audio, and cancel the job when the client leaves.
        stream = gateway.client.head(f"/jobs/{job_id}/stream?stream_format={stream_format}")
        assert (stream.status_code, stream.headers["content-type"]) == (200, media_type)
        assert stream.headers["x-oratio-job-id"] == job_id
    assert not gateway.redis.exists(listeners_key(job_id, prefix=gateway.settings.queue_prefix))
    assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "queued"


def test_head_and_get_share_a_connection(gateway: RunningGateway) -> None:
    """A body after HEAD would be taken for the next response."""
    for _ in range(3):
        for path in ("/health", "/jobs", "/docs", "/openapi.json", "/nothing"):
            assert gateway.client.head(path).status_code == gateway.client.get(path).status_code


def test_head_of_a_path_without_get_is_refused(gateway: RunningGateway) -> None:
    response = gateway.client.head("/maintenance/cleanup")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("prefix", ["", "/speech"])
def test_every_path_is_served_with_a_slash_at_its_end(settings: Settings, prefix: str) -> None:
    with run_gateway(settings.model_copy(update={"root_path": prefix})) as gateway:
        ids = existing_ids(gateway)
        for method, template in documented_routes():
            if method == "GET":
                path = prefix + fill(template, ids)
                assert get_headers(gateway, f"{path}/").status_code == get_headers(gateway, path).status_code
            else:
                path = prefix + fill(template, dict.fromkeys(ids, "unknown"))
                response = gateway.client.request(method, f"{path}/")
                assert response.status_code not in (307, 405), (method, path)
                assert '"not_found"' not in response.text, (method, path)
        assert gateway.client.get(f"{prefix}/docs/").status_code == 200
        assert gateway.client.get(f"{prefix}/v1/models/").json()["object"] == "list"
        assert gateway.client.get(f"{prefix}/app").status_code == 307
        assert gateway.client.get(f"{prefix}/").status_code == 307
        assert gateway.client.get(prefix or "/").status_code == 307


def test_a_post_with_a_slash_keeps_its_body(gateway: RunningGateway) -> None:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"text": "Hello."})
    response = gateway.client.post("/synthesize/?async_mode=true", content=body, headers=headers)
    assert response.status_code == 202
    assert response.json()["text"] == "Hello."
