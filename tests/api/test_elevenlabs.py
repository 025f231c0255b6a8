"""The ElevenLabs API: output formats, names, lists and errors. tests/e2e/test_elevenlabs.py uses its own client."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.elevenlabs import output_formats
from common.errors import InvalidRequest
from common.formats import MEDIA_TYPES
from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway

PATH = "/v1/text-to-speech/hibari_heart"
HELLO = {"text": "Hello there.", "model_id": "eleven_multilingual_v2"}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    names: dict[str, Any] = {"openai_voices": {"house": "hibari_heart"}}
    with run_gateway(settings.model_copy(update=names), announced=False) as running:
        running.announce(formats=tuple(MEDIA_TYPES))
        with StandInWorker(running).running():
            yield running


def jobs(gateway: RunningGateway) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = gateway.client.get("/jobs").json()["items"]
    return items


@pytest.mark.parametrize(
    ("name", "audio_format", "rate_hz", "sent_name"),
    [
        (None, "mp3", 0, "mp3"),
        ("mp3", "mp3", 0, "mp3"),
        ("WAV", "wav", 0, "wav"),
        ("opus", "opus", 0, "opus"),
        ("pcm", "wav", 24000, "pcm_24000"),
        ("mp3_44100_128", "mp3", 44100, "mp3_44100_96"),
        ("mp3_22050_32", "mp3", 22050, "mp3_22050_64"),
        ("MP3_24000_48", "mp3", 24000, "mp3_24000_64"),
        ("opus_48000_64", "opus", 0, "opus_48000"),
        ("pcm_16000", "wav", 16000, "pcm_16000"),
        ("wav_8000", "wav", 8000, "wav_8000"),
    ],
)
def test_a_format_is_sent_as_it_is_or_as_the_nearest(
    name: str | None, audio_format: str, rate_hz: int, sent_name: str
) -> None:
    output = output_formats.parse(name)
    assert (output.audio_format, output.sample_rate_hz, output.sent_name) == (
        audio_format,
        rate_hz,
        sent_name,
    )
    assert output.is_raw is sent_name.startswith("pcm")


@pytest.mark.parametrize(
    "name", ["ulaw_8000", "alaw_8000", "pcm_12345", "flac", "mp3_48000_64", "pcm_16000\n"]
)
def test_a_format_that_cannot_be_sent_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        output_formats.parse(name)
    assert (refused.value.param, refused.value.code) == ("output_format", "format_unavailable")


def test_raw_samples_are_those_of_the_stored_wav(gateway: RunningGateway) -> None:
    for path in (PATH, f"{PATH}/stream"):
        response = gateway.client.post(path, json=HELLO, params={"output_format": "pcm_16000"})
        assert response.status_code == 200
        assert response.headers["content-type"] == "audio/pcm"
        assert response.headers["x-oratio-output-format"] == "pcm_16000"
        job = gateway.client.get(f"/jobs/{response.headers['x-oratio-job-id']}").json()
        assert job["format"] == "wav"
        assert response.content == gateway.client.get(job["audio_url"]).content[44:]


def test_requests_for_other_rates_have_other_jobs(gateway: RunningGateway) -> None:
    ids = {
        gateway.client.post(PATH, json=HELLO, params={"output_format": name}).headers["x-oratio-job-id"]
        for name in ("pcm_16000", "pcm_24000", "wav_16000")
    }
    # A WAV of the same rate is the same job.
    assert len(ids) == 2


def test_fields_are_those_of_the_job(gateway: RunningGateway) -> None:
    body = HELLO | {
        "voice_settings": {"speed": "1.2", "stability": 0.5, "use_speaker_boost": None},
        "language_code": "en_US",
        "apply_text_normalization": "OFF",
        "seed": 2**32 - 1,
        "previous_text": "ignored",
    }
    response = gateway.client.post("/v1/text-to-speech/house", json=body)
    assert response.headers["content-type"] == "audio/mpeg"
    (job,) = jobs(gateway)
    assert (job["voice_id"], job["speed"], job["language"]) == ("hibari_heart", 1.2, "en-US")


@pytest.mark.parametrize(
    ("path", "body", "status", "param", "code"),
    [
        ("/v1/text-to-speech/nobody", {}, 404, "voice_id", "voice_not_found"),
        (PATH, {"model_id": "tts-9"}, 404, "model_id", "model_not_found"),
        (PATH, {"model_id": "kokoro"}, 400, "voice_id", "voice_of_another_model"),
        (PATH, {"text": ""}, 400, "text", "empty_text"),
        (PATH, {"text": ["a"]}, 400, "text", "invalid_request"),
        (PATH, {"voice_settings": {"speed": 9}}, 400, "voice_settings.speed", "invalid_request"),
    ],
)
def test_an_error_names_the_field(
    gateway: RunningGateway, path: str, body: dict[str, Any], status: int, param: str, code: str
) -> None:
    response = gateway.client.post(path, json=HELLO | body)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (status, param, code)
    assert jobs(gateway) == []


@pytest.mark.parametrize(
    ("name", "size_bytes"), [("pcm_16000", 3200), ("wav_8000", 44 + 1600), ("mp3_44100_128", 0)]
)
def test_a_text_with_nothing_to_speak_is_a_short_silence(
    gateway: RunningGateway, name: str, size_bytes: int
) -> None:
    response = gateway.client.post(PATH, json={"text": "---"}, params={"output_format": name})
    assert response.status_code == 200
    assert len(response.content) == (size_bytes or len(response.content))
    assert jobs(gateway) == []


def test_models_have_the_shape_that_the_client_expects(gateway: RunningGateway) -> None:
    theirs = gateway.client.get("/v1/models", headers={"xi-api-key": "any"}).json()
    by_id = {model["model_id"]: model for model in theirs}
    assert {"eleven_multilingual_v2", "hibari", "kokoro"} <= set(by_id)
    assert all(model["can_do_text_to_speech"] for model in theirs)
    assert {"language_id": "en", "name": "en"} in by_id["hibari"]["languages"]
    assert gateway.client.get("/v1/models").json()["object"] == "list"


def test_voices_have_the_shape_of_elevenlabs(gateway: RunningGateway) -> None:
    listed = {voice["voice_id"]: voice for voice in gateway.client.get("/v1/voices").json()["voices"]}
    assert {"house", "hibari_heart", "af_sky"} <= set(listed)
    assert listed["hibari_heart"]["labels"] == {"language": "en-US", "gender": "female", "model": "hibari"}
    for voice_id in ("house", "af_sky"):
        assert gateway.client.get(f"/v1/voices/{voice_id}").json() == listed[voice_id]
    assert gateway.client.get("/v1/voices/nobody").status_code == 404


def test_a_voice_is_found_by_a_name_of_openai_too(gateway: RunningGateway) -> None:
    alloy = gateway.client.get("/v1/voices/alloy").json()
    assert (alloy["voice_id"], alloy["name"]) == ("alloy", "alloy")


@pytest.mark.parametrize("path", ["/v1/voices", "/v2/voices"])
def test_voices_are_searched_in_any_case(gateway: RunningGateway, path: str) -> None:
    answer = gateway.client.get(path, params={"search": "SKY"}).json()
    assert [voice["voice_id"] for voice in answer["voices"]] == ["af_sky"]


def test_voices_are_listed_page_by_page(gateway: RunningGateway) -> None:
    everything = gateway.client.get("/v2/voices").json()
    assert (everything["has_more"], everything["next_page_token"]) == (False, None)
    found: list[dict[str, Any]] = []
    token: str | None = ""
    while token is not None:
        params: dict[str, Any] = {"page_size": 50, "next_page_token": token}
        page = gateway.client.get("/v2/voices", params=params).json()
        assert page["has_more"] is (page["next_page_token"] is not None)
        assert page["total_count"] == everything["total_count"] == len(everything["voices"])
        found, token = found + page["voices"], page["next_page_token"]
    assert found == everything["voices"]
    for wrong in ({"page_size": 0}, {"next_page_token": "x"}):
        assert gateway.client.get("/v2/voices", params=wrong).status_code == 400
