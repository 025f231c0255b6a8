"""Request another format of a recording, and wait until a worker has transcoded it."""

import asyncio
from collections.abc import Sequence
from typing import Literal, cast

from starlette.concurrency import run_in_threadpool

from api.jobs.job_factory import REFUSAL_MAX_AGE_S
from api.jobs.lookups import audio_removed, find_spoken_audio
from api.models.worker_cache import WorkerCache
from api.owner import OWNER
from api.streaming.event_bus import RESYNC_EVERY_S, EventBus
from api.streaming.subscriptions import CLOSED, Subscription
from common.db.database import Database
from common.errors import Gone, InvalidRequest, SynthesisFailed
from common.messaging.notifier import Notifier
from common.recordings import renditions
from common.recordings.queries import SpokenAudio
from common.recordings.renditions import RenditionRecord
from common.status import JobStatus
from common.worker_registry import WorkerStatus, current_workers

Unfinished = Literal["queued", "running"]


async def check_formats(worker_cache: WorkerCache, audio_format: str, original: str) -> None:
    """Check that an ops worker can read and write these formats. Raises InvalidRequest."""
    try:
        _check_formats(audio_format, original, await worker_cache.statuses())
    except InvalidRequest:
        # A request is never rejected because of old announcements.
        _check_formats(audio_format, original, await worker_cache.statuses(max_age_s=REFUSAL_MAX_AGE_S))


def _check_formats(audio_format: str, original: str, workers: Sequence[WorkerStatus]) -> None:
    transcoders = current_workers(
        [worker for worker in workers if not worker.is_worker and worker.announcement.formats]
    )
    if not transcoders or any(
        {audio_format, original} <= set(worker.announcement.formats) for worker in transcoders
    ):
        return
    formats = sorted({name for worker in transcoders for name in worker.announcement.formats})
    missing = audio_format if audio_format not in formats else original
    raise InvalidRequest(
        f"No worker can transcode {missing}. Use one of: {', '.join(formats)}.",
        code="format_unavailable",
        param="format",
    )


async def transcode(
    job_id: str,
    audio_format: str,
    *,
    database: Database,
    event_bus: EventBus,
    notifier: Notifier,
    wait_s: float,
) -> SpokenAudio | Unfinished:
    """Return the audio, or the status when `wait_s` is over. Raises the error of a failed or deleted rendition."""
    with event_bus.listen(renditions.topic(job_id, audio_format)) as subscription:
        await run_in_threadpool(_request_rendition, database, notifier, job_id, audio_format)
        row = await _wait_for_end(job_id, audio_format, subscription, database=database, wait_s=wait_s)
    if row.status == JobStatus.FAILED:
        raise _error_of(row, job_id)
    if row.status == JobStatus.COMPLETED:
        return await run_in_threadpool(find_spoken_audio, database, job_id, audio_format=audio_format)
    return cast(Unfinished, row.status)


def _request_rendition(database: Database, notifier: Notifier, job_id: str, audio_format: str) -> None:
    with database.write() as connection:
        is_new = renditions.request(connection, job_id, audio_format=audio_format, owner=OWNER)
    if is_new:
        notifier.notify_rendition(job_id, audio_format)


async def _wait_for_end(
    job_id: str, audio_format: str, subscription: Subscription, *, database: Database, wait_s: float
) -> RenditionRecord:
    """Return the row when the rendition has ended, or as it is when `wait_s` is over."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    while True:
        row = await run_in_threadpool(_find, database, job_id, audio_format)
        if row is None:
            await run_in_threadpool(find_spoken_audio, database, job_id)  # raises the reason
            raise audio_removed(job_id)
        left_s = give_up_at - loop.time()
        if row.status.is_terminal or left_s <= 0:
            return row
        # Events may be lost, so the row is read again after a while.
        if await subscription.next(timeout_s=min(RESYNC_EVERY_S, left_s)) is CLOSED:
            return row


def _find(database: Database, job_id: str, audio_format: str) -> RenditionRecord | None:
    with database.read() as connection:
        return renditions.find(connection, job_id, audio_format=audio_format, owner=OWNER)


def _error_of(row: RenditionRecord, job_id: str) -> Gone | SynthesisFailed:
    kind = Gone if row.error_code == "audio_gone" else SynthesisFailed
    return kind(row.error_message or "The transcoding failed.", code=row.error_code, job_id=job_id)
