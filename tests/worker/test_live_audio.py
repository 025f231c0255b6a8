"""The worker's side of listening: a bounded window in a real Valkey, pieces in a real store, and what each outlives."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import pytest
import redis

from common.db.database import Database
from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.messaging import audio_window, broker, text_stream
from common.messaging.audio_window import CHUNK_BYTES, PIECE_BYTES, WINDOW_BYTES, Chunk
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store, piece_key
from tests.support.claims import claimed_part
from tests.support.live_attempts import wait_for_next_try
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from worker.synthesis import live_audio as listening
from worker.synthesis.live_audio import LiveAudioWriter

MIB = 1024 * 1024


class Take:
    """One attempt that writes noise."""

    def __init__(self, claim: ClaimedPart, *, redis_link: RedisLink, store: Store, spool: IO[bytes]) -> None:
        self.claim = claim
        self.data = b""
        self.live = LiveAudioWriter(claim, redis_link=redis_link, store=store, spool=spool)
        self._spool = spool

    def say(self, size_bytes: int) -> None:
        data = random.Random(len(self.data)).randbytes(size_bytes)
        self._spool.write(data)
        self.data += data
        self.live.append(data)
        self.live.flush()


class Studio:
    """What stands behind takes, and what a gateway sees of them."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.queue_prefix
        self.store = Store(settings.store)
        self.client = broker.connect(settings)
        self.database = Database(settings.database, role="worker")
        self.redis_link = RedisLink(settings)
        self.spools: list[IO[bytes]] = []

    def take(self, claim: ClaimedPart | None = None) -> Take:
        self.spools.append(SpooledTemporaryFile(max_size=MIB))  # noqa: SIM115  # closed with the studio
        claim = claim or claimed_part("Hello.", options=Options(streamed=True))
        return Take(claim, redis_link=self.redis_link, store=self.store, spool=self.spools[-1])

    def window(self, take: Take) -> list[Chunk]:
        key = audio_window.window_key(take.claim.job.id, prefix=self.prefix)
        found: Any = self.client.xrange(key)
        return audio_window.chunks_of(found)

    def listen(self, take: Take) -> None:
        self.client.set(
            audio_window.audience_key(take.claim.job.id, prefix=self.prefix), 1, ex=audio_window.HEARD_S
        )

    def leave(self, take: Take) -> None:
        self.client.delete(audio_window.audience_key(take.claim.job.id, prefix=self.prefix))

    def pieces(self, take: Take) -> dict[int, bytes]:
        """What lies in the store of it."""
        found = {}
        for number in range(20):
            key = piece_key(take.claim.job.id, attempt=take.claim.attempt, number=number)
            try:
                found[number] = b"".join(self.store.read(key))
            except FileNotFoundError:
                continue
        return found

    def close(self) -> None:
        for spool in self.spools:
            spool.close()
        self.redis_link.close()
        self.client.close()
        self.database.close()


@contextmanager
def open_studio(settings: Settings) -> Iterator[Studio]:
    opened = Studio(settings)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    with open_studio(settings) as opened:
        yield opened


def joined(chunks: list[Chunk]) -> bytes:
    """Of chunks that follow one another without a gap."""
    assert all(one.end == other.start for one, other in pairwise(chunks))
    return b"".join(chunk.data for chunk in chunks)


def test_what_is_written_is_in_the_window_in_chunks_without_a_gap(studio: Studio) -> None:
    take = studio.take()
    for size in (44, CHUNK_BYTES - 1, 1, CHUNK_BYTES * 3 + 5, 7):
        take.say(size)
    chunks = studio.window(take)
    assert joined(chunks) == take.data
    assert chunks[0].start == 0
    assert max(len(chunk.data) for chunk in chunks) == CHUNK_BYTES
    assert {chunk.attempt for chunk in chunks} == {1}


def test_nothing_new_is_nothing_to_tell(studio: Studio) -> None:
    take = studio.take()
    take.live.flush()
    assert studio.window(take) == []
    take.say(10)
    take.live.flush()
    assert len(studio.window(take)) == 1


