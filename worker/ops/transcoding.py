"""Converts recordings to other formats on the ops worker, block by block, so memory does not grow with length."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from threading import BoundedSemaphore
from typing import IO

import numpy as np
import structlog
from sqlalchemy import Connection

from common.catalogue import voice_name
from common.formats import MEDIA_TYPES
from common.jobs import retention
from common.logs import get_logger
from common.recordings import renditions
from common.recordings.renditions import ClaimedRendition, RenditionAudio
from common.store import StoreUnavailable, audio_key, is_full
from worker.encoding import Playback, Tags, available_formats, open_encoder, open_playback
from worker.encoding.playback import Blocks
from worker.encoding.uncompressed import PCM_RATE_HZ
from worker.host.spools import open_spool
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease
from worker.runtime.store_wait import copy_from_store, retry_while_unavailable
from worker.sound.limiter import CEILING_DBTP, Limiter

log = get_logger(__name__)

# With downloads, fewer than the tasks of an ops worker, so that the cleanup never waits for an audiobook.
MAX_AT_ONCE = 2
_LOSSLESS = ("wav", "flac", "pcm")
_CEILING = np.float32(10 ** (CEILING_DBTP / 20))

_slots = BoundedSemaphore(MAX_AT_ONCE)


class _TranscodingStopped(Exception):
    """The lease is lost, or the process must stop. The converted audio is dropped."""


class TranscodingError(Exception):
    """A recording could not be converted. The message is shown to callers."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def run_transcoding(context: WorkerContext, job_id: str, audio_format: str) -> None:
    """Convert one recording. If all slots are taken, return at once: the sweep publishes the message again."""
    if context.stopping or not _slots.acquire(blocking=False):
        return
    try:
        if (claimed := _claim(context, job_id, audio_format)) is not None:
            with (
                context.leases.hold(
                    claimed.lease, hand_back=lambda c: renditions.hand_back(c, claimed)
                ) as held,
                structlog.contextvars.bound_contextvars(job_id=job_id, format=audio_format),
            ):
                _run(context, claimed, held)
    finally:
        _slots.release()
    _notify_next(context)


def _claim(context: WorkerContext, job_id: str, audio_format: str) -> ClaimedRendition | None:
    with context.database.write() as connection:
        return renditions.claim(
            connection,
            job_id,
            audio_format=audio_format,
            formats=available_formats(),
            worker_id=context.worker_id,
            lease_s=context.settings.lease_s,
        )


def _run(context: WorkerContext, claimed: ClaimedRendition, held: HeldLease) -> None:
    def check() -> None:
        if held.lost.is_set() or context.must_hand_back:
            raise _TranscodingStopped

    try:
        rendition = _convert(context, claimed, check)
    except (_TranscodingStopped, StoreUnavailable):
        handed_back = held.write(lambda connection: renditions.hand_back(connection, claimed))
        log.info("handed back" if handed_back else "stopped")
    except Exception as error:
        _fail(context, claimed, held, _as_transcoding_error(error))
    else:
        _finish(context, claimed, held, rendition)


def _as_transcoding_error(error: Exception) -> TranscodingError:
    if isinstance(error, TranscodingError):
        log.warning("transcoding failed", code=error.code, reason=error.message)
        return error
    if is_full(error):
        log.warning("transcoding failed", code="storage_full")
        message = "The disk or the store is full. Free some space and request the format again."
        return TranscodingError("storage_full", message)
    log.error("unexpected failure", exc_info=error)
    message = f"The worker failed: {type(error).__name__}. Its log has the details."
    return TranscodingError("internal_error", message)


