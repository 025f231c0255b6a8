"""Voices and models with several kinds of workers: listing, errors, loading and unloading."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.models.commands import PRELOAD_MAX
from common import worker_registry
from common.catalogue import weights_of
from common.messaging import broker, messages, queue_names
from common.settings import Settings
from common.worker_registry import FolderEntry, ServedWeights, WeightsState, WorkerStats
from tests.support.gateway import RunningGateway, run_gateway

KOKORO = ServedWeights(
    model="kokoro",
    weights="kokoro",
    voices=("af_heart", "af_sky", "af_tomorrow", "../x"),
    loaded=True,
    in_use=True,
    memory_bytes=400_000_000,
)
STUB = ServedWeights(model="stub", weights="stub", voices=("*",), loaded=True)
SWAHILI = ServedWeights(model="mms", weights="mms_swh", voices=("swh",), memory_bytes=400_000_000)
BARK = ServedWeights(model="bark", weights="bark", memory_bytes=400_000_000, trouble="It is damaged.")


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings, announced=False) as running:
        announce(running, "small", "CPU", KOKORO, STUB)
        announce(
            running,
            "large",
            "NVIDIA H100",
            SWAHILI,
            BARK,
            folder=[("mms_swh", "complete"), ("bark", "complete")],
        )
        announce(
            running, "ops", "CPU", flavour="ops", folder=[("parler", "partial"), ("mms_eng", "complete")]
        )
        yield running


def announce(
    running: RunningGateway,
    worker_id: str,
    device: str,
    *served: ServedWeights,
    flavour: str = "base",
    folder: Sequence[tuple[str, WeightsState]] = (),
) -> None:
    entries = tuple(
        FolderEntry(weights=key, state=state, revision="a" * 40, size_bytes=1000) for key, state in folder
    )
    announcement = worker_registry.Announcement(
        id=worker_id,
        flavour=flavour,
        version="0",
        device=device,
        pid=1,
        served=served,
        formats=("wav",) if served else (),
        stats=WorkerStats(loads=5, unloads=4, memory_bytes=7),
        folder=entries,
    )
    with running.database.write() as connection:
        worker_registry.announce(connection, announcement)


def voices(gateway: RunningGateway, **query: str) -> dict[str, Any]:
    response = gateway.client.get("/voices", params=query)
    assert response.status_code == 200, response.text
    return {voice["id"]: voice for voice in response.json()["voices"]}


def models(gateway: RunningGateway) -> dict[str, Any]:
    return {model["alias"]: model for model in gateway.client.get("/models/status").json()["models"]}


def test_voices_in_models_folders_are_listed(gateway: RunningGateway) -> None:
    listed = voices(gateway)
    assert (listed["af_tomorrow"]["available"], listed["af_tomorrow"]["languages"]) == (True, ["en-US"])
    assert (listed["mms_swh"]["available"], listed["mms_swh"]["name"]) == (True, "Swahili")
    assert "../x" not in listed
    assert "mms_abi" not in listed


def test_voices_are_filtered(gateway: RunningGateway) -> None:
    assert {voice["model"] for voice in voices(gateway, model="kokoro").values()} == {"kokoro"}
    assert len(voices(gateway, model="mms")) == 1143
    german = voices(gateway, language="de-AT")
    assert {"mms_deu", "bark_de_0"} <= german.keys()
    assert {tag for voice in german.values() for tag in voice["languages"]} == {"de"}
    assert voices(gateway, model="nobody") == {}
    for query in ({"model": "../x"}, {"language": "x"}):
        assert gateway.client.get("/voices", params=query).status_code == 400


def test_voices_list_their_workers(gateway: RunningGateway) -> None:
    listed = voices(gateway)
    assert listed["af_heart"]["workers"] == [{"id": "small", "device": "CPU", "loaded": True}]
    assert listed["mms_swh"]["workers"] == [{"id": "large", "device": "NVIDIA H100", "loaded": False}]
    assert listed["parler_laura"]["workers"] == []
    assert (listed["parler_laura"]["slow"], listed["bark_en_0"]["slow"], listed["af_heart"]["slow"]) == (
        True,
        False,
        False,
    )
    assert "kana" in listed["jf_alpha"]["note"]
    assert listed["af_heart"]["note"] is None


def test_unavailable_voices_have_a_reason(gateway: RunningGateway) -> None:
    listed = voices(gateway)
    assert listed["bark_en_0"]["reason"].startswith("It is damaged.")
    assert "`make setup-parler`" in listed["parler_laura"]["reason"]
    assert "`oratio models download parler`" in listed["parler_laura"]["reason"]


@pytest.mark.parametrize(
    ("voice_id", "status", "model", "queue"),
    [
        ("af_tomorrow", 202, "kokoro", "kokoro.interactive"),
        ("af_heart(2)+af_sky(1)", 202, "kokoro", "kokoro.interactive"),
        ("mms_swh", 202, "mms", "mms_swh.interactive"),
    ],
)
def test_a_job_goes_to_the_queue_of_its_weights(
    gateway: RunningGateway, voice_id: str, status: int, model: str, queue: str
) -> None:
    response = gateway.post(voice_id=voice_id)
    assert (response.status_code, response.json()["model"], response.json()["provider"]) == (
        status,
        model,
        "local",
    )
    assert response.json()["voice_id"] == voice_id
    assert gateway.next_queued_job(queue) == response.json()["job_id"]
    job = gateway.client.get(f"/jobs/{response.json()['job_id']}").json()
    assert (job["queue_position"], job["progress"]["eta_s"] is not None) == (1, True)


@pytest.mark.parametrize(
    ("voice_id", "style", "status", "code"),
    [
        ("af_yesterday", None, 404, "voice_not_found"),
        ("af_heart(2)+af_yesterday(1)", None, 404, "voice_not_found"),
        ("af_heart(2)+am_adam(1)", None, 409, "voice_unavailable"),
        ("af_heart(2)+mms_swh", None, 400, "invalid_voice_id"),
        ("af_heart(", None, 400, "invalid_voice_id"),
        ("bark_en_0", "in a huff", 400, "invalid_style"),
    ],
)
def test_invalid_voices_and_styles_are_rejected(
    gateway: RunningGateway, voice_id: str, style: str | None, status: int, code: str
) -> None:
    response = gateway.post(voice_id=voice_id, style=style)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_a_broken_or_missing_model_is_a_beep_with_a_warning(gateway: RunningGateway) -> None:
    for voice_id in ("bark_en_0", "parler_laura"):
        response = gateway.post(voice_id=voice_id).json()
        assert response["provider"] == "stub"
        assert "only a beep" in response["warnings"][0]


def test_limitations_of_a_voice_are_warnings_of_the_job(gateway: RunningGateway) -> None:
    announce(gateway, "small", "CPU", replace(KOKORO, voices=("jf_alpha",)), STUB)
    response = gateway.post(voice_id="jf_alpha", text="こんにちは", style="softly").json()
    assert any("kana" in warning for warning in response["warnings"])
    assert any("takes no style" in warning for warning in response["warnings"])


def test_the_status_includes_workers_and_folders_of_ops_workers(
    gateway: RunningGateway,
) -> None:
    status = models(gateway)
    assert (status["parler"]["state"], status["parler"]["present"], status["parler"]["workers"]) == (
        "partial",
        False,
        [],
    )
    # French is needed too, and is missing.
    assert (status["mms"]["state"], status["mms"]["present"]) == ("partial", True)
    weights = {one["key"]: one for one in status["mms"]["weights"]}
    assert weights.keys() == {"mms_eng", "mms_fra", "mms_deu", "mms_spa", "mms_por", "mms_swh"}
    assert {key: one["need"] for key, one in weights.items() if one["need"] == "needed"} == {
        "mms_eng": "needed",
        "mms_fra": "needed",
    }
    assert weights["mms_eng"]["workers"][0]["id"] == "ops"
    assert weights["mms_swh"]["workers"][0]["loaded"] is False
    assert weights["mms_eng"]["revision"] == "a" * 40
    assert weights["mms_fra"]["sources"][0]["folder"] == "facebook_mms-tts-fra"
    (worker,) = status["kokoro"]["workers"]
    assert (worker["loaded"], worker["in_use"], worker["model_memory_bytes"]) == (True, True, 400_000_000)
    assert (worker["loads"], worker["unloads"], worker["memory_bytes"]) == (5, 4, 7)
    bark = status["bark"]["weights"][0]
    assert (bark["state"], bark["workers"][0]["trouble"]) == ("complete", "It is damaged.")
    assert status["bark"]["loaded"] is False


def test_only_workers_that_speak_are_counted(gateway: RunningGateway) -> None:
    health = gateway.client.get("/health").json()
    assert health["workers_alive"] == 2
    assert gateway.client.get("/ready").json()["workers_alive"] == 2
    assert gateway.client.get("/analytics").json()["models_available"] == ["bark", "kokoro", "mms", "stub"]


def commands_to(gateway: RunningGateway, worker_id: str) -> list[Any]:
    """Return (task, arguments) of the commands to a worker, oldest first."""
    key = broker.queue_key(queue_names.worker_queue(worker_id), prefix=gateway.settings.queue_prefix)
    messages = [json.loads(line) for line in reversed(gateway.redis.lrange(key, 0, -1))]
    assert not messages or 0 < gateway.redis.ttl(key) <= broker.COMMAND_EXPIRES_S
    return [(one["headers"]["task"], *json.loads(base64.b64decode(one["body"]))[0]) for one in messages]


def test_commands_are_sent_to_workers_that_serve_the_model(gateway: RunningGateway) -> None:
    warmed = gateway.client.post("/models/warm", json={"models": ["mms", "parler"]})
    assert (warmed.status_code, warmed.json()) == (
        202,
        {"told": [{"worker": "large", "weights": "mms_swh"}], "not_served": ["parler"], "stays": []},
    )
    unloaded = gateway.client.post("/models/unload", json={"models": ["kokoro", "mms_swh"]}).json()
    # Weights that are not loaded need no command.
    assert unloaded == {"told": [{"worker": "small", "weights": "kokoro"}], "not_served": [], "stays": []}
    assert commands_to(gateway, "large") == [(messages.PRELOAD, "mms_swh")]
    assert commands_to(gateway, "small") == [(messages.UNLOAD, "kokoro")]


def test_a_family_with_many_weights_is_not_loaded_as_a_whole(gateway: RunningGateway) -> None:
    keys = [weights.key for weights in weights_of("mms")[: PRELOAD_MAX + 1]]
    announce(gateway, "many", "CPU", *(replace(SWAHILI, weights=key) for key in keys), flavour="torch")
    response = gateway.client.post("/models/warm", json={"models": ["mms"]})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "too_many_models")
    assert commands_to(gateway, "many") == []
    assert gateway.client.post("/models/warm", json={"models": keys[:PRELOAD_MAX]}).status_code == 202
    assert len(commands_to(gateway, "many")) == PRELOAD_MAX


def test_broken_weights_are_downloaded_again(gateway: RunningGateway) -> None:
    downloads = gateway.client.post("/models/download", json={"models": ["bark", "mms_eng"]}).json()
    assert [one["item"] for one in downloads["downloads"]] == ["bark"]
    assert downloads["present"] == ["mms_eng"]


@pytest.mark.parametrize(
    "body", [{}, {"models": []}, {"models": ["nobody"]}, {"models": ["../x"]}, {"models": "mms"}]
)
def test_invalid_commands_are_rejected(gateway: RunningGateway, body: Any) -> None:
    for path in ("/models/warm", "/models/unload"):
        assert gateway.client.post(path, json=body).status_code == 400
