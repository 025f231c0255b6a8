"""All model families in a whole service, with workers in three environments.

The models are tiny ones of the real classes. Their audio is compared with what the libraries themselves generate.
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
from tests.support.flavours import LibraryCall, build_tiny, call_libraries
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
ALL_MODELS = "hibari,kokoro,stub,speecht5,mms,bark,parler"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flavours") / "models"
    folder.mkdir()
    build_tiny(folder, *FAMILIES)
    build_kokoro(folder, names=("af_heart", "af_sky"))
    return folder


@pytest.fixture(scope="module")
def library_samples(models: Path) -> dict[str, NDArray[np.float32]]:
    calls = [LibraryCall(family, voice, 7, TEXT, style) for family, _, voice, style in CASES]
    return call_libraries(models, calls)


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[Up]:
    with up(models.parent / "data", models_dir=str(models), worker_models=ALL_MODELS) as running:
        yield running


@pytest.fixture
def client(service: Up) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.address.url, timeout=120, trust_env=False) as client:
        yield client


def speak(client: httpx.Client, voice_id: str, text: str = TEXT, **body: Any) -> Any:
    response = client.post("/synthesize", json={"text": text, "voice_id": voice_id, **body})
    assert response.status_code == 200, response.text
    return response.json()


def get_samples(client: httpx.Client, job: Any) -> tuple[NDArray[np.int16], int]:
    """Return the samples of a job's file and their rate in Hz."""
    file = io.BytesIO(client.get(job["audio_url"]).raise_for_status().content)
    return soundfile.read(file, dtype="int16")


@pytest.mark.parametrize(
    ("family", "voice_id", "style"),
    [(family, voice_id, style) for family, voice_id, _, style in CASES],
    ids=FAMILIES,
)
def test_each_family_generates_the_same_audio_as_its_library(
    client: httpx.Client,
    library_samples: dict[str, NDArray[np.float32]],
    family: str,
    voice_id: str,
    style: str,
) -> None:
    job = speak(client, voice_id, seed=7, mastering=False, **({"style": style} if style else {}))
    assert (job["status"], job["provider"], job["attempts"]) == ("completed", "local", 1)
    assert (job["model"], job["warnings"]) == (family, [])
    samples, rate_hz = get_samples(client, job)
    assert rate_hz == job["sample_rate_hz"]
    expected = np.clip(library_samples[family], -1, 1)
    assert len(samples) == len(expected)
    # The file has 16 bits per sample.
    assert np.abs(samples - np.clip(expected * 32768, -32768, 32767)).max() <= 1.0
    assert samples.any()


@pytest.mark.parametrize("voice_id", [voice_id for _, voice_id, *_ in CASES])
def test_a_seed_gives_the_same_audio_alone_and_beside_other_jobs(client: httpx.Client, voice_id: str) -> None:
    isolated, _ = get_samples(client, speak(client, voice_id, seed=3))
    with ThreadPoolExecutor(6) as pool:
        jobs = list(pool.map(lambda n: speak(client, voice_id, seed=3 if n % 2 else n), range(6)))
    for job in jobs[1::2]:
        assert np.array_equal(get_samples(client, job)[0], isolated)


def test_kokoro_speaks_with_one_voice_and_with_a_mix(client: httpx.Client) -> None:
    for voice_id in ("af_heart", "af_heart(2)+af_sky(1)"):
        job = speak(client, voice_id)
        assert (job["provider"], job["model"], job["voice_id"]) == ("local", "kokoro", voice_id)


def test_voices_list_the_workers_that_have_them_loaded(client: httpx.Client) -> None:
    speak(client, "mms_eng")

    def voices_by_id() -> dict[str, Any]:
        return {voice["id"]: voice for voice in client.get("/voices").json()["voices"]}

    wait_for(lambda: any(worker["loaded"] for worker in voices_by_id()["mms_eng"]["workers"]))
    voices = voices_by_id()
    (worker,) = voices["mms_eng"]["workers"]
    assert (worker["device"], voices["mms_eng"]["available"]) == ("CPU", True)
    assert voices["mms_eng"]["license"] == "CC-BY-NC-4.0"
    assert voices["bark_en_6"]["slow"]
    assert not voices["mms_eng"]["slow"]
    # The models folder has only some of Bark's presets, and no French MMS.
    assert (voices["bark_fr_1"]["available"], voices["bark_de_0"]["available"]) == (True, False)
    assert (voices["mms_fra"]["available"], voices["mms_fra"]["provider"]) == (False, "stub")
    assert "oratio models download mms_fra" in voices["mms_fra"]["reason"]
    # The unfiltered list leaves out most of the thousand languages of MMS.
    assert "mms_swh" not in voices
    assert len(client.get("/voices", params={"model": "mms"}).json()["voices"]) > 1000
    swahili = client.get("/voices", params={"language": "sw"}).json()["voices"]
    assert {voice["id"] for voice in swahili} == {"mms_swh"}