def test_the_window_is_bounded_by_bytes_and_holds_what_came_last(studio: Studio) -> None:
    take = studio.take()
    for size in (100, MIB, 3 * CHUNK_BYTES + 1, 2 * MIB, 50_000):
        take.say(size)
        held = joined(studio.window(take))
        assert take.data.endswith(held)
        assert len(held) <= WINDOW_BYTES + CHUNK_BYTES
        assert len(held) >= min(len(take.data), WINDOW_BYTES - CHUNK_BYTES)


def test_the_window_ends_by_itself(studio: Studio) -> None:
    take = studio.take()
    take.say(10)
    assert (
        0
        < studio.client.ttl(audio_window.window_key(take.claim.job.id, prefix=studio.prefix))
        <= audio_window.KEEP_S
    )


def test_who_listens_is_told(studio: Studio) -> None:
    take = studio.take()
    client: Any = studio.client
    with client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(audio_window.channel(studio.prefix))
        heard.get_message(timeout=5)
        take.say(10)
        message = heard.get_message(timeout=5)
    assert message is not None
    assert message["data"].decode() == take.claim.job.id


def test_a_later_attempt_takes_the_window_and_the_stale_one_goes_quiet(studio: Studio) -> None:
    stale = studio.take()
    stale.say(100_000)
    again = studio.take(
        claimed_part("Hello.", job_id=stale.claim.job.id, attempt=2, options=Options(streamed=True))
    )
    again.say(1000)
    stale.say(100_000)
    stale.say(3 * MIB)
    chunks = studio.window(again)
    assert {chunk.attempt for chunk in chunks} == {2}
    assert joined(chunks) == again.data
    again.say(10)
    assert joined(studio.window(again)) == again.data


def test_one_that_was_superseded_takes_nothing_from_the_next(studio: Studio) -> None:
    stale = studio.take()
    stale.say(1000)
    again = studio.take(
        claimed_part("Hello.", job_id=stale.claim.job.id, attempt=2, options=Options(streamed=True))
    )
    again.say(1000)
    stale.live.end(job_ended=False)
    assert joined(studio.window(again)) == again.data


def test_a_text_that_comes_is_there_for_a_second_attempt(studio: Studio) -> None:
    claim = claimed_part("", options=Options(live_text=True))
    key = text_stream.key(claim.job.id, prefix=studio.prefix)
    fields: Any = text_stream.Piece("more", "Hello.").fields()
    studio.client.xadd(key, fields)
    studio.take(claim).live.end(job_ended=False)
    read = text_stream.read(studio.client, claim.job.id, after="0-0", within_s=0.1, prefix=studio.prefix)
    assert [piece for _, piece in read] == [text_stream.Piece("more", "Hello.")]
    studio.take(claim).live.end(job_ended=True)
    assert studio.client.exists(key) == 0


def test_at_the_end_the_window_goes(studio: Studio) -> None:
    take = studio.take()
    take.say(100)
    take.live.end(job_ended=True)
    assert studio.window(take) == []


def test_nobody_listens_and_no_piece_is_kept(studio: Studio) -> None:
    take = studio.take()
    take.say(3 * PIECE_BYTES)
    assert studio.pieces(take) == {}


def test_who_comes_late_finds_the_pieces_of_before_too(studio: Studio) -> None:
    take = studio.take()
    take.say(2 * PIECE_BYTES + 10)
    studio.listen(take)
    take.say(10)
    pieces = studio.pieces(take)
    assert [*pieces] == [0, 1]
    assert b"".join(pieces.values()) == take.data[: 2 * PIECE_BYTES]
    # And the file goes on where it was.
    take.say(PIECE_BYTES)
    assert [*studio.pieces(take)] == [0, 1, 2]
    studio.spools[0].seek(0)
    assert studio.spools[0].read() == take.data


def test_every_byte_is_in_a_piece_or_in_the_window(studio: Studio) -> None:
    take = studio.take()
    studio.listen(take)
    for _ in range(30):
        take.say(150_000)
        kept = len(studio.pieces(take)) * PIECE_BYTES
        assert studio.window(take)[0].start <= kept


def test_when_they_left_no_more_is_kept(studio: Studio) -> None:
    take = studio.take()
    studio.listen(take)
    take.say(PIECE_BYTES)
    studio.leave(take)
    take.say(2 * PIECE_BYTES)
    assert [*studio.pieces(take)] == [0]


