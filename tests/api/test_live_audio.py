"""The sound of a job from any byte on, by a real gateway: while it is made, after, and over the death of its worker."""

from collections.abc import Iterator

import pytest

from api.streaming import live_audio
from common.messaging import audio_window
from common.settings import Settings
from common.store import piece_key
from tests.support.gateway import Running, run_gateway
from tests.support.live_takes import (
    KIB,
    MIB,
    Stage,
    heard_wav,
    new_streamed,
    noise,
    on_stage,
    pieces,
    wav_head,
)
from tests.support.own_memory import own_bytes
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def stage(settings: Settings) -> Iterator[Stage]:
    with run_gateway(settings) as gateway, on_stage(gateway) as one:
        yield one


@pytest.fixture
def own(settings: Settings, valkey: Valkey) -> Iterator[Stage]:
    """With a Redis of its own, to be done away with."""
    with (
        run_gateway(settings.model_copy(update={"redis_url": valkey.url})) as gateway,
        on_stage(gateway) as one,
    ):
        yield one


def window_bytes(gateway: Running, job_id: str) -> int:
    key = audio_window.window_key(job_id, prefix=gateway.settings.queue_prefix)
    return int(gateway.redis.memory_usage(key, samples=0) or 0)


def wait_for_audience(stage: Stage, job_id: str) -> None:
    """So that what leaves the window is kept."""
    key = audio_window.audience_key(job_id, prefix=stage.gateway.settings.queue_prefix)
    wait_for(lambda: stage.gateway.redis.exists(key), timeout_s=5)


# From where it comes.


def test_bytes_come_as_they_are_made(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_audio, "RESYNC_AFTER_S", 600.0)  # by its hint, not by the look every two seconds
    job_id, sound = new_streamed(stage.gateway), noise(300 * KIB)
    take = stage.take(job_id, sound)
    take.say(1000)
    ear = stage.ear(job_id)
    ear.wait_heard(1000)
    for size in (1, 10, 40_000, 100_000):
        before = len(ear.heard)
        take.say(size)
        ear.wait_heard(before + size)
        assert ear.heard == sound[: take.place]
    assert ear.is_alive()
    assert take.finish() == ear.ended() == sound
    assert ear.headers["content-type"] == "audio/pcm"
    assert ear.headers["x-accel-buffering"] == "no"
    assert ear.headers["x-oratio-job-id"] == job_id


@pytest.mark.parametrize("when", ["while it is made", "after its end"])
@pytest.mark.parametrize("audio_format", ["pcm", "wav"])
def test_from_any_byte_on_it_is_what_lies_there(stage: Stage, when: str, audio_format: str) -> None:
    sound = heard_wav(400 * KIB) if audio_format == "wav" else noise(400 * KIB)
    job_id = new_streamed(stage.gateway, format=audio_format)
    take = stage.take(job_id, sound)
    take.say(150 * KIB)
    if when == "after its end":
        take.finish()
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
        len(sound) - 1,
        len(sound),
    )
    ears = {offset: stage.ear(job_id, offset=offset) for offset in offsets}
    if when != "after its end":
        for offset, ear in ears.items():
            ear.wait_heard(max(0, take.place - offset))
        stored = take.finish()
        assert stored == (wav_head(len(sound)) + sound[44:] if audio_format == "wav" else sound)
    for offset, ear in ears.items():
        assert ear.ended() == sound[offset:], offset


