"""What the ops worker does on the beat. Every run may overlap with another: the database decides who does what."""

import redis

from common import downloads
from common.jobs import cleanup
from common.jobs import sweep as lost
from common.recordings import renditions
from common.telemetry import get_logger
from worker.runtime.context import Process

log = get_logger(__name__)


def sweep(process: Process) -> None:
    """Take back what dead workers held, ring again for what nobody heard."""
    with process.database.write() as connection:
        released = lost.release_expired(connection)
        stalled = downloads.release_stalled(connection)
        waiting = downloads.still_queued(connection)
        expired = renditions.release_expired(connection)
        unmade = renditions.still_queued(connection)
        queues = list(lost.queues_waiting(connection))
    for part in released:
        name = "failed" if part.failed else "retrying"
        process.bells.emit(part.job_id, name, code="worker_crashed")
    for rendition in expired:
        if rendition.failed:
            topic = renditions.topic(rendition.job_id, rendition.format)
            process.bells.emit(topic, "failed", code="worker_crashed")
    try:
        rung = {queue: process.bells.ring_due(queue) for queue in queues}
        for download_id in waiting:
            process.bells.ring_download(download_id)
        for job_id, audio_format in unmade:
            process.bells.ring_rendition(job_id, audio_format)
    except redis.RedisError as error:
        log.warning("redis does not answer", error=type(error).__name__)
        return
    if released or stalled or expired or any(rung.values()):
        counts = {"stalled_downloads": stalled, "expired_renditions": len(expired)}
        log.info("swept", released=len(released), rung=rung, **counts)


def clean(process: Process) -> None:
    removed = cleanup.clean(process.database, process.store, process.settings)
    log.info("cleaned", **removed.counts())
