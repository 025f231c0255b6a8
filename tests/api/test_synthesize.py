"""POST /synthesize: synchronous, asynchronous, and every error."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from websockets.sync.client import connect

from common.db.tables import Job
from common.jobs import changes, queries
from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"max_text_chars": 1000})) as running:
        yield running


def in_background(gateway: RunningGateway, **body: Any) -> "tuple[ThreadPoolExecutor, Any, str]":
    """Send a synchronous request in a thread. Returns the pool, the future and the id of the job."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(gateway.post, async_mode=False, **body)
    job_id = gateway.next_queued_job()
    assert job_id is not None
    return pool, future, job_id


def test_a_synchronous_request_returns_the_finished_job(gateway: RunningGateway) -> None:
    with StandInWorker(gateway).running():
        response = gateway.post(async_mode=False)
    assert response.status_code == 200, response.text
    job = response.json()
    assert job["status"] == "completed"
    assert job["provider"] == "local"
    assert job["progress"] == {"segments_done": 1, "segments_total": 1, "percent": 100.0, "eta_s": None}
    assert job["audio_url"] == f"/jobs/{job['job_id']}/audio"
    assert job["created_at"].endswith("Z")
    assert job["voice_id"] == "hibari_heart"
    assert job["timings"]["synthesis_ms"] == 10.0
    audio = gateway.client.get(job["audio_url"])
    assert audio.headers["content-type"] == "audio/wav"
    assert len(audio.content) == job["size_bytes"]


@pytest.mark.parametrize(
    "how", [{"params": {"async_mode": "true"}}, {"headers": {"Prefer": "respond-async"}}]
)
def test_an_asynchronous_request_returns_a_durable_job(gateway: RunningGateway, how: dict[str, Any]) -> None:
    response = gateway.client.post("/synthesize", json={"text": "Hello."}, **how)
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/jobs/{job['job_id']}"
    assert response.headers.get("preference-applied") == ("respond-async" if "headers" in how else None)
    assert gateway.next_queued_job() == job["job_id"]
    job_later = gateway.client.get(response.headers["location"]).json()
    assert job_later | {"queue_position": None, "progress": None} == job | {"progress": None}
    assert job_later["queue_position"] == 1
    assert job_later["progress"]["eta_s"] > 0


def test_cues_become_paragraphs_with_times(gateway: RunningGateway) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nGood\nmorning.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"
    job = gateway.post(text=text, input_type="srt").json()
    assert job["text"] == "Good morning.\n\nBye."
    with gateway.database.read() as connection:
        record = queries.get_job(connection, job["job_id"], owner="local")
    assert record is not None
    assert list(record.options.cue_times_ms) == [1000, 2000, 3000, 4000]


def test_equal_cues_at_other_times_are_another_request(gateway: RunningGateway) -> None:
    cue = "00:00:01,000 --> 00:00:02,000\nHello.\n"
    body = {"text": cue, "input_type": "srt", "idempotency_key": "k"}
    first = gateway.post(**body)
    assert gateway.post(**body).json()["job_id"] == first.json()["job_id"]
    conflict = gateway.post(**body | {"text": cue.replace("00:02", "00:03")})
    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello.", "invalid_cues"),
        ("00:00:01,000 --> 00:00:02,000\n<i></i>\n", "nothing_to_speak"),
        ("00:00:01,000 --> 00:00:02,000\n...\n", "nothing_to_speak"),
        ("00:00:01,000 --> 00:00:02,000\n" + 1001 * "x", "text_too_long"),
    ],
)
def test_cues_that_cannot_be_spoken_are_refused(gateway: RunningGateway, text: str, code: str) -> None:
    response = gateway.post(text=text, input_type="srt")
    assert response.json()["error"] | {"message": ""} == {
        "message": "", "type": "invalid_request_error", "param": "text", "code": code,
    }  # fmt: skip


def test_a_wait_that_times_out_is_a_202_and_the_job_continues(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"sync_wait_s": 0.2})) as gateway:
        response = gateway.post(async_mode=False)
        assert response.status_code == 202
        job_id = response.headers["location"].removeprefix("/jobs/")
        gateway.complete(job_id)
        assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "completed"


@pytest.mark.parametrize(
    ("code", "status"),
    [("engine_failed", 502), ("timeout", 504), ("unspeakable_text", 400), ("worker_crashed", 502)],
)
def test_a_failed_job_is_an_error_with_its_id(gateway: RunningGateway, code: str, status: int) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        gateway.fail(job_id, code=code, message="It did not work.")
        response: httpx.Response = future.result()
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["code"], error["message"], error["job_id"]) == (code, "It did not work.", job_id)


