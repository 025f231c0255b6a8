"""Publishes the audio of a job while it is made: what the encoder writes goes into the window in Redis.

A slow listener delays nothing: what leaves the window lies in the store in pieces, as long as anybody listens.
"""

import io
import time
from typing import IO

import redis

from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from common.messaging import audio_window
from common.messaging.audio_window import CHUNK_BYTES, PIECE_BYTES, Chunk
from common.messaging.redis_link import RedisLink
from common.store import Store, piece_key

log = get_logger(__name__)

# The gateway cancels a job that nobody listens to. This is for a gateway that died with its listeners.
ABANDONED_AFTER_S = audio_window.PRESENCE_TTL_S + 10.0


class LiveAudioWriter:
    """One attempt's audio. If Redis or the store is down, listeners miss a stretch, but the job goes on."""

    def __init__(self, part: ClaimedPart, *, redis_link: RedisLink, store: Store, spool: IO[bytes]) -> None:
        self._part = part
        self._redis = redis_link
        self._store = store
        self._spool = spool
        self._waiting = bytearray()
        self._sent = 0
        self._pieces = 0
        self._stale = False
        self._listened_at = time.monotonic()

    def append(self, data: bytes) -> None:
        """Keep what the encoder added to the file for the next `flush`."""
        self._waiting += data

    def flush(self) -> None:
        """Publish what was appended."""
        if not self._waiting or self._stale:
            return
        chunks = self._chunks()
        self._waiting.clear()
        self._sent = chunks[-1].end
        try:
            has_listeners = self._redis.call_or_refuse(
                lambda client: audio_window.append(
                    client, self._part.job.id, chunks, prefix=self._redis.prefix
                ),
                default=False,
            )
        except redis.ResponseError:  # a later attempt writes
            self._stale = True
            return
        if has_listeners:
            self._listened_at = time.monotonic()
            self._keep_pieces()

    def is_abandoned(self) -> bool:
        """Nobody listens any more to a job that was made only to be listened to."""
        silent_s = time.monotonic() - self._listened_at
        if self._part.job.options.keep or silent_s < audio_window.PRESENCE_REFRESH_S:
            return False
        has_listeners = self._redis.call(
            lambda client: audio_window.has_listeners(client, self._part.job.id, prefix=self._redis.prefix),
            default=True,
        )
        if has_listeners:
            self._listened_at = time.monotonic()
            return False
        return silent_s > ABANDONED_AFTER_S

    def end(self, *, job_ended: bool = True) -> None:
        """End this attempt. If the job goes on, another attempt needs the window and the text."""
        if job_ended and (self._sent or self._part.job.options.live_text):
            self._redis.call(
                lambda client: audio_window.delete(client, self._part.job.id, prefix=self._redis.prefix),
                default=None,
            )
        self._delete_pieces()

    def _chunks(self) -> list[Chunk]:
        data, attempt = bytes(self._waiting), self._part.attempt
        return [
            Chunk(attempt, self._sent + start, data[start : start + CHUNK_BYTES])
            for start in range(0, len(data), CHUNK_BYTES)
        ]

    def _keep_pieces(self) -> None:
        """Store every full piece that is not stored yet, also earlier ones for a late listener."""
        while (self._pieces + 1) * PIECE_BYTES <= self._sent:
            place = self._spool.tell()
            self._spool.seek(self._pieces * PIECE_BYTES)
            piece = self._spool.read(PIECE_BYTES)
            self._spool.seek(place)
            try:
                self._store.put(self._key(self._pieces), io.BytesIO(piece))
            except Exception as error:
                log.warning("a piece was not kept", error=type(error).__name__)
                return
            self._pieces += 1

    def _delete_pieces(self) -> None:
        try:
            self._store.delete([self._key(number) for number in range(self._pieces)])
        except Exception as error:  # the cleanup finds them
            log.warning("pieces were not deleted", error=type(error).__name__)

    def _key(self, number: int) -> str:
        return piece_key(self._part.job.id, attempt=self._part.attempt, number=number)
