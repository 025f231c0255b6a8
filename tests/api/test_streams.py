"""Listening to a job by GET /jobs/{id}/stream: what is refused, how it breaks, who listens, and what that costs."""

import base64
import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from api.serve import GRACE_S
from api.streaming import presence
from common.messaging import audio_window
from common.settings import Settings
from tests.support.gateway import Running, run_gateway
from tests.support.live_takes import (
    KIB,
    MIB,
    Ear,
    Stage,
    heard_wav,
    new_streamed,
    noise,
    on_stage,
    status_of,
    unkept,
)
from tests.support.own_memory import own_bytes
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def stage(settings: Settings) -> Iterator[Stage]:
    with run_gateway(settings) as gateway, on_stage(gateway) as one:
        yield one


@dataclass(frozen=True)
class Message:
    id: str | None
    data: dict[str, Any]

    @property
    def sound(self) -> bytes:
        return base64.b64decode(self.data.get("audio", ""))


def told(ear: Ear) -> list[Message]:
    """The events of a stream that is over."""
    ear.join(30)
    assert not ear.is_alive(), "the stream goes on"
    return [_message(block) for block in ear.heard.decode().split("\n\n") if block]


def _message(block: str) -> Message:
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    return Message(fields.get("id"), json.loads(fields["data"]))


def sound_of(messages: list[Message]) -> bytes:
    return b"".join(message.sound for message in messages)


def refusal(
    gateway: Running, job_id: str, *, headers: dict[str, str] | None = None, **params: Any
) -> tuple[int, str]:
    answer = gateway.client.get(f"/jobs/{job_id}/stream", params=params, headers=headers)
    assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}
    return answer.status_code, answer.json()["error"]["code"]


def listening(gateway: Running) -> int:
    """Seats that are taken at a gateway of this process."""
    counter = gateway.server.config.app.state.gateway.presence._listening  # type: ignore[union-attr]
    return sum(counter.values())


def cancel(gateway: Running, job_id: str) -> None:
    assert gateway.client.post(f"/jobs/{job_id}/cancel").status_code in (200, 202)


# Before the first byte.


def test_what_cannot_be_heard_is_refused(stage: Stage) -> None:
    gateway = stage.gateway
    failed, cancelled, deleted, gone = (new_streamed(gateway) for _ in range(4))
    stage.take(failed, b"").fail("engine_failed")
    cancel(gateway, cancelled)
    stage.take(deleted, noise(1000)).finish()
    assert gateway.client.delete(f"/jobs/{deleted}").status_code in (200, 204)
    stage.take(gone, noise(1000)).finish()
    gateway.store.delete([key for key in gateway.files() if gone in key])
    assert refusal(gateway, failed) == (409, "engine_failed")
    assert refusal(gateway, cancelled) == (409, "cancelled")
    assert refusal(gateway, deleted)[0] == 410
    assert refusal(gateway, gone) == (410, "audio_gone")
    assert refusal(gateway, "00000000-0000-7000-8000-000000000000")[0] == 404
    assert refusal(gateway, "what/is/this")[0] == 404
    assert refusal(gateway, failed, offset=-1)[0] == 400
    assert refusal(gateway, failed, stream_format="mp3")[0] == 400
    for place in ("7", "a-b", "1-", "-1-5", "1-5-6", ""):
        assert refusal(gateway, failed, headers={"Last-Event-ID": place}) == (400, "invalid_event_id")
    assert listening(gateway) == 0


@pytest.mark.parametrize(
    ("ends", "status", "code"),
    [("failed", 409, "engine_failed"), ("cancelled", 409, "cancelled"), ("deleted", 410, "deleted")],
)
def test_who_waits_for_the_first_byte_is_told_why_there_is_none(
    stage: Stage, ends: str, status: int, code: str
) -> None:
    job_id = new_streamed(stage.gateway)
    take = stage.take(job_id, noise(1000))
    ears = [stage.ear(job_id), stage.ear(job_id, stream_format="sse")]
    wait_for(lambda: listening(stage.gateway) == 2)
    end(stage.gateway, take.job_id, ends, stage, take)
    for ear in ears:
        ear.join(10)
        assert ear.status == status
        assert json.loads(ear.heard)["error"]["code"] == code
    wait_for(lambda: listening(stage.gateway) == 0)


def end(gateway: Running, job_id: str, ends: str, stage: Stage, take: Any) -> None:
    if ends == "failed":
        take.fail("engine_failed")
    elif ends == "cancelled":
        cancel(gateway, job_id)
    else:
        assert gateway.client.delete(f"/jobs/{job_id}").status_code in (200, 204)