@pytest.mark.parametrize("for_good", [True, False])
def test_pieces_go_at_the_end_of_the_attempt(studio: Studio, for_good: bool) -> None:
    take = studio.take()
    studio.listen(take)
    take.say(2 * PIECE_BYTES)
    assert len(studio.pieces(take)) == 2
    take.live.end(job_ended=for_good)
    assert studio.pieces(take) == {}


def test_a_store_that_takes_nothing_costs_only_the_pieces(settings: Settings) -> None:
    with open_studio(settings) as studio:
        take = studio.take()
        studio.listen(take)
        folder = settings.data_dir / "outputs"
        folder.write_text("a file where a folder should be")
        take.say(2 * PIECE_BYTES)
        assert take.data.endswith(joined(studio.window(take)))
        folder.unlink()
        take.say(10)
        assert len(studio.pieces(take)) == 2, "they are made good when the store takes them"


class TestRedisAway:
    @pytest.fixture
    def own(self, settings: Settings, valkey: Valkey) -> Iterator[Studio]:
        with open_studio(settings.model_copy(update={"redis_url": valkey.url})) as opened:
            yield opened

    def test_one_that_hangs_costs_a_short_pause_and_then_nothing(self, own: Studio, valkey: Valkey) -> None:
        take = own.take()
        take.say(1000)
        valkey.hang()
        assert broker.PUBLISH_TIMEOUT_S - 0.1 < seconds(lambda: take.say(1000)) < 5
        assert seconds(lambda: take.say(1000)) < broker.PUBLISH_TIMEOUT_S - 0.1
        valkey.go_on()
        wait_for_next_try(own.redis_link)
        before = len(take.data)
        take.say(1000)
        chunks = own.window(take)
        assert (chunks[-1].start, chunks[-1].end) == (before, len(take.data))

    def test_one_that_died_and_came_back_hears_the_rest(self, own: Studio, valkey: Valkey) -> None:
        take = own.take()
        take.say(1000)
        valkey.kill()
        take.say(1000)
        assert seconds(lambda: take.live.end(job_ended=True)) < broker.PUBLISH_TIMEOUT_S
        valkey.start()
        wait_for_next_try(own.redis_link)
        take.say(1000)
        assert [(chunk.start, chunk.end) for chunk in own.window(take)] == [(2000, 3000)]

    def test_it_does_not_make_a_job_abandoned(
        self, own: Studio, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take = own.take(claimed_part("Hello.", options=Options(streamed=True, keep=False)))
        monkeypatch.setattr(listening, "ABANDONED_AFTER_S", 0.0)
        monkeypatch.setattr(audio_window, "SAY_EVERY_S", 0.0)
        assert take.live.is_abandoned()
        valkey.kill()
        assert not take.live.is_abandoned()


def test_what_is_kept_is_never_abandoned(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "ABANDONED_AFTER_S", 0.0)
    monkeypatch.setattr(audio_window, "SAY_EVERY_S", 0.0)
    assert not studio.take().live.is_abandoned()


def test_what_is_only_for_listeners_is_abandoned_without_them(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "ABANDONED_AFTER_S", 0.3)
    monkeypatch.setattr(audio_window, "SAY_EVERY_S", 0.1)
    take = studio.take(claimed_part("Hello.", options=Options(streamed=True, keep=False)))
    studio.listen(take)
    time.sleep(0.4)
    assert not take.live.is_abandoned()
    studio.leave(take)
    assert not take.live.is_abandoned(), "not before they have been away for a while"
    wait_for(take.live.is_abandoned, timeout_s=5)


def test_a_stale_attempt_is_refused_by_redis_itself(studio: Studio) -> None:
    job_id = claimed_part("").job.id
    audio_window.append(studio.client, job_id, [Chunk(2, 0, b"new")], prefix=studio.prefix)
    with pytest.raises(redis.ResponseError):
        audio_window.append(studio.client, job_id, [Chunk(1, 0, b"old" * 100)], prefix=studio.prefix)
    assert audio_window.append(studio.client, job_id, [Chunk(2, 3, b"more")], prefix=studio.prefix) is False


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
