"""Voices, models, downloads, statistics and health."""

import base64
import json
from collections.abc import Iterator

import pytest

from common import downloads, worker_registry
from common.settings import Settings
from common.worker_registry import FolderEntry, WeightsState
from tests.support.gateway import HIBARI, RunningGateway, run_gateway


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        yield running


def test_unavailable_voices_have_a_reason(gateway: RunningGateway) -> None:
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


def test_the_stub_does_not_make_voices_available(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"tts_stub": True})) as gateway:
        voices = gateway.client.get("/voices").json()["voices"]
        assert {voice["provider"] for voice in voices} == {"stub"}
        assert not any(voice["available"] for voice in voices)


def test_models_list_their_workers(gateway: RunningGateway) -> None:
    status = gateway.client.get("/models/status").json()
    models = {model["alias"]: model for model in status["models"]}
    hibari, kokoro = models["hibari"], models["kokoro"]
    assert (hibari["present"], hibari["voices_present"], hibari["voices_known"]) == (True, 1, 5)
    assert (hibari["need"], kokoro["need"]) == ("needed", "optional")
    (worker,) = hibari["workers"]
    assert (worker["alive"], worker["loaded"], worker["engine_calls"]) == (True, True, 3)
    assert (kokoro["present"], kokoro["workers"]) == (False, [])
    assert status["downloads"] == []


def test_a_download_is_created_once_and_its_worker_notified(gateway: RunningGateway) -> None:
    response = gateway.client.post("/models/download", json={"voices": ["hibari_emma", "hibari_heart"]})
    assert response.status_code == 202
    (download,) = response.json()["downloads"]
    assert (download["model"], download["item"], download["status"]) == ("hibari", "emma", "queued")
    assert response.json()["present"] == ["hibari_heart"]
    message = gateway.redis.lpop(f"ov:{gateway.settings.queue_prefix}.ops")
    assert isinstance(message, bytes)
    assert json.loads(base64.b64decode(json.loads(message)["body"]))[0] == [download["id"]]
    repeated = gateway.client.post("/models/download", json={"models": ["hibari"]}).json()
    assert {one["item"] for one in repeated["downloads"]} == set(HIBARI) - {"heart"}
    assert download["id"] in {one["id"] for one in repeated["downloads"]}
    with gateway.database.write() as connection:
        claim = downloads.claim(connection, download["id"], worker_id="stand-in", lease_s=600)
        assert claim is not None
        downloads.report(connection, claim, bytes_done=50, bytes_total=200)
    one = gateway.client.get(f"/models/downloads/{download['id']}").json()
    assert (one["status"], one["percent"], one["bytes_total"]) == ("running", 25.0, 200)
    assert one in gateway.client.get("/models/status").json()["downloads"]


def download(gateway: RunningGateway, **body: list[str]) -> tuple[list[str], list[str]]:
    """Request downloads. Returns their items, and what is already present."""
    response = gateway.client.post("/models/download", **({"json": body} if body else {}))
    assert response.status_code == 202, response.text
    return [one["item"] for one in response.json()["downloads"]], response.json()["present"]


NEEDED = ["emma", "fenrir", "fable", "kore", "parler", "bark", "speecht5", "mms_eng", "mms_fra"]


def test_without_names_all_needed_weights_are_downloaded(gateway: RunningGateway) -> None:
    assert download(gateway) == (NEEDED, ["hibari_heart"])
    assert gateway.client.post("/models/download", json={}).json()["present"] == ["hibari_heart"]


def test_optional_models_may_be_families_or_weights(settings: Settings) -> None:
    optional = settings.model_copy(update={"optional_models": "hibari, kokoro,parler,mms_fra"})
    with run_gateway(optional) as gateway:
        assert download(gateway) == (["bark", "speecht5", "mms_eng"], [])
        # Weights that are named are downloaded although they are optional.
        assert download(gateway, models=["mms"])[0] == ["mms_eng", "mms_fra"]


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ({"models": ["kokoro", "kokoro"]}, ["kokoro"]),
        ({"models": ["mms"]}, ["mms_eng", "mms_fra"]),
        ({"models": ["mms_deu", "mms"]}, ["mms_deu", "mms_eng", "mms_fra"]),
        ({"voices": ["af_heart", "am_adam"]}, ["kokoro"]),
        ({"voices": ["af_heart(2)+af_sky(1)"]}, ["kokoro"]),
        ({"voices": ["mms_swh", "parler_laura", "hibari_kore"]}, ["mms_swh", "parler", "kore"]),
        ({"voices": ["bark_en_0", "bark_fr_1", "speecht5_slt"]}, ["bark", "speecht5"]),
    ],
)
def test_downloads_accept_families_weights_and_voices(
    gateway: RunningGateway, body: dict[str, list[str]], items: list[str]
) -> None:
    assert download(gateway, **body) == (items, [])


def announce_folder(gateway: RunningGateway, worker_id: str, **states: WeightsState) -> None:
    folder = [FolderEntry(weights=key, state=state, size_bytes=1) for key, state in states.items()]
    announcement = worker_registry.Announcement(
        id=worker_id,
        flavour=worker_registry.OPS_FLAVOUR,
        version="0",
        device="cpu",
        pid=2,
        folder=tuple(folder),
    )
    with gateway.database.write() as connection:
        worker_registry.announce(connection, announcement)


