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
RESYNC_AFTER_S = 2.0
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
        self._received = _ReceivedAudio(offset)
        self._file: _FinishedFile | None = None

    @property
    def offset(self) -> int:
        return self._received.offset

    async def next(self) -> bytes:
        """What comes next, as soon as it is there; empty at the end. Raises AudioInterrupted."""
        while True:
            if self._file is None and self._wake_signal.needs_resync:
                await self._resync()
            found = await self._read()
            if found is not None:
                self.ended = not found
                return found
            if self._wake_signal.closed:
                raise AudioInterrupted("stopping", "This process stops; ask again.")
            await self._wake_signal.wait(timeout_s=RESYNC_AFTER_S)

    async def _read(self) -> bytes | None:
        """What is there and was not heard; empty at the end, None when nothing is there yet."""
        while True:
            found = await (self._from_file(self._file) if self._file else self._from_window())
            if found == b"" and self._received.is_comparing:  # it is shorter than what was heard
                raise _attempt_differs()
            if not found:
                return found
            if new := self._new_bytes(found):
                return new

    async def _from_file(self, file: "_FinishedFile") -> bytes:
        self._follow_attempt(file.attempt)
        return await run_in_threadpool(file.read, self._received.position)

    async def _from_window(self) -> bytes | None:
        while chunks := await self._event_bus.window(
            self._job_id, attempt=self.attempt, offset=self._received.position
        ):
            is_same_attempt = chunks[0].attempt == self.attempt
            self._follow_attempt(chunks[0].attempt)
            # Of another attempt the first chunks came, whatever was heard of the one before.
            if is_same_attempt or not self._received.position:
                return _joined(chunks, position=self._received.position) or await self._from_piece()
        return await self._from_piece() if chunks is None else None

    async def _from_piece(self) -> bytes | None:
        number, skip = divmod(self._received.position, PIECE_BYTES)
        key = piece_key(self._job_id, attempt=self.attempt, number=number)
        try:
            return await run_in_threadpool(self._piece, key, skip)
        except FileNotFoundError:
            return None

    def _piece(self, key: str, skip: int) -> bytes:
        return next(self._store.read(key, start=skip, end=min(skip + CHUNK_BYTES, PIECE_BYTES)), b"")

    def _new_bytes(self, data: bytes) -> bytes:
        try:
            return self._received.add(data)
        except ValueError:
            raise _attempt_differs() from None

    def _follow_attempt(self, attempt: int) -> None:
        """Raises AudioInterrupted when it cannot be told whether this take goes on as the one before."""
        if attempt == self.attempt:
            return
        if self.attempt and not self._received.start_comparison():
            raise _attempt_differs()
        self.attempt = attempt

    async def _resync(self) -> None:
        """How the job stands by its row. Raises AudioInterrupted for one that ended otherwise than well."""
        self._wake_signal.needs_resync = False
        try:
            row = await run_in_threadpool(self._job)
        except DATABASE_AWAY:
            self._wake_signal.needs_resync = True
            return
        self.row = row
        if row is None or row.deleted_at is not None:
            raise AudioInterrupted("deleted", "This job was deleted.", row=row)
        if row.status == JobStatus.COMPLETED:
            self._file = _FinishedFile(self._store, row)
            if self.offset > self._file.size and not self._received.is_comparing:
                raise AudioInterrupted(BEYOND_END, f"There are {self._file.size} bytes of it.", row=row)
        elif row.status.is_terminal:
            message = row.error_message or f"This job is {row.status}."
            raise AudioInterrupted(row.error_code or row.status, message, row=row)

    def _job(self) -> JobRecord | None:
        with self._database.read() as connection:
            return get_job(connection, self._job_id, owner=OWNER)


class _ReceivedAudio:
    """What a listener has: so many bytes, and a digest of them to know them again by.

    The head of a file is left out, for it says the length when that is known; without one it is a millisecond of sound.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self._start = offset
        self._digest = hashlib.blake2b(digest_size=16)
        self._comparison: tuple[int, hashlib.blake2b] | None = None

    @property
    def position(self) -> int:
        """Where to read: before `offset` while another take is compared with what was heard."""
        return self._comparison[0] if self._comparison else self.offset

    @property
    def is_comparing(self) -> bool:
        """Another take has not come yet to where the one before was heard."""
        return self._comparison is not None

    def start_comparison(self) -> bool:
        """Compare another take from the start on; false for who came in the middle and cannot."""
        if self._start:
            return False
        self._comparison = (0, hashlib.blake2b(digest_size=16)) if self.offset else None
        return True

    def add(self, data: bytes) -> bytes:
        """What of it is new. Raises ValueError when another take is another sound."""
        if self._comparison is not None:
            position, digest = self._comparison
            old = data[: self.offset - position]
            digest.update(_without_header(old, at=position))
            position += len(old)
            self._comparison = (position, digest)
            if position < self.offset:
                return b""
            if digest.digest() != self._digest.digest():
                raise ValueError("another sound")
            self._comparison = None
            data = data[len(old) :]
        self._digest.update(_without_header(data, at=self.offset))
        self.offset += len(data)
        return data


def _joined(chunks: list[Chunk], *, position: int) -> bytes:
    """Of chunks in their order, what follows `place` without a gap and by one attempt."""
    found = b""
    for chunk in chunks:
        if chunk.start > position or chunk.attempt != chunks[0].attempt:
            break
        found += chunk.data[position - chunk.start :]
        position = chunk.end
    return found


def _attempt_differs() -> AudioInterrupted:
    return AudioInterrupted(
        "take_changed", "Its worker died, and another take of it sounds otherwise; ask again."
    )


def _without_header(data: bytes, *, at: int) -> bytes:
    return data[max(0, HEAD_BYTES - at) :]


class _FinishedFile:
    """The finished file of a job, chunk by chunk. To every listener a WAV is one of unknown length."""

    def __init__(self, store: Store, row: JobRecord) -> None:
        if row.audio_key is None or row.size_bytes is None:
            raise AudioInterrupted("audio_gone", "The audio of this job was removed.", row=row)
        self._store = store
        self._key = row.audio_key
        self._format = row.format
        self.size = row.size_bytes
        self._position = -1
        self._chunks: Iterator[bytes] = iter(())
        self.attempt = int(self._key.split(".")[-2])

    def read(self, position: int) -> bytes:
        """A chunk from `place` on; empty at the end. Raises AudioInterrupted."""
        if position >= self.size:
            return b""
        try:
            if position != self._position:
                self._chunks = self._store.read(self._key, start=position, end=self.size)
            data = next(self._chunks, b"")
        except FileNotFoundError:
            raise AudioInterrupted("audio_gone", "The audio of this job was removed.") from None
        self._position = position + len(data)
        return _without_sizes(data, at=position) if self._format == "wav" and position < HEAD_BYTES else data


def _without_sizes(wav: bytes, *, at: int) -> bytes:
    """`wav` from byte `at` on, with no size where the head has one."""
    content = bytearray(wav)
    for position in (*range(4, 8), *range(40, 44)):
        if at <= position < at + len(wav):
            content[position - at] = 0xFF
    return bytes(content)
