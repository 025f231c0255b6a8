"""OpenAI's own client, and what other programs send, against the whole service."""

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
from tests.support.hearing import heard, word_error_rate
from tests.support.recorded_requests import PROGRAMS, Recorded, offered_by_open_webui
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
# What a file of the format begins with, and holds nowhere else.
HEADS = {"opus": b"OpusHead", "flac": b"fLaC", "wav": b"RIFF"}
UNKNOWN = b"\xff\xff\xff\xff"


def sentences(count: int, *, slow_s: float = 0.0) -> str:
    """For the fake engine: each is spoken by a call of its own."""
    marker = f"[[slow:{slow_s}]] " if slow_s else ""
    return " ".join(f"{marker}This is number {number} of the sentences." for number in range(count))


BROKEN = f"{sentences(6, slow_s=0.3)} [[fail]] And here it comes to a sudden end. {sentences(2)}"


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with client_of(stack.url) as one:
        yield one


def client_of(url: str, *, max_retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="anything", max_retries=max_retries, timeout=60)


def ask(client: openai.OpenAI, text: str = SPOKEN, **more: Any) -> Any:
    return client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": text, **more})


@contextmanager
def streaming(client: openai.OpenAI, text: str, **more: Any) -> Iterator[Any]:
    asked = {"model": "fake", "voice": "fake", "input": text, "response_format": "pcm", **more}
    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        yield answer


def job_id_of(answer: Any) -> str:
    headers = answer.response.headers if hasattr(answer, "response") else answer.headers
    return str(headers["x-oratio-job-id"])


def job_of(service: httpx.Client, answer: Any) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/jobs/{job_id_of(answer)}").json()
    return job


def count_jobs(service: httpx.Client) -> int:
    return len(service.get("/jobs", params={"limit": 500}).json()["items"])


def events_of(answer: Any) -> list[dict[str, Any]]:
    lines = [line for line in answer.iter_lines() if line.startswith("data:")]
    return [json.loads(line.removeprefix("data:")) for line in lines]


# What is heard.


@pytest.mark.parametrize("audio_format", list(TYPES))
def test_every_format_is_understood_and_has_one_head(
    client: openai.OpenAI, service: httpx.Client, audio_format: str
) -> None:
    answer = ask(client, response_format=audio_format, extra_body={"seed": 1})
    sound = answer.read()
    assert answer.response.headers["content-type"] == TYPES[audio_format]
    samples, rate_hz = by_pyav(sound, audio_format)
    assert rate_hz == (48_000 if audio_format == "opus" else 24_000)
    assert 5 < len(samples) / rate_hz < 10
    if head := HEADS.get(audio_format):
        assert sound.count(head) == 1
        assert head in sound[:64]
    understood = heard(wav_of(sound) if audio_format == "pcm" else sound)
    assert word_error_rate(SPOKEN, understood) <= 0.1

    stored = service.get(f"/jobs/{job_id_of(answer)}/audio").content
    if audio_format in ("wav", "flac"):
        # The head of a file says how long it is; that of a stream could not.
        assert stored[44:] == sound[44:]
    else:
        assert stored == sound
    if audio_format == "wav":
        assert (sound[4:8], sound[40:44]) == (UNKNOWN, UNKNOWN)
        sizes = [int.from_bytes(stored[at : at + 4], "little") for at in (4, 40)]
        assert sizes == [len(stored) - 8, len(stored) - 44]


def wav_of(pcm: bytes) -> bytes:
    """With a head, for an ear that needs one."""
    size = len(pcm).to_bytes(4, "little")
    head = (
        b"\x10\0\0\0\1\0\1\0"
        + (24_000).to_bytes(4, "little")
        + (48_000).to_bytes(4, "little")
        + b"\2\0\x10\0"
    )
    return b"RIFF" + UNKNOWN + b"WAVEfmt " + head + b"data" + size + pcm


def test_it_is_an_mp3_where_nothing_else_is_said(client: openai.OpenAI) -> None:
    answer = ask(client, "Hello there.", model="house", voice="our own")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert len(by_pyav(answer.read(), "mp3")[0]) > 12_000


def test_nobody_is_kept_waiting_for_the_end(client: openai.OpenAI, service: httpx.Client) -> None:
    """For each format the first sound comes while the job still runs, and the last is the same as of a file."""
    # No other test sends this text: an equal request within ten seconds joins the job of the first.
    text = f"Nobody waits. {sentences(8, slow_s=0.25)}"
    for audio_format, media_type in TYPES.items():
        with streaming(client, text, response_format=audio_format) as answer:
            chunks = answer.iter_bytes()
            first = next(chunks)
            assert job_of(service, answer)["status"] == "running", audio_format
            sound = first + b"".join(chunks)
        assert answer.headers["content-type"] == media_type
        assert job_of(service, answer)["status"] == "completed"
        assert len(by_pyav(sound, audio_format)[0])


