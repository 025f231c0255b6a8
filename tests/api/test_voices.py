"""Voices and models as a fleet of several kinds of workers makes them: shown, refused, loaded and unloaded."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.models.commands import WARM_MAX
from common import worker_registry
from common.catalogue import weights_of
from common.messaging import broker, messages, queue_names
from common.settings import Settings
from tests.support.gateway import Running, run_gateway

KOKORO = {
    "alias": "kokoro",
    "weights": "kokoro",
    "voices": ["af_heart", "af_sky", "af_tomorrow", "../x"],
    "loaded": True,
    "in_use": True,
    "memory_bytes": 400_000_000,
    "trouble": None,
}
STUB = {"alias": "stub", "weights": "stub", "voices": ["*"], "loaded": True}
SWAHILI = {
    **KOKORO,
    "alias": "mms",
    "weights": "mms_swh",
    "voices": ["swh"],
    "loaded": False,
    "in_use": False,
}
BARK = {
    **KOKORO,
    "alias": "bark",
    "weights": "bark",
    "voices": [],
    "loaded": False,
    "trouble": "It is damaged.",
}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
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
    running: Running,
    worker_id: str,
    device: str,
    *engines: dict[str, Any],
    flavour: str = "base",
    folder: list[tuple[str, str]] | None = None,
) -> None:
    entries = tuple(
        {"weights": key, "state": state, "revision": "a" * 40, "size_bytes": 1000}
        for key, state in folder or ()
    )
    announcement = worker_registry.Announcement(
        id=worker_id,
        flavour=flavour,
        version="0",
        device=device,
        pid=1,
        engines=engines,
        formats=("wav",) if engines else (),
        stats={"engine_calls": {}, "loads": 5, "unloads": 4, "memory_bytes": 7},
        folder=entries,
    )
    with running.database.write() as connection:
        worker_registry.announce(connection, announcement)


def voices(gateway: Running, **query: str) -> dict[str, Any]:
    answer = gateway.client.get("/voices", params=query)
    assert answer.status_code == 200, answer.text
    return {voice["id"]: voice for voice in answer.json()["voices"]}


def models(gateway: Running) -> dict[str, Any]:
    return {model["alias"]: model for model in gateway.client.get("/models/status").json()["models"]}


def test_what_lies_in_a_folder_is_shown_though_nobody_listed_it(gateway: Running) -> None:
    shown = voices(gateway)
    assert (shown["af_tomorrow"]["available"], shown["af_tomorrow"]["languages"]) == (True, ["en-US"])
    assert (shown["mms_swh"]["available"], shown["mms_swh"]["name"]) == (True, "Swahili")
    assert "../x" not in shown
    assert "mms_abi" not in shown


def test_voices_of_one_kind(gateway: Running) -> None:
    assert {voice["model"] for voice in voices(gateway, model="kokoro").values()} == {"kokoro"}
    assert len(voices(gateway, model="mms")) == 1143
    german = voices(gateway, language="de-AT")
    assert {"mms_deu", "bark_de_0"} <= german.keys()
    assert {tag for voice in german.values() for tag in voice["languages"]} == {"de"}
    assert voices(gateway, model="nobody") == {}
    for query in ({"model": "../x"}, {"language": "x"}):
        assert gateway.client.get("/voices", params=query).status_code == 400


def test_which_worker_has_a_voice_and_whether_it_is_loaded(gateway: Running) -> None:
    shown = voices(gateway)
    assert shown["af_heart"]["workers"] == [{"id": "small", "device": "CPU", "loaded": True}]
    assert shown["mms_swh"]["workers"] == [{"id": "large", "device": "NVIDIA H100", "loaded": False}]
    assert shown["parler_laura"]["workers"] == []
    assert (shown["parler_laura"]["slow"], shown["bark_en_0"]["slow"], shown["af_heart"]["slow"]) == (
        True,
        False,
        False,
    )
    assert "kana" in shown["jf_alpha"]["note"]
    assert shown["af_heart"]["note"] is None


def test_why_a_voice_is_not_there(gateway: Running) -> None:
    shown = voices(gateway)
    assert shown["bark_en_0"]["reason"].startswith("It is damaged.")
    assert "`make setup-parler`" in shown["parler_laura"]["reason"]
    assert "`oratio models download parler`" in shown["parler_laura"]["reason"]


@pytest.mark.parametrize(
    ("voice_id", "status", "model", "queue"),
    [
        ("af_tomorrow", 202, "kokoro", "kokoro.interactive"),
        ("af_heart(2)+af_sky(1)", 202, "kokoro", "kokoro.interactive"),
        ("mms_swh", 202, "mms", "mms_swh.interactive"),
    ],
)
def test_a_job_goes_to_the_queue_of_its_weights(
    gateway: Running, voice_id: str, status: int, model: str, queue: str
) -> None:
    answer = gateway.post(voice_id=voice_id)
    assert (answer.status_code, answer.json()["model"], answer.json()["provider"]) == (status, model, "local")
    assert answer.json()["voice_id"] == voice_id
    assert gateway.next_bell(queue) == answer.json()["job_id"]
    job = gateway.client.get(f"/jobs/{answer.json()['job_id']}").json()
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
def test_what_cannot_be_asked_for(
    gateway: Running, voice_id: str, style: str | None, status: int, code: str
) -> None:
    answer = gateway.post(voice_id=voice_id, style=style)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_broken_or_missing_model_is_a_beep_and_says_so(gateway: Running) -> None:
    for voice_id in ("bark_en_0", "parler_laura"):
        answer = gateway.post(voice_id=voice_id).json()
        assert answer["provider"] == "stub"
        assert "only a beep" in answer["warnings"][0]


def test_what_is_done_badly_is_said_with_the_job(gateway: Running) -> None:
    announce(gateway, "small", "CPU", {**KOKORO, "voices": ["jf_alpha"]}, STUB)
    answer = gateway.post(voice_id="jf_alpha", text="こんにちは", style="softly").json()
    assert any("kana" in warning for warning in answer["warnings"])
    assert any("takes no style" in warning for warning in answer["warnings"])


def test_status_shows_each_worker_and_the_folder_of_the_one_that_only_fetches(gateway: Running) -> None:
    found = models(gateway)
    assert (found["parler"]["state"], found["parler"]["present"], found["parler"]["workers"]) == (
        "partial",
        False,
        [],
    )
    # French is needed as well and is not there.
    assert (found["mms"]["state"], found["mms"]["present"]) == ("partial", True)
    weights = {one["key"]: one for one in found["mms"]["weights"]}
    assert weights.keys() == {"mms_eng", "mms_fra", "mms_deu", "mms_spa", "mms_por", "mms_swh"}
    assert {key: one["need"] for key, one in weights.items() if one["need"] == "needed"} == {
        "mms_eng": "needed",
        "mms_fra": "needed",
    }
    assert weights["mms_eng"]["workers"][0]["id"] == "ops"
    assert weights["mms_swh"]["workers"][0]["loaded"] is False
    assert weights["mms_eng"]["revision"] == "a" * 40
    assert weights["mms_fra"]["sources"][0]["folder"] == "facebook_mms-tts-fra"
    (worker,) = found["kokoro"]["workers"]
    assert (worker["loaded"], worker["in_use"], worker["model_memory_bytes"]) == (True, True, 400_000_000)
    assert (worker["loads"], worker["unloads"], worker["memory_bytes"]) == (5, 4, 7)
    bark = found["bark"]["weights"][0]
    assert (bark["state"], bark["workers"][0]["trouble"]) == ("complete", "It is damaged.")
    assert found["bark"]["loaded"] is False


def test_only_workers_that_speak_count(gateway: Running) -> None:
    health = gateway.client.get("/health").json()
    assert health["workers_alive"] == 2
    assert gateway.client.get("/ready").json()["workers_alive"] == 2
    assert gateway.client.get("/analytics").json()["models_available"] == ["bark", "kokoro", "mms", "stub"]


def heard(gateway: Running, worker_id: str) -> list[Any]:
    """(task, arguments) of what a worker was told, the first first."""
    key = broker.queue_key(queue_names.worker_queue(worker_id), prefix=gateway.settings.queue_prefix)
    messages = [json.loads(line) for line in reversed(gateway.redis.lrange(key, 0, -1))]
    assert not messages or 0 < gateway.redis.ttl(key) <= broker.COMMAND_EXPIRES_S
    return [(one["headers"]["task"], *json.loads(base64.b64decode(one["body"]))[0]) for one in messages]


def test_workers_that_have_a_model_are_told_to_load_and_unload_it(gateway: Running) -> None:
    warmed = gateway.client.post("/models/warm", json={"models": ["mms", "parler"]})
    assert (warmed.status_code, warmed.json()) == (
        202,
        {"told": [{"worker": "large", "weights": "mms_swh"}], "not_served": ["parler"], "stays": []},
    )
    unloaded = gateway.client.post("/models/unload", json={"models": ["kokoro", "mms_swh"]}).json()
    # What is not loaded need not be unloaded.
    assert unloaded == {"told": [{"worker": "small", "weights": "kokoro"}], "not_served": [], "stays": []}
    assert heard(gateway, "large") == [(messages.WARM, "mms_swh")]
    assert heard(gateway, "small") == [(messages.UNLOAD, "kokoro")]


def test_a_family_of_many_is_not_warmed_as_a_whole(gateway: Running) -> None:
    keys = [weights.key for weights in weights_of("mms")[: WARM_MAX + 1]]
    announce(gateway, "many", "CPU", *({**SWAHILI, "weights": key} for key in keys), flavour="torch")
    refused = gateway.client.post("/models/warm", json={"models": ["mms"]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "too_many_models")
    assert heard(gateway, "many") == []
    assert gateway.client.post("/models/warm", json={"models": keys[:WARM_MAX]}).status_code == 202
    assert len(heard(gateway, "many")) == WARM_MAX


def test_broken_weights_are_not_there_for_a_download(gateway: Running) -> None:
    asked = gateway.client.post("/models/download", json={"models": ["bark", "mms_eng"]}).json()
    assert [one["item"] for one in asked["downloads"]] == ["bark"]
    assert asked["present"] == ["mms_eng"]


@pytest.mark.parametrize(
    "body", [{}, {"models": []}, {"models": ["nobody"]}, {"models": ["../x"]}, {"models": "mms"}]
)
def test_orders_that_make_no_sense(gateway: Running, body: Any) -> None:
    for path in ("/models/warm", "/models/unload"):
        assert gateway.client.post(path, json=body).status_code == 400