def test_who_waits_too_long_is_told_to_ask_again(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"sync_wait_s": 0.5})) as gateway, on_stage(gateway) as stage:
        job_id = new_streamed(gateway)
        answer = gateway.client.get(f"/jobs/{job_id}/stream")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_begun")
        assert int(answer.headers["retry-after"]) >= 1
        take = stage.take(job_id, noise(1000))
        take.finish()
        assert stage.ear(job_id).ended() == take.sound
        wait_for(lambda: listening(gateway) == 0)


# In the middle.


@pytest.mark.parametrize(
    ("ends", "code"), [("failed", "engine_failed"), ("cancelled", "cancelled"), ("deleted", "deleted")]
)
def test_what_ends_in_the_middle_cannot_be_taken_for_a_whole(
    stage: Stage, ends: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(100 * KIB)
    take = stage.take(job_id, sound)
    take.say(5000)
    plain, events = stage.ear(job_id), stage.ear(job_id, stream_format="sse")
    plain.wait_heard(5000)
    events.wait_heard(5000)
    with caplog.at_level(logging.ERROR):
        end(stage.gateway, job_id, ends, stage, take)
        assert plain.broken() == sound[:5000]
    assert "Traceback" not in caplog.text
    messages = told(events)
    assert events.error is None
    assert sound_of(messages) == sound[:5000]
    assert messages[-1].data["type"] == "error"
    assert messages[-1].data["error"]["code"] == code
    assert messages[-1].data["error"]["message"]
    wait_for(lambda: listening(stage.gateway) == 0)


def test_a_take_that_sounds_otherwise_is_an_event(stage: Stage) -> None:
    job_id = new_streamed(stage.gateway)
    first = stage.take(job_id, noise(100 * KIB))
    first.say(5000)
    ear = stage.ear(job_id, stream_format="sse")
    ear.wait_heard(5000)
    first.die()
    stage.take(job_id, noise(100 * KIB, seed=2)).say()
    messages = told(ear)
    assert sound_of(messages) == first.sound[:5000]
    assert messages[-1].data["error"]["code"] == "take_changed"


# Events.


def test_events_carry_the_sound_and_their_places(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway, format="wav"), heard_wav(200 * KIB)
    take = stage.take(job_id, sound)
    take.say(10_000)
    ear = stage.ear(job_id, stream_format="sse")
    ear.wait_heard(10_000)
    take.finish()
    messages = told(ear)
    assert ear.headers["content-type"].startswith("text/event-stream")
    assert ear.error is None
    deltas = messages[:-1]
    assert {message.data["type"] for message in deltas} == {"speech.audio.delta"}
    place = 0
    for message in deltas:
        place += len(message.sound)
        assert message.id == f"1-{place}"
    assert sound_of(messages) == sound
    assert messages[-1].data["type"] == "speech.audio.done"
    assert messages[-1].data["usage"]["input_tokens"] == len("Hello there.")


@pytest.mark.parametrize("is_over", [False, True])
def test_events_go_on_behind_the_last_that_came(stage: Stage, is_over: bool) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(300 * KIB)
    take = stage.take(job_id, sound)
    take.say(100 * KIB)
    if is_over:
        take.finish()
    ears = [
        stage.ear(job_id, stream_format="sse", headers={"Last-Event-ID": f"1-{place}"})
        for place in (0, 1, 70_000)
    ]
    if not is_over:
        wait_for(lambda: all(len(ear.heard) > 40_000 for ear in ears))
        take.finish()
    for ear, place in zip(ears, (0, 1, 70_000), strict=True):
        messages = told(ear)
        assert sound_of(messages) == sound[place:]
        assert messages[-1].data["type"] == "speech.audio.done"


@pytest.mark.parametrize("is_over", [False, True])
def test_events_of_an_earlier_take_are_not_gone_on_with(stage: Stage, is_over: bool) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(300 * KIB)
    first = stage.take(job_id, sound)
    first.say(100_000)
    first.die()
    second = stage.take(job_id, sound)
    second.say(120_000)
    if is_over:
        second.finish()
    behind = {"Last-Event-ID": "1-50000"}
    assert refusal(stage.gateway, job_id, headers=behind, stream_format="sse") == (409, "take_changed")
    assert refusal(stage.gateway, job_id, offset=50_000, attempt=1) == (409, "take_changed")
    again = stage.ear(job_id, stream_format="sse", headers={"Last-Event-ID": "2-50000"})
    if not is_over:
        second.finish()
    assert sound_of(told(again)) == sound[50_000:]


# A gateway that stops.


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_gateway_that_stops_lets_go_and_another_goes_on(settings: Settings, stream_format: str) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(run_gateway(settings))
        stage = stack.enter_context(on_stage(one))
        job_id, sound = new_streamed(one), noise(300 * KIB)
        take = stage.take(job_id, sound)
        take.say(100_000)
        with run_gateway(settings) as other:
            ear = stage.ear(job_id, url=other.url, stream_format=stream_format)
            ear.wait_heard(100_000)
            stopped_at = time.monotonic()
            other.server.handle_exit(15, None)
            ear.join(10)
            assert time.monotonic() - stopped_at < GRACE_S
        if stream_format == "audio":
            heard = ear.broken()
            rest = stage.ear(job_id, offset=len(heard))
            take.finish()
            assert heard + rest.ended() == sound
            return
        messages = told(ear)
        assert messages[-1].data["error"]["code"] == "stopping"
        last = messages[-2].id
        assert last is not None
        again = stage.ear(job_id, stream_format="sse", headers={"Last-Event-ID": last})
        take.finish()
        assert sound_of(messages) + sound_of(told(again)) == sound


@pytest.mark.slow
def test_a_gateway_that_stops_does_not_wait_for_who_reads_nothing(settings: Settings) -> None:
    """It has its grace time, and is then cut off."""
    with run_gateway(settings) as one, on_stage(one) as stage:
        job_id, sound = new_streamed(one), noise(16 * MIB)
        take = stage.take(job_id, sound)
        with run_gateway(settings) as other:
            ear = stage.ear(job_id, url=other.url)
            ear.pause()
            take.say(100)
            wait_for(lambda: listening(other) == 1)
            take.finish()
            stopped_at = time.monotonic()
        assert time.monotonic() - stopped_at > GRACE_S - 1
        ear.go_on()
        heard = ear.broken()
        assert heard == sound[: len(heard)]
        assert heard + stage.ear(job_id, offset=len(heard)).ended() == sound


# Who listens.


@pytest.fixture
def grace_s(monkeypatch: pytest.MonkeyPatch) -> float:
    """Quicker than in life, so that tests take seconds."""
    monkeypatch.setattr(presence, "GRACE_S", 2.0)
    monkeypatch.setattr(audio_window, "LEFT_MS", 1800)
    monkeypatch.setattr(presence, "SAY_EVERY_S", 0.5)
    return 2.0


@contextmanager
def seated(gateway: Running, job_id: str) -> Iterator[None]:
    """Somebody who waits for the first byte, until the block ends."""
    before = listening(gateway)
    ear = Ear(gateway.url, f"/jobs/{job_id}/stream")
    try:
        wait_for(lambda: listening(gateway) == before + 1)
        yield
    finally:
        ear.hang_up()
        wait_for(lambda: listening(gateway) == before)


def stays(gateway: Running, job_id: str, status: str, *, for_s: float) -> None:
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        assert status_of(gateway.database, job_id) == status
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("is_begun", [False, True])
def test_what_nobody_listens_to_any_more_is_cancelled_after_the_last(
    stage: Stage, grace_s: float, is_begun: bool
) -> None:
    """Queued or running; two listeners, and one who comes back."""
    gateway = stage.gateway
    job_id = unkept(gateway)
    status = "queued"
    if is_begun:
        stage.take(job_id, noise(1000))
        status = "running"
    with seated(gateway, job_id):
        with seated(gateway, job_id):
            pass
        stays(gateway, job_id, status, for_s=grace_s + 1)
    stays(gateway, job_id, status, for_s=grace_s * 0.7)
    with seated(gateway, job_id):
        stays(gateway, job_id, status, for_s=grace_s * 0.6)
    # The grace of the first leave is over now; that of the last begins.
    left_at = time.monotonic()
    stays(gateway, job_id, status, for_s=grace_s * 0.8)
    wait_for(lambda: status_of(gateway.database, job_id) == "cancelled", timeout_s=3)
    assert time.monotonic() - left_at >= grace_s * 0.8
    assert listening(gateway) == 0


@pytest.mark.slow
def test_the_grace_is_ten_seconds(stage: Stage) -> None:
    job_id = unkept(stage.gateway)
    with seated(stage.gateway, job_id):
        pass
    left_at = time.monotonic()
    wait_for(lambda: status_of(stage.gateway.database, job_id) == "cancelled", timeout_s=15)
    assert time.monotonic() - left_at > 9.5


@pytest.mark.slow
def test_what_was_asked_to_be_kept_goes_on_unheard(stage: Stage, grace_s: float) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(1000)
    take = stage.take(job_id, sound)
    with seated(stage.gateway, job_id):
        pass
    stays(stage.gateway, job_id, "running", for_s=grace_s + 1)
    take.finish()
    assert stage.ear(job_id).ended() == sound


@pytest.mark.slow
def test_a_listener_at_another_gateway_counts(settings: Settings, grace_s: float) -> None:
    with run_gateway(settings) as one, run_gateway(settings) as other:
        job_id = unkept(one)
        with seated(other, job_id):
            with seated(one, job_id):
                pass
            stays(one, job_id, "queued", for_s=grace_s + 1)
            with seated(one, job_id):
                pass
            stays(one, job_id, "queued", for_s=grace_s * 0.8)
        # The grace of who left the one ends now; that of who left the other begins.
        stays(one, job_id, "queued", for_s=grace_s * 0.8)
        wait_for(lambda: status_of(one.database, job_id) == "cancelled", timeout_s=3)


@pytest.mark.slow
def test_without_redis_nobody_is_taken_for_gone(settings: Settings, valkey: Valkey, grace_s: float) -> None:
    own = settings.model_copy(update={"redis_url": valkey.url})
    with run_gateway(own) as one, run_gateway(own) as other:
        job_id = unkept(one)
        with seated(other, job_id):
            with seated(one, job_id):
                valkey.hang()
            stays(one, job_id, "queued", for_s=grace_s + 1)
            valkey.go_on()
            stays(one, job_id, "queued", for_s=grace_s + 2)
        wait_for(lambda: status_of(one.database, job_id) == "cancelled", timeout_s=8)


def test_no_seat_stays_taken_whenever_they_go(stage: Stage) -> None:
    gateway = stage.gateway
    job_id, sound = new_streamed(gateway), noise(MIB)
    for wait_s in (0.0, 0.001, 0.01, 0.05):
        for stream_format in ("audio", "sse"):
            ear = stage.ear(job_id, stream_format=stream_format)
            time.sleep(wait_s)
            ear.hang_up()
    take = stage.take(job_id, sound)
    take.say(100_000)
    for wait_s in (0.0, 0.001, 0.01, 0.05):
        for stream_format in ("audio", "sse"):
            ear = stage.ear(job_id, stream_format=stream_format)
            time.sleep(wait_s)
            ear.hang_up()
    stalled = stage.ear(job_id)
    stalled.pause()
    take.say()
    wait_for(lambda: listening(gateway) >= 1)
    stalled.hang_up()
    take.finish()
    wait_for(lambda: listening(gateway) == 0)
    hub = gateway.server.config.app.state.gateway.event_bus  # type: ignore[union-attr]
    assert not hub._readers


def begin(stage: Stage) -> str:
    """The first sound of the job whose bell rings next."""
    job_id = stage.gateway.next_bell()
    assert job_id is not None
    stage.take(job_id, heard_wav(100 * KIB)).say(20_000)
    return job_id


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_request_that_was_not_delivered_whole_is_joined_when_it_comes_again(
    stage: Stage, stream_format: str
) -> None:
    gateway = stage.gateway
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "stream_format": stream_format}
    asked["response_format"] = "wav"
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(begin, stage)
        with gateway.client.stream("POST", "/v1/audio/speech", json=asked) as answer:
            job_id = answer.headers["x-oratio-job-id"]
            assert begun.result(10) == job_id
    wait_for(lambda: listening(gateway) == 0)
    with gateway.client.stream("POST", "/v1/audio/speech", json=asked) as answer:
        assert answer.headers["x-oratio-job-id"] == job_id


# What it costs.


@pytest.mark.slow
def test_fifty_listeners_of_one_job_are_cheap(stage: Stage) -> None:
    gateway = stage.gateway
    job_id, sound = new_streamed(gateway), noise(2 * MIB)
    take = stage.take(job_id, sound)
    take.say(1000)
    connections = len(gateway.redis.client_list())
    before = own_bytes()
    begun_at = time.process_time()
    ears = [stage.ear(job_id) for _ in range(50)]
    for ear in ears:
        ear.wait_heard(1000)
    # Nothing to hear is nothing to do.
    idle_at = time.process_time()
    time.sleep(2)
    assert time.process_time() - idle_at < 1
    take.say()
    for ear in ears:
        ear.wait_heard(len(sound))
    assert len(gateway.redis.client_list()) - connections <= 60
    take.finish()
    assert all(ear.ended() == sound for ear in ears)
    # 50 threads that read 2 MB each are in this process too.
    assert own_bytes() - before < 300 * MIB
    assert time.process_time() - begun_at < 15
