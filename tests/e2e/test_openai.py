"""OpenAI's client, and recorded requests of other programs, with a whole service."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import openai
import pytest

from cli.service.stack import Stack
from tests.support.cutting_proxy import cutting_proxy
from tests.support.decoding import by_pyav
from tests.support.recorded_requests import (
    PROGRAMS,
    WORDS,
    WYOMING_OPENAI_PROBES,
    RecordedRequest,
    open_webui_menus,
)
from tests.support.transcription import transcribe, word_error_rate
from tests.support.waiting import wait_for

SPOKEN = "The weather in the mountains was cold and clear this morning. A woman walked along the beach with her dog."
TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
MP3_INFO_BYTES = 192  # a frame of 64 kbit/s at 24 kHz
# The magic bytes that a file of the format has once, in its header.
MAGIC_BYTES = {"opus": b"OpusHead", "flac": b"fLaC", "wav": b"RIFF"}
UNKNOWN_SIZE = b"\xff\xff\xff\xff"


def sentences(count: int, *, slow_s: float = 0.0) -> str:
    """Return text for the fake engine, which speaks each sentence in its own call."""
    marker = f"[[slow:{slow_s}]] " if slow_s else ""
    return " ".join(f"{marker}This is number {number} of the sentences." for number in range(count))


FAILING = f"{sentences(6, slow_s=0.3)} [[fail]] And here it comes to a sudden end. {sentences(2)}"


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai_client(stack.url) as opened:
        yield opened


def openai_client(url: str, *, max_retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="anything", max_retries=max_retries, timeout=60)


def create_speech(client: openai.OpenAI, text: str = SPOKEN, **options: Any) -> Any:
    return client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": text, **options})


@contextmanager
def stream_fake_speech(client: openai.OpenAI, text: str, **options: Any) -> Iterator[Any]:
    parameters = {"model": "fake", "voice": "fake", "input": text, "response_format": "pcm", **options}
    with client.audio.speech.with_streaming_response.create(**parameters) as response:
        yield response


def job_id_of(speech: Any) -> str:
    """Return the id of the job from a response of OpenAI's client, streamed or not."""
    headers = speech.response.headers if hasattr(speech, "response") else speech.headers
    return str(headers["x-oratio-job-id"])


def get_job(service: httpx.Client, speech: Any) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/jobs/{job_id_of(speech)}").json()
    return job


def count_jobs(service: httpx.Client) -> int:
    return len(service.get("/jobs", params={"limit": 500}).json()["items"])


def read_events(response: Any) -> list[dict[str, Any]]:
    lines = [line for line in response.iter_lines() if line.startswith("data:")]
    return [json.loads(line.removeprefix("data:")) for line in lines]


# Audio and formats.


@pytest.mark.parametrize("audio_format", list(TYPES))
def test_every_format_is_intelligible_and_has_one_header(
    client: openai.OpenAI, service: httpx.Client, audio_format: str
) -> None:
    speech = create_speech(client, response_format=audio_format, extra_body={"seed": 1})
    audio = speech.read()
    assert speech.response.headers["content-type"] == TYPES[audio_format]
    samples, rate_hz = by_pyav(audio, audio_format)
    assert rate_hz == (48_000 if audio_format == "opus" else 24_000)
    assert 5 < len(samples) / rate_hz < 10
    if magic := MAGIC_BYTES.get(audio_format):
        assert audio.count(magic) == 1
        assert magic in audio[:64]
    transcript = transcribe(add_wav_header(audio) if audio_format == "pcm" else audio)
    assert word_error_rate(SPOKEN, transcript) <= 0.1

    stored = service.get(f"/jobs/{job_id_of(speech)}/audio").content
    if audio_format in ("wav", "flac"):
        # Only the header of the file contains the length; in MP3, the first frame.
        assert stored[44:] == audio[44:]
    elif audio_format == "mp3":
        assert len(stored) == len(audio)
        info = stored.index(b"Info")
        assert stored[info + MP3_INFO_BYTES :] == audio[info + MP3_INFO_BYTES :]
    else:
        assert stored == audio
    if audio_format == "wav":
        assert (audio[4:8], audio[40:44]) == (UNKNOWN_SIZE, UNKNOWN_SIZE)
        sizes = [int.from_bytes(stored[offset : offset + 4], "little") for offset in (4, 40)]
        assert sizes == [len(stored) - 8, len(stored) - 44]


def add_wav_header(pcm: bytes) -> bytes:
    """Return PCM as a WAV file, which the speech recognition needs."""
    size = len(pcm).to_bytes(4, "little")
    format_chunk = (
        b"\x10\0\0\0\1\0\1\0"
        + (24_000).to_bytes(4, "little")
        + (48_000).to_bytes(4, "little")
        + b"\2\0\x10\0"
    )
    return b"RIFF" + UNKNOWN_SIZE + b"WAVEfmt " + format_chunk + b"data" + size + pcm


def test_the_default_format_is_mp3(client: openai.OpenAI) -> None:
    speech = create_speech(client, "Hello there.", model="house", voice="our own")
    assert speech.response.headers["content-type"] == "audio/mpeg"
    assert len(by_pyav(speech.read(), "mp3")[0]) > 12_000


