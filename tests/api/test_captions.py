"""GET /jobs/{id}/captions.srt, .vtt and .json: content, conditional requests, and missing captions."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from common.db.tables import Audio, Captions, Recording
from common.settings import Settings
from tests.support.caption_readers import read_srt, read_vtt
from tests.support.gateway import RunningGateway, run_gateway

TEXT = "Tom paid $9.99 — „für“ <tea>. Then 猫 & he left."
CAPTIONS = [
    [0.25, 1.5, 0, 30, "heart", [[0.3, 0.5, 0, 3], [0.6, 0.7, 4, 8], [0.8, 1.2, 9, 14]]],
    [1.75, 2.5, 30, len(TEXT), "emma", []],
]
KINDS = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
    "ass": "text/x-ssa; charset=utf-8",
}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        yield running


@pytest.fixture
def job_id(gateway: RunningGateway) -> str:
    return complete_with(gateway, CAPTIONS)


def complete_with(gateway: RunningGateway, captions: list[Any] | None) -> str:
    """Return the id of a completed job with these captions. None: its recording has no captions."""
    job_id = gateway.submit(text=TEXT)
    gateway.complete(job_id)
    with gateway.database.write() as connection:
        key = connection.scalar(select(Recording.audio_key).where(Recording.job_id == job_id))
        connection.execute(delete(Captions).where(Captions.audio_key == key))
        if captions is not None:
            connection.execute(insert(Captions).values(audio_key=key, rows=captions))
    return job_id


def test_subrip(gateway: RunningGateway, job_id: str) -> None:
    content = gateway.client.get(f"/jobs/{job_id}/captions.srt").content.decode()
    first, second = read_srt(content)
    # The second begins before 30 characters can be read.
    assert (first.start_ms, first.end_ms, first.lines) == (300, 1750, ("Tom paid $9.99 — „für“ <tea>.",))
    assert (second.start_ms, second.end_ms, second.lines) == (1750, 2500, ("Then 猫 & he left.",))


def test_webvtt(gateway: RunningGateway, job_id: str) -> None:
    first, second = read_vtt(gateway.client.get(f"/jobs/{job_id}/captions.vtt").text)
    assert (first.voice, first.lines) == ("heart", ("Tom paid $9.99 — „für“ <tea>.",))
    assert (second.voice, second.lines) == ("emma", ("Then 猫 & he left.",))


def test_json(gateway: RunningGateway, job_id: str) -> None:
    document = gateway.client.get(f"/jobs/{job_id}/captions.json").json()
    assert (document["job_id"], document["duration_s"]) == (job_id, 0.1)
    first, second = document["segments"]
    for one in (first, second, *first["words"]):
        assert TEXT[one["start"] : one["end"]] == one["text"]
    assert [word["text"] for word in first["words"]] == ["Tom", "paid", "$9.99"]
    assert first["words"][2] == {"text": "$9.99", "start_s": 0.8, "end_s": 1.2, "start": 9, "end": 14}
    assert {name: second[name] for name in ("index", "start_s", "end_s", "voice_id", "words")} == {
        "index": 1, "start_s": 1.75, "end_s": 2.5, "voice_id": "emma", "words": [],
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_captions_have_all_headers(gateway: RunningGateway, job_id: str, kind: str) -> None:
    path = f"/jobs/{job_id}/captions.{kind}"
    response = gateway.client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, KINDS[kind])
    name = f"filename=\"oratio-{job_id}.{kind}\"; filename*=UTF-8''Tom%20paid%20$9.99%20%E2%80%94"
    assert response.headers["content-disposition"].startswith(f"inline; {name}")
    assert response.headers["content-disposition"].endswith(f".{kind}")
    saved = gateway.client.get(path, params={"download": "true"})
    assert saved.headers["content-disposition"].startswith("attachment;")
    head = gateway.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    audio = gateway.client.get(f"/jobs/{job_id}/audio").headers["content-disposition"]
    assert audio.replace(".wav", f".{kind}") == response.headers["content-disposition"]
    assert head.headers["content-length"] == str(len(response.content))
    unchanged = gateway.client.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_entity_tags_differ_with_the_captions(gateway: RunningGateway, job_id: str) -> None:
    other = complete_with(gateway, CAPTIONS[:1])
    paths = [f"/jobs/{one}/captions.{kind}" for one in (job_id, other) for kind in KINDS]
    assert len({gateway.client.get(path).headers["etag"] for path in paths}) == len(paths)


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_without_segments_has_empty_captions(gateway: RunningGateway, kind: str) -> None:
    response = gateway.client.get(f"/jobs/{complete_with(gateway, [])}/captions.{kind}")
    assert response.status_code == 200
    if kind == "json":
        assert response.json()["segments"] == []
    elif kind == "ass":
        assert "Dialogue" not in response.text
    else:
        assert (read_srt if kind == "srt" else read_vtt)(response.text) == []


@pytest.mark.parametrize("kind", KINDS)
class TestMissingCaptions:
    def test_a_recording_without_captions(self, gateway: RunningGateway, kind: str) -> None:
        self._assert_error(gateway, complete_with(gateway, None), kind, status=404, code="no_captions")

    def test_a_queued_job(self, gateway: RunningGateway, kind: str) -> None:
        self._assert_error(gateway, gateway.submit(), kind, status=409, code="audio_not_ready")

    def test_a_deleted_job(self, gateway: RunningGateway, kind: str) -> None:
        job_id = complete_with(gateway, CAPTIONS)
        gateway.client.delete(f"/jobs/{job_id}").raise_for_status()
        self._assert_error(gateway, job_id, kind, status=410, code="deleted")

    def test_removed_audio(self, gateway: RunningGateway, kind: str) -> None:
        job_id = complete_with(gateway, CAPTIONS)
        with gateway.database.write() as connection:
            connection.execute(update(Audio).values(pending_delete_at=1.0))
        self._assert_error(gateway, job_id, kind, status=410, code="audio_gone")

    @pytest.mark.parametrize("job_id", ["00000000-0000-0000-0000-000000000000", "no-such-job"])
    def test_an_unknown_job(self, gateway: RunningGateway, kind: str, job_id: str) -> None:
        self._assert_error(gateway, job_id, kind, status=404, code="job_not_found")

    @staticmethod
    def _assert_error(gateway: RunningGateway, job_id: str, kind: str, *, status: int, code: str) -> None:
        response = gateway.client.get(f"/jobs/{job_id}/captions.{kind}")
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_an_unknown_format_is_not_found(gateway: RunningGateway, job_id: str) -> None:
    assert gateway.client.get(f"/jobs/{job_id}/captions.sub").status_code == 404
