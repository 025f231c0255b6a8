"""Every model family through the whole service: workers of three environments, models folder, HTTP.

Models are tiny ones of the real classes; what is heard is held against the libraries themselves.
"""

import io
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.support.command import Up, oratio, up
from tests.support.flavours import Call, build_tiny, speak_directly
from tests.support.tiny_kokoro import build_kokoro
from tests.support.waiting import wait_for

TEXT = "hello world and good morning"
STYLE = "Laura speaks slowly in a quiet room."
CASES = [
    ("mms", "mms_eng", "eng", ""),
    ("speecht5", "speecht5_slt", "slt", ""),
    ("bark", "bark_en_6", "v2/en_speaker_6", ""),
    ("parler", "parler_laura", "Laura", STYLE),
]
FAMILIES = [family for family, *_ in CASES]
EVERYTHING = "hibari,kokoro,stub,speecht5,mms,bark,parler"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flavours") / "models"
    folder.mkdir()
    build_tiny(folder, *FAMILIES)
    build_kokoro(folder, names=("af_heart", "af_sky"))
    return folder


@pytest.fixture(scope="module")
def by_library(models: Path) -> dict[str, NDArray[np.float32]]:
    return speak_directly(models, [Call(family, voice, 7, TEXT, style) for family, _, voice, style in CASES])


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[Up]:
    with up(models.parent / "data", models_dir=str(models), worker_models=EVERYTHING) as running:
        yield running


@pytest.fixture
def client(service: Up) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.address.url, timeout=120, trust_env=False) as client:
        yield client


