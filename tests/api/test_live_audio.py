"""Streaming the audio of a job from any byte on: live, finished, and across attempts."""

from collections.abc import Iterator

import pytest

from api.streaming import live_audio
from common.messaging import audio_window
from common.settings import Settings
from common.store import piece_key
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.live_attempts import (
    KIB,
    MIB,
    LiveSession,
    noise,
    open_session,
    stored_pieces,
    streamed_wav,
    submit_streamed,
    wav_header,
)
from tests.support.process_memory import anonymous_bytes
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def session(settings: Settings) -> Iterator[LiveSession]:
    with run_gateway(settings) as gateway, open_session(gateway) as session:
        yield session


@pytest.fixture
def own_redis(settings: Settings, valkey: Valkey) -> Iterator[LiveSession]:
    """A session with its own Redis server, which the test may stop."""
    with (
        run_gateway(settings.model_copy(update={"redis_url": valkey.url})) as gateway,
        open_session(gateway) as session,
    ):
        yield session


def window_bytes(gateway: RunningGateway, job_id: str) -> int:
    key = audio_window.window_key(job_id, prefix=gateway.settings.queue_prefix)
    return int(gateway.redis.memory_usage(key, samples=0) or 0)


def wait_for_listener(session: LiveSession, job_id: str) -> None:
    """Wait until the worker stores audio that leaves the window as pieces."""
    key = audio_window.listeners_key(job_id, prefix=session.gateway.settings.queue_prefix)
    wait_for(lambda: session.gateway.redis.exists(key), timeout_s=5)


# Sources of audio.


