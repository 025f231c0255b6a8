"""LiveAudioWriter: a bounded window in a real Valkey, pieces in a real store, and failures of both."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import pytest

from common.db.database import Database
from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.messaging import audio_window, broker, text_stream
from common.messaging.audio_window import (
    CHUNK_BYTES,
    PIECE_BYTES,
    UNHEARD_BYTES,
    WINDOW_BYTES,
    Chunk,
    Reply,
)
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store, piece_key
from tests.support.claimed_parts import claimed_part
from tests.support.live_attempts import wait_for_next_try
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for
from worker.synthesis import live_audio
from worker.synthesis.live_audio import LiveAudioWriter

MIB = 1024 * 1024


class Attempt:
    """One attempt at a part, which writes noise."""

    def __init__(self, part: ClaimedPart, *, redis_link: RedisLink, store: Store, spool: IO[bytes]) -> None:
        self.part = part
        self.data = b""
        self.live = LiveAudioWriter(part, redis_link=redis_link, store=store, spool=spool)
        self._spool = spool

    def write(self, size_bytes: int) -> None:
        data = random.Random(len(self.data)).randbytes(size_bytes)
        self._spool.write(data)
        self.data += data
        self.live.append(data)
        self.live.flush()


class Services:
    """The services that attempts write to, and the state that a gateway reads from them."""

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.queue_prefix
        self.store = Store(settings.store)
        self.client = broker.connect(settings)
        self.database = Database(settings.database, role="worker")
        self.redis_link = RedisLink(settings)
        self.spools: list[IO[bytes]] = []

    def attempt(self, part: ClaimedPart | None = None) -> Attempt:
        self.spools.append(SpooledTemporaryFile(max_size=MIB))  # noqa: SIM115  # closed by `close`
        part = part or claimed_part("Hello.", options=Options(streamed=True))
        return Attempt(part, redis_link=self.redis_link, store=self.store, spool=self.spools[-1])

    def window(self, attempt: Attempt) -> list[Chunk]:
        key = audio_window.window_key(attempt.part.job.id, prefix=self.prefix)
        found: Any = self.client.xrange(key)
        return audio_window.chunks_of(found)

    def listen(self, attempt: Attempt) -> None:
        self.client.set(
            audio_window.listeners_key(attempt.part.job.id, prefix=self.prefix),
            1,
            ex=audio_window.PRESENCE_TTL_S,
        )

    def leave(self, attempt: Attempt) -> None:
        self.client.delete(audio_window.listeners_key(attempt.part.job.id, prefix=self.prefix))

    def pieces(self, attempt: Attempt) -> dict[int, bytes]:
        """The stored pieces by their number."""
        found = {}
        for number in range(20):
            key = piece_key(attempt.part.job.id, attempt=attempt.part.attempt, number=number)
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
def open_services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    with open_services(settings) as opened:
        yield opened


def joined(chunks: list[Chunk]) -> bytes:
    """Join chunks after checking that there is no gap between them. Bytes that were sent twice may overlap."""
    data = b""
    for chunk in chunks:
        known = chunks[0].start + len(data) - chunk.start
        assert known >= 0, "a gap"
        assert data.endswith(chunk.data[:known])
        data += chunk.data[known:]
    return data


def test_written_bytes_are_in_the_window_in_chunks_without_a_gap(services: Services) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    for size in (44, CHUNK_BYTES - 1, 1, CHUNK_BYTES * 3 + 5, 7):
        attempt.write(size)
    chunks = services.window(attempt)
    assert joined(chunks) == attempt.data
    assert chunks[0].start == 0
    assert max(len(chunk.data) for chunk in chunks) == CHUNK_BYTES
    assert {chunk.attempt for chunk in chunks} == {1}


def test_a_flush_without_new_bytes_publishes_nothing(services: Services) -> None:
    attempt = services.attempt()
    attempt.live.flush()
    assert services.window(attempt) == []
    attempt.write(10)
    attempt.live.flush()
    assert len(services.window(attempt)) == 1


def test_the_window_is_bounded_and_holds_the_newest_bytes(services: Services) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    for size in (100, MIB, 3 * CHUNK_BYTES + 1, 2 * MIB, 50_000):
        attempt.write(size)
        window = joined(services.window(attempt))
        assert attempt.data.endswith(window)
        assert len(window) <= WINDOW_BYTES + CHUNK_BYTES
        assert len(window) >= min(len(attempt.data), WINDOW_BYTES - CHUNK_BYTES)


def test_the_window_expires(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(10)
    assert (
        0
        < services.client.ttl(audio_window.window_key(attempt.part.job.id, prefix=services.prefix))
        <= audio_window.KEEP_S
    )


def test_listeners_are_notified(services: Services) -> None:
    attempt = services.attempt()
    client: Any = services.client
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(audio_window.channel(services.prefix))
        pubsub.get_message(timeout=5)
        attempt.write(10)
        message = pubsub.get_message(timeout=5)
    assert message is not None
    assert message["data"].decode() == attempt.part.job.id


def test_a_later_attempt_takes_over_the_window(services: Services) -> None:
    stale = services.attempt()
    stale.write(100_000)
    again = services.attempt(
        claimed_part("Hello.", job_id=stale.part.job.id, attempt=2, options=Options(streamed=True))
    )
    again.write(1000)
    stale.write(100_000)
    stale.write(3 * MIB)
    chunks = services.window(again)
    assert {chunk.attempt for chunk in chunks} == {2}
    assert joined(chunks) == again.data
    again.write(10)
    assert joined(services.window(again)) == again.data


def test_the_end_of_a_superseded_attempt_keeps_the_window(services: Services) -> None:
    stale = services.attempt()
    stale.write(1000)
    again = services.attempt(
        claimed_part("Hello.", job_id=stale.part.job.id, attempt=2, options=Options(streamed=True))
    )
    again.write(1000)
    stale.live.end(job_ended=False)
    assert joined(services.window(again)) == again.data


def test_an_arriving_text_is_kept_for_the_next_attempt(services: Services) -> None:
    part = claimed_part("", options=Options(live_text=True))
    key = text_stream.key(part.job.id, prefix=services.prefix)
    fields: Any = text_stream.TextUpdate("more", "Hello.").fields()
    services.client.xadd(key, fields)
    services.attempt(part).live.end(job_ended=False)
    read = text_stream.read(services.client, part.job.id, after="0-0", within_s=0.1, prefix=services.prefix)
    assert [update for _, update in read] == [text_stream.TextUpdate("more", "Hello.")]
    services.attempt(part).live.end(job_ended=True)
    assert services.client.exists(key) == 0


def test_the_window_is_deleted_when_the_job_has_ended(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(100)
    attempt.live.end(job_ended=True)
    assert services.window(attempt) == []


def test_without_listeners_only_the_first_bytes_are_kept(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(20_000)
    assert joined(services.window(attempt)) == attempt.data, "a listener who is about to come begins at once"
    for _ in range(3):
        attempt.write(PIECE_BYTES)
    assert joined(services.window(attempt)) == attempt.data[:UNHEARD_BYTES]
    assert services.pieces(attempt) == {}


def test_a_listener_who_comes_late_gets_what_was_held_back(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(300_000)
    services.listen(attempt)
    attempt.live.flush()
    assert joined(services.window(attempt)) == attempt.data


def test_a_window_that_expired_before_the_first_listener_is_sent_again(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(300_000)
    services.client.delete(audio_window.window_key(attempt.part.job.id, prefix=services.prefix))
    services.listen(attempt)
    attempt.live.flush()
    assert joined(services.window(attempt)) == attempt.data


def test_a_header_that_was_rewritten_is_sent_as_it_was(services: Services) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    attempt.live._send_at = float("inf")  # nothing could be sent yet
    attempt.write(100_000)
    services.spools[0].seek(0)
    services.spools[0].write(b"\0" * audio_window.HEADER_BYTES)
    attempt.live._send_at = 0.0
    attempt.live.flush()
    assert joined(services.window(attempt)) == attempt.data


def test_a_late_listener_gets_the_earlier_pieces_too(services: Services) -> None:
    attempt = services.attempt()
    attempt.write(2 * PIECE_BYTES + 10)
    services.listen(attempt)
    attempt.write(10)
    pieces = services.pieces(attempt)
    assert [*pieces] == [0, 1]
    assert b"".join(pieces.values()) == attempt.data[: 2 * PIECE_BYTES]
    # Reading back the pieces does not move the end of the file.
    attempt.write(PIECE_BYTES)
    assert [*services.pieces(attempt)] == [0, 1, 2]
    services.spools[0].seek(0)
    assert services.spools[0].read() == attempt.data


def test_every_byte_is_in_a_piece_or_in_the_window(services: Services) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    for _ in range(30):
        attempt.write(150_000)
        stored_bytes = len(services.pieces(attempt)) * PIECE_BYTES
        assert services.window(attempt)[0].start <= stored_bytes


def test_no_piece_is_stored_after_the_listeners_left(services: Services) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    attempt.write(PIECE_BYTES)
    services.leave(attempt)
    attempt.write(10)  # the reply to these bytes says that nobody listens any more
    attempt.write(2 * PIECE_BYTES)
    assert [*services.pieces(attempt)] == [0]
    assert services.window(attempt)[-1].end == PIECE_BYTES + 10


@pytest.mark.parametrize("job_ended", [True, False])
def test_pieces_are_deleted_at_the_end_of_the_attempt(services: Services, job_ended: bool) -> None:
    attempt = services.attempt()
    services.listen(attempt)
    attempt.write(2 * PIECE_BYTES)
    assert len(services.pieces(attempt)) == 2
    attempt.live.end(job_ended=job_ended)
    assert services.pieces(attempt) == {}


def test_a_failing_store_costs_only_the_pieces(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_audio, "STORE_AGAIN_S", 0.0)
    with open_services(settings) as services:
        attempt = services.attempt()
        services.listen(attempt)
        folder = settings.data_dir / "outputs"
        folder.write_text("a file where a folder should be")
        attempt.write(2 * PIECE_BYTES)
        assert attempt.data.endswith(joined(services.window(attempt)))
        folder.unlink()
        attempt.write(10)
        assert len(services.pieces(attempt)) == 2, "missed pieces are stored when the store works again"


class TestRedisDown:
    @pytest.fixture
    def services(self, settings: Settings, valkey: Valkey) -> Iterator[Services]:
        with open_services(settings.model_copy(update={"redis_url": valkey.url})) as opened:
            yield opened

    def test_a_hung_redis_costs_one_short_wait(self, services: Services, valkey: Valkey) -> None:
        attempt = services.attempt()
        attempt.write(1000)
        valkey.hang()
        assert broker.PUBLISH_TIMEOUT_S - 0.1 < seconds_of(lambda: attempt.write(1000)) < 5
        assert seconds_of(lambda: attempt.write(1000)) < broker.PUBLISH_TIMEOUT_S - 0.1
        valkey.resume()
        wait_for_next_try(services.redis_link)
        attempt.write(1000)
        assert joined(services.window(attempt)) == attempt.data

    def test_a_restarted_redis_gets_the_whole_window_again(self, services: Services, valkey: Valkey) -> None:
        attempt = services.attempt()
        attempt.write(1000)
        valkey.kill()
        attempt.write(1000)
        assert seconds_of(lambda: attempt.live.end(job_ended=True)) < broker.PUBLISH_TIMEOUT_S
        valkey.start()
        wait_for_next_try(services.redis_link)
        attempt.write(1000)
        assert joined(services.window(attempt)) == attempt.data

    @pytest.mark.parametrize("how", ["full", "read-only"])
    def test_a_refused_stream_goes_on_without_a_gap(
        self, services: Services, valkey: Valkey, how: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No memory left, or a replica after a failover: neither means that a later attempt writes."""
        monkeypatch.setattr(live_audio, "SEND_AGAIN_S", 0.0)
        attempt = services.attempt()
        services.listen(attempt)
        attempt.write(100_000)
        refuse, accept = {
            "full": (valkey.fill, valkey.make_room),
            "read-only": (valkey.become_replica, valkey.become_primary),
        }[how]
        refuse()
        for _ in range(3):
            attempt.write(100_000)
        assert services.window(attempt)[-1].end < len(attempt.data)
        accept()
        attempt.live.flush()
        assert joined(services.window(attempt)) == attempt.data

    def test_a_full_redis_is_not_a_reason_to_abandon_a_job(
        self, services: Services, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Gateways cannot announce their listeners then."""
        attempt = services.attempt(claimed_part("Hello.", options=Options(streamed=True, keep=False)))
        monkeypatch.setattr(live_audio, "ABANDONED_AFTER_S", 0.0)
        monkeypatch.setattr(audio_window, "PRESENCE_REFRESH_S", 0.0)
        valkey.fill()
        assert not attempt.live.is_abandoned()
        valkey.make_room()
        assert attempt.live.is_abandoned()

    def test_a_job_is_not_abandoned_while_redis_is_down(
        self, services: Services, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attempt = services.attempt(claimed_part("Hello.", options=Options(streamed=True, keep=False)))
        monkeypatch.setattr(live_audio, "ABANDONED_AFTER_S", 0.0)
        monkeypatch.setattr(audio_window, "PRESENCE_REFRESH_S", 0.0)
        assert attempt.live.is_abandoned()
        valkey.kill()
        assert not attempt.live.is_abandoned()


def test_a_job_whose_audio_is_kept_is_never_abandoned(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_audio, "ABANDONED_AFTER_S", 0.0)
    monkeypatch.setattr(audio_window, "PRESENCE_REFRESH_S", 0.0)
    assert not services.attempt().live.is_abandoned()


def test_a_job_only_for_listeners_is_abandoned_without_them(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_audio, "ABANDONED_AFTER_S", 0.3)
    monkeypatch.setattr(audio_window, "PRESENCE_REFRESH_S", 0.1)
    attempt = services.attempt(claimed_part("Hello.", options=Options(streamed=True, keep=False)))
    services.listen(attempt)
    time.sleep(0.4)
    assert not attempt.live.is_abandoned()
    services.leave(attempt)
    assert not attempt.live.is_abandoned(), "not at once after the last listener left"
    wait_for(attempt.live.is_abandoned, timeout_s=5)


def test_a_stale_attempt_is_refused_by_redis_itself(services: Services) -> None:
    job_id = claimed_part("").job.id

    def append(*chunks: Chunk, afresh: bool = False) -> Reply:
        return audio_window.append(services.client, job_id, chunks, afresh=afresh, prefix=services.prefix)

    assert append(Chunk(2, 0, b"new")) is Reply.UNHEARD
    for afresh in (False, True):
        assert append(Chunk(1, 0, b"old" * 100), afresh=afresh) is Reply.SUPERSEDED
    assert append(Chunk(2, 3, b"more")) is Reply.UNHEARD
    assert append(Chunk(2, 3, b"more")) is Reply.UNHEARD, "repeated after a lost answer"
    assert append(Chunk(2, 8, b"gap")) is Reply.GAP


def seconds_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
