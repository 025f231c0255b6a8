"""GET /jobs/{id}/audio: whole, in parts, not again, and not there."""

import hashlib
from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers

from api.http.ranges import Span, requested_span
from common.errors import RangeNotSatisfiable
from common.settings import Settings
from tests.support.gateway import Running, run_gateway, tiny_wav

SOUND = tiny_wav(frames=300_000)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings) as running:
        yield running


@pytest.fixture
def path(gateway: Running) -> str:
    job_id = gateway.queue()
    gateway.complete(job_id, audio=SOUND)
    return f"/jobs/{job_id}/audio"


def test_the_whole_file_with_what_a_client_needs_to_know(gateway: Running, path: str) -> None:
    answer = gateway.client.get(path)
    assert answer.content == SOUND
    job_id = path.split("/")[2]
    expected = {
        "content-type": "audio/wav",
        "content-length": str(len(SOUND)),
        "accept-ranges": "bytes",
        "etag": f'"{hashlib.sha256(SOUND).hexdigest()}"',
        "x-content-type-options": "nosniff",
        "content-disposition": f"inline; filename=\"oratio-{job_id}.wav\"; filename*=UTF-8''Hello%20there.wav",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert answer.headers["last-modified"].endswith("GMT")
    saved = gateway.client.get(path, params={"download": "1"}).headers["content-disposition"]
    assert saved.startswith("attachment;")
    head = gateway.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(SOUND))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        ("bytes=262140-262150", 262140, 262151),
        ("bytes=600000-", 600000, len(SOUND)),
        ("bytes=-44", len(SOUND) - 44, len(SOUND)),
        ("bytes=-99999999", 0, len(SOUND)),
        ("bytes=5-99999999", 5, len(SOUND)),
        ("Bytes = 5 - 9", 5, 10),
    ],
)
def test_a_part_of_it(gateway: Running, path: str, asked: str, start: int, end: int) -> None:
    answer = gateway.client.get(path, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == SOUND[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SOUND)}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-9", "bytes=9-5", "bytes=-", "items=0-1", "bytes=a-b", "bytes"]
)
def test_a_range_that_is_none_is_ignored(gateway: Running, path: str, asked: str) -> None:
    answer = gateway.client.get(path, headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, len(SOUND))


@pytest.mark.parametrize("asked", [f"bytes={len(SOUND)}-", "bytes=99999999-", "bytes=-0"])
def test_a_range_behind_the_end_says_how_long_it_is(gateway: Running, path: str, asked: str) -> None:
    answer = gateway.client.get(path, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"
    assert answer.json()["error"]["code"] == "range_not_satisfiable"


def test_what_the_caller_has_is_not_sent_again(gateway: Running, path: str) -> None:
    etag = gateway.client.get(path).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        answer = gateway.client.get(path, headers={"If-None-Match": known, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert gateway.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_range_holds_only_for_the_file_that_is_meant(gateway: Running, path: str) -> None:
    headers = gateway.client.get(path).headers
    part = {"Range": "bytes=0-9"}
    for validator in (headers["etag"], headers["last-modified"]):
        assert gateway.client.get(path, headers=part | {"If-Range": validator}).status_code == 206
    assert gateway.client.get(path, headers=part | {"If-Range": '"other"'}).status_code == 200


def test_audio_that_is_not_there_says_why(gateway: Running) -> None:
    job_id = gateway.queue()
    waits = gateway.client.get(f"/jobs/{job_id}/audio")
    assert (waits.status_code, waits.json()["error"]["code"]) == (409, "audio_not_ready")
    gateway.fail(job_id, code="engine_failed")
    failed = gateway.client.get(f"/jobs/{job_id}/audio")
    assert (failed.status_code, "failed" in failed.json()["error"]["message"]) == (409, True)
    lost = gateway.queue()
    gateway.complete(lost)
    gateway.store.delete(gateway.files())
    gone = gateway.client.get(f"/jobs/{lost}/audio")
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "audio_gone")


def test_an_empty_file_has_no_range() -> None:
    headers = Headers({"range": "bytes=0-"})
    with pytest.raises(RangeNotSatisfiable):
        requested_span(headers, size=0, etag='"e"', last_modified="")
    assert requested_span(headers, size=3, etag='"e"', last_modified="") == Span(0, 3)