def test_a_job_cancelled_or_deleted_while_waiting_is_an_error(gateway: RunningGateway) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        assert gateway.client.post(f"/jobs/{job_id}/cancel").status_code == 200
        assert future.result().status_code == 409
        assert future.result().json()["error"]["code"] == "job_cancelled"
    pool, future, job_id = in_background(gateway)
    with pool:
        assert gateway.client.delete(f"/jobs/{job_id}").status_code == 200
        assert future.result().status_code == 410


def test_a_lost_event_only_delays_the_response(gateway: RunningGateway) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        with gateway.database.write() as connection:
            changes.cancel(connection, job_id, owner="local")
        assert future.result(timeout=10).status_code == 409


def test_disconnecting_does_not_cancel_the_job(gateway: RunningGateway) -> None:
    with pytest.raises(httpx.ReadTimeout):
        gateway.client.post("/synthesize", json={"text": "Hello."}, timeout=0.3)
    job_id = gateway.next_queued_job()
    assert job_id is not None
    gateway.complete(job_id)
    assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "completed"


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({}, 400, "missing_field", "text"),
        ({"text": ""}, 400, "empty_text", "text"),
        ({"text": " \n\t"}, 400, "empty_text", "text"),
        ({"text": "\0\0"}, 400, "empty_text", "text"),
        ({"text": "?!… 🙂🙂 ***"}, 400, "nothing_to_speak", "text"),
        ({"text": "\ud83d"}, 400, "nothing_to_speak", "text"),
        ({"text": "a" * 1001}, 413, "text_too_long", "text"),
        ({"text": "".join(f"[voice:v{n}] a" for n in range(33))}, 400, "too_many_voices", "text"),
        ({"text": 7}, 400, "invalid_request", "text"),
        ({"text": "a", "voice_id": "nobody"}, 404, "voice_not_found", "voice_id"),
        ({"text": "a", "voice_id": "../../etc/passwd"}, 400, "invalid_voice_id", "voice_id"),
        ({"text": "a", "voice_id": "hibari_emma"}, 409, "voice_unavailable", "voice_id"),
        ({"text": "a", "speed": 0.2}, 400, "invalid_request", "speed"),
        ({"text": "a", "speed": 4.01}, 400, "invalid_request", "speed"),
        ({"text": "a", "speed": "1"}, 400, "invalid_request", "speed"),
        ({"text": "a", "speed": True}, 400, "invalid_request", "speed"),
        ({"text": "a", "format": "ogg"}, 400, "invalid_request", "format"),
        ({"text": "a", "format": "mp3"}, 400, "format_unavailable", "format"),
        ({"text": "a", "language": "english!"}, 400, "invalid_request", "language"),
        ({"text": "a", "seed": -1}, 400, "invalid_request", "seed"),
        ({"text": "a", "seed": 2**31}, 400, "invalid_request", "seed"),
        ({"text": "a", "priority": "urgent"}, 400, "invalid_request", "priority"),
        ({"text": "a", "webhook": "https://example.org"}, 400, "webhooks_disabled", "webhook"),
        ({"text": "a", "idempotency_key": ""}, 400, "invalid_request", "idempotency_key"),
        ({"text": "a", "idempotency_key": "k" * 129}, 400, "invalid_request", "idempotency_key"),
        ({"text": "a", "style": "s" * 1001}, 400, "invalid_request", "style"),
    ],
)
def test_invalid_requests_are_rejected_with_a_reason(
    gateway: RunningGateway, body: dict[str, Any], status: int, code: str, param: str
) -> None:
    response = gateway.post_json("/synthesize", body)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["message"]
    assert response.headers["x-request-id"]


def test_errors_contain_the_allowed_values(gateway: RunningGateway) -> None:
    def message(**body: Any) -> str:
        return str(gateway.post(**body).json()["error"]["message"])

    assert "4" in message(speed=9.0)
    assert "wav" in message(format="mp3")
    assert "'bulk'" in message(priority="urgent")
    assert "1000" in message(text="a" * 1001)


def test_not_a_number_is_not_a_valid_speed(gateway: RunningGateway) -> None:
    headers = {"Content-Type": "application/json"}
    for number in ("NaN", "Infinity", "1e999"):
        response = gateway.client.post(
            "/synthesize", content=f'{{"text": "a", "speed": {number}}}', headers=headers
        )
        assert response.status_code == 400, number
        assert response.json()["error"]["param"] == "speed"


def test_unusual_text_is_accepted_unchanged(gateway: RunningGateway) -> None:
    for text in ("שלום עולם", "a" * 1000, "Line\nbreak\r\n", "control \x07 bell", "a\u202eb", "100 €"):
        job_id = gateway.submit(text=text)
        assert gateway.client.get(f"/jobs/{job_id}").json()["text"] == text
    job_id = gateway.submit(text="half \ud83d a \0pair")
    assert gateway.client.get(f"/jobs/{job_id}").json()["text"] == "half \ufffd a pair"