def test_the_status_lists_weights_and_the_workers_that_serve_them(client: httpx.Client) -> None:
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
        # English is present, but French is needed too.
        "mms": "partial",
    }
    english = next(weights for weights in models["mms"]["weights"] if weights["key"] == "mms_eng")
    assert (english["state"], english["need"]) == ("complete", "needed")
    assert english["size_bytes"] > 100_000
    wait_for(lambda: _is_loaded(client, "speecht5"))


def _is_loaded(client: httpx.Client, alias: str) -> bool:
    models = {model["alias"]: model for model in client.get("/models/status").json()["models"]}
    return bool(models[alias]["loaded"])


def test_a_model_is_loaded_and_unloaded_on_request(client: httpx.Client) -> None:
    for path, loaded in (("/models/warm", True), ("/models/unload", False), ("/models/warm", True)):
        response = client.post(path, json={"models": ["parler"]})
        assert response.status_code == 202
        assert [command["weights"] for command in response.json()["told"]] == ["parler"]
        wait_for(lambda loaded=loaded: _is_loaded(client, "parler") is loaded)
    assert client.post("/models/warm", json={"models": ["mms_fra"]}).json() == {
        "told": [],
        "not_served": ["mms_fra"],
        "stays": [],
    }
    always_loaded = client.post("/models/unload", json={"models": ["hibari"]}).json()
    assert always_loaded == {"told": [], "not_served": [], "stays": ["hibari"]}
    assert client.post("/models/warm", json={"models": ["nonsense"]}).status_code == 400


def test_the_command_prints_which_models_were_loaded_and_unloaded(service: Up, tmp_path: Path) -> None:
    def run(action: str, *names: str) -> tuple[int, str]:
        result = oratio("models", action, *names, "--url", service.address.url, folder=tmp_path)
        return result.returncode, result.stdout + result.stderr

    status, output = run("warm", "mms_eng", "speecht5", "kokoro")
    assert status == 0
    assert all(f"{key} is loaded on" in output for key in ("mms_eng", "speecht5", "kokoro"))
    status, output = run("unload", "mms_eng", "speecht5", "hibari")
    assert status == 0
    assert all(f"{key} is unloaded on" in output for key in ("mms_eng", "speecht5"))
    assert "hibari always stays loaded" in output
    status, output = run("unload", "mms_eng")
    assert (status, "Not loaded on any worker: mms_eng" in output) == (0, True)


def test_style_and_speed_apply_as_the_family_supports_them(client: httpx.Client) -> None:
    laughing = speak(client, "bark_en_6", style="laughs")
    assert laughing["warnings"] == []
    refused = client.post("/synthesize", json={"text": TEXT, "voice_id": "bark_en_6", "style": "in a huff"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "style")
    ignored = speak(client, "mms_eng", style="angrily")
    assert "takes no style" in ignored["warnings"][0]
    slow, fast = (speak(client, "mms_eng", speed=speed)["duration_s"] for speed in (0.5, 2.0))
    assert slow > 2.5 * fast


def test_every_family_speaks_a_long_text_in_several_segments(client: httpx.Client) -> None:
    text = "The train to the coast leaves at seven, and nobody knows why it does. " * 8
    for _, voice_id, *_ in CASES:
        job = speak(client, voice_id, text)
        assert (job["status"], job["warnings"]) == ("completed", [])
        assert job["progress"]["segments_total"] > 1


@pytest.fixture
def french(client: httpx.Client, models: Path) -> Iterator[Path]:
    """A folder for French weights, removed at the end of the test."""
    folder = models / "facebook_mms-tts-fra"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)
    wait_for(lambda: "oratio models download mms_fra" in str(_voice(client, "mms_fra")["reason"]))


def test_a_pickle_that_contains_code_is_refused(client: httpx.Client, models: Path, french: Path) -> None:
    """The weights are a pickle, like those of some real downloads, that would run a command when loaded."""
    for name in ("config.json", "vocab.json", "tokenizer_config.json"):
        (french / name).write_bytes((models / "facebook_mms-tts-eng" / name).read_bytes())
    trap = models / "executed"
    (french / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch " + str(trap).encode() + b"'\ntR.")
    wait_for(lambda: _voice(client, "mms_fra")["workers"], timeout_s=40)
    job = speak(client, "mms_fra")
    assert job["provider"] == "stub"
    assert "model_broken" in job["warnings"][0]
    assert not trap.exists()
    wait_for(lambda: "cannot be loaded" in str(_voice(client, "mms_fra")["reason"]))


def _voice(client: httpx.Client, voice_id: str) -> Any:
    return next(voice for voice in client.get("/voices").json()["voices"] if voice["id"] == voice_id)