def test_events_carry_the_same_sound(client: openai.OpenAI, service: httpx.Client) -> None:
    with streaming(client, sentences(4, slow_s=0.2), stream_format="sse") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        *deltas, done = events_of(answer)
    job = job_of(service, answer)
    assert len(deltas) > 1
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    sound = b"".join(base64.b64decode(event["audio"], validate=True) for event in deltas)
    assert sound == service.get(job["audio_url"]).content
    usage = {"input_tokens": len(job["text"]), "output_tokens": round(10 * job["duration_s"])}
    assert done == {
        "type": "speech.audio.done",
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


@pytest.mark.parametrize("recorded", PROGRAMS, ids=lambda recorded: recorded.program)
def test_other_programs_get_their_mp3(service: httpx.Client, recorded: Recorded) -> None:
    answer = service.post("/v1/audio/speech", headers=dict(recorded.headers), json=dict(recorded.body))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/mpeg"
    assert "content-encoding" not in answer.headers
    assert word_error_rate(recorded.body["input"], heard(answer.content)) <= 0.1


def test_open_webui_is_offered_what_there_is_without_a_key(service: httpx.Client) -> None:
    lists = [service.get(f"/v1/audio/{what}").json() for what in ("voices", "models")]
    voices, models = offered_by_open_webui(*lists)
    assert voices["alloy"] == "Alloy"
    assert {"our own", "hibari_heart"} <= set(voices)
    assert {"tts-1", "house", "hibari"} <= set(models)
    assert all(voices.values())


# What breaks.


def test_what_breaks_after_the_first_sound_is_no_end(client: openai.OpenAI, service: httpx.Client) -> None:
    with streaming(client, BROKEN) as answer, pytest.raises(httpx2.RemoteProtocolError):
        for _ in answer.iter_bytes():
            pass
    assert job_of(service, answer)["status"] == "failed"
    with pytest.raises(openai.APIConnectionError):
        ask(client, BROKEN, model="fake", voice="fake")


def test_what_breaks_after_the_first_event_is_an_event(client: openai.OpenAI) -> None:
    with streaming(client, BROKEN, stream_format="sse") as answer:
        *deltas, last = events_of(answer)
    assert deltas
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert last["type"] == "error"
    assert set(last["error"]) == {"message", "type", "param", "code"}
    assert last["error"]["code"] == "engine_failed"


def test_what_breaks_at_once_is_a_refusal(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client, "[[fail]] This is never heard by anybody.", model="fake", voice="fake")
    assert (refused.value.status_code, refused.value.code) == (502, "engine_failed")


def test_a_client_cut_off_in_the_middle_gets_the_whole_by_the_same_job(
    stack: Stack, service: httpx.Client
) -> None:
    before = count_jobs(service)
    text = sentences(10, slow_s=0.3)
    with (
        cutting_proxy(stack.url, [20_000, 30_000], wait_for_request=lambda: None) as url,
        client_of(url, max_retries=2) as client,
    ):
        answer = ask(client, text, model="fake", voice="fake", response_format="pcm")
    job = job_of(service, answer)
    assert answer.read() == service.get(job["audio_url"]).content
    assert count_jobs(service) == before + 1
    assert job["attempts"] == 1


def test_two_at_once_hear_one_job(client: openai.OpenAI, service: httpx.Client) -> None:
    """Though the second comes when half of it was spoken."""
    text = sentences(8, slow_s=0.25)
    with streaming(client, text) as first:
        early = first.iter_bytes()
        begun = next(early)
        with streaming(client, text) as second:
            late = b"".join(second.iter_bytes())
        assert begun + b"".join(early) == late
    assert job_id_of(first) == job_id_of(second)
    assert late == service.get(f"/jobs/{job_id_of(first)}/audio").content


def test_who_leaves_ends_it_unless_it_is_to_be_kept(client: openai.OpenAI, service: httpx.Client) -> None:
    left: dict[bool, Any] = {}
    for keep in (True, False):
        # Long enough that both are under way when it is looked whether anybody listens.
        text = f"{'To be kept' if keep else 'To be left'}. {sentences(60, slow_s=1)}"
        with streaming(client, text, extra_body={"keep": keep}) as answer:
            next(answer.iter_bytes())
        left[keep] = answer
    assert {job_of(service, answer)["status"] for answer in left.values()} == {"running"}
    wait_for(lambda: job_of(service, left[False])["status"] == "cancelled", timeout_s=20, interval_s=0.25)
    assert job_of(service, left[True])["status"] == "running"
    service.post(f"/jobs/{job_id_of(left[True])}/cancel")
