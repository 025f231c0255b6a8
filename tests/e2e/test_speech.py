"""The speech of a whole service, transcribed by a speech recognition model, matches the text."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings
from tests.support.fake_inference import FakeInference, limited, refused
from tests.support.gateway import run_gateway
from tests.support.transcription import transcribe, word_error_rate
from tests.support.waiting import wait_for

SENTENCE = "The weather in the mountains was cold and clear this morning."
STORY = """\
The old lighthouse stood at the end of a long road, and nobody in the village remembered who had built it. \
Every evening a woman walked along the beach with her dog and looked up at the dark windows. She had heard that \
a painter once lived there, a quiet man who came down only to buy bread and oil. Her mother had told her that he \
gave a picture to every child in the school.

One winter a storm broke the door, and the people went inside to see what was left. They found a kitchen with a \
table and two chairs, a stove full of ashes, and a narrow stair that went round and round. At the top there was \
a room with glass on every side, and the walls between the windows were covered with drawings of ships. Some of \
the ships were sinking, and some of them were coming home with all their flags in the wind.

The teacher asked the council to repair the roof before the spring. Most of the members agreed, because the \
drawings were beautiful and the work was cheap. When the summer came, visitors travelled from the city to climb \
the stair, and the baker sold more bread than he had ever sold before. The woman still walks along the beach in \
the evening, but now there is a light above her, and the dog runs ahead to meet the children at the door. Her \
own picture hangs in the kitchen, where the morning sun falls on it.
"""
STUB_MARK = "only a beep"


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=130, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeInference]:
    with FakeInference() as fake:
        yield fake


@pytest.fixture(scope="module")
def hosted(provider: FakeInference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service whose inference worker posts to the fake provider."""
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("hosted"),
        port=0,
        engines=1,
        stop_grace_s=5,
        sweep_s=0.5,
        inference_url=provider.url,
        hf_token="hf_for_tests",
    )
    with (
        Stack(settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)]) as running,
        httpx.Client(base_url=running.url, timeout=130, trust_env=False) as client,
    ):
        # The service is ready as soon as one of the two workers is.
        wait_for(lambda: client.get("/health").json()["workers_alive"] == 2, timeout_s=60)
        yield client


def speak(service: httpx.Client, text: str = SENTENCE, **body: Any) -> tuple[dict[str, Any], bytes]:
    """Return the completed job and its audio."""
    response = service.post("/synthesize", json={"text": text, **body})
    assert response.status_code == 200, response.text
    job: dict[str, Any] = response.json()
    assert job["status"] == "completed"
    audio = service.get(job["audio_url"])
    assert len(audio.content) == job["size_bytes"]
    return job, audio.content


@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "opus", "aac"])
def test_every_format_is_intelligible(service: httpx.Client, audio_format: str) -> None:
    job, audio = speak(service, format=audio_format, seed=1)
    assert (job["provider"], job["warnings"]) == ("local", [])
    assert word_error_rate(SENTENCE, transcribe(audio)) <= 0.1


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.25, 1.5, 2.0, 4.0])
def test_speed_changes_the_duration_and_not_the_words(service: httpx.Client, speed: float) -> None:
    normal, _ = speak(service, seed=1)
    job, audio = speak(service, seed=1, speed=speed)
    # The audio ends with 0.05 s of silence at any speed.
    assert job["duration_s"] == pytest.approx(0.05 + (normal["duration_s"] - 0.05) / speed, rel=0.2)
    if 0.8 <= speed <= 1.5:
        assert word_error_rate(SENTENCE, transcribe(audio)) <= 0.25


def test_a_long_text_is_spoken_in_order(service: httpx.Client) -> None:
    job, audio = speak(service, STORY, seed=1)
    assert 1200 < len(STORY) < 1800
    assert job["progress"]["segments_done"] == job["progress"]["segments_total"] > 8
    assert word_error_rate(STORY, transcribe(audio)) < 0.1


def test_the_same_seed_gives_the_same_audio(service: httpx.Client) -> None:
    first, same, other = (hashlib.sha256(speak(service, seed=seed)[1]).hexdigest() for seed in (7, 7, 8))
    assert first == same
    assert first != other


def test_a_voice_without_a_worker_is_a_beep_with_a_warning(service: httpx.Client) -> None:
    job, audio = speak(service, voice_id="af_heart")
    assert (job["provider"], job["model"]) == ("stub", "kokoro")
    assert STUB_MARK in job["warnings"][0]
    assert word_error_rate(SENTENCE, transcribe(audio)) > 0.9


def test_the_provider_can_be_set_to_the_stub(stack: Stack) -> None:
    settings = stack.settings.model_copy(update={"tts_provider": "stub"})
    with run_gateway(settings, announced=False) as gateway:
        job, _ = speak(gateway.client)
    assert job["provider"] == "stub"
    assert STUB_MARK in job["warnings"][0]


def test_hosted_inference_speaks_voices_without_a_worker(
    hosted: httpx.Client, provider: FakeInference
) -> None:
    job, audio = speak(hosted, voice_id="af_heart")
    assert (job["provider"], job["warnings"], job["attempts"]) == ("inference", [], 1)
    assert audio[:4] == b"RIFF"
    request = provider.requests[-1]
    assert request.text == SENTENCE
    assert request.headers["authorization"] == "Bearer hf_for_tests"
    assert "af_heart" in str(request.body)


def test_voices_with_a_worker_are_not_sent_to_the_provider(
    hosted: httpx.Client, provider: FakeInference
) -> None:
    requests_before = len(provider.spoken)
    assert speak(hosted)[0]["provider"] == "local"
    assert len(provider.spoken) == requests_before


def test_a_rejected_token_fails_the_job_without_a_retry(
    hosted: httpx.Client, provider: FakeInference
) -> None:
    requests_before = len(provider.spoken)
    provider.script(refused(401))
    response = hosted.post("/synthesize", json={"text": SENTENCE, "voice_id": "af_heart"})
    assert response.status_code == 502
    error = response.json()["error"]
    assert error["code"] == "provider_rejected"
    assert "HF_TOKEN" in error["message"]
    job = hosted.get(f"/jobs/{error['job_id']}").json()
    assert (job["status"], job["error"]["code"], job["attempts"]) == ("failed", "provider_rejected", 1)
    assert len(provider.spoken) == requests_before + 1


def test_a_request_that_the_provider_rate_limits_is_retried(
    hosted: httpx.Client, provider: FakeInference
) -> None:
    requests_before = len(provider.spoken)
    provider.script(limited("1"))
    job, _ = speak(hosted, voice_id="af_heart")
    assert (job["provider"], job["attempts"]) == ("inference", 2)
    assert len(provider.spoken) == requests_before + 2
