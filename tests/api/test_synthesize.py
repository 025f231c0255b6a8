"""POST /synthesize: waiting, not waiting, and every refusal."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from common.jobs import changes
from common.settings import Settings
from tests.support.gateway import Running, Speaker, run_gateway


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"max_text_chars": 1000})) as running:
        yield running


def in_background(gateway: Running, **body: Any) -> "tuple[ThreadPoolExecutor, Any, str]":
    """A request that waits, and the job that it waits for."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(gateway.post, async_mode=False, **body)
    job_id = gateway.next_bell()
    assert job_id is not None
    return pool, future, job_id


def test_a_request_that_waits_gets_the_finished_job(gateway: Running) -> None:
    with Speaker(gateway).working():
        answer = gateway.post(async_mode=False)
    assert answer.status_code == 200, answer.text
    job = answer.json()
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
def test_a_request_that_does_not_wait_is_durable_when_answered(gateway: Running, how: dict[str, Any]) -> None:
    answer = gateway.client.post("/synthesize", json={"text": "Hello."}, **how)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/jobs/{job['job_id']}"
    assert answer.headers.get("preference-applied") == ("respond-async" if "headers" in how else None)
    assert gateway.next_bell() == job["job_id"]
    told = gateway.client.get(answer.headers["location"]).json()
    assert told | {"queue_position": None, "progress": None} == job | {"progress": None}
    assert told["queue_position"] == 1
    assert told["progress"]["eta_s"] > 0


def test_a_wait_that_runs_out_is_a_202_and_the_job_goes_on(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"sync_wait_s": 0.2})) as gateway:
        answer = gateway.post(async_mode=False)
        assert answer.status_code == 202
        job_id = answer.headers["location"].removeprefix("/jobs/")
        gateway.complete(job_id)
        assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "completed"


@pytest.mark.parametrize(
    ("code", "status"),
    [("engine_failed", 502), ("timeout", 504), ("unspeakable_text", 400), ("worker_crashed", 502)],
)
def test_a_failed_job_is_an_error_with_its_id(gateway: Running, code: str, status: int) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        gateway.fail(job_id, code=code, message="It did not work.")
        answer: httpx.Response = future.result()
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["message"], error["job_id"]) == (code, "It did not work.", job_id)


def test_a_job_that_is_cancelled_or_deleted_meanwhile_says_so(gateway: Running) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        assert gateway.client.post(f"/jobs/{job_id}/cancel").status_code == 200
        assert future.result().status_code == 409
        assert future.result().json()["error"]["code"] == "job_cancelled"
    pool, future, job_id = in_background(gateway)
    with pool:
        assert gateway.client.delete(f"/jobs/{job_id}").status_code == 200
        assert future.result().status_code == 410


def test_a_lost_event_delays_the_answer_and_does_not_lose_it(gateway: Running) -> None:
    pool, future, job_id = in_background(gateway)
    with pool:
        with gateway.database.write() as connection:
            changes.cancel(connection, job_id, owner="local")
        assert future.result(timeout=10).status_code == 409


def test_going_away_does_not_cancel(gateway: Running) -> None:
    with pytest.raises(httpx.ReadTimeout):
        gateway.client.post("/synthesize", json={"text": "Hello."}, timeout=0.3)
    job_id = gateway.next_bell()
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
def test_what_cannot_be_spoken_is_refused_with_a_reason(
    gateway: Running, body: dict[str, Any], status: int, code: str, param: str
) -> None:
    answer = gateway.post_json("/synthesize", body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["message"]
    assert answer.headers["x-request-id"]


def test_refusals_say_what_is_allowed(gateway: Running) -> None:
    def message(**body: Any) -> str:
        return str(gateway.post(**body).json()["error"]["message"])

    assert "4" in message(speed=9.0)
    assert "wav" in message(format="mp3")
    assert "'bulk'" in message(priority="urgent")
    assert "1000" in message(text="a" * 1001)


def test_not_a_number_is_no_speed(gateway: Running) -> None:
    headers = {"Content-Type": "application/json"}
    for number in ("NaN", "Infinity", "1e999"):
        answer = gateway.client.post(
            "/synthesize", content=f'{{"text": "a", "speed": {number}}}', headers=headers
        )
        assert answer.status_code == 400, number
        assert answer.json()["error"]["param"] == "speed"


def test_odd_text_is_taken_as_it_is(gateway: Running) -> None:
    for text in ("שלום עולם", "a" * 1000, "Line\nbreak\r\n", "control \x07 bell", "a\u202eb", "100 €"):
        job_id = gateway.queue(text=text)
        assert gateway.client.get(f"/jobs/{job_id}").json()["text"] == text
    job_id = gateway.queue(text="half \ud83d a \0pair")
    assert gateway.client.get(f"/jobs/{job_id}").json()["text"] == "half \ufffd a pair"


def test_unknown_keys_are_ignored_and_what_is_given_is_kept(gateway: Running) -> None:
    given = {"speed": 2.0, "style": " calm ", "language": "en-GB", "priority": "bulk", "seed": 5}
    job_id = gateway.queue(unknown={"a": 1}, use_cache=False, **given)
    job = gateway.client.get(f"/jobs/{job_id}").json()
    assert {name: job[name] for name in ("speed", "style", "language", "priority")} == {
        "speed": 2.0,
        "style": "calm",
        "language": "en-GB",
        "priority": "bulk",
    }
    assert gateway.next_bell("hibari.bulk") == job_id


def test_a_language_that_the_voice_does_not_speak_is_a_warning(gateway: Running) -> None:
    assert gateway.post(language="en").json()["warnings"] == []
    (warning,) = gateway.post(language="fr").json()["warnings"]
    assert "en-US" in warning


def test_nobody_there_is_said_at_once_and_forgotten_at_once(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway:
        refused = gateway.post()
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "no_worker"
        assert int(refused.headers["retry-after"]) >= 1
        gateway.announce()
        # A refusal is never said on the strength of old news.
        threading.Event().wait(0.25)
        assert gateway.post().status_code == 202


def test_a_voice_that_nobody_serves_is_a_beep_that_says_so(gateway: Running) -> None:
    job = gateway.post(voice_id="parler_jon").json()
    assert job["provider"] == "stub"
    assert "beep" in job["warnings"][0]
    assert gateway.next_bell("stub.interactive") == job["job_id"]


def test_addresses_are_below_the_path_of_the_proxy(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"root_path": "/speech"})) as gateway:
        # Some proxies strip the prefix, some pass it on.
        for prefix in ("", "/speech"):
            answer = gateway.client.post(f"{prefix}/synthesize?async_mode=true", json={"text": "Hello."})
            assert answer.headers["location"].startswith("/speech/jobs/")
            gateway.complete(answer.json()["job_id"])
            job = gateway.client.get(answer.headers["location"].removeprefix("/speech")).json()
            assert job["audio_url"] == f"/speech/jobs/{job['job_id']}/audio"
            assert "/speech/docs/assets/" in gateway.client.get(f"{prefix}/docs").text
            socket = gateway.url.replace("http", "ws", 1) + prefix + "/v1/audio/speech/stream"
            with connect(socket) as conversation:
                conversation.send('{"type": "input.done"}')
                assert '"error"' in str(conversation.recv(timeout=10))
