"""The sound of a job from any byte on, while it is made and after: from the window, from pieces, from the file.

A listener decides how fast it goes. One that falls behind the window goes on in the pieces that lie in the store, or in
the finished file. When another attempt takes over, what it makes is compared with what was heard before going on.
"""

import hashlib
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool

from api.owner import OWNER
from api.streaming.event_bus import EventBus, WakeSignal
from common.db.database import DATABASE_AWAY, Database
from common.jobs.queries import get_job
from common.jobs.records import JobRecord
from common.messaging.audio_window import HEAD_BYTES, PIECE_BYTES, Chunk
from common.status import JobStatus
from common.store import CHUNK_BYTES, Store, piece_key
from common.telemetry import get_logger

log = get_logger(__name__)

# Hints may be lost; after so long one looks without.
LOOK_EVERY_S = 2.0
BEYOND_END = "offset_beyond_end"


class AudioInterrupted(Exception):
    """The sound ends before its end. What is shown to a listener: a code and a message as of a failed job."""

    def __init__(self, code: str, message: str, *, row: JobRecord | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.row = row


class LiveAudio:
    """One listener's place in the sound of one job. `row` is the job's as it was last seen.

    `ended` when all of it was given out.
    """

    def __init__(
        self,
        job_id: str,
        wake_signal: WakeSignal,
        *,
        event_bus: EventBus,
        database: Database,
        store: Store,
        offset: int = 0,
        attempt: int = 0,
    ) -> None:
        self.row: JobRecord | None = None
        self.attempt = attempt
        self.ended = False
        self._job_id = job_id
        self._wake_signal = wake_signal
        self._event_bus = event_bus
        self._database = database
        self._store = store
        self._heard = _Heard(offset)
        self._file: _File | None = None

    @property
    def offset(self) -> int:
        return self._heard.offset

    async def next(self) -> bytes:
        """What comes next, as soon as it is there; empty at the end. Raises AudioInterrupted."""
        while True:
            if self._file is None and self._wake_signal.has_news:
                await self._look()
            found = await self._read()
            if found is not None:
                self.ended = not found
                return found
            if self._wake_signal.closed:
                raise AudioInterrupted("stopping", "This process stops; ask again.")
            await self._wake_signal.wait(timeout_s=LOOK_EVERY_S)

    async def _read(self) -> bytes | None:
        """What is there and was not heard; empty at the end, None when nothing is there yet."""
        while True:
            found = await (self._from_file(self._file) if self._file else self._from_window())
            if found == b"" and self._heard.is_compared:  # it is shorter than what was heard
                raise _changed()
            if not found:
                return found
            if new := self._heard_anew(found):
                return new

    async def _from_file(self, file: "_File") -> bytes:
        self._go_with(file.attempt)
        return await run_in_threadpool(file.read, self._heard.place)

    async def _from_window(self) -> bytes | None:
        while chunks := await self._event_bus.window(
            self._job_id, attempt=self.attempt, offset=self._heard.place
        ):
            goes_on = chunks[0].attempt == self.attempt
            self._go_with(chunks[0].attempt)
            # Of another attempt the first chunks came, whatever was heard of the one before.
            if goes_on or not self._heard.place:
                return _joined(chunks, place=self._heard.place) or await self._from_piece()
        return await self._from_piece() if chunks is None else None

    async def _from_piece(self) -> bytes | None:
        number, skip = divmod(self._heard.place, PIECE_BYTES)
        key = piece_key(self._job_id, attempt=self.attempt, number=number)
        try:
            return await run_in_threadpool(self._piece, key, skip)
        except FileNotFoundError:
            return None

    def _piece(self, key: str, skip: int) -> bytes:
        return next(self._store.read(key, start=skip, end=min(skip + CHUNK_BYTES, PIECE_BYTES)), b"")

    def _heard_anew(self, data: bytes) -> bytes:
        try:
            return self._heard.take(data)
        except ValueError:
            raise _changed() from None

    def _go_with(self, attempt: int) -> None:
        """Raises AudioInterrupted when it cannot be told whether this take goes on as the one before."""
        if attempt == self.attempt:
            return
        if self.attempt and not self._heard.begin_again():
            raise _changed()
        self.attempt = attempt

    async def _look(self) -> None:
        """How the job stands by its row. Raises AudioInterrupted for one that ended otherwise than well."""
        self._wake_signal.has_news = False
        try:
            row = await run_in_threadpool(self._job)
        except DATABASE_AWAY:
            self._wake_signal.has_news = True
            return
        self.row = row
        if row is None or row.deleted_at is not None:
            raise AudioInterrupted("deleted", "This job was deleted.", row=row)
        if row.status == JobStatus.COMPLETED:
            self._file = _File(self._store, row)
            if self.offset > self._file.size and not self._heard.is_compared:
                raise AudioInterrupted(BEYOND_END, f"There are {self._file.size} bytes of it.", row=row)
        elif row.status.is_terminal:
            message = row.error_message or f"This job is {row.status}."
            raise AudioInterrupted(row.error_code or row.status, message, row=row)

    def _job(self) -> JobRecord | None:
        with self._database.read() as connection:
            return get_job(connection, self._job_id, owner=OWNER)


class _Heard:
    """What a listener has: so many bytes, and a digest of them to know them again by.

    The head of a file is left out, for it says the length when that is known; without one it is a millisecond of sound.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self._known_from = offset
        self._digest = hashlib.blake2b(digest_size=16)
        self._again: tuple[int, hashlib.blake2b] | None = None

    @property
    def place(self) -> int:
        """Where to read: before `offset` while another take is compared with what was heard."""
        return self._again[0] if self._again else self.offset

    @property
    def is_compared(self) -> bool:
        """Another take has not come yet to where the one before was heard."""
        return self._again is not None

    def begin_again(self) -> bool:
        """Compare another take from the start on; false for who came in the middle and cannot."""
        if self._known_from:
            return False
        self._again = (0, hashlib.blake2b(digest_size=16)) if self.offset else None
        return True

    def take(self, data: bytes) -> bytes:
        """What of it is new. Raises ValueError when another take is another sound."""
        if self._again is not None:
            place, digest = self._again
            old = data[: self.offset - place]
            digest.update(_without_head(old, at=place))
            place += len(old)
            self._again = (place, digest)
            if place < self.offset:
                return b""
            if digest.digest() != self._digest.digest():
                raise ValueError("another sound")
            self._again = None
            data = data[len(old) :]
        self._digest.update(_without_head(data, at=self.offset))
        self.offset += len(data)
        return data


def _joined(chunks: list[Chunk], *, place: int) -> bytes:
    """Of chunks in their order, what follows `place` without a gap and by one attempt."""
    found = b""
    for chunk in chunks:
        if chunk.start > place or chunk.attempt != chunks[0].attempt:
            break
        found += chunk.data[place - chunk.start :]
        place = chunk.end
    return found


def _changed() -> AudioInterrupted:
    return AudioInterrupted(
        "take_changed", "Its worker died, and another take of it sounds otherwise; ask again."
    )


def _without_head(data: bytes, *, at: int) -> bytes:
    return data[max(0, HEAD_BYTES - at) :]


class _File:
    """The finished file of a job, chunk by chunk. To every listener a WAV is one of unknown length."""

    def __init__(self, store: Store, row: JobRecord) -> None:
        if row.audio_key is None or row.size_bytes is None:
            raise AudioInterrupted("audio_gone", "The audio of this job was removed.", row=row)
        self._store = store
        self._key = row.audio_key
        self._format = row.format
        self.size = row.size_bytes
        self._place = -1
        self._chunks: Iterator[bytes] = iter(())
        self.attempt = int(self._key.split(".")[-2])

    def read(self, place: int) -> bytes:
        """A chunk from `place` on; empty at the end. Raises AudioInterrupted."""
        if place >= self.size:
            return b""
        try:
            if place != self._place:
                self._chunks = self._store.read(self._key, start=place, end=self.size)
            data = next(self._chunks, b"")
        except FileNotFoundError:
            raise AudioInterrupted("audio_gone", "The audio of this job was removed.") from None
        self._place = place + len(data)
        return _of_unknown_size(data, at=place) if self._format == "wav" and place < HEAD_BYTES else data


def _of_unknown_size(wav: bytes, *, at: int) -> bytes:
    """`wav` from byte `at` on, with no size where the head has one."""
    told = bytearray(wav)
    for place in (*range(4, 8), *range(40, 44)):
        if at <= place < at + len(wav):
            told[place - at] = 0xFF
    return bytes(told)
