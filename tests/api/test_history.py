"""The history, the export and the cleanup over HTTP."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from common.db import locks
from common.db.tables import Captions, Job, Recording
from common.ids import new_id
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[RunningGateway]:
    changed = {"database_url": database_url, "max_batch_ids": 50, "clean_max_history": 2}
    with run_gateway(settings.model_copy(update=changed)) as running:
        yield running


def complete(gateway: RunningGateway, **body: object) -> str:
    job_id = gateway.submit(**body)
    gateway.complete(job_id)
    return job_id


def age(gateway: RunningGateway, job_id: str, *, hours: float) -> None:
    """Make a job and its recording this old."""
    created_at = datetime.now(UTC).timestamp() - hours * 3600
    with gateway.database.write() as connection:
        connection.execute(
            update(Job).where(Job.id == job_id).values(created_at=created_at, finished_at=created_at)
        )
        connection.execute(update(Recording).where(Recording.job_id == job_id).values(created_at=created_at))


def test_recordings_are_listed_in_pages(gateway: RunningGateway) -> None:
    job_ids = [complete(gateway, text=f"Text number {n}") for n in range(5)]
    gateway.submit()
    first = gateway.client.get("/history", params={"limit": "3"}).json()
    assert [item["job_id"] for item in first["items"]] == job_ids[:1:-1]
    item = first["items"][0]
    assert (item["title"], item["format"], item["duration_s"]) == ("Text number 4", "wav", 0.1)
    assert gateway.client.get(item["audio_url"]).status_code == 200
    complete(gateway)
    rest = gateway.client.get("/history", params={"limit": "3", "cursor": first["next_cursor"]}).json()
    assert [item["job_id"] for item in rest["items"]] == job_ids[1::-1]
    assert rest["next_cursor"] is None


def test_deleting_a_recording_deletes_its_audio(gateway: RunningGateway) -> None:
    job_id, queued = complete(gateway), gateway.submit()
    assert gateway.client.delete(f"/history/{job_id}").status_code == 200
    assert gateway.files() == []
    assert gateway.client.delete(f"/history/{job_id}").status_code == 410
    assert gateway.client.get(f"/jobs/{job_id}/audio").status_code == 410
    for unknown in (queued, new_id(), "..%2fx"):
        response = gateway.client.delete(f"/history/{unknown}")
        assert response.status_code == 404, unknown
    assert gateway.client.get(f"/jobs/{queued}").json()["status"] == "queued"
    other = complete(gateway)
    results = gateway.client.post("/history/batch_delete", json={"job_ids": [other, queued]}).json()[
        "results"
    ]
    assert [one["deleted"] for one in results] == [True, False]
    assert results[1]["error"]["code"] == "recording_not_found"


def test_audio_outlives_the_row_of_its_job(gateway: RunningGateway) -> None:
    job_id = complete(gateway)
    age(gateway, job_id, hours=1.5)
    with gateway.database.write() as connection:
        connection.execute(Job.__table__.delete().where(Job.id == job_id))  # type: ignore[attr-defined]
    job = gateway.client.get(f"/jobs/{job_id}").json()
    assert (job["status"], job["progress"]["percent"]) == ("completed", 100.0)
    assert gateway.client.get(job["audio_url"]).status_code == 200
    assert gateway.client.get(f"/jobs/{job_id}/audio").status_code == 200
    assert gateway.client.post("/export/zip", json={"job_ids": [job_id]}).status_code == 200
    assert gateway.client.delete(f"/history/{job_id}").status_code == 200
    assert gateway.client.get(f"/jobs/{job_id}/audio").status_code == 410
    assert gateway.client.delete(f"/history/{job_id}").status_code == 410


def test_a_zip_contains_available_audio_and_lists_missing_ids(gateway: RunningGateway) -> None:
    one, two, lost = complete(gateway, text="Erste"), complete(gateway, text="Zwei €"), complete(gateway)
    gateway.store.delete([key for key in gateway.files() if lost in key])
    queued, unknown = gateway.submit(), new_id()
    job_ids = [two, unknown, one, "../../etc/passwd", queued, lost, "\0"]
    response = gateway.client.post("/export/zip", json={"job_ids": job_ids})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/zip")
    assert response.headers["content-disposition"].startswith('attachment; filename="oratio-')
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["001_Zwei €.wav", "003_Erste.wav", "manifest.json"]
        assert archive.read("001_Zwei €.wav") == gateway.client.get(f"/jobs/{two}/audio").content
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["missing"] == [unknown, "../../etc/passwd", queued, lost, "\0"]
    assert [item["text"] for item in manifest["items"]] == ["Zwei €", "Erste"]
    assert set(manifest["items"][0]) >= {"file", "title", "voice_id", "duration_s", "sha256", "created_at"}
    none = gateway.client.post("/export/zip", json={"job_ids": [queued]})
    assert (none.status_code, none.json()["error"]["code"]) == (404, "nothing_to_export")
    assert gateway.client.post("/export/zip", json={"job_ids": [new_id()] * 51}).status_code == 400
    assert gateway.client.post("/export/zip", json={}).status_code == 400


def test_captions_in_a_zip_are_called_like_their_audio(gateway: RunningGateway) -> None:
    with_captions, without = complete(gateway, text="Erste"), complete(gateway, text="Zwei")
    with gateway.database.write() as connection:
        keys = dict(iter(connection.execute(select(Recording.job_id, Recording.audio_key))))
        connection.execute(delete(Captions))
        rows = [[0.0, 1.0, 0, 5, "heart", []]]
        connection.execute(insert(Captions).values(audio_key=keys[with_captions], rows=rows))
    body = {"job_ids": [with_captions, without], "captions": "srt"}
    response = gateway.client.post("/export/zip", json=body)
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["001_Erste.wav", "001_Erste.srt", "002_Zwei.wav", "manifest.json"]
        captions = gateway.client.get(f"/jobs/{with_captions}/captions.srt").content
        assert archive.read("001_Erste.srt") == captions
    unknown = gateway.client.post("/export/zip", json=body | {"captions": "doc"})
    assert (unknown.status_code, unknown.json()["error"]["param"]) == (400, "captions")


def test_files_in_a_zip_have_safe_and_unique_names(
    gateway: RunningGateway,
) -> None:
    twice = [complete(gateway, text="../Twice"), complete(gateway, text="../Twice")]
    renamed, nameless = complete(gateway), complete(gateway)
    for job_id, title in ((renamed, "a/..\\b: 1"), (nameless, "?!")):
        gateway.client.patch(f"/history/{job_id}", json={"title": title}).raise_for_status()
    response = gateway.client.post("/export/zip", json={"job_ids": [*twice, renamed, nameless]})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        names = archive.namelist()
        listed = [item["file"] for item in json.loads(archive.read("manifest.json"))["items"]]
    assert listed == ["001_Twice.wav", "002_Twice.wav", "003_a-..-b- 1.wav", f"004_{nameless}.wav"]
    assert names == [*listed, "manifest.json"]


def test_a_second_cleanup_is_refused_while_one_runs(gateway: RunningGateway) -> None:
    with gateway.database.write() as connection:
        assert locks.take(connection, "cleanup", holder="another", for_s=60)
    refused = gateway.client.post("/maintenance/cleanup")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "cleanup_running")
    assert gateway.client.post("/maintenance/cleanup?dry_run=true").status_code == 200


def test_a_cleanup_reports_the_same_as_its_dry_run(gateway: RunningGateway) -> None:
    old, fresh = complete(gateway), complete(gateway)
    age(gateway, old, hours=50)
    planned = gateway.client.post("/maintenance/cleanup", params={"dry_run": "true"}).json()
    assert gateway.client.post("/maintenance/cleanup", json={"dry_run": True}).json() == planned
    assert gateway.client.get(f"/jobs/{old}").status_code == 200
    deleted = gateway.client.post("/maintenance/cleanup").json()
    assert planned == deleted | {"dry_run": True}
    assert (deleted["jobs"], deleted["recordings"], deleted["files"], deleted["orphans"]) == (1, 1, 1, 0)
    assert deleted["size_bytes"] > 0
    assert gateway.client.get(f"/jobs/{old}").status_code == 404
    assert gateway.client.get(f"/jobs/{fresh}/audio").status_code == 200
    again = gateway.client.post("/maintenance/cleanup").json()
    assert {again[name] for name in ("jobs", "recordings", "files", "size_bytes", "orphans")} == {0}


def listed(gateway: RunningGateway, **params: str) -> list[str]:
    response = gateway.client.get("/history", params=params)
    assert response.status_code == 200, response.text
    return [item["job_id"] for item in response.json()["items"]]


def test_recordings_are_found_by_words_voice_model_and_date(gateway: RunningGateway) -> None:
    hello, other = complete(gateway, text="Hélène says hello."), complete(gateway, text="Nobody says so.")
    assert listed(gateway, q="says") == listed(gateway, q="") == listed(gateway, q="?!") == [other, hello]
    assert listed(gateway, q="HELENE sa", voice="hibari_heart", model="hibari") == [hello]
    assert listed(gateway, voice="hibari") == listed(gateway, q="says", model="kokoro") == []
    first = gateway.client.get("/history", params={"q": "says", "limit": "1"}).json()
    assert listed(gateway, q="says", cursor=first["next_cursor"]) == [hello]
    today = datetime.now(UTC)
    day, tomorrow = f"{today:%Y-%m-%d}", f"{today + timedelta(days=1):%Y-%m-%d}"
    for q in ("", "says"):
        assert len(listed(gateway, q=q, **{"from": day, "to": tomorrow})) == 2
        assert listed(gateway, q=q, to="2020-01-01T00:00:00+02:00") == []
        assert listed(gateway, q=q, **{"from": f"{today + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}) == []


def test_invalid_filters_are_rejected(gateway: RunningGateway) -> None:
    invalid = (
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("to", ""),
        ("q", "x" * 201),
        ("voice", ""),
        ("model", "a b"),
    )
    for param, value in invalid:
        response = gateway.client.get("/history", params={param: value})
        assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_any_search_words_are_accepted(gateway: RunningGateway) -> None:
    for q in ('"', "NEAR(", "a AND", "words:x*", "\\", "\0", "🎉", "\u202e", "%" * 200, "'"):
        assert gateway.client.get("/history", params={"q": q}).status_code == 200, q


def test_a_recording_is_read_and_renamed(gateway: RunningGateway) -> None:
    job_id, queued = complete(gateway, text="Hello there."), gateway.submit()
    shown = gateway.client.get(f"/history/{job_id}").json()
    assert shown == gateway.client.get("/history").json()["items"][0]
    for _ in range(2):
        renamed = gateway.client.patch(f"/history/{job_id}", json={"title": "  Été à deux "})
        assert (renamed.status_code, renamed.json()) == (200, shown | {"title": "Été à deux"})
    assert gateway.client.get(f"/history/{job_id}").json() == renamed.json()
    assert listed(gateway, q="ete there") == [job_id]
    archive = zipfile.ZipFile(
        io.BytesIO(gateway.client.post("/export/zip", json={"job_ids": [job_id]}).content)
    )
    assert json.loads(archive.read("manifest.json"))["items"][0]["title"] == "Été à deux"
    for unknown in (queued, new_id(), "..%2fx"):
        assert gateway.client.get(f"/history/{unknown}").status_code == 404
        assert gateway.client.patch(f"/history/{unknown}", json={"title": "x"}).status_code == 404
    gateway.client.delete(f"/history/{job_id}")
    assert gateway.client.get(f"/history/{job_id}").status_code == 410
    assert gateway.client.patch(f"/history/{job_id}", json={"title": "x"}).status_code == 410


def test_a_kept_recording_outlives_the_limits(gateway: RunningGateway) -> None:
    job_id = complete(gateway, text="Hello there.", lexicon={"there": "thair"}, seed=7)
    shown = gateway.client.get(f"/history/{job_id}").json()
    assert (shown["kept"], shown["seed"], shown["lexicon"]) == (False, 7, {"there": "thair"})
    created_at, expires_at = (datetime.fromisoformat(shown[name]) for name in ("created_at", "expires_at"))
    assert expires_at - created_at == timedelta(hours=48)
    kept = gateway.client.patch(f"/history/{job_id}", json={"kept": True})
    assert (kept.status_code, kept.json()) == (200, shown | {"kept": True, "expires_at": None})
    age(gateway, job_id, hours=100)
    retention = {"max_age_hours": 48.0, "max_recordings": 2, "recordings": 1, "kept": 1, "due": 0}
    assert gateway.client.get("/maintenance/retention").json() == retention | {"next_at": None}
    assert gateway.client.post("/maintenance/cleanup").json()["recordings"] == 0
    # The row of the job is gone. The recording tells its request.
    job = gateway.client.get(f"/jobs/{job_id}").json()
    assert (job["seed"], job["lexicon"]) == (7, {"there": "thair"})
    assert gateway.client.patch(f"/history/{job_id}", json={"kept": False}).json()["kept"] is False
    assert gateway.client.get("/maintenance/retention").json()["due"] == 1
    for invalid in ({}, {"kept": None}, {"kept": "yes"}):
        assert gateway.client.patch(f"/history/{job_id}", json=invalid).status_code == 400
    assert gateway.client.post("/maintenance/cleanup").json()["recordings"] == 1


def test_invalid_titles_are_rejected(gateway: RunningGateway) -> None:
    job_id = complete(gateway)
    invisible = ("", " \t ", "\u200b\u202e", "\u0301")
    for title in (*invisible, "x" * 201, "a\0b", "two\nlines", "a\u2028b", "\ud800", "\x7f", None, 1):
        response = gateway.client.patch(
            f"/history/{job_id}",
            content=json.dumps({"title": title}),
            headers={"Content-Type": "application/json"},
        )
        assert (response.status_code, response.json()["error"]["param"]) == (400, "title"), title


def test_a_request_can_give_the_title(gateway: RunningGateway) -> None:
    job_id = gateway.submit(text="# Chapter one\n\nHello there.", title=" The book (1/2) ")
    assert gateway.client.get(f"/jobs/{job_id}").json()["title"] == "The book (1/2)"
    gateway.complete(job_id)
    assert gateway.client.get(f"/history/{job_id}").json()["title"] == "The book (1/2)"
    untitled = complete(gateway, text="# Chapter *one*\n\nHello there.")
    assert gateway.client.get(f"/jobs/{untitled}").json()["title"] == "Chapter one"
    response = gateway.client.post("/synthesize", json={"text": "Hello.", "title": "two\nlines"})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "title")
