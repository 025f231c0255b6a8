"""What the service says about itself: voices, models, downloads, figures, health."""

import base64
import json
from collections.abc import Iterator

import pytest

from common import downloads
from common.settings import Settings
from tests.gateway import HIBARI, Running, run_gateway


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings) as running:
        yield running


def test_voices_say_what_stands_between_them_and_a_listener(gateway: Running) -> None:
    voices = {voice["id"]: voice for voice in gateway.client.get("/voices").json()["voices"]}
    heart, emma, parler = voices["hibari_heart"], voices["hibari_emma"], voices["parler_jon"]
    assert (heart["available"], heart["provider"], heart["reason"], heart["is_default"]) == (
        True,
        "local",
        None,
        True,
    )
    assert (heart["license"], heart["languages"], heart["gender"]) == ("Apache-2.0", ["en-US"], "female")
    assert (emma["available"], emma["provider"]) == (False, None)
    assert "/models/download" in emma["reason"]
    assert (parler["available"], parler["provider"], parler["style"]) == (False, "stub", True)
    assert "fake" in voices


def test_the_stub_alone_is_no_voice(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"tts_stub": True})) as gateway:
        voices = gateway.client.get("/voices").json()["voices"]
        assert {voice["provider"] for voice in voices} == {"stub"}
        assert not any(voice["available"] for voice in voices)


def test_models_say_where_they_are(gateway: Running) -> None:
    status = gateway.client.get("/models/status").json()
    models = {model["alias"]: model for model in status["models"]}
    hibari, kokoro = models["hibari"], models["kokoro"]
    assert (hibari["present"], hibari["voices_present"], hibari["voices_known"]) == (True, 1, 5)
    assert (hibari["need"], kokoro["need"]) == ("needed", "optional")
    (worker,) = hibari["workers"]
    assert (worker["alive"], worker["loaded"], worker["engine_calls"]) == (True, True, 3)
    assert (kokoro["present"], kokoro["workers"]) == (False, [])
    assert status["downloads"] == []


def test_a_download_is_asked_for_once_and_rung(gateway: Running) -> None:
    asked = gateway.client.post("/models/download", json={"voices": ["hibari_emma", "hibari_heart"]})
    assert asked.status_code == 202
    (download,) = asked.json()["downloads"]
    assert (download["model"], download["item"], download["status"]) == ("hibari", "emma", "queued")
    assert asked.json()["present"] == ["hibari_heart"]
    heard = gateway.redis.lpop(f"ov:{gateway.settings.queue_prefix}.ops")
    assert isinstance(heard, bytes)
    assert json.loads(base64.b64decode(json.loads(heard)["body"]))[0] == [download["id"]]
    again = gateway.client.post("/models/download", json={"models": ["hibari"]}).json()
    assert {one["item"] for one in again["downloads"]} == set(HIBARI) - {"heart"}
    assert download["id"] in {one["id"] for one in again["downloads"]}
    with gateway.database.write() as connection:
        downloads.begin(connection, download["id"])
        downloads.report(connection, download["id"], bytes_done=50, bytes_total=200)
    one = gateway.client.get(f"/models/downloads/{download['id']}").json()
    assert (one["status"], one["percent"], one["bytes_total"]) == ("running", 25.0, 200)
    assert one in gateway.client.get("/models/status").json()["downloads"]


def test_without_a_wish_everything_needed_that_can_be_fetched_is(gateway: Running) -> None:
    for body in (None, {}):
        answer = gateway.client.post("/models/download", **({} if body is None else {"json": body}))
        assert answer.status_code == 202
        told = answer.json()
        assert {one["item"] for one in told["downloads"]} == set(HIBARI) - {"heart"}
        assert {one["model"] for one in told["unsupported"]} == {"parler", "bark", "speecht5", "mms"}
    gateway.announce(voices=HIBARI)
    assert gateway.client.post("/models/download", json={"models": ["hibari"]}).json()["downloads"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"models": ["parler"]}, 400, "download_unsupported"),
        ({"voices": ["bark_en_0"]}, 400, "download_unsupported"),
        ({"models": ["../x"]}, 400, "unknown_model"),
        ({"voices": ["nobody"]}, 404, "voice_not_found"),
        ({"voices": ["../x"]}, 400, "invalid_voice_id"),
        ({"voices": ["hibari_emma"], "models": ["hibari"]}, 400, "invalid_request"),
        ({"voices": []}, 400, "invalid_request"),
        ({"models": "hibari"}, 400, "invalid_request"),
    ],
)
def test_what_cannot_be_fetched_is_refused(gateway: Running, body: object, status: int, code: str) -> None:
    answer = gateway.client.post("/models/download", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_unknown_download_is_not_found(gateway: Running) -> None:
    for download_id in ("x", "0199b6a1-7c1e-7d3a-9f52-0c2b6a4e8d11"):
        assert gateway.client.get(f"/models/downloads/{download_id}").status_code == 404


def test_figures_add_up(gateway: Running) -> None:
    for _ in range(3):
        gateway.complete(gateway.queue())
    gateway.fail(gateway.queue(), code="engine_failed")
    gateway.queue()
    told = gateway.client.get("/analytics", params={"hours": "3"}).json()
    assert (told["queue"], told["workers_alive"]) == ({"queued": 1, "running": 0}, 1)
    assert told["models_available"] == ["hibari", "stub"]
    assert told["voices_available"] == 1
    totals = told["totals"]
    assert (totals["completed"], totals["failed"], totals["cancelled"]) == (3, 1, 0)
    assert (totals["audio_s"], totals["synthesis_s"], totals["speed_over_real_time"]) == (0.3, 0.03, 10.0)
    assert [(one["name"], one["completed"]) for one in told["by_voice"]] == [("hibari_heart", 3)]
    assert [one["name"] for one in told["by_model"]] == ["hibari"]
    assert len(told["series"]) == 3
    assert sum(hour["completed"] for hour in told["series"]) == 3
    for hours in ("0", "745", "x"):
        assert gateway.client.get("/analytics", params={"hours": hours}).status_code == 400


def test_health_and_readiness(gateway: Running) -> None:
    health = gateway.client.get("/health").json()
    assert (health["provider"], health["database"], health["workers_alive"]) == ("auto", "sqlite", 1)
    ready = gateway.client.get("/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert {check["ok"] for check in ready.json()["checks"].values()} == {True}


def test_without_a_worker_it_is_not_ready(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway:
        ready = gateway.client.get("/ready")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
        assert [name for name, check in ready.json()["checks"].items() if not check["ok"]] == ["worker"]
