"""Publishes the audio of a job while it is made, into the job's window in Redis.

The window keeps only the newest bytes. While anybody listens, older bytes are in the store in pieces, so that a slow
listener delays nothing.
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

# The gateway cancels a job when its last listener leaves. This is for a gateway that died with its listeners.
ABANDONED_AFTER_S = audio_window.PRESENCE_TTL_S + 10.0


class LiveAudioWriter:
    """The live audio of one attempt. If Redis or the store is down, listeners miss some audio, but the job goes on."""

    def __init__(self, part: ClaimedPart, *, redis_link: RedisLink, store: Store, spool: IO[bytes]) -> None:
        self._part = part
        self._redis = redis_link
        self._store = store
        self._spool = spool
        self._unsent = bytearray()
        self._sent_bytes = 0
        self._piece_count = 0
        self._superseded = False
        self._listened_at = time.monotonic()

    def append(self, data: bytes) -> None:
        """Buffer bytes that the encoder appended to the file. `flush` publishes them."""
        self._unsent += data

    def flush(self) -> None:
        """Publish the buffered bytes."""
        if not self._unsent or self._superseded:
            return
        chunks = self._chunks()
        self._unsent.clear()
        self._sent_bytes = chunks[-1].end
        try:
            has_listeners = self._redis.call_or_refuse(
                lambda client: audio_window.append(
                    client, self._part.job.id, chunks, prefix=self._redis.prefix
                ),
                default=False,
            )
        except redis.ResponseError:  # a later attempt writes to the window
            self._superseded = True
            return
        if has_listeners:
            self._listened_at = time.monotonic()
            self._store_pieces()

    def is_abandoned(self) -> bool:
        """Whether nobody listens any more to a job whose audio is not kept.

        Asks Redis only when no listener was seen for a few seconds.
        """
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
        """End this attempt. Unless the job has ended, another attempt still needs the window and the text."""
        if job_ended and (self._sent_bytes or self._part.job.options.live_text):
            self._redis.call(
                lambda client: audio_window.delete(client, self._part.job.id, prefix=self._redis.prefix),
                default=None,
            )
        self._delete_pieces()

    def _chunks(self) -> list[Chunk]:
        data, attempt = bytes(self._unsent), self._part.attempt
        return [
            Chunk(attempt, self._sent_bytes + start, data[start : start + CHUNK_BYTES])
            for start in range(0, len(data), CHUNK_BYTES)
        ]

    def _store_pieces(self) -> None:
        """Store every full piece that is not stored yet, including those from before the first listener."""
        while (self._piece_count + 1) * PIECE_BYTES <= self._sent_bytes:
            position = self._spool.tell()
            self._spool.seek(self._piece_count * PIECE_BYTES)
            piece = self._spool.read(PIECE_BYTES)
            self._spool.seek(position)
            try:
                self._store.put(self._key(self._piece_count), io.BytesIO(piece))
            except Exception as error:
                log.warning("a piece was not kept", error=type(error).__name__)
                return
            self._piece_count += 1

    def _delete_pieces(self) -> None:
        try:
            self._store.delete([self._key(number) for number in range(self._piece_count)])
        except Exception as error:  # the cleanup deletes them later
            log.warning("pieces were not deleted", error=type(error).__name__)

    def _key(self, number: int) -> str:
        return piece_key(self._part.job.id, attempt=self._part.attempt, number=number)
