"""Publishes the audio of a job while it is made, into the job's window in Redis.

The window keeps only the newest bytes. While anybody listens, older bytes are in the store in pieces, so that a slow
listener delays nothing. While nobody listens, the window has only the first bytes of the file.
"""

import io
import time
from typing import IO

from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from common.messaging import audio_window
from common.messaging.audio_window import (
    CHUNK_BYTES,
    HEADER_BYTES,
    PIECE_BYTES,
    UNHEARD_BYTES,
    WINDOW_BYTES,
    Chunk,
    Reply,
)
from common.messaging.redis_link import RedisLink
from common.store import Store, piece_key

log = get_logger(__name__)

# The gateway cancels a job when its last listener leaves. This is for a gateway that died with its listeners.
ABANDONED_AFTER_S = audio_window.PRESENCE_TTL_S + 10.0
# After a failed call, Redis or the store is tried again after this.
SEND_AGAIN_S = 1.0
STORE_AGAIN_S = 10.0
# One call sends at most this much, so that it does not hold up the other commands of Redis.
BATCH_BYTES = 16 * CHUNK_BYTES


class LiveAudioWriter:
    """The live audio of one attempt. If Redis or the store is down, listeners wait for audio, but the job goes on.

    The spool holds the whole file, so the writer sends whatever the window lacks: the bytes since the last call, those
    that Redis refused or lost, and those that were held back while nobody listened.
    """

    def __init__(self, part: ClaimedPart, *, redis_link: RedisLink, store: Store, spool: IO[bytes]) -> None:
        self._part = part
        self._redis = redis_link
        self._store = store
        self._spool = spool
        # The header as it was while the length was unknown: at the end the encoder rewrites it in the spool.
        self._header = b""
        self._written_bytes = 0
        self._sent_bytes = 0
        self._piece_count = 0
        self._is_heard = False
        self._superseded = False
        self._send_at = 0.0
        self._store_at = 0.0
        self._listened_at = time.monotonic()

    def append(self, data: bytes) -> None:
        """Take note of bytes that the encoder appended to the spool. `flush` publishes them."""
        if len(self._header) < HEADER_BYTES:
            self._header += data[: HEADER_BYTES - len(self._header)]
        self._written_bytes += len(data)

    def flush(self) -> None:
        """Publish what the window lacks. Without listeners, only the first bytes of the file."""
        if self._superseded or self._sent_bytes == self._written_bytes or time.monotonic() < self._send_at:
            return
        if not self._is_heard and self._sent_bytes < UNHEARD_BYTES:
            self._send(min(self._written_bytes, UNHEARD_BYTES))
        if self._is_heard or self._has_listeners(default=False):
            self._note_listener()
            if self._written_bytes - self._sent_bytes > PIECE_BYTES:
                self._store_pieces()
            self._send(self._written_bytes)
            self._store_pieces()

    def is_abandoned(self) -> bool:
        """Whether nobody listens any more to a job whose audio is not kept.

        Asks Redis only when no listener was seen for a few seconds. While Redis accepts no writes, no gateway can
        announce its listeners.
        """
        silent_s = time.monotonic() - self._listened_at
        if self._part.job.options.keep or silent_s < audio_window.PRESENCE_REFRESH_S:
            return False
        if self._has_listeners(default=True) or (
            silent_s > ABANDONED_AFTER_S and not self._redis.accepts_writes()
        ):
            self._note_listener()
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

    def _send(self, end: int) -> None:
        """Send the bytes up to `end` that the window lacks, or those that it can hold."""
        afresh = False
        self._sent_bytes = max(self._sent_bytes, end - WINDOW_BYTES)
        while self._sent_bytes < end:
            batch_end = min(end, self._sent_bytes + BATCH_BYTES)
            match self._append(self._sent_bytes, batch_end, afresh=afresh):
                case None:
                    self._send_at = time.monotonic() + SEND_AGAIN_S
                    return
                case Reply.SUPERSEDED:
                    self._superseded = True
                    return
                case Reply.GAP:
                    self._sent_bytes, afresh = max(0, end - WINDOW_BYTES), True
                case reply:
                    self._is_heard = reply is Reply.HEARD
                    self._sent_bytes, afresh = batch_end, False

    def _append(self, start: int, end: int, *, afresh: bool) -> Reply | None:
        """Returns None if Redis refused the bytes or did not answer."""
        data, attempt = self._read(start, end), self._part.attempt
        chunks = [
            Chunk(attempt, start + offset, data[offset : offset + CHUNK_BYTES])
            for offset in range(0, len(data), CHUNK_BYTES)
        ]
        return self._redis.call(
            lambda client: audio_window.append(
                client, self._part.job.id, chunks, afresh=afresh, prefix=self._redis.prefix
            ),
            default=None,
        )

    def _read(self, start: int, end: int) -> bytes:
        """Read from the spool, and leave its position as it was."""
        position = self._spool.tell()
        self._spool.seek(start)
        data = self._spool.read(end - start)
        self._spool.seek(position)
        return self._header[start:end] + data[max(0, len(self._header) - start) :]

    def _has_listeners(self, *, default: bool) -> bool:
        return self._redis.call(
            lambda client: audio_window.has_listeners(client, self._part.job.id, prefix=self._redis.prefix),
            default=default,
        )

    def _note_listener(self) -> None:
        self._listened_at = time.monotonic()

    def _store_pieces(self) -> None:
        """Store every full piece that is not stored yet, including those from before the first listener."""
        while (start := self._piece_count * PIECE_BYTES) + PIECE_BYTES <= self._written_bytes:
            if time.monotonic() < self._store_at:
                return
            piece = io.BytesIO(self._read(start, start + PIECE_BYTES))
            try:
                self._store.put(self._key(self._piece_count), piece, durable=False)
            except Exception as error:
                log.warning("a piece was not kept", error=type(error).__name__)
                self._store_at = time.monotonic() + STORE_AGAIN_S
                return
            self._piece_count += 1

    def _delete_pieces(self) -> None:
        try:
            self._store.delete([self._key(number) for number in range(self._piece_count)])
        except Exception as error:  # the cleanup deletes them later
            log.warning("pieces were not deleted", error=type(error).__name__)

    def _key(self, number: int) -> str:
        return piece_key(self._part.job.id, attempt=self._part.attempt, number=number)