def test_bytes_arrive_as_they_are_made(session: LiveSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_audio, "RESYNC_AFTER_S", 600.0)  # by wake-ups only
    job_id, audio = submit_streamed(session.gateway), noise(300 * KIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(1000)
    client = session.client(job_id)
    client.wait_received(1000)
    for size in (1, 10, 40_000, 100_000):
        before = len(client.received)
        attempt.write(size)
        client.wait_received(before + size)
        assert client.received == audio[: attempt.position]
    assert client.is_alive()
    assert attempt.finish() == client.read_all() == audio
    assert client.headers["content-type"] == "audio/pcm"
    assert client.headers["x-accel-buffering"] == "no"
    assert client.headers["x-oratio-job-id"] == job_id


@pytest.mark.parametrize("when", ["while it is made", "after its end"])
@pytest.mark.parametrize("audio_format", ["pcm", "wav"])
def test_a_stream_from_any_offset_equals_the_file(session: LiveSession, when: str, audio_format: str) -> None:
    audio = streamed_wav(400 * KIB) if audio_format == "wav" else noise(400 * KIB)
    job_id = submit_streamed(session.gateway, format=audio_format)
    attempt = session.attempt(job_id, audio)
    attempt.write(150 * KIB)
    if when == "after its end":
        attempt.finish()
    offsets = (
        0,
        1,
        3,
        5,
        39,
        41,
        43,
        44,
        45,
        32 * KIB - 1,
        32 * KIB,
        100_001,
        300_000,
        len(audio) - 1,
        len(audio),
    )
    clients = {offset: session.client(job_id, offset=offset) for offset in offsets}
    if when != "after its end":
        for offset, client in clients.items():
            client.wait_received(max(0, attempt.position - offset))
        stored = attempt.finish()
        assert stored == (wav_header(len(audio)) + audio[44:] if audio_format == "wav" else audio)
    for offset, client in clients.items():
        assert client.read_all() == audio[offset:], offset


def test_a_client_that_connects_before_the_start_gets_everything(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(90 * KIB)
    clients = [session.client(job_id, offset=offset) for offset in (0, 50_000)]
    wait_for_listener(session, job_id)
    session.attempt(job_id, audio).finish()
    assert [client.read_all() for client in clients] == [audio, audio[50_000:]]


def test_audio_that_left_the_window_is_read_from_pieces(session: LiveSession) -> None:
    """A client that does not read blocks no other, and late clients get the beginning."""
    job_id, audio = submit_streamed(session.gateway), noise(12 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(64 * KIB)
    slow, quick = session.client(job_id), session.client(job_id)
    slow.pause()
    wait_for_listener(session, job_id)
    for _ in range(9):
        attempt.write(MIB)
        quick.wait_received(attempt.position)
        assert window_bytes(session.gateway, job_id) < 2 * MIB
    assert len(stored_pieces(session.gateway.store)) == 9
    late = session.client(job_id)
    late.wait_received(attempt.position)
    middle = session.client(job_id, offset=3 * MIB + 17)
    middle.wait_received(attempt.position - 3 * MIB - 17)
    assert len(slow.received) < 8 * MIB  # the sockets buffer some of it
    slow.resume()
    slow.wait_received(attempt.position)
    attempt.finish()
    assert slow.read_all() == quick.read_all() == late.read_all() == audio
    assert middle.read_all() == audio[3 * MIB + 17 :]
    assert stored_pieces(session.gateway.store) == []


def test_a_client_that_paused_until_the_end_continues_in_the_file(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway, format="wav"), streamed_wav(12 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(64 * KIB)
    slow = session.client(job_id)
    slow.pause()
    wait_for_listener(session, job_id)
    attempt.finish()
    assert stored_pieces(session.gateway.store) == []
    slow.resume()
    assert slow.read_all() == audio


def test_the_first_listener_gets_audio_from_before_it_connected(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(5 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(3 * MIB)
    assert stored_pieces(session.gateway.store) == []
    client = session.client(job_id)
    wait_for_listener(session, job_id)
    attempt.write(100)
    client.wait_received(attempt.position)
    assert client.received == audio[: attempt.position]
    attempt.finish()
    assert client.read_all() == audio


@pytest.mark.slow
def test_slow_listeners_use_no_memory_of_the_gateway(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(24 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(64 * KIB)
    clients = [session.client(job_id) for _ in range(5)]
    for client in clients:
        client.pause()
    wait_for_listener(session, job_id)
    attempt.write(4 * MIB)
    before = anonymous_bytes()
    attempt.write(18 * MIB)
    # The stand-in worker keeps its spool in this process. Listeners must not add to that.
    assert anonymous_bytes() - before < (18 + 18) * MIB
    attempt.finish()
    for client in clients:
        client.resume()
    for client in clients:
        assert client.read_all(timeout_s=60) == audio


# Several attempts.


@pytest.mark.parametrize("audio_format", ["pcm", "wav"])
@pytest.mark.parametrize("received_bytes", [0, 1, 44, 45, 33_000, 200_000, 3 * MIB - 1])
def test_a_second_attempt_with_the_same_audio_continues_the_stream(
    session: LiveSession, received_bytes: int, audio_format: str
) -> None:
    audio = streamed_wav(4 * MIB) if audio_format == "wav" else noise(4 * MIB)
    job_id = submit_streamed(session.gateway, format=audio_format)
    client = session.client(job_id)
    wait_for_listener(session, job_id)
    first = session.attempt(job_id, audio)
    first.write(received_bytes)
    client.wait_received(received_bytes)
    first.crash()
    second = session.attempt(job_id, audio)
    for step in (received_bytes // 2, received_bytes - received_bytes // 2, 10):
        second.write(step)
        assert client.received == audio[: len(client.received)]
    client.wait_received(received_bytes + 10)
    second.finish()
    assert client.read_all() == audio


def test_an_attempt_without_live_audio_continues_with_its_file(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway, format="wav"), streamed_wav(MIB)
    first = session.attempt(job_id, audio)
    first.write(MIB // 2)
    client = session.client(job_id)
    client.wait_received(MIB // 2)
    first.crash()
    second = session.attempt(job_id, audio)
    second.is_offline = True
    second.finish()
    assert client.read_all() == audio


@pytest.mark.parametrize("shorter", [False, True])
@pytest.mark.parametrize("received_bytes", [3000, 100_000, 2 * MIB])
def test_an_attempt_with_different_audio_breaks_the_stream(
    session: LiveSession, received_bytes: int, shorter: bool
) -> None:
    job_id = submit_streamed(session.gateway)
    first = session.attempt(job_id, noise(4 * MIB))
    client = session.client(job_id)
    wait_for_listener(session, job_id)
    first.write(received_bytes)
    client.wait_received(received_bytes)
    first.crash()
    session.attempt(
        job_id, first.audio[: received_bytes // 2] if shorter else noise(4 * MIB, seed=2)
    ).finish()
    assert client.read_until_broken() == first.audio[:received_bytes]


def test_a_difference_at_the_last_received_byte_breaks_the_stream(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(MIB)
    first = session.attempt(job_id, audio)
    first.write(500_000)
    client = session.client(job_id)
    client.wait_received(500_000)
    first.crash()
    session.attempt(job_id, audio[:499_999] + bytes([audio[499_999] ^ 1]) + audio[500_000:]).finish()
    assert client.read_until_broken() == audio[:500_000]


def test_a_client_that_started_in_the_middle_cannot_follow_another_attempt(session: LiveSession) -> None:
    """The gateway does not know its earlier bytes, so it cannot compare them."""
    job_id, audio = submit_streamed(session.gateway), noise(MIB)
    first = session.attempt(job_id, audio)
    first.write(200_000)
    client = session.client(job_id, offset=100_000)
    client.wait_received(100_000)
    first.crash()
    second = session.attempt(job_id, audio)
    second.write(300_000)
    assert client.read_until_broken() == audio[100_000:200_000]
    second.finish()
    assert session.client(job_id, offset=200_000).read_all() == audio[200_000:]


def test_audio_of_a_stale_worker_is_ignored(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(MIB)
    first = session.attempt(job_id, noise(MIB, seed=3))
    first.write(100)
    first.crash()
    second = session.attempt(job_id, audio)
    second.write(1000)
    client = session.client(job_id)
    client.wait_received(1000)
    first.write(200_000)
    second.write(1000)
    client.wait_received(2000)
    first.write()
    second.finish()
    assert client.read_all() == audio


def test_three_attempts_make_one_stream(session: LiveSession) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(MIB)
    client = session.client(job_id)
    wait_for_listener(session, job_id)
    for reached in (300_000, 200_000):
        attempt = session.attempt(job_id, audio)
        attempt.write(reached)
        client.wait_received(200_000)
        attempt.crash()
    last = session.attempt(job_id, audio)
    last.finish()
    assert client.read_all() == audio


# Redis outages.


@pytest.mark.slow
def test_lost_events_only_delay_the_stream(session: LiveSession, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(200 * KIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(1000)
    client = session.client(job_id)
    client.wait_received(1000)
    monkeypatch.setattr(audio_window, "channel", lambda prefix: f"nobody.hears.{prefix}")
    monkeypatch.setattr("common.messaging.events.channel", lambda prefix: f"nobody.hears.events.{prefix}")
    for _ in range(2):
        attempt.write(1000)
        client.wait_received(attempt.position)
    attempt.finish()
    assert client.read_all() == audio


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed for good", "killed and started", "hung", "hung for good", "emptied"])
@pytest.mark.parametrize("size_bytes", [300 * KIB, 6 * MIB])
def test_without_redis_no_audio_is_lost_or_repeated(
    own_redis: LiveSession, valkey: Valkey, how: str, size_bytes: int
) -> None:
    job_id, audio = submit_streamed(own_redis.gateway, format="wav"), streamed_wav(size_bytes)
    attempt = own_redis.attempt(job_id, audio)
    attempt.write(size_bytes // 4)
    clients = [own_redis.client(job_id), own_redis.client(job_id, offset=1000)]
    for client in clients:
        client.wait_received(size_bytes // 4 - 1000)
    if how == "emptied":
        own_redis.gateway.redis.flushall()
    elif how.startswith("hung"):
        valkey.hang()
    else:
        valkey.kill()
    attempt.write(size_bytes // 4)
    if how == "killed and started":
        valkey.start()
    elif how == "hung":
        valkey.resume()
    attempt.write(size_bytes // 4)
    attempt.wait_for_next_try()
    attempt.write(1000)
    attempt.finish()
    assert [client.read_all() for client in clients] == [audio, audio[1000:]]


def test_without_redis_a_slow_client_continues_with_pieces(own_redis: LiveSession, valkey: Valkey) -> None:
    job_id, audio = submit_streamed(own_redis.gateway), noise(20 * MIB)
    attempt = own_redis.attempt(job_id, audio)
    attempt.write(MIB)
    client = own_redis.client(job_id)
    client.pause()
    wait_for_listener(own_redis, job_id)
    attempt.write(14 * MIB)
    behind = len(client.received)
    valkey.kill()
    client.resume()
    client.wait_received(15 * MIB - 64 * KIB)
    assert behind < 10 * MIB
    attempt.finish()
    assert client.read_all() == audio


def test_a_missing_piece_is_not_skipped(session: LiveSession, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, audio = submit_streamed(session.gateway), noise(5 * MIB)
    attempt = session.attempt(job_id, audio)
    attempt.write(MIB)
    early = session.client(job_id)
    wait_for_listener(session, job_id)
    attempt.write(3 * MIB)
    session.gateway.store.delete([piece_key(job_id, attempt=attempt.claim.attempt, number=1)])
    offsets: list[int] = []
    original = live_audio.LiveAudio._from_piece

    async def count(audio: live_audio.LiveAudio) -> bytes | None:
        offsets.append(audio.offset)
        return await original(audio)

    monkeypatch.setattr(live_audio, "RESYNC_AFTER_S", 0.05)
    monkeypatch.setattr(live_audio.LiveAudio, "_from_piece", count)
    late = session.client(job_id)
    late.wait_received(MIB)
    wait_for(lambda: offsets.count(MIB) > 2)
    assert len(late.received) == MIB
    attempt.finish()
    assert early.read_all() == late.read_all() == audio