def test_unknown_keys_are_ignored_and_known_ones_are_stored(gateway: RunningGateway) -> None:
    fields = {"speed": 2.0, "style": " calm ", "language": "en-GB", "priority": "bulk", "seed": 5}
    job_id = gateway.submit(unknown={"a": 1}, use_cache=False, **fields)
    job = gateway.client.get(f"/jobs/{job_id}").json()
    assert {name: job[name] for name in ("speed", "style", "language", "priority")} == {
        "speed": 2.0,
        "style": "calm",
        "language": "en-GB",
        "priority": "bulk",
    }
    assert gateway.next_queued_job("hibari.bulk") == job_id


def test_an_unsupported_language_is_a_warning(gateway: RunningGateway) -> None:
    assert gateway.post(language="en").json()["warnings"] == []
    (warning,) = gateway.post(language="fr").json()["warnings"]
    assert "en-US" in warning


def test_a_missing_worker_is_an_error_until_one_is_announced(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway:
        response = gateway.post()
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "no_worker"
        assert int(response.headers["retry-after"]) >= 1
        gateway.announce()
        # A request is never rejected because of old announcements.
        threading.Event().wait(0.25)
        assert gateway.post().status_code == 202


def test_a_voice_without_a_worker_is_a_beep_with_a_warning(gateway: RunningGateway) -> None:
    job = gateway.post(voice_id="parler_jon").json()
    assert job["provider"] == "stub"
    assert "beep" in job["warnings"][0]
    assert gateway.next_queued_job("stub.interactive") == job["job_id"]


def test_addresses_are_below_the_path_of_the_proxy(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"root_path": "/speech"})) as gateway:
        # Some proxies remove the prefix, others do not.
        for prefix in ("", "/speech"):
            response = gateway.client.post(f"{prefix}/synthesize?async_mode=true", json={"text": "Hello."})
            assert response.headers["location"].startswith("/speech/jobs/")
            gateway.complete(response.json()["job_id"])
            job = gateway.client.get(response.headers["location"].removeprefix("/speech")).json()
            assert job["audio_url"] == f"/speech/jobs/{job['job_id']}/audio"
            assert "/speech/docs/assets/" in gateway.client.get(f"{prefix}/docs").text
            socket = gateway.url.replace("http", "ws", 1) + prefix + "/v1/audio/speech/stream"
            with connect(socket) as websocket:
                websocket.send('{"type": "input.none"}')
                assert '"error"' in str(websocket.recv(timeout=10))


# Markup.


def test_ssml_is_detected_and_its_voices_are_looked_up(gateway: RunningGateway) -> None:
    text = '<speak>Hello. <voice name="nobody">Hi.</voice></speak>'
    response = gateway.post(text=text)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "voice_not_found")
    assert response.json()["error"]["param"] == "text"
    assert gateway.post(text=text, input_type="text").status_code == 202


@pytest.mark.parametrize("text", ["<speak>\n<p>Hello.</speak>", "<!DOCTYPE speak><speak>Hello.</speak>"])
def test_ssml_that_is_not_well_formed_is_refused_with_its_place(gateway: RunningGateway, text: str) -> None:
    response = gateway.post(text=text)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, "invalid_ssml", "text")
    assert "line " in error["message"]
    assert "column " in error["message"]
    assert gateway.client.get("/jobs").json()["items"] == []


def test_plain_text_that_is_sent_as_ssml_is_refused(gateway: RunningGateway) -> None:
    assert gateway.post(text="Hello.", input_type="ssml").json()["error"]["code"] == "invalid_ssml"
    assert gateway.post(text="Hello.", input_type="html").json()["error"]["param"] == "input_type"


def test_ssml_without_words_is_refused(gateway: RunningGateway) -> None:
    error = gateway.post(text='<speak><break time="1s"/>…</speak>').json()["error"]
    assert (error["code"], error["param"]) == ("nothing_to_speak", "text")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Hello [laugh] there.", ["[laugh]"]),
        ("<speak><emphasis>Hello</emphasis> there.</speak>", ["<emphasis>"]),
        ('<speak>Hello <lang xml:lang="fr">monde</lang>.</speak>', ["not fr"]),
        ("See [12] and [3][4], [a link](https://example.org).", []),
        ("<speak>Hello there.</speak>", []),
    ],
)
def test_a_warning_names_markup_without_effect(gateway: RunningGateway, text: str, named: list[str]) -> None:
    warnings = gateway.post(text=text).json()["warnings"]
    assert [name in warning for name, warning in zip(named, warnings, strict=True)] == [True] * len(named)


def test_the_worker_gets_the_options_of_the_text(gateway: RunningGateway) -> None:
    job_id = gateway.post(text="Hello.", input_type="text", clean_pages=True).json()["job_id"]
    with gateway.database.write() as connection:
        options = connection.execute(select(Job.options).where(Job.id == job_id)).scalar_one()
    assert (options["input_type"], options["clean_pages"]) == ("text", True)
