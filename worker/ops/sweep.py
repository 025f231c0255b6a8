"""The sweep: releases expired leases and publishes lost messages again.

Beat runs it every few seconds. Runs may overlap, because each row is released in one of them only.
"""

from common import downloads
from common.jobs import queries
from common.jobs import sweep as parts
from common.logs import get_logger
from common.recordings import renditions
from worker.runtime.context import WorkerContext

log = get_logger(__name__)


def sweep(context: WorkerContext) -> None:
    with context.database.write() as connection:
        released_parts = parts.release_expired(connection)
        released_downloads = downloads.release_expired(connection)
        queued_downloads = downloads.still_queued(connection)
        released_renditions = renditions.release_expired(connection)
        queued_renditions = renditions.still_queued(connection)
        queues = list(queries.queues_with_queued_parts(connection))
    for part in released_parts:
        name = "failed" if part.failed else "retrying"
        context.notifier.publish_event(part.job_id, name, code="worker_crashed")
    for rendition in released_renditions:
        if rendition.failed:
            topic = renditions.topic(rendition.job_id, rendition.format)
            context.notifier.publish_event(topic, "failed", code="worker_crashed")
    message_counts = {queue: context.queue_refill.refill(queue) for queue in queues}
    for download_id in queued_downloads:
        context.notifier.notify_download(download_id)
    for job_id, audio_format in queued_renditions:
        context.notifier.notify_rendition(job_id, audio_format)
    if released_parts or released_downloads or released_renditions or any(message_counts.values()):
        log.info(
            "swept",
            released=len(released_parts),
            rung=message_counts,
            stalled_downloads=released_downloads,
            expired_renditions=len(released_renditions),
        )
