"""What POST /v1/audio/speech accepts from clients that do not follow OpenAI's reference to the letter."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import openai
import pytest

from api.schemas.speech import SpeechRequest
from common.formats import MEDIA_TYPES
from common.settings import Settings
from tests.support.decoding import by_pyav
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway

FORMATS = tuple(MEDIA_TYPES)
HELLO = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": "wav"}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    names: dict[str, Any] = {"openai_voices": {"house": "af_sky"}}
    with run_gateway(settings.model_copy(update=names), announced=False) as running:
        running.announce(voices=("heart", "kore"), formats=FORMATS)
        yield running


def speak(gateway: RunningGateway, **changes: Any) -> dict[str, Any]:
    """Send a request, and return its job."""
    with StandInWorker(gateway).running():
        response = gateway.client.post("/v1/audio/speech", json=HELLO | changes)
    assert response.status_code == 200, response.text
    job: dict[str, Any] = gateway.client.get(f"/jobs/{response.headers['x-oratio-job-id']}").json()
    return job


def jobs(gateway: RunningGateway) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = gateway.client.get("/jobs").json()["items"]
    return items


@pytest.mark.parametrize(
    ("given", "audio_format"),
    [("WAV", "wav"), ("Flac", "flac"), ("ogg", "opus"), ("OGG", "opus"), ("OPUS", "opus"), (None, "mp3")],
)
def test_a_format_may_be_written_in_any_case(
    gateway: RunningGateway, given: str | None, audio_format: str
) -> None:
    assert speak(gateway, response_format=given)["format"] == audio_format


@pytest.mark.parametrize(("given", "speed"), [("1.5", 1.5), ("2", 2.0), (None, 1.0), (1, 1.0)])
def test_a_speed_may_be_a_string_or_null(gateway: RunningGateway, given: Any, speed: float) -> None:
    assert speak(gateway, speed=given)["speed"] == speed


def test_null_is_the_default_of_every_optional_field(gateway: RunningGateway) -> None:
    optional = {name: None for name, field in SpeechRequest.model_fields.items() if not field.is_required()}
    job = speak(gateway, **optional)
    assert (job["format"], job["speed"], job["priority"]) == ("mp3", 1.0, "interactive")
    documented = SpeechRequest.model_json_schema()["properties"]
    assert all({"type": "null"} in documented[name]["anyOf"] for name in optional)
    response = gateway.client.post("/v1/audio/speech", json=HELLO | {"input": None})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "input")


def test_names_may_be_in_any_case(gateway: RunningGateway) -> None:
    assert speak(gateway, model="TTS-1", voice="Alloy", input_type="Text")["voice_id"] == "hibari_kore"
    assert speak(gateway, model="Kokoro", voice="HOUSE")["voice_id"] == "af_sky"


def test_events_may_be_asked_for_in_any_case(gateway: RunningGateway) -> None:
    body = HELLO | {"input": "---", "stream_format": "SSE", "priority": "BULK"}
    response = gateway.client.post("/v1/audio/speech", json=body)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")


def test_a_seed_may_be_a_string_and_a_language_may_have_an_underscore(gateway: RunningGateway) -> None:
    assert speak(gateway, seed="5", language="en_US")["language"] == "en-US"
    for wrong in ({"seed": "-5"}, {"seed": "5.5"}, {"seed": str(2**31)}, {"language": "english_please_do"}):
        response = gateway.client.post("/v1/audio/speech", json=HELLO | wrong)
        assert (response.status_code, response.json()["error"]["param"]) == (400, next(iter(wrong)))


@pytest.mark.parametrize("given", ["", "fast", "nan", "inf", "0.1", "5", [1.0], True])
def test_a_speed_that_is_no_speed_is_an_error(gateway: RunningGateway, given: Any) -> None:
    response = gateway.client.post("/v1/audio/speech", json=HELLO | {"speed": given})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "speed")


@pytest.mark.parametrize(
    ("body", "voice_id"),
    [
        ({}, "hibari_heart"),
        ({"model": None, "voice": None}, "hibari_heart"),
        ({"model": "", "voice": ""}, "hibari_heart"),
        ({"model": "tts-1"}, "hibari_heart"),
        # The first voice of the model, because the default voice has another one.
        ({"model": "kokoro"}, "af_alloy"),
        ({"voice": "af_sky"}, "af_sky"),
        ({"voice": {"id": "house"}}, "af_sky"),
    ],
)
def test_a_missing_model_or_voice_is_the_default(
    gateway: RunningGateway, body: dict[str, Any], voice_id: str
) -> None:
    with StandInWorker(gateway).running():
        response = gateway.client.post("/v1/audio/speech", json={"input": "Hello there.", **body})
    assert response.status_code == 200, response.text
    assert jobs(gateway)[0]["voice_id"] == voice_id


def test_a_wrong_model_or_voice_is_an_error_although_there_is_nothing_to_speak(
    gateway: RunningGateway,
) -> None:
    for field in ("model", "voice"):
        body = HELLO | {field: "nobody", "input": "---"}
        response = gateway.client.post("/v1/audio/speech", json=body)
        assert (response.status_code, response.json()["error"]["param"]) == (404, field)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_a_text_with_nothing_to_speak_is_a_short_silence(gateway: RunningGateway, audio_format: str) -> None:
    response = gateway.client.post(
        "/v1/audio/speech", json=HELLO | {"input": "---", "response_format": audio_format}
    )
    assert response.status_code == 200
    assert int(response.headers["content-length"]) == len(response.content)
    samples, rate_hz = by_pyav(response.content, audio_format)
    assert 0.09 <= len(samples) / rate_hz <= 0.2  # codecs pad to whole frames
    assert abs(samples).max() < 0.001
    assert jobs(gateway) == []


@pytest.mark.parametrize("text", ["🙂", "*** ...", "[pause:2s]", " — "])
def test_only_openais_endpoint_answers_with_silence(gateway: RunningGateway, text: str) -> None:
    assert gateway.client.post("/v1/audio/speech", json=HELLO | {"input": text}).status_code == 200
    refused = gateway.post(text, async_mode=False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "nothing_to_speak")


def test_silence_comes_as_events_as_well(gateway: RunningGateway) -> None:
    body = HELLO | {"input": "---", "stream_format": "sse", "response_format": "pcm"}
    response = gateway.client.post("/v1/audio/speech", json=body)
    lines = [line for line in response.text.splitlines() if line]
    delta, done = (json.loads(line.removeprefix("data: ")) for line in lines)
    assert len(base64.b64decode(delta["audio"])) == 4800
    assert done["type"] == "speech.audio.done"
    assert done["usage"] == {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4}


def test_a_list_as_input_is_an_error_that_names_it(gateway: RunningGateway) -> None:
    response = gateway.client.post("/v1/audio/speech", json=HELLO | {"input": ["Hello."]})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "input")


def test_a_client_that_gives_up_and_asks_again_gets_the_same_job(gateway: RunningGateway) -> None:
    impatient = httpx.Timeout(20, read=0.3)
    with (
        httpx.Client(base_url=gateway.url, timeout=impatient, trust_env=False) as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.post("/v1/audio/speech", json=HELLO)
    job_id = gateway.next_queued_job()
    assert job_id is not None
    with ThreadPoolExecutor(1) as pool, openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any") as client:
        again = pool.submit(client.audio.speech.create, **HELLO)  # type: ignore[arg-type]
        audio = gateway.complete(job_id)
        response = again.result(15)
    assert response.response.headers["x-oratio-job-id"] == job_id
    assert response.read()[44:] == audio[44:]
    assert [job["job_id"] for job in jobs(gateway)] == [job_id]


def listed_voices(gateway: RunningGateway, model: str) -> dict[str, str]:
    response = gateway.client.get("/v1/audio/voices", params={"model": model})
    assert response.status_code == 200, response.text
    return {voice["id"]: voice["model"] for voice in response.json()["voices"]}


def test_voices_can_be_listed_by_model(gateway: RunningGateway) -> None:
    for name in ("kokoro", "hexgrad/Kokoro-82M"):
        found = listed_voices(gateway, name)
        assert {"af_sky", "house"} <= set(found)
        assert set(found.values()) == {"kokoro"}
    everything = gateway.client.get("/v1/audio/voices").json()["voices"]
    # A model of OpenAI speaks with any voice.
    assert len(listed_voices(gateway, "tts-1")) == len(everything)
    unknown = gateway.client.get("/v1/audio/voices", params={"model": "tts-9"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
