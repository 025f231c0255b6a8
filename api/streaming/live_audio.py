"""Read the audio of a job from any byte on, live or finished: from the Redis window, stored pieces, or the file.

Each listener reads at its own speed. One that falls behind the window continues with the pieces in the store, or with
the finished file. When another attempt takes over, its audio is compared with the bytes that were already sent before
the listener continues.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from starlette.concurrency import run_in_threadpool

from api.owner import OWNER
from api.streaming.event_bus import EventBus
from api.streaming.subscriptions import WakeSignal
from common.db.database import DATABASE_DOWN, Database
from common.formats import MEDIA_TYPES
from common.jobs.queries import get_job
from common.jobs.records import COMPLETED_FIELDS, JobRecord
from common.logs import get_logger
from common.messaging.audio_window import HEADER_BYTES, PIECE_BYTES, Chunk
from common.status import JobStatus
from common.store import CHUNK_BYTES, Store, audio_key, piece_key

log = get_logger(__name__)

# Wake-ups may be lost, so the audio is read again after this time.
RESYNC_AFTER_S = 2.0
BEYOND_END = "offset_beyond_end"


class AudioInterrupted(Exception):
    """The audio ends early. Code and message are for the client, as for a failed job."""

    def __init__(self, code: str, message: str, *, row: JobRecord | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.row = row


class LiveAudio:
    """The position of one listener in the audio of one job.

    `created` is the record of a job that this request created: it has no audio yet, and its end comes with the event.
    `row` is the row as last read. `ended` is true after all bytes were returned.
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
        created: JobRecord | None = None,
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
        self._created = created
        self._may_have_audio = created is None
        self._file: _FinishedFile | None = None

    @property
    def offset(self) -> int:
        return self._received.offset

    @property
    def job_has_ended(self) -> bool:
        """Whether the row, as last read, has ended, so that its worker needs no listeners."""
        return self.row is not None and self.row.is_over

    async def next(self) -> bytes:
        """Wait for the next bytes. Empty at the end. Raises AudioInterrupted."""
        if not self._may_have_audio:
            await self._wake_signal.wait(timeout_s=RESYNC_AFTER_S)
            self._may_have_audio = True
        while True:
            if self._file is None and self._wake_signal.needs_resync:
                await self._resync()
            found = await self._read()
            if found is not None:
                self.ended = not found
                return found
            if self._wake_signal.closed:
                raise AudioInterrupted("stopping", "This gateway is stopping. Send the request again.")
            await self._wake_signal.wait(timeout_s=RESYNC_AFTER_S)

    async def _read(self) -> bytes | None:
        """Return available bytes that are new to the listener. Empty at the end, None if there are none yet."""
        while True:
            found = await (self._from_file(self._file) if self._file else self._from_window())
            if found == b"" and self._received.is_comparing:  # the new attempt is shorter than what was sent
                raise _attempt_differs()
            if not found:
                return found
            if new := self._new_bytes(found):
                return new

    async def _from_file(self, file: "_FinishedFile") -> bytes:
        self._follow_attempt(file.attempt)
        if self._received.position >= file.size:
            return b""
        return await run_in_threadpool(file.read, self._received.position)

    async def _from_window(self) -> bytes | None:
        while chunks := await self._event_bus.window(
            self._job_id, attempt=self.attempt, offset=self._received.position
        ):
            is_same_attempt = chunks[0].attempt == self.attempt
            self._follow_attempt(chunks[0].attempt)
            # Chunks of another attempt are its first ones. Read again unless the listener is at the start too.
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
            # No attempt comes after the finished file.
            return self._received.add(data, is_final=self._file is not None)
        except ValueError:
            raise _attempt_differs() from None

    def _follow_attempt(self, attempt: int) -> None:
        """Switch to another attempt. Raises AudioInterrupted if its audio cannot be compared with the previous one."""
        if attempt == self.attempt:
            return
        if self.attempt and not self._received.start_comparison():
            raise _attempt_differs()
        self.attempt = attempt

    async def _resync(self) -> None:
        """Read the row. Raises AudioInterrupted if the job failed, or was cancelled or deleted."""
        self._wake_signal.needs_resync = False
        try:
            row = self._completed_row() or await run_in_threadpool(self._job)
        except DATABASE_DOWN:
            self._wake_signal.needs_resync = True
            return
        self.row = row
        if row is None or row.deleted_at is not None:
            raise AudioInterrupted("deleted", "This job was deleted.", row=row)
        if row.status == JobStatus.COMPLETED:
            self._file = _FinishedFile(self._store, row)
            if self.offset > self._file.size and not self._received.is_comparing:
                raise AudioInterrupted(BEYOND_END, f"The audio has {self._file.size} bytes.", row=row)
        elif row.status.is_terminal:
            message = row.error_message or f"This job is {row.status}."
            raise AudioInterrupted(row.error_code or row.status, message, row=row)

    def _completed_row(self) -> JobRecord | None:
        """The row of the job that this request created, as the event `completed` tells it. None without the event."""
        created, outcome = self._created, self._wake_signal.outcome
        if created is None or not outcome.keys() >= {"attempt", *COMPLETED_FIELDS}:
            return None
        extension = MEDIA_TYPES[created.format][1]
        key = audio_key(created.id, attempt=outcome["attempt"], extension=extension)
        return replace(created.completed(outcome), audio_key=key)

    def _job(self) -> JobRecord | None:
        with self._database.read() as connection:
            return get_job(connection, self._job_id, owner=OWNER)


