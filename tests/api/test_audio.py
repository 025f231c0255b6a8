"""GET /jobs/{id}/audio: the whole file, ranges, conditional requests, and missing audio."""

import hashlib
from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers

from api.http.ranges import Span, requested_span
from common.errors import RangeNotSatisfiable
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway, tiny_wav

AUDIO = tiny_wav(frames=300_000)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        yield running


@pytest.fixture
def path(gateway: RunningGateway) -> str:
    job_id = gateway.submit()
    gateway.complete(job_id, audio=AUDIO)
    return f"/jobs/{job_id}/audio"


def test_the_whole_file_has_all_headers(gateway: RunningGateway, path: str) -> None:
    response = gateway.client.get(path)
    assert response.content == AUDIO
    job_id = path.split("/")[2]
    expected = {
        "content-type": "audio/wav",
        "content-length": str(len(AUDIO)),
        "accept-ranges": "bytes",
        "etag": f'"{hashlib.sha256(AUDIO).hexdigest()}"',
        "x-content-type-options": "nosniff",
        "content-disposition": f"inline; filename=\"oratio-{job_id}.wav\"; filename*=UTF-8''Hello%20there.wav",
    }
    assert {name: response.headers[name] for name in expected} == expected
    assert response.headers["last-modified"].endswith("GMT")
    saved = gateway.client.get(path, params={"download": "1"}).headers["content-disposition"]
    assert saved.startswith("attachment;")
    head = gateway.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(AUDIO))


@pytest.mark.parametrize(
    ("range_header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        ("bytes=262140-262150", 262140, 262151),
        ("bytes=600000-", 600000, len(AUDIO)),
        ("bytes=-44", len(AUDIO) - 44, len(AUDIO)),
        ("bytes=-99999999", 0, len(AUDIO)),
        ("bytes=5-99999999", 5, len(AUDIO)),
        ("Bytes = 5 - 9", 5, 10),
    ],
)
def test_a_range_returns_a_part_of_the_file(
    gateway: RunningGateway, path: str, range_header: str, start: int, end: int
) -> None:
    response = gateway.client.get(path, headers={"Range": range_header})
    assert response.status_code == 206
    assert response.content == AUDIO[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(AUDIO)}"


@pytest.mark.parametrize(
    "range_header", ["bytes=0-1,5-9", "bytes=9-5", "bytes=-", "items=0-1", "bytes=a-b", "bytes"]
)
def test_an_invalid_range_is_ignored(gateway: RunningGateway, path: str, range_header: str) -> None:
    response = gateway.client.get(path, headers={"Range": range_header})
    assert (response.status_code, len(response.content)) == (200, len(AUDIO))


@pytest.mark.parametrize("range_header", [f"bytes={len(AUDIO)}-", "bytes=99999999-", "bytes=-0"])
def test_a_range_after_the_end_returns_the_size(
    gateway: RunningGateway, path: str, range_header: str
) -> None:
    response = gateway.client.get(path, headers={"Range": range_header})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(AUDIO)}"
    assert response.json()["error"]["code"] == "range_not_satisfiable"


def test_an_unchanged_file_is_not_sent_again(gateway: RunningGateway, path: str) -> None:
    etag = gateway.client.get(path).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        response = gateway.client.get(path, headers={"If-None-Match": known, "Range": "bytes=0-1"})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    assert gateway.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_if_range_applies_only_to_the_same_file(gateway: RunningGateway, path: str) -> None:
    headers = gateway.client.get(path).headers
    part = {"Range": "bytes=0-9"}
    for validator in (headers["etag"], headers["last-modified"]):
        assert gateway.client.get(path, headers=part | {"If-Range": validator}).status_code == 206
    assert gateway.client.get(path, headers=part | {"If-Range": '"other"'}).status_code == 200


def test_missing_audio_has_a_reason(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    queued = gateway.client.get(f"/jobs/{job_id}/audio")
    assert (queued.status_code, queued.json()["error"]["code"]) == (409, "audio_not_ready")
    gateway.fail(job_id, code="engine_failed")
    failed = gateway.client.get(f"/jobs/{job_id}/audio")
    assert (failed.status_code, "failed" in failed.json()["error"]["message"]) == (409, True)
    lost = gateway.submit()
    gateway.complete(lost)
    gateway.store.delete(gateway.files())
    gone = gateway.client.get(f"/jobs/{lost}/audio")
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "audio_gone")


def test_an_empty_file_has_no_valid_range() -> None:
    headers = Headers({"range": "bytes=0-"})
    with pytest.raises(RangeNotSatisfiable):
        requested_span(headers, size=0, etag='"e"', last_modified="")
    assert requested_span(headers, size=3, etag='"e"', last_modified="") == Span(0, 3)