def test_files_of_a_worker_are_not_downloaded(gateway: RunningGateway) -> None:
    announce_folder(gateway, "ops", mms_fra="complete", parler="partial")
    assert download(gateway, models=["mms", "parler"]) == (["mms_eng", "parler"], ["mms_fra"])
    assert download(gateway, voices=["mms_fra"]) == ([], ["mms_fra"])
    gateway.announce(voices=HIBARI)
    assert download(gateway, models=["hibari"]) == ([], [f"hibari_{name}" for name in HIBARI])


def test_files_of_a_stopped_worker_are_downloaded(gateway: RunningGateway) -> None:
    announce_folder(gateway, "gone", mms_fra="complete")
    with gateway.database.write() as connection:
        worker_registry.retire(connection, "gone")
    assert download(gateway, models=["mms_fra"]) == (["mms_fra"], [])
    with gateway.database.write() as connection:
        worker_registry.retire(connection, "stand-in")
    # No worker is alive, so the last announcements count.
    assert download(gateway, models=["mms_fra"]) == ([], ["mms_fra"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"models": ["../x"]}, 400, "unknown_model"),
        ({"models": ["mms_xyz"]}, 400, "unknown_model"),
        ({"models": ["fake"]}, 400, "unknown_model"),
        ({"models": ["af_heart"]}, 400, "unknown_model"),
        ({"voices": ["nobody"]}, 404, "voice_not_found"),
        ({"voices": ["../x"]}, 400, "invalid_voice_id"),
        ({"voices": ["hibari_emma"], "models": ["hibari"]}, 400, "invalid_request"),
        ({"voices": []}, 400, "invalid_request"),
        ({"models": "hibari"}, 400, "invalid_request"),
    ],
)
def test_invalid_downloads_are_rejected(
    gateway: RunningGateway, body: object, status: int, code: str
) -> None:
    response = gateway.client.post("/models/download", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_an_unknown_download_is_not_found(gateway: RunningGateway) -> None:
    for download_id in ("x", "0199b6a1-7c1e-7d3a-9f52-0c2b6a4e8d11"):
        for path in (f"/models/downloads/{download_id}", f"/models/downloads/{download_id}/events"):
            response = gateway.client.get(path)
            assert (response.status_code, response.json()["error"]["code"]) == (404, "download_not_found")


def test_statistics_add_up(gateway: RunningGateway) -> None:
    for _ in range(3):
        gateway.complete(gateway.submit())
    gateway.fail(gateway.submit(), code="engine_failed")
    gateway.submit()
    body = gateway.client.get("/analytics", params={"hours": "3"}).json()
    assert (body["queue"], body["workers_alive"]) == (
        {"queued": 1, "queued_is_at_least": False, "running": 0},
        1,
    )
    assert body["models_available"] == ["hibari", "stub"]
    assert body["voices_available"] == 1
    totals = body["totals"]
    assert (totals["completed"], totals["failed"], totals["cancelled"]) == (3, 1, 0)
    assert (totals["audio_s"], totals["synthesis_s"], totals["speed_over_real_time"]) == (0.3, 0.03, 10.0)
    assert [(one["name"], one["completed"]) for one in body["by_voice"]] == [("hibari_heart", 3)]
    assert [one["name"] for one in body["by_model"]] == ["hibari"]
    assert len(body["series"]) == 3
    assert sum(hour["completed"] for hour in body["series"]) == 3
    for hours in ("0", "2209", "x"):
        assert gateway.client.get("/analytics", params={"hours": hours}).status_code == 400


def test_health_and_readiness(gateway: RunningGateway) -> None:
    health = gateway.client.get("/health").json()
    assert (health["provider"], health["database"], health["workers_alive"]) == ("auto", "sqlite", 1)
    ready = gateway.client.get("/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert {check["ok"] for check in ready.json()["checks"].values()} == {True}


def test_health_contains_limits_and_formats(settings: Settings) -> None:
    limited = settings.model_copy(update={"max_text_chars": 500, "max_batch_ids": 7, "list_limit_max": 90})
    with run_gateway(limited, announced=False) as gateway:
        health = gateway.client.get("/health").json()
        assert health["limits"] == {"max_text_chars": 500, "max_batch_ids": 7, "list_limit_max": 90}
        assert health["formats"] == []
    with run_gateway(limited, announced=False) as gateway:
        gateway.announce(formats=("opus", "pcm", "wav"))
        assert gateway.client.get("/health").json()["formats"] == ["wav", "opus", "pcm"]
        with gateway.database.write() as connection:
            worker_registry.retire(connection, "stand-in")
    with run_gateway(limited, announced=False) as gateway:
        assert gateway.client.get("/health").json()["formats"] == []


def test_without_a_worker_it_is_not_ready(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway:
        ready = gateway.client.get("/ready")
        assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
        assert [name for name, check in ready.json()["checks"].items() if not check["ok"]] == ["worker"]