def test_who_waits_from_before_it_is_begun_hears_all(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(90 * KIB)
    ears = [stage.ear(job_id, offset=offset) for offset in (0, 50_000)]
    wait_for_audience(stage, job_id)
    stage.take(job_id, sound).finish()
    assert [ear.ended() for ear in ears] == [sound, sound[50_000:]]


def test_what_left_the_window_comes_from_pieces(stage: Stage) -> None:
    """One who reads nothing holds nobody back, and those who come late still hear the start."""
    job_id, sound = new_streamed(stage.gateway), noise(12 * MIB)
    take = stage.take(job_id, sound)
    take.say(64 * KIB)
    slow, quick = stage.ear(job_id), stage.ear(job_id)
    slow.pause()
    wait_for_audience(stage, job_id)
    for _ in range(9):
        take.say(MIB)
        quick.wait_heard(take.place)
        assert window_bytes(stage.gateway, job_id) < 2 * MIB
    assert len(pieces(stage.gateway.store)) == 9
    late = stage.ear(job_id)
    late.wait_heard(take.place)
    middle = stage.ear(job_id, offset=3 * MIB + 17)
    middle.wait_heard(take.place - 3 * MIB - 17)
    assert len(slow.heard) < 8 * MIB  # the sockets hold some of it
    slow.go_on()
    slow.wait_heard(take.place)
    take.finish()
    assert slow.ended() == quick.ended() == late.ended() == sound
    assert middle.ended() == sound[3 * MIB + 17 :]
    assert pieces(stage.gateway.store) == []


def test_who_stands_still_over_the_end_goes_on_in_the_file(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway, format="wav"), heard_wav(12 * MIB)
    take = stage.take(job_id, sound)
    take.say(64 * KIB)
    slow = stage.ear(job_id)
    slow.pause()
    wait_for_audience(stage, job_id)
    take.finish()
    assert pieces(stage.gateway.store) == []
    slow.go_on()
    assert slow.ended() == sound


def test_the_first_listener_of_what_nobody_heard_waits_for_pieces_of_before(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(5 * MIB)
    take = stage.take(job_id, sound)
    take.say(3 * MIB)
    assert pieces(stage.gateway.store) == []
    ear = stage.ear(job_id)
    wait_for_audience(stage, job_id)
    take.say(100)
    ear.wait_heard(take.place)
    assert ear.heard == sound[: take.place]
    take.finish()
    assert ear.ended() == sound


@pytest.mark.slow
def test_slow_listeners_take_no_memory_of_the_gateway(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(24 * MIB)
    take = stage.take(job_id, sound)
    take.say(64 * KIB)
    ears = [stage.ear(job_id) for _ in range(5)]
    for ear in ears:
        ear.pause()
    wait_for_audience(stage, job_id)
    take.say(4 * MIB)
    before = own_bytes()
    take.say(18 * MIB)
    # The stand-in worker keeps its spool in this process; no listener may add to that.
    assert own_bytes() - before < (18 + 18) * MIB
    take.finish()
    for ear in ears:
        ear.go_on()
    for ear in ears:
        assert ear.ended(timeout_s=60) == sound


# Another take.


@pytest.mark.parametrize("audio_format", ["pcm", "wav"])
@pytest.mark.parametrize("heard", [0, 1, 44, 45, 33_000, 200_000, 3 * MIB - 1])
def test_a_second_take_of_the_same_bytes_goes_on_without_a_break(
    stage: Stage, heard: int, audio_format: str
) -> None:
    sound = heard_wav(4 * MIB) if audio_format == "wav" else noise(4 * MIB)
    job_id = new_streamed(stage.gateway, format=audio_format)
    ear = stage.ear(job_id)
    wait_for_audience(stage, job_id)
    first = stage.take(job_id, sound)
    first.say(heard)
    ear.wait_heard(heard)
    first.die()
    second = stage.take(job_id, sound)
    for step in (heard // 2, heard - heard // 2, 10):
        second.say(step)
        assert ear.heard == sound[: len(ear.heard)]
    ear.wait_heard(heard + 10)
    second.finish()
    assert ear.ended() == sound


def test_a_take_that_is_never_heard_live_is_joined_in_its_file(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway, format="wav"), heard_wav(MIB)
    first = stage.take(job_id, sound)
    first.say(MIB // 2)
    ear = stage.ear(job_id)
    ear.wait_heard(MIB // 2)
    first.die()
    second = stage.take(job_id, sound)
    second.is_mute = True
    second.finish()
    assert ear.ended() == sound


@pytest.mark.parametrize("shorter", [False, True])
@pytest.mark.parametrize("heard", [100, 100_000, 2 * MIB])
def test_a_take_that_sounds_otherwise_is_never_joined(stage: Stage, heard: int, shorter: bool) -> None:
    job_id = new_streamed(stage.gateway)
    first = stage.take(job_id, noise(4 * MIB))
    ear = stage.ear(job_id)
    wait_for_audience(stage, job_id)
    first.say(heard)
    ear.wait_heard(heard)
    first.die()
    stage.take(job_id, first.sound[: heard // 2] if shorter else noise(4 * MIB, seed=2)).finish()
    assert ear.broken() == first.sound[:heard]


def test_a_take_that_differs_only_at_the_last_byte_that_was_heard_is_not_joined(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(MIB)
    first = stage.take(job_id, sound)
    first.say(500_000)
    ear = stage.ear(job_id)
    ear.wait_heard(500_000)
    first.die()
    stage.take(job_id, sound[:499_999] + bytes([sound[499_999] ^ 1]) + sound[500_000:]).finish()
    assert ear.broken() == sound[:500_000]


def test_who_came_in_the_middle_is_let_go_by_another_take(stage: Stage) -> None:
    """What it has of before is not known here, so nothing can be compared."""
    job_id, sound = new_streamed(stage.gateway), noise(MIB)
    first = stage.take(job_id, sound)
    first.say(200_000)
    ear = stage.ear(job_id, offset=100_000)
    ear.wait_heard(100_000)
    first.die()
    second = stage.take(job_id, sound)
    second.say(300_000)
    assert ear.broken() == sound[100_000:200_000]
    second.finish()
    assert stage.ear(job_id, offset=200_000).ended() == sound[200_000:]


def test_a_stale_worker_that_still_writes_is_not_heard(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(MIB)
    first = stage.take(job_id, noise(MIB, seed=3))
    first.say(100)
    first.die()
    second = stage.take(job_id, sound)
    second.say(1000)
    ear = stage.ear(job_id)
    ear.wait_heard(1000)
    first.say(200_000)
    second.say(1000)
    ear.wait_heard(2000)
    first.say()
    second.finish()
    assert ear.ended() == sound


def test_three_takes_in_a_row_are_one_sound(stage: Stage) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(MIB)
    ear = stage.ear(job_id)
    wait_for_audience(stage, job_id)
    for reached in (300_000, 200_000):
        take = stage.take(job_id, sound)
        take.say(reached)
        ear.wait_heard(200_000)
        take.die()
    last = stage.take(job_id, sound)
    last.finish()
    assert ear.ended() == sound


# Redis goes.


@pytest.mark.slow
def test_lost_hints_cost_nothing_but_a_moment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(200 * KIB)
    take = stage.take(job_id, sound)
    take.say(1000)
    ear = stage.ear(job_id)
    ear.wait_heard(1000)
    monkeypatch.setattr(audio_window, "channel", lambda prefix: f"nobody.hears.{prefix}")
    monkeypatch.setattr("common.messaging.events.channel", lambda prefix: f"nobody.hears.events.{prefix}")
    for _ in range(2):
        take.say(1000)
        ear.wait_heard(take.place)
    take.finish()
    assert ear.ended() == sound


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed for good", "killed and started", "hung", "hung for good", "emptied"])
@pytest.mark.parametrize("size_bytes", [300 * KIB, 6 * MIB])
def test_without_redis_it_goes_on_and_nothing_is_lost_or_doubled(
    own: Stage, valkey: Valkey, how: str, size_bytes: int
) -> None:
    job_id, sound = new_streamed(own.gateway, format="wav"), heard_wav(size_bytes)
    take = own.take(job_id, sound)
    take.say(size_bytes // 4)
    ears = [own.ear(job_id), own.ear(job_id, offset=1000)]
    for ear in ears:
        ear.wait_heard(size_bytes // 4 - 1000)
    if how == "emptied":
        own.gateway.redis.flushall()
    elif how.startswith("hung"):
        valkey.hang()
    else:
        valkey.kill()
    take.say(size_bytes // 4)
    if how == "killed and started":
        valkey.start()
    elif how == "hung":
        valkey.go_on()
    take.say(size_bytes // 4)
    take.wait_for_next_try()
    take.say(1000)
    take.finish()
    assert [ear.ended() for ear in ears] == [sound, sound[1000:]]


def test_without_redis_who_is_behind_goes_on_in_the_pieces(own: Stage, valkey: Valkey) -> None:
    job_id, sound = new_streamed(own.gateway), noise(20 * MIB)
    take = own.take(job_id, sound)
    take.say(MIB)
    ear = own.ear(job_id)
    ear.pause()
    wait_for_audience(own, job_id)
    take.say(14 * MIB)
    behind = len(ear.heard)
    valkey.kill()
    ear.go_on()
    ear.wait_heard(15 * MIB - 64 * KIB)
    assert behind < 10 * MIB
    take.finish()
    assert ear.ended() == sound


def test_a_piece_that_is_missing_is_waited_for_and_not_skipped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, sound = new_streamed(stage.gateway), noise(5 * MIB)
    take = stage.take(job_id, sound)
    take.say(MIB)
    early = stage.ear(job_id)
    wait_for_audience(stage, job_id)
    take.say(3 * MIB)
    stage.gateway.store.delete([piece_key(job_id, attempt=take.claim.attempt, number=1)])
    tries: list[int] = []
    look = live_audio.LiveAudio._from_piece

    async def count(sound: live_audio.LiveAudio) -> bytes | None:
        tries.append(sound.offset)
        return await look(sound)

    monkeypatch.setattr(live_audio, "RESYNC_AFTER_S", 0.05)
    monkeypatch.setattr(live_audio.LiveAudio, "_from_piece", count)
    late = stage.ear(job_id)
    late.wait_heard(MIB)
    wait_for(lambda: tries.count(MIB) > 2)
    assert len(late.heard) == MIB
    take.finish()
    assert early.ended() == late.ended() == sound