def _convert(context: WorkerContext, claimed: ClaimedRendition, check: Callable[[], None]) -> RenditionAudio:
    """Convert the recording and put the file into the store.

    Raises TranscodingError, _TranscodingStopped, and StoreUnavailable if the store does not respond for a lease.
    """
    patience_s = context.settings.lease_s
    with (
        open_spool(context.settings.data_dir) as source,
        open_spool(context.settings.data_dir) as spool,
    ):
        try:
            retry_while_unavailable(
                lambda: copy_from_store(context.store, claimed.source_key, source),
                for_s=patience_s,
                check=check,
            )
            with open_playback(source, claimed.source_format, duration_s=claimed.duration_s) as playback:
                _encode(playback, claimed, spool, check)
        except FileNotFoundError:
            raise TranscodingError(
                "audio_gone", "The audio of this job was removed. Create the recording again."
            ) from None
        except ValueError as error:
            message = f"The recording cannot be read: {error}. Create it again."
            raise TranscodingError("unreadable_audio", message) from error
        return retry_while_unavailable(
            lambda: _store(context, claimed, spool, sample_rate_hz=playback.sample_rate_hz),
            for_s=patience_s,
            check=check,
        )


def _encode(
    playback: Playback, claimed: ClaimedRendition, spool: IO[bytes], check: Callable[[], None]
) -> None:
    rate_hz = playback.sample_rate_hz
    same_rate = claimed.format != "pcm" or rate_hz == PCM_RATE_HZ
    is_exact = claimed.source_format in _LOSSLESS and claimed.format in _LOSSLESS and same_rate
    blocks = playback.blocks if is_exact else limit_peaks(playback.blocks, sample_rate_hz=rate_hz)
    artist = voice_name(claimed.voice_id)
    tags = Tags.of(title=claimed.title, artist=artist, created_at=claimed.created_at)
    encoder = open_encoder(claimed.format, sample_rate_hz=rate_hz, out=spool, tags=tags)
    for block in blocks:
        check()
        encoder.write(block)
    encoder.close()


def limit_peaks(blocks: Blocks, *, sample_rate_hz: int) -> Blocks:
    """Keep peaks below full scale: lossy codecs overshoot, and resampling finds peaks between the old samples.

    Samples below full scale stay the same, except for rounding.
    """
    limiter = Limiter(sample_rate_hz=sample_rate_hz)
    for block in blocks:
        yield limiter.push(block * _CEILING) / _CEILING
    yield limiter.flush() / _CEILING


def _store(
    context: WorkerContext, claimed: ClaimedRendition, spool: IO[bytes], *, sample_rate_hz: int
) -> RenditionAudio:
    extension = MEDIA_TYPES[claimed.format][1]
    key = audio_key(claimed.job_id, attempt=claimed.lease.attempt, extension=extension)
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
    size_bytes = context.store.put(key, spool)
    return RenditionAudio(
        key=key,
        sha256=digest,
        recipe=hashlib.sha256(f"{claimed.recipe} {claimed.format}".encode()).hexdigest(),
        sample_rate_hz=sample_rate_hz,
        duration_s=claimed.duration_s,
        size_bytes=size_bytes,
    )


def _finish(
    context: WorkerContext, claimed: ClaimedRendition, held: HeldLease, rendition: RenditionAudio
) -> None:
    def finish(connection: Connection) -> bool:
        # A row that names the key: an earlier try was committed although the connection broke before the answer.
        ended = renditions.finish(connection, claimed, rendition)
        return ended or bool(retention.known_keys(connection, [rendition.key]))

    if held.write(finish):
        context.notifier.publish_event(claimed.topic, "completed")
        log.info("transcoded", audio_s=round(rendition.duration_s, 2), size_bytes=rendition.size_bytes)
    else:
        # The recording was deleted, or another attempt holds the lease.
        log.info("superseded", key=rendition.key)
        with suppress(StoreUnavailable):  # no row names the file, so the cleanup deletes it
            context.store.delete([rendition.key])


def _fail(
    context: WorkerContext, claimed: ClaimedRendition, held: HeldLease, error: TranscodingError
) -> None:
    code, message = error.code, error.message
    if held.write(lambda connection: renditions.fail(connection, claimed, code=code, message=message)):
        context.notifier.publish_event(claimed.topic, "failed", code=code, message=message)


def _notify_next(context: WorkerContext) -> None:
    """Notify a worker of the next queued rendition now. The sweep would do it later."""
    with context.database.read() as connection:
        queued = renditions.still_queued(connection, limit=1)
    for job_id, audio_format in queued:
        context.notifier.notify_rendition(job_id, audio_format)
