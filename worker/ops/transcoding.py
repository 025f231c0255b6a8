"""Other formats of recordings, made by the ops worker block by block: memory does not grow with the recording."""

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event
from typing import IO

import numpy as np
import redis
import structlog

from common.db.database import DATABASE_AWAY
from common.formats import MEDIA_TYPES
from common.recordings import renditions
from common.recordings.renditions import Claim, Made
from common.store import StorageFull, audio_key
from common.telemetry import get_logger
from worker.encoding import Playback, available_formats, open_encoder, open_playback
from worker.encoding.playback import Blocks
from worker.encoding.uncompressed import PCM_RATE_HZ
from worker.engines.protocol import EngineError
from worker.runtime.context import Process
from worker.sound.limiter import CEILING_DBTP, Limiter

log = get_logger(__name__)

# With downloads fewer than the tasks of an ops worker: the sweep must not wait for an audiobook.
AT_ONCE = 2
SPOOL_BYTES = 8 * 1024 * 1024
_LOSSLESS = ("wav", "flac", "pcm")
_CEILING = np.float32(10 ** (CEILING_DBTP / 20))

_lines = BoundedSemaphore(AT_ONCE)


class _Stopped(Exception):
    """It is ours no more, or the process ends: what was made is dropped."""


def transcode(process: Process, job_id: str, audio_format: str) -> None:
    """Returns at once when as many as may run do: the row stays queued, and the bell rings again."""
    if process.stopping or not _lines.acquire(blocking=False):
        return
    try:
        begun = _begin(process, job_id, audio_format)
        if begun is None:
            return
        with structlog.contextvars.bound_contextvars(job_id=job_id, format=audio_format):
            _attempt(process, begun)
    finally:
        _lines.release()
    _ring_next(process)


def _begin(process: Process, job_id: str, audio_format: str) -> Claim | None:
    with process.database.write() as connection:
        return renditions.begin(
            connection,
            job_id,
            audio_format=audio_format,
            able=available_formats(),
            worker_id=process.worker_id,
            lease_s=process.settings.lease_s,
        )


def _attempt(process: Process, claim: Claim) -> None:
    with _held(process, claim) as lost:

        def go_on() -> None:
            if lost.is_set() or process.must_hand_back:
                raise _Stopped

        try:
            made = _make(process, claim, go_on)
        except _Stopped:
            _hand_back(process, claim)
        except EngineError as error:
            log.warning("transcoding failed", code=error.code, reason=error.message)
            _fail(process, claim, code=error.code, message=error.message)
        except Exception as error:
            log.exception("unexpected failure")
            message = f"The worker failed: {type(error).__name__}."
            _fail(process, claim, code="internal_error", message=message)
        else:
            _finish(process, claim, made)


@contextmanager
def _held(process: Process, claim: Claim) -> Iterator[Event]:
    """Renewed beside the work, for to store hours of sound takes longer than a lease; set when it is ours no more."""
    lost, done = Event(), Event()

    def renew() -> None:
        lease_s = process.settings.lease_s
        while not done.wait(lease_s / 3) and not lost.is_set():
            try:
                with process.database.write() as connection:
                    kept = renditions.renew(connection, claim, lease_s=lease_s)
            except DATABASE_AWAY as error:
                log.warning("database does not answer", error=type(error).__name__)
            else:
                if not kept:
                    lost.set()

    thread = threading.Thread(target=renew, name="rendition", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        done.set()
        thread.join()


def _make(process: Process, claim: Claim, go_on: Callable[[], None]) -> Made:
    """The file is in the store when this returns. Raises EngineError and _Stopped."""
    with (
        tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as source,
        tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool,
    ):
        try:
            _fetch(process, claim, source, go_on)
            with open_playback(source, claim.source_format, duration_s=claim.duration_s) as playback:
                _encode(playback, claim, spool, go_on)
        except FileNotFoundError:
            raise EngineError("audio_gone", "The audio of this job was removed.") from None
        except ValueError as error:
            message = f"The recording cannot be read: {error}."
            raise EngineError("unreadable_audio", message) from error
        return _stored(process, claim, spool, sample_rate_hz=playback.sample_rate_hz)


def _fetch(process: Process, claim: Claim, source: IO[bytes], go_on: Callable[[], None]) -> None:
    for chunk in process.store.read(claim.source_key):
        go_on()
        source.write(chunk)
    source.seek(0)


def _encode(playback: Playback, claim: Claim, spool: IO[bytes], go_on: Callable[[], None]) -> None:
    rate_hz = playback.sample_rate_hz
    same_rate = claim.format != "pcm" or rate_hz == PCM_RATE_HZ
    exact = claim.source_format in _LOSSLESS and claim.format in _LOSSLESS and same_rate
    blocks = playback.blocks if exact else held_down(playback.blocks, sample_rate_hz=rate_hz)
    encoder = open_encoder(claim.format, sample_rate_hz=rate_hz, out=spool)
    for block in blocks:
        go_on()
        encoder.write(block)
    encoder.close()


def held_down(blocks: Blocks, *, sample_rate_hz: int) -> Blocks:
    """Lossy codecs overshoot what was put in, and a new rate has peaks between the samples: held below full scale.

    What stays below comes out as it went in, but for rounding.
    """
    limiter = Limiter(sample_rate_hz=sample_rate_hz)
    for block in blocks:
        yield limiter.push(block * _CEILING) / _CEILING
    yield limiter.flush() / _CEILING


def _stored(process: Process, claim: Claim, spool: IO[bytes], *, sample_rate_hz: int) -> Made:
    extension = MEDIA_TYPES[claim.format][1]
    key = audio_key(claim.job_id, attempt=claim.attempt, extension=extension)
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
    try:
        size_bytes = process.store.put(key, spool)
    except StorageFull as error:
        raise EngineError("storage_full", "The store is full; make room and ask again.") from error
    return Made(
        key=key,
        sha256=digest,
        recipe=hashlib.sha256(f"{claim.recipe} {claim.format}".encode()).hexdigest(),
        sample_rate_hz=sample_rate_hz,
        duration_s=claim.duration_s,
        size_bytes=size_bytes,
    )


def _finish(process: Process, claim: Claim, made: Made) -> None:
    with process.database.write() as connection:
        ours = renditions.finish(connection, claim, made)
    if ours:
        process.bells.emit(claim.topic, "completed")
        log.info("transcoded", audio_s=round(made.duration_s, 2), size_bytes=made.size_bytes)
    else:
        # The recording was deleted, or another attempt holds it: this key is ours alone, and nobody names it.
        process.store.delete([made.key])
        log.info("superseded", key=made.key)


def _fail(process: Process, claim: Claim, *, code: str, message: str) -> None:
    with process.database.write() as connection:
        ours = renditions.fail(connection, claim, code=code, message=message)
    if ours:
        process.bells.emit(claim.topic, "failed", code=code, message=message)


def _hand_back(process: Process, claim: Claim) -> None:
    with process.database.write() as connection:
        handed_back = renditions.hand_back(connection, claim)
    log.info("handed back" if handed_back else "stopped")


def _ring_next(process: Process) -> None:
    """The sweep would ring, but later."""
    with process.database.read() as connection:
        waiting = renditions.still_queued(connection, limit=1)
    try:
        for job_id, audio_format in waiting:
            process.bells.ring_rendition(job_id, audio_format)
    except redis.RedisError as error:
        log.warning("redis does not answer", error=type(error).__name__)
