"""The sweep: takes back what dead workers held and publishes lost messages again.

Beat runs it every few seconds. Runs may overlap: the database decides which run takes what.
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
        released = parts.release_expired(connection)
        stalled = downloads.release_expired(connection)
        waiting = downloads.still_queued(connection)
        expired = renditions.release_expired(connection)
        unmade = renditions.still_queued(connection)
        queues = list(queries.queues_with_queued_parts(connection))
    for part in released:
        name = "failed" if part.failed else "retrying"
        context.notifier.publish_event(part.job_id, name, code="worker_crashed")
    for rendition in expired:
        if rendition.failed:
            topic = renditions.topic(rendition.job_id, rendition.format)
            context.notifier.publish_event(topic, "failed", code="worker_crashed")
    rung = {queue: context.queue_refill.refill(queue) for queue in queues}
    for download_id in waiting:
        context.notifier.notify_download(download_id)
    for job_id, audio_format in unmade:
        context.notifier.notify_rendition(job_id, audio_format)
    if released or stalled or expired or any(rung.values()):
        counts = {"stalled_downloads": stalled, "expired_renditions": len(expired)}
        log.info("swept", released=len(released), rung=rung, **counts)
