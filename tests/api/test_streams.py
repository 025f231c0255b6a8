"""GET /jobs/{id}/stream: errors, interruptions, events, listeners and their cost."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from api.serve import GRACE_S
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.listeners import listener_count
from tests.support.live_attempts import (
    KIB,
    MIB,
    LiveSession,
    StreamClient,
    noise,
    open_session,
    streamed_wav,
    submit_streamed,
)
from tests.support.waiting import wait_for


@pytest.fixture
def session(settings: Settings) -> Iterator[LiveSession]:
    with run_gateway(settings) as gateway, open_session(gateway) as session:
        yield session


@dataclass(frozen=True)
class Message:
    id: str | None
    data: dict[str, Any]

    @property
    def audio(self) -> bytes:
        return base64.b64decode(self.data.get("audio", ""))


def events_of(client: StreamClient) -> list[Message]:
    """Return the events of a stream that has ended."""
    client.join(30)
    assert not client.is_alive(), "the stream has not ended"
    return [_message(block) for block in client.received.decode().split("\n\n") if block]


def _message(block: str) -> Message:
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return Message(fields.get("id"), json.loads(fields["data"]))


def audio_of(messages: list[Message]) -> bytes:
    return b"".join(message.audio for message in messages)


def error_for(
    gateway: RunningGateway, job_id: str, *, headers: dict[str, str] | None = None, **params: Any
) -> tuple[int, str]:
    response = gateway.client.get(f"/jobs/{job_id}/stream", params=params, headers=headers)
    assert set(response.json()["error"]) >= {"message", "type", "param", "code"}
    return response.status_code, response.json()["error"]["code"]


def cancel(gateway: RunningGateway, job_id: str) -> None:
    assert gateway.client.post(f"/jobs/{job_id}/cancel").status_code in (200, 202)


# Errors before the first byte.


def test_jobs_without_audio_are_rejected(session: LiveSession) -> None:
    gateway = session.gateway
    failed, cancelled, deleted, gone = (submit_streamed(gateway) for _ in range(4))
    session.attempt(failed, b"").fail("engine_failed")
    cancel(gateway, cancelled)
    session.attempt(deleted, noise(1000)).finish()
    assert gateway.client.delete(f"/jobs/{deleted}").status_code in (200, 204)
    session.attempt(gone, noise(1000)).finish()
    gateway.store.delete([key for key in gateway.files() if gone in key])
    assert error_for(gateway, failed) == (409, "engine_failed")
    assert error_for(gateway, cancelled) == (409, "cancelled")
    assert error_for(gateway, deleted)[0] == 410
    assert error_for(gateway, gone) == (410, "audio_gone")
    assert error_for(gateway, "00000000-0000-7000-8000-000000000000")[0] == 404
    assert error_for(gateway, "what/is/this")[0] == 404
    assert error_for(gateway, failed, offset=-1)[0] == 400
    assert error_for(gateway, failed, stream_format="mp3")[0] == 400
    for offset in ("7", "a-b", "1-", "-1-5", "1-5-6", ""):
        assert error_for(gateway, failed, headers={"Last-Event-ID": offset}) == (400, "invalid_event_id")
    assert listener_count(gateway) == 0


@pytest.mark.parametrize(
    ("ends", "status", "code"),
    [("failed", 409, "engine_failed"), ("cancelled", 409, "cancelled"), ("deleted", 410, "deleted")],
)
def test_a_job_that_ends_before_the_first_byte_is_an_error_response(
    session: LiveSession, ends: str, status: int, code: str
) -> None:
    job_id = submit_streamed(session.gateway)
    attempt = session.attempt(job_id, noise(1000))
    clients = [session.client(job_id), session.client(job_id, stream_format="sse")]
    wait_for(lambda: listener_count(session.gateway) == 2)
    end_job(session.gateway, attempt.job_id, ends, session, attempt)
    for client in clients:
        client.join(10)
        assert client.status == status
        assert json.loads(client.received)["error"]["code"] == code
    wait_for(lambda: listener_count(session.gateway) == 0)


def end_job(gateway: RunningGateway, job_id: str, ends: str, session: LiveSession, attempt: Any) -> None:
    if ends == "failed":
        attempt.fail("engine_failed")
    elif ends == "cancelled":
        cancel(gateway, job_id)
    else:
        assert gateway.client.delete(f"/jobs/{job_id}").status_code in (200, 204)


def test_a_wait_that_times_out_is_a_503(settings: Settings) -> None:
    with (
        run_gateway(settings.model_copy(update={"sync_wait_s": 0.5})) as gateway,
        open_session(gateway) as session,
    ):
        job_id = submit_streamed(gateway)
        response = gateway.client.get(f"/jobs/{job_id}/stream")
        assert (response.status_code, response.json()["error"]["code"]) == (503, "not_begun")
        assert int(response.headers["retry-after"]) >= 1
        attempt = session.attempt(job_id, noise(1000))
        attempt.finish()
        assert session.client(job_id).read_all() == attempt.audio
        wait_for(lambda: listener_count(gateway) == 0)


# Errors after the first byte.


@pytest.mark.parametrize(
    ("ends", "code"), [("failed", "engine_failed"), ("cancelled", "cancelled"), ("deleted", "deleted")]
)
def test_a_failure_in_the_middle_breaks_the_stream(
    session: LiveSession, ends: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(100 * KIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(5000)
    plain, events = session.client(job_id), session.client(job_id, stream_format="sse")
    plain.wait_received(5000)
    events.wait_received(5000)
    with caplog.at_level(logging.ERROR):
        end_job(session.gateway, job_id, ends, session, attempt)
        assert plain.read_until_broken() == audio[:5000]
    assert "Traceback" not in caplog.text
    messages = events_of(events)
    assert events.error is None
    assert audio_of(messages) == audio[:5000]
    assert messages[-1].data["type"] == "error"
    assert messages[-1].data["error"]["code"] == code
    assert messages[-1].data["error"]["message"]
    wait_for(lambda: listener_count(session.gateway) == 0)


def test_different_audio_of_another_attempt_is_an_error_event(session: LiveSession) -> None:
    job_id = submit_streamed(session.gateway)
    first = session.attempt(job_id, noise(100 * KIB))
    first.write(5000)
    client = session.client(job_id, stream_format="sse")
    client.wait_received(5000)
    first.crash()
    session.attempt(job_id, noise(100 * KIB, seed=2)).write()
    messages = events_of(client)
    assert audio_of(messages) == first.audio[:5000]
    assert messages[-1].data["error"]["code"] == "take_changed"


# Events.


def test_events_contain_audio_and_offsets(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway, format="wav"), streamed_wav(200 * KIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(10_000)
    client = session.client(job_id, stream_format="sse")
    client.wait_received(10_000)
    attempt.finish()
    messages = events_of(client)
    assert client.headers["content-type"].startswith("text/event-stream")
    assert client.error is None
    deltas = messages[:-1]
    assert {message.data["type"] for message in deltas} == {"speech.audio.delta"}
    offset = 0
    for message in deltas:
        offset += len(message.audio)
        assert message.id == f"1-{offset}"
    assert audio_of(messages) == audio
    assert messages[-1].data["type"] == "speech.audio.done"
    assert messages[-1].data["usage"]["input_tokens"] == len("Hello there.")


@pytest.mark.parametrize("is_over", [False, True])
def test_events_continue_after_the_last_event_id(session: LiveSession, is_over: bool) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(300 * KIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(100 * KIB)
    if is_over:
        attempt.finish()
    clients = [
        session.client(job_id, stream_format="sse", headers={"Last-Event-ID": f"1-{offset}"})
        for offset in (0, 1, 70_000)
    ]
    if not is_over:
        wait_for(lambda: all(len(client.received) > 40_000 for client in clients))
        attempt.finish()
    for client, offset in zip(clients, (0, 1, 70_000), strict=True):
        messages = events_of(client)
        assert audio_of(messages) == audio[offset:]
        assert messages[-1].data["type"] == "speech.audio.done"


@pytest.mark.parametrize("is_over", [False, True])
def test_streams_of_an_earlier_attempt_are_not_continued(session: LiveSession, is_over: bool) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(300 * KIB)
    first = session.attempt(job_id, audio)
    first.write(100_000)
    first.crash()
    second = session.attempt(job_id, audio)
    second.write(120_000)
    if is_over:
        second.finish()
    behind = {"Last-Event-ID": "1-50000"}
    assert error_for(session.gateway, job_id, headers=behind, stream_format="sse") == (409, "take_changed")
    assert error_for(session.gateway, job_id, offset=50_000, attempt=1) == (409, "take_changed")
    rest = session.client(job_id, stream_format="sse", headers={"Last-Event-ID": "2-50000"})
    if not is_over:
        second.finish()
    assert audio_of(events_of(rest)) == audio[50_000:]


# A gateway that stops.


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_another_gateway_continues_after_one_stops(settings: Settings, stream_format: str) -> None:
    with ExitStack() as stack:
        gateway = stack.enter_context(run_gateway(settings))
        session = stack.enter_context(open_session(gateway))
        job_id, audio = submit_streamed(gateway), noise(300 * KIB)
        attempt = session.attempt(job_id, audio)
        attempt.write(100_000)
        with run_gateway(settings) as other:
            client = session.client(job_id, url=other.url, stream_format=stream_format)
            client.wait_received(100_000)
            stopped_at = time.monotonic()
            other.server.handle_exit(15, None)
            client.join(10)
            assert time.monotonic() - stopped_at < GRACE_S
        if stream_format == "audio":
            received_bytes = client.read_until_broken()
            rest = session.client(job_id, offset=len(received_bytes))
            attempt.finish()
            assert received_bytes + rest.read_all() == audio
            return
        messages = events_of(client)
        assert messages[-1].data["error"]["code"] == "stopping"
        last = messages[-2].id
        assert last is not None
        rest = session.client(job_id, stream_format="sse", headers={"Last-Event-ID": last})
        attempt.finish()
        assert audio_of(messages) + audio_of(events_of(rest)) == audio


@pytest.mark.slow
def test_a_gateway_that_stops_breaks_connections_that_do_not_read(settings: Settings) -> None:
    """They have the grace time of the shutdown."""
    with run_gateway(settings) as gateway, open_session(gateway) as session:
        job_id, audio = submit_streamed(gateway), noise(16 * MIB)
        attempt = session.attempt(job_id, audio)
        with run_gateway(settings) as other:
            client = session.client(job_id, url=other.url)
            client.pause()
            attempt.write(100)
            wait_for(lambda: listener_count(other) == 1)
            attempt.finish()
            stopped_at = time.monotonic()
        assert time.monotonic() - stopped_at > GRACE_S - 1
        client.resume()
        received_bytes = client.read_until_broken()
        assert received_bytes == audio[: len(received_bytes)]
        assert received_bytes + session.client(job_id, offset=len(received_bytes)).read_all() == audio