def test_audio_of_every_format_arrives_while_the_job_runs(
    client: openai.OpenAI, service: httpx.Client
) -> None:
    # No other test sends this text: an equal request within ten seconds joins the job of the first.
    text = f"Nobody waits. {sentences(8, slow_s=0.25)}"
    for audio_format, media_type in TYPES.items():
        with stream_fake_speech(client, text, response_format=audio_format) as response:
            chunks = response.iter_bytes()
            first = next(chunks)
            assert get_job(service, response)["status"] == "running", audio_format
            audio = first + b"".join(chunks)
        assert response.headers["content-type"] == media_type
        assert get_job(service, response)["status"] == "completed"
        assert len(by_pyav(audio, audio_format)[0])


def test_events_contain_the_same_audio_as_the_file(client: openai.OpenAI, service: httpx.Client) -> None:
    with stream_fake_speech(client, sentences(4, slow_s=0.2), stream_format="sse") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        *deltas, done = read_events(response)
    job = get_job(service, response)
    assert len(deltas) > 1
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    audio = b"".join(base64.b64decode(event["audio"], validate=True) for event in deltas)
    assert audio == service.get(job["audio_url"]).content
    usage = {"input_tokens": len(job["text"]), "output_tokens": round(10 * job["duration_s"])}
    assert done == {
        "type": "speech.audio.done",
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


@pytest.mark.parametrize("recorded", PROGRAMS, ids=lambda recorded: recorded.program)
def test_requests_of_other_programs_get_an_mp3(service: httpx.Client, recorded: RecordedRequest) -> None:
    response = service.post(recorded.path, headers=dict(recorded.headers), json=dict(recorded.body))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "audio/mpeg"
    assert "content-encoding" not in response.headers
    assert word_error_rate(WORDS, transcribe(response.content)) <= 0.1


def test_wyoming_openai_takes_the_service_for_openai(service: httpx.Client) -> None:
    assert [service.get(path).status_code for path in WYOMING_OPENAI_PROBES] == [404, 404]
    assert service.get("/health").text != "OK"


def test_open_webui_gets_voices_and_models_without_a_key(service: httpx.Client) -> None:
    lists = [service.get(f"/v1/audio/{name}").json() for name in ("voices", "models")]
    voices, models = open_webui_menus(*lists)
    assert voices["alloy"] == "Alloy"
    assert {"our own", "hibari_heart"} <= set(voices)
    assert {"tts-1", "house", "hibari"} <= set(models)
    assert all(voices.values())


# Failures and disconnects.


def test_a_failure_after_the_first_audio_breaks_the_stream_off(
    client: openai.OpenAI, service: httpx.Client
) -> None:
    with stream_fake_speech(client, FAILING) as response, pytest.raises(httpx2.RemoteProtocolError):
        for _ in response.iter_bytes():
            pass
    assert get_job(service, response)["status"] == "failed"
    with pytest.raises(openai.APIConnectionError):
        create_speech(client, FAILING, model="fake", voice="fake")


def test_a_failure_after_the_first_event_is_an_error_event(client: openai.OpenAI) -> None:
    with stream_fake_speech(client, FAILING, stream_format="sse") as response:
        *deltas, last = read_events(response)
    assert deltas
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert last["type"] == "error"
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["code"] == "engine_failed"


def test_a_failure_before_the_first_audio_is_an_error_response(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as raised:
        create_speech(client, "[[fail]] This is never heard by anybody.", model="fake", voice="fake")
    assert (raised.value.status_code, raised.value.code) == (502, "engine_failed")


def test_a_client_that_retries_after_a_broken_connection_joins_the_same_job(
    stack: Stack, service: httpx.Client
) -> None:
    jobs_before = count_jobs(service)
    text = sentences(10, slow_s=0.3)
    with (
        cutting_proxy(stack.url, [20_000, 30_000], wait_for_request=lambda: None) as url,
        openai_client(url, max_retries=2) as client,
    ):
        speech = create_speech(client, text, model="fake", voice="fake", response_format="pcm")
    job = get_job(service, speech)
    assert speech.read() == service.get(job["audio_url"]).content
    assert count_jobs(service) == jobs_before + 1
    assert job["attempts"] == 1


def test_an_equal_request_joins_the_running_job(client: openai.OpenAI, service: httpx.Client) -> None:
    """The second client gets all audio from the start."""
    text = sentences(8, slow_s=0.25)
    with stream_fake_speech(client, text) as first:
        chunks = first.iter_bytes()
        first_chunk = next(chunks)
        with stream_fake_speech(client, text) as second:
            second_audio = b"".join(second.iter_bytes())
        assert first_chunk + b"".join(chunks) == second_audio
    assert job_id_of(first) == job_id_of(second)
    assert second_audio == service.get(f"/jobs/{job_id_of(first)}/audio").content


def test_a_disconnect_cancels_the_job_unless_keep_is_set(
    client: openai.OpenAI, service: httpx.Client
) -> None:
    responses: dict[bool, Any] = {}
    for keep in (True, False):
        # Long enough that both jobs still run when the service checks for listeners.
        text = f"{'To be kept' if keep else 'To be left'}. {sentences(400, slow_s=1)}"
        with stream_fake_speech(client, text, extra_body={"keep": keep}) as response:
            next(response.iter_bytes())
        responses[keep] = response
    assert {get_job(service, response)["status"] for response in responses.values()} == {"running"}
    wait_for(
        lambda: get_job(service, responses[False])["status"] == "cancelled", timeout_s=20, interval_s=0.25
    )
    assert get_job(service, responses[True])["status"] == "running"
    service.post(f"/jobs/{job_id_of(responses[True])}/cancel")
