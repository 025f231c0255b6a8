"""GET /jobs/{id}/captions.srt, .vtt and .json: what they say, not again, and not there."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from common.db.tables import Audio, Captions, Recording
from common.settings import Settings
from tests.support.caption_readers import read_srt, read_vtt
from tests.support.gateway import Running, run_gateway

TEXT = "Tom paid $9.99 — „für“ <tea>. Then 猫 & he left."
CUES = [
    [0.25, 1.5, 0, 30, "heart", [[0.3, 0.5, 0, 3], [0.6, 0.7, 4, 8], [0.8, 1.2, 9, 14]]],
    [1.75, 2.5, 30, len(TEXT), "emma", []],
]
KINDS = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt; charset=utf-8",
    "json": "application/json",
}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings) as running:
        yield running


@pytest.fixture
def job_id(gateway: Running) -> str:
    return spoken(gateway, CUES)


def spoken(gateway: Running, cues: list[Any] | None) -> str:
    """The id of a job with these captions; None as one has that was spoken before they were kept."""
    job_id = gateway.queue(text=TEXT)
    gateway.complete(job_id)
    with gateway.database.write() as connection:
        key = connection.scalar(select(Recording.audio_key).where(Recording.job_id == job_id))
        connection.execute(delete(Captions).where(Captions.audio_key == key))
        if cues is not None:
            connection.execute(insert(Captions).values(audio_key=key, rows=cues))
    return job_id


def test_subrip(gateway: Running, job_id: str) -> None:
    content = gateway.client.get(f"/jobs/{job_id}/captions.srt").content.decode()
    first, second = read_srt(content)
    assert (first.start_ms, first.end_ms, first.lines) == (300, 1500, ("Tom paid $9.99 — „für“ <tea>.",))
    assert (second.start_ms, second.end_ms, second.lines) == (1750, 2500, ("Then 猫 & he left.",))


def test_webvtt(gateway: Running, job_id: str) -> None:
    first, second = read_vtt(gateway.client.get(f"/jobs/{job_id}/captions.vtt").text)
    assert (first.voice, first.lines) == ("heart", ("Tom paid $9.99 — „für“ <tea>.",))
    assert (second.voice, second.lines) == ("emma", ("Then 猫 & he left.",))


def test_json(gateway: Running, job_id: str) -> None:
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
def test_what_a_client_needs_to_know(gateway: Running, job_id: str, kind: str) -> None:
    path = f"/jobs/{job_id}/captions.{kind}"
    answer = gateway.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, KINDS[kind])
    named = f"filename=\"oratio-{job_id}.{kind}\"; filename*=UTF-8''Tom%20paid%20$9.99%20%E2%80%94"
    assert answer.headers["content-disposition"].startswith(f"inline; {named}")
    assert answer.headers["content-disposition"].endswith(f".{kind}")
    saved = gateway.client.get(path, params={"download": "true"})
    assert saved.headers["content-disposition"].startswith("attachment;")
    head = gateway.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    known = gateway.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_tags_differ_where_captions_do(gateway: Running, job_id: str) -> None:
    other = spoken(gateway, CUES[:1])
    paths = [f"/jobs/{one}/captions.{kind}" for one in (job_id, other) for kind in KINDS]
    assert len({gateway.client.get(path).headers["etag"] for path in paths}) == len(paths)


@pytest.mark.parametrize("kind", KINDS)
def test_of_nothing(gateway: Running, kind: str) -> None:
    answer = gateway.client.get(f"/jobs/{spoken(gateway, [])}/captions.{kind}")
    assert answer.status_code == 200
    if kind == "json":
        assert answer.json()["segments"] == []
    else:
        assert (read_srt if kind == "srt" else read_vtt)(answer.text) == []


@pytest.mark.parametrize("kind", KINDS)
class TestRefusals:
    def test_a_recording_of_before(self, gateway: Running, kind: str) -> None:
        self._refused(gateway, spoken(gateway, None), kind, status=404, code="no_captions")

    def test_a_job_that_waits(self, gateway: Running, kind: str) -> None:
        self._refused(gateway, gateway.queue(), kind, status=409, code="audio_not_ready")

    def test_a_job_that_was_deleted(self, gateway: Running, kind: str) -> None:
        job_id = spoken(gateway, CUES)
        gateway.client.delete(f"/jobs/{job_id}").raise_for_status()
        self._refused(gateway, job_id, kind, status=410, code="deleted")

    def test_audio_that_was_removed(self, gateway: Running, kind: str) -> None:
        job_id = spoken(gateway, CUES)
        with gateway.database.write() as connection:
            connection.execute(update(Audio).values(pending_delete_at=1.0))
        self._refused(gateway, job_id, kind, status=410, code="audio_gone")

    @pytest.mark.parametrize("job_id", ["00000000-0000-0000-0000-000000000000", "no-such-job"])
    def test_no_job(self, gateway: Running, kind: str, job_id: str) -> None:
        self._refused(gateway, job_id, kind, status=404, code="job_not_found")

    @staticmethod
    def _refused(gateway: Running, job_id: str, kind: str, *, status: int, code: str) -> None:
        answer = gateway.client.get(f"/jobs/{job_id}/captions.{kind}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_another_kind(gateway: Running, job_id: str) -> None:
    assert gateway.client.get(f"/jobs/{job_id}/captions.ass").status_code == 404