def speak(client: httpx.Client, voice_id: str, text: str = TEXT, **body: Any) -> Any:
    answer = client.post("/synthesize", json={"text": text, "voice_id": voice_id, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def heard(client: httpx.Client, job: Any) -> tuple[NDArray[np.int16], int]:
    file = io.BytesIO(client.get(job["audio_url"]).raise_for_status().content)
    return soundfile.read(file, dtype="int16")


@pytest.mark.parametrize(
    ("family", "voice_id", "style"), [(one[0], one[1], one[3]) for one in CASES], ids=FAMILIES
)
def test_each_family_speaks_what_its_library_speaks(
    client: httpx.Client, by_library: dict[str, NDArray[np.float32]], family: str, voice_id: str, style: str
) -> None:
    job = speak(client, voice_id, seed=7, mastering=False, **({"style": style} if style else {}))
    assert (job["status"], job["provider"], job["attempts"]) == ("completed", "local", 1)
    assert (job["model"], job["warnings"]) == (family, [])
    samples, rate = heard(client, job)
    assert rate == job["sample_rate_hz"]
    expected = np.clip(by_library[family], -1, 1)
    assert len(samples) == len(expected)
    # The file holds 16 bits a sample.
    assert np.abs(samples - np.clip(expected * 32768, -32768, 32767)).max() <= 1.0
    assert samples.any()


@pytest.mark.parametrize("voice_id", [voice_id for _, voice_id, *_ in CASES])
def test_the_same_seed_gives_the_same_sound_whoever_else_speaks(client: httpx.Client, voice_id: str) -> None:
    isolated, _ = heard(client, speak(client, voice_id, seed=3))
    with ThreadPoolExecutor(6) as pool:
        jobs = list(pool.map(lambda n: speak(client, voice_id, seed=3 if n % 2 else n), range(6)))
    for job in jobs[1::2]:
        assert np.array_equal(heard(client, job)[0], isolated)


def test_kokoro_speaks_and_mixes(client: httpx.Client) -> None:
    for voice_id in ("af_heart", "af_heart(2)+af_sky(1)"):
        job = speak(client, voice_id)
        assert (job["provider"], job["model"], job["voice_id"]) == ("local", "kokoro", voice_id)


def test_voices_say_who_has_them_loaded(client: httpx.Client) -> None:
    speak(client, "mms_eng")

    def views() -> dict[str, Any]:
        return {voice["id"]: voice for voice in client.get("/voices").json()["voices"]}

    wait_for(lambda: any(worker["loaded"] for worker in views()["mms_eng"]["workers"]))
    found = views()
    (worker,) = found["mms_eng"]["workers"]
    assert (worker["device"], found["mms_eng"]["available"]) == ("CPU", True)
    assert found["mms_eng"]["license"] == "CC-BY-NC-4.0"
    assert found["bark_en_6"]["slow"]
    assert not found["mms_eng"]["slow"]
    # The folder has two of its presets, and no French.
    assert (found["bark_fr_1"]["available"], found["bark_de_0"]["available"]) == (True, False)
    assert (found["mms_fra"]["available"], found["mms_fra"]["provider"]) == (False, "stub")
    assert "oratio models download mms_fra" in found["mms_fra"]["reason"]
    assert "mms_swh" not in found
    everyone = client.get("/voices", params={"model": "mms"}).json()["voices"]
    assert len(everyone) > 1000
    assert {voice["id"] for voice in client.get("/voices", params={"language": "sw"}).json()["voices"]} == {
        "mms_swh"
    }


def test_status_says_what_is_where(client: httpx.Client) -> None:
    for _, voice_id, *_ in CASES:
        speak(client, voice_id)
    models = {model["alias"]: model for model in client.get("/models/status").json()["models"]}
    for family in FAMILIES:
        (worker,) = models[family]["workers"]
        assert worker["flavour"] == ("parler" if family == "parler" else "torch")
    assert {family: models[family]["state"] for family in FAMILIES} == {
        "speecht5": "complete",
        "bark": "complete",
        "parler": "complete",
        # English is there, and French is needed as well.
        "mms": "partial",
    }
    english = next(one for one in models["mms"]["weights"] if one["key"] == "mms_eng")
    assert (english["state"], english["need"]) == ("complete", "needed")
    assert english["size_bytes"] > 100_000
    wait_for(lambda: _loaded(client, "speecht5"))


def _loaded(client: httpx.Client, alias: str) -> bool:
    models = {model["alias"]: model for model in client.get("/models/status").json()["models"]}
    return bool(models[alias]["loaded"])


def test_a_model_is_warmed_and_unloaded_by_name(client: httpx.Client) -> None:
    for path, state in (("/models/warm", True), ("/models/unload", False), ("/models/warm", True)):
        told = client.post(path, json={"models": ["parler"]})
        assert told.status_code == 202
        assert [one["weights"] for one in told.json()["told"]] == ["parler"]
        wait_for(lambda state=state: _loaded(client, "parler") is state)
    assert client.post("/models/warm", json={"models": ["mms_fra"]}).json() == {
        "told": [],
        "not_served": ["mms_fra"],
        "stays": [],
    }
    stays = client.post("/models/unload", json={"models": ["hibari"]}).json()
    assert stays == {"told": [], "not_served": [], "stays": ["hibari"]}
    assert client.post("/models/warm", json={"models": ["nonsense"]}).status_code == 400


def test_the_command_says_what_came_of_its_orders(service: Up, tmp_path: Path) -> None:
    def order(what: str, *names: str) -> tuple[int, str]:
        done = oratio("models", what, *names, "--url", service.address.url, folder=tmp_path)
        return done.returncode, done.stdout + done.stderr

    status, said = order("warm", "mms_eng", "speecht5", "kokoro")
    assert status == 0
    assert all(f"{key} is loaded on" in said for key in ("mms_eng", "speecht5", "kokoro"))
    status, said = order("unload", "mms_eng", "speecht5", "hibari")
    assert status == 0
    assert all(f"{key} is unloaded on" in said for key in ("mms_eng", "speecht5"))
    assert "hibari always stays loaded" in said
    status, said = order("unload", "mms_eng")
    assert (status, "Nowhere loaded: mms_eng" in said) == (0, True)


def test_styles_and_speeds(client: httpx.Client) -> None:
    laughing = speak(client, "bark_en_6", style="laughs")
    assert laughing["warnings"] == []
    refused = client.post("/synthesize", json={"text": TEXT, "voice_id": "bark_en_6", "style": "in a huff"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "style")
    ignored = speak(client, "mms_eng", style="angrily")
    assert "takes no style" in ignored["warnings"][0]
    slow, fast = (speak(client, "mms_eng", speed=speed)["duration_s"] for speed in (0.5, 2.0))
    assert slow > 2.5 * fast


def test_a_long_text_is_spoken_whole_by_every_family(client: httpx.Client) -> None:
    text = "The train to the coast leaves at seven, and nobody knows why it does. " * 8
    for _, voice_id, *_ in CASES:
        job = speak(client, voice_id, text)
        assert (job["status"], job["warnings"]) == ("completed", [])
        assert job["progress"]["segments_total"] > 1


@pytest.fixture
def french(client: httpx.Client, models: Path) -> Iterator[Path]:
    """A folder for the French weights, until the test ends."""
    folder = models / "facebook_mms-tts-fra"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)
    wait_for(lambda: "oratio models download mms_fra" in str(_voice(client, "mms_fra")["reason"]))


def test_a_pickle_that_is_more_than_tensors_is_refused_and_said(
    client: httpx.Client, models: Path, french: Path
) -> None:
    """The very file that a real download of Bark has, with a surprise in it."""
    for name in ("config.json", "vocab.json", "tokenizer_config.json"):
        (french / name).write_bytes((models / "facebook_mms-tts-eng" / name).read_bytes())
    trap = models / "sprung"
    (french / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    wait_for(lambda: _voice(client, "mms_fra")["workers"], timeout_s=40)
    job = speak(client, "mms_fra")
    assert job["provider"] == "stub"
    assert "model_broken" in job["warnings"][0]
    assert not trap.exists()
    wait_for(lambda: "cannot be loaded" in str(_voice(client, "mms_fra")["reason"]))


def _voice(client: httpx.Client, voice_id: str) -> Any:
    return next(voice for voice in client.get("/voices").json()["voices"] if voice["id"] == voice_id)
