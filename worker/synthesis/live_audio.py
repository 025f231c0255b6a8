"""The worker's side of listening while it is spoken: what the encoder writes goes into the window as it comes.

A slow listener holds nothing back: what leaves the window lies in the store in pieces, as long as anybody listens.
"""

import io
import time
from typing import IO

import redis

from common.jobs.lease import Claim
from common.messaging import audio_window
from common.messaging.audio_window import CHUNK_BYTES, PIECE_BYTES, Chunk
from common.store import Store, piece_key
from common.telemetry import get_logger
from worker.runtime.notifier import Bells

log = get_logger(__name__)

# The gateway cancels what nobody listens to; this is for one that died with its listeners.
UNHEARD_S = audio_window.HEARD_S + 10.0


class Live:
    """One attempt's sound on its way to listeners. Redis or store away is a gap for them, never a failed job."""

    def __init__(self, claim: Claim, *, bells: Bells, store: Store, spool: IO[bytes]) -> None:
        self._claim = claim
        self._bells = bells
        self._store = store
        self._spool = spool
        self._waiting = bytearray()
        self._sent = 0
        self._pieces = 0
        self._stale = False
        self._heard_at = time.monotonic()

    def take(self, data: bytes) -> None:
        """What the encoder added to the file."""
        self._waiting += data

    def flush(self) -> None:
        """Hand over what has come."""
        if not self._waiting or self._stale:
            return
        chunks = self._chunks()
        self._waiting.clear()
        self._sent = chunks[-1].end
        try:
            heard = self._bells.append_live(self._claim.job_id, chunks)
        except redis.ResponseError:  # a later attempt writes
            self._stale = True
            return
        if heard:
            self._heard_at = time.monotonic()
            self._keep_pieces()

    def is_abandoned(self) -> bool:
        """Nobody listens any more to what was only made to be listened to."""
        unheard_s = time.monotonic() - self._heard_at
        if self._claim.options.keep or unheard_s < audio_window.SAY_EVERY_S:
            return False
        if self._bells.is_heard(self._claim.job_id):
            self._heard_at = time.monotonic()
            return False
        return unheard_s > UNHEARD_S

    def end(self, *, for_good: bool = True) -> None:
        """This attempt is over. `for_good`: so is the job; else another may be at work, and reads the text again."""
        if for_good and (self._sent or self._claim.options.live_text):
            self._bells.forget_live(self._claim.job_id)
        self._delete_pieces()

    def _chunks(self) -> list[Chunk]:
        data, attempt = bytes(self._waiting), self._claim.attempt
        return [
            Chunk(attempt, self._sent + start, data[start : start + CHUNK_BYTES])
            for start in range(0, len(data), CHUNK_BYTES)
        ]

    def _keep_pieces(self) -> None:
        """Those that are whole; also the earlier ones, when somebody came late."""
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
        return piece_key(self._claim.job_id, attempt=self._claim.attempt, number=number)
