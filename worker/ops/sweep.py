"""The sweep: releases lost leases and publishes lost messages again.

Every ops process sweeps on a thread of its own, so that no other task delays it. Sweeps of several processes may
overlap, because each row is released in one of them only.
"""

import threading

from sqlalchemy import Connection

from common import downloads, worker_registry
from common.db.database import DATABASE_DOWN, clock
from common.db.leased_table import Evidence
from common.downloads import DOWNLOADS
from common.jobs import queries
from common.jobs import sweep as parts
from common.jobs.lease import PARTS
from common.jobs.sweep import ReleasedPart
from common.logs import get_logger
from common.recordings import renditions
from common.recordings.renditions import RENDITIONS, ReleasedRendition
from worker.host.process_identity import ProcessIdentity, has_ended, own_identity
from worker.ops.stall_detector import StallDetector
from worker.runtime.context import WorkerContext

log = get_logger(__name__)


class Sweep:
    """One per process: it remembers when it ran last, and so notices a stall."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._lease_s = context.settings.lease_s
        # With fewer sweeps, a stall could begin and end between two of them unnoticed.
        self.every_s = min(context.settings.sweep_s, self._lease_s / 3)
        self._stalls = StallDetector(every_s=self.every_s, lease_s=self._lease_s)
        self._process = own_identity()

    def run(self) -> None:
        context = self._context
        with context.database.write() as connection:
            evidence = self._gather_evidence(connection)
            released_parts = parts.release_expired(connection, evidence)
            released_downloads = downloads.release_expired(connection, evidence)
            queued_downloads = downloads.still_queued(connection)
            released_renditions = renditions.release_expired(connection, evidence)
            queued_renditions = renditions.still_queued(connection)
            queues = list(queries.queues_with_queued_parts(connection))
        self._publish_parts(released_parts)
        self._publish_renditions(released_renditions)
        message_counts = {queue: context.queue_refill.refill(queue) for queue in queues}
        for download_id in queued_downloads:
            context.notifier.notify_download(download_id)
        for job_id, audio_format in queued_renditions:
            context.notifier.notify_rendition(job_id, audio_format)
        if released_parts or released_downloads or released_renditions or any(message_counts.values()):
            log.info(
                "swept",
                released=len(released_parts),
                deaths=sum(part.died for part in released_parts),
                rung=message_counts,
                stalled_downloads=released_downloads,
                expired_renditions=len(released_renditions),
            )

    def _gather_evidence(self, connection: Connection) -> Evidence:
        """Read the clock once: a stall after this reading must not make more leases expire in this sweep."""
        now = clock(connection)
        return Evidence(
            now=now,
            lease_s=self._lease_s,
            ended_workers=self._find_ended_workers(connection),
            after_stall=self._stalls.is_after_stall(now),
        )

    def _find_ended_workers(self, connection: Connection) -> frozenset[str]:
        """The workers that hold leases, ran on this machine, and whose process does not exist any more."""
        if self._process is None:
            return frozenset()
        namespace = self._process.namespace
        holders = set().union(*(table.holders(connection) for table in (PARTS, DOWNLOADS, RENDITIONS)))
        return frozenset(
            worker_id
            for worker_id, pid, started in worker_registry.processes_of(
                connection, holders, pid_namespace=namespace
            )
            if has_ended(ProcessIdentity(namespace, pid, started))
        )

    def _publish_parts(self, released: list[ReleasedPart]) -> None:
        for part in released:
            name = "failed" if part.failed else "retrying"
            code = "worker_crashed" if part.died else "interrupted"
            self._context.notifier.publish_event(part.job_id, name, code=code)

    def _publish_renditions(self, released: list[ReleasedRendition]) -> None:
        for rendition in released:
            if rendition.failed:
                topic = renditions.topic(rendition.job_id, rendition.format)
                self._context.notifier.publish_event(topic, "failed", code="worker_crashed")


class SweepThread:
    """Sweeps at once and then every `sweep.every_s` seconds, or when asked, until it is stopped. No failure ends it."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._is_stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def sweep_soon(self) -> None:
        """Sweep now, or once more after the sweep that is running."""
        self._wake.set()

    def stop(self, *, timeout_s: float) -> None:
        self._is_stopping = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            try:
                self._sweep.run()
            except DATABASE_DOWN as error:
                log.warning("database does not answer", chore="sweep", error=type(error).__name__)
            except Exception:
                log.exception("sweep failed")
            self._wake.wait(self._sweep.every_s)
