"""GET /jobs/{id}/stream: who listens, what happens after the last listener left, and the cost of listeners."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from api.streaming import presence
from common.messaging import audio_window
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.listeners import (
    listener_count,
    one_listener,
    record_answers,
    wait_for_grace_times,
)
from tests.support.live_attempts import (
    KIB,
    MIB,
    LiveSession,
    StreamClient,
    noise,
    open_session,
    status_of,
    streamed_wav,
    submit_streamed,
    submit_unkept,
)
from tests.support.process_memory import anonymous_bytes
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def session(settings: Settings) -> Iterator[LiveSession]:
    with run_gateway(settings) as gateway, open_session(gateway) as session:
        yield session


@pytest.fixture
def grace_s(monkeypatch: pytest.MonkeyPatch) -> float:
    """Shorten the times of presence, so that the tests take seconds."""
    monkeypatch.setattr(presence, "LEAVE_GRACE_S", 2.0)
    monkeypatch.setattr(audio_window, "LEFT_TTL_MS", 1800)
    monkeypatch.setattr(presence, "PRESENCE_REFRESH_S", 0.5)
    return 2.0


def wait_until_cancelled(gateway: RunningGateway, job_id: str) -> None:
    wait_for(lambda: status_of(gateway.database, job_id) == "cancelled")


@pytest.mark.slow
@pytest.mark.parametrize("is_begun", [False, True])
def test_a_job_is_cancelled_after_its_last_listener_left(
    session: LiveSession, grace_s: float, is_begun: bool
) -> None:
    """The job is queued or running. Two listeners leave, and one returns."""
    gateway = session.gateway
    job_id = submit_unkept(gateway)
    status = "queued"
    if is_begun:
        session.attempt(job_id, noise(1000))
        status = "running"
    with one_listener(gateway, job_id):
        with one_listener(gateway, job_id):
            pass
        wait_for_grace_times(gateway)
        assert status_of(gateway.database, job_id) == status
    with one_listener(gateway, job_id):
        wait_for_grace_times(gateway)
        assert status_of(gateway.database, job_id) == status
        left_at = time.monotonic()
    wait_until_cancelled(gateway, job_id)
    assert time.monotonic() - left_at >= grace_s
    assert listener_count(gateway) == 0


@pytest.mark.slow
def test_the_grace_time_is_ten_seconds(session: LiveSession) -> None:
    job_id = submit_unkept(session.gateway)
    with one_listener(session.gateway, job_id):
        left_at = time.monotonic()
    wait_until_cancelled(session.gateway, job_id)
    assert time.monotonic() - left_at >= 10


@pytest.mark.slow
def test_a_kept_job_continues_without_listeners(session: LiveSession, grace_s: float) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(1000)
    attempt = session.attempt(job_id, audio)
    with one_listener(session.gateway, job_id):
        pass
    wait_for_grace_times(session.gateway)
    assert status_of(session.gateway.database, job_id) == "running"
    attempt.finish()
    assert session.client(job_id).read_all() == audio


@pytest.mark.slow
def test_a_listener_at_another_gateway_counts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, grace_s: float
) -> None:
    # At the end of each grace time, the gateway asks Redis for listeners of other gateways.
    answers = record_answers(monkeypatch, "has_listeners")
    with run_gateway(settings) as gateway, run_gateway(settings) as other:
        job_id = submit_unkept(gateway)
        with one_listener(other, job_id):
            for _ in range(2):
                with one_listener(gateway, job_id):
                    answers.clear()
                wait_for(lambda: len(answers) >= 2)
                assert all(answers)
                assert status_of(gateway.database, job_id) == "queued"
            left_at = time.monotonic()
        wait_until_cancelled(gateway, job_id)
        assert time.monotonic() - left_at >= grace_s * 0.8


@pytest.mark.slow
def test_without_redis_no_job_is_cancelled(
    settings: Settings, valkey: Valkey, monkeypatch: pytest.MonkeyPatch, grace_s: float
) -> None:
    answers = record_answers(monkeypatch, "has_listeners")
    own = settings.model_copy(update={"redis_url": valkey.url})
    with run_gateway(own) as gateway, run_gateway(own) as other:
        job_id = submit_unkept(gateway)
        with one_listener(other, job_id):
            with one_listener(gateway, job_id):
                valkey.hang()
            wait_for(lambda: None in answers)
            assert status_of(gateway.database, job_id) == "queued"
            valkey.resume()
            wait_for(lambda: True in answers)
            assert status_of(gateway.database, job_id) == "queued"
        wait_until_cancelled(gateway, job_id)


def test_listeners_are_removed_whenever_they_disconnect(session: LiveSession) -> None:
    gateway = session.gateway
    job_id, audio = submit_streamed(gateway), noise(MIB)
    disconnect_at(
        session, job_id, [lambda _: True, lambda client: client._socket, lambda _: listener_count(gateway)]
    )
    attempt = session.attempt(job_id, audio)
    attempt.write(100_000)
    disconnect_at(
        session, job_id, [lambda _: True, lambda client: client.status, lambda client: client.received]
    )
    stalled = session.client(job_id)
    stalled.pause()
    attempt.write()
    wait_for(lambda: listener_count(gateway) >= 1)
    stalled.disconnect()
    attempt.finish()
    wait_for(lambda: listener_count(gateway) == 0)
    event_bus = gateway.server.config.app.state.gateway.event_bus  # type: ignore[union-attr]
    assert not event_bus._readers


def disconnect_at(session: LiveSession, job_id: str, moments: list[Callable[[StreamClient], object]]) -> None:
    """Connect clients one after the other, and disconnect each at its moment."""
    for moment in moments:
        for stream_format in ("audio", "sse"):
            client = session.client(job_id, stream_format=stream_format)
            wait_for(partial(moment, client), interval_s=0.0005)
            client.disconnect()
            wait_for(lambda: listener_count(session.gateway) == 0)


def write_first_audio(session: LiveSession) -> str:
    """Write the first audio of the next queued job."""
    job_id = session.gateway.next_queued_job()
    assert job_id is not None
    session.attempt(job_id, streamed_wav(100 * KIB)).write(20_000)
    return job_id


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_repeated_request_joins_a_job_that_was_not_delivered(
    session: LiveSession, stream_format: str
) -> None:
    gateway = session.gateway
    body = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "stream_format": stream_format}
    body["response_format"] = "wav"
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(write_first_audio, session)
        with gateway.client.stream("POST", "/v1/audio/speech", json=body) as response:
            job_id = response.headers["x-oratio-job-id"]
            assert pending.result(10) == job_id
    wait_for(lambda: listener_count(gateway) == 0)
    with gateway.client.stream("POST", "/v1/audio/speech", json=body) as response:
        assert response.headers["x-oratio-job-id"] == job_id


@pytest.mark.slow
def test_fifty_listeners_of_one_job_are_cheap(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch, grace_s: float
) -> None:
    gateway = session.gateway
    job_id, audio = submit_streamed(gateway), noise(2 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(1000)
    connections = len(gateway.redis.client_list())
    before = anonymous_bytes()
    begun_at = time.process_time()
    clients = [session.client(job_id) for _ in range(50)]
    for client in clients:
        client.wait_received(1000)
    # Idle listeners use no CPU time, for as long as their mark is renewed four times.
    idle_at = time.process_time()
    renewals = record_answers(monkeypatch, "announce_listeners")
    wait_for(lambda: len(renewals) >= 4)
    assert time.process_time() - idle_at < 1
    attempt.write()
    for client in clients:
        client.wait_received(len(audio))
    assert len(gateway.redis.client_list()) - connections <= 60
    attempt.finish()
    assert all(client.read_all() == audio for client in clients)
    # The 50 threads that read 2 MB each are in this process too.
    assert anonymous_bytes() - before < 300 * MIB
    assert time.process_time() - begun_at < 15