class _ReceivedAudio:
    """The number of bytes that a listener received, and their digest to compare another attempt with.

    The digest skips the header, which contains the length once that is known. It also skips the audio
    in the first bytes: 42 ms of a WAV file of 24 kHz.
    """

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self._start = offset
        self._digest = hashlib.blake2b(digest_size=16)
        self._comparison: tuple[int, hashlib.blake2b] | None = None

    @property
    def position(self) -> int:
        """Where to read next. It is before `offset` while another attempt is compared."""
        return self._comparison[0] if self._comparison else self.offset

    @property
    def is_comparing(self) -> bool:
        """Whether another attempt has not yet reached `offset`."""
        return self._comparison is not None

    def start_comparison(self) -> bool:
        """Compare another attempt from its start. False if that is impossible: the listener did not start at byte 0."""
        if self._start:
            return False
        self._comparison = (0, hashlib.blake2b(digest_size=16)) if self.offset else None
        return True

    def add(self, data: bytes, *, is_final: bool) -> bytes:
        """Return the new part of `data`. Raises ValueError if another attempt has different audio.

        `is_final`: no later attempt will be compared with it.
        """
        if self._comparison is not None:
            position, digest = self._comparison
            old = data[: self.offset - position]
            digest.update(_without_header(old, at=position))
            position += len(old)
            self._comparison = (position, digest)
            if position < self.offset:
                return b""
            if digest.digest() != self._digest.digest():
                raise ValueError("different audio")
            self._comparison = None
            data = data[len(old) :]
        if not is_final:
            self._digest.update(_without_header(data, at=self.offset))
        self.offset += len(data)
        return data


def _joined(chunks: list[Chunk], *, position: int) -> bytes:
    """Join chunks of one attempt from `position` to the first gap."""
    found = b""
    for chunk in chunks:
        if chunk.start > position or chunk.attempt != chunks[0].attempt:
            break
        found += chunk.data[position - chunk.start :]
        position = chunk.end
    return found


def _attempt_differs() -> AudioInterrupted:
    return AudioInterrupted(
        "take_changed",
        "The worker crashed, and the next attempt made different audio. Send the request again.",
    )


def _without_header(data: bytes, *, at: int) -> bytes:
    return data[max(0, HEADER_BYTES - at) :]


class _FinishedFile:
    """The finished file of a job, read in chunks. A WAV header never contains sizes, as in live audio."""

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
        """Return a chunk from `position` on. Empty at the end. Raises AudioInterrupted."""
        if position >= self.size:
            return b""
        try:
            if position != self._position:
                self._chunks = self._store.read(self._key, start=position, end=self.size)
            data = next(self._chunks, b"")
        except FileNotFoundError:
            raise AudioInterrupted("audio_gone", "The audio of this job was removed.") from None
        self._position = position + len(data)
        return (
            _without_sizes(data, at=position) if self._format == "wav" and position < HEADER_BYTES else data
        )


def _without_sizes(wav: bytes, *, at: int) -> bytes:
    """Replace the size fields of a WAV header by the value for unknown. `wav` starts at byte `at` of the file."""
    content = bytearray(wav)
    for position in (*range(4, 8), *range(40, 44)):
        if at <= position < at + len(wav):
            content[position - at] = 0xFF
    return bytes(content)
