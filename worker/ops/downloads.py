"""Runs downloads, one row each, on an ops worker that has the models folder."""

import time
from threading import BoundedSemaphore

import structlog

from common import downloads, worker_registry
from common.catalogue.download_items import HIBARI, DownloadItem
from common.db.database import DATABASE_DOWN
from common.downloads import ClaimedDownload
from common.logs import get_logger
from common.messaging.messages import RESCAN
from worker.hub.errors import DownloadError
from worker.ops.download_dispatch import download_item
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease

log = get_logger(__name__)

REPORT_EVERY_S = 0.5
# Fewer than the tasks of an ops worker, so that the cleanup never waits for a download.
MAX_AT_ONCE = 2
# How long to wait until a worker announces the downloaded item.
ANNOUNCEMENT_TIMEOUT_S = 3.0

_slots = BoundedSemaphore(MAX_AT_ONCE)


class _DownloadStopped(Exception):
    """The lease is lost, or the process must stop. The downloaded bytes are kept."""


def run_download(context: WorkerContext, download_id: str) -> None:
    """Download one item. If all slots are taken, return at once: the sweep publishes the message again."""
    if not _slots.acquire(blocking=False):
        return
    try:
        with context.database.write() as connection:
            claimed = downloads.claim(
                connection,
                download_id,
                worker_id=context.worker_id,
                lease_s=context.settings.lease_s,
            )
        if claimed is not None:
            with (
                context.leases.hold(
                    claimed.lease, hand_back=lambda c: downloads.hand_back(c, claimed)
                ) as held,
                structlog.contextvars.bound_contextvars(download_id=download_id),
            ):
                _run(context, claimed, held)
    finally:
        _slots.release()
    _notify_next(context)


def _run(context: WorkerContext, claimed: ClaimedDownload, held: HeldLease) -> None:
    item = DownloadItem(claimed.model, claimed.item)
    progress = _ProgressReport(context, claimed, held)
    settings = context.settings
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    try:
        download_item(
            item, settings.models_dir, endpoint=settings.hf_endpoint, token=token, on_bytes=progress
        )
    except _DownloadStopped:
        held.write(lambda connection: downloads.hand_back(connection, claimed))
    except DownloadError as error:
        log.warning("download failed", item=item.name, code=error.code, reason=error.message)
        _fail(context, claimed, held, code=error.code, message=error.message)
    except Exception as error:
        log.exception("unexpected failure", item=item.name)
        message = f"The worker failed: {type(error).__name__}. Its log has the details."
        _fail(context, claimed, held, code="internal_error", message=message)
    else:
        _complete(context, claimed, held, item, progress)


class _ProgressReport:
    """Writes the progress to the row and publishes it, at most twice a second. Raises _DownloadStopped."""

    def __init__(self, context: WorkerContext, claimed: ClaimedDownload, held: HeldLease) -> None:
        self._context = context
        self._claimed = claimed
        self._held = held
        self._done = self._total = 0
        self._reported_at = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if self._context.stopping or self._held.lost.is_set():
            raise _DownloadStopped
        is_new_total = total != self._total
        self._done, self._total = done, total
        if not is_new_total and time.monotonic() - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = time.monotonic()
        try:
            self.write()
        except DATABASE_DOWN as error:
            log.warning("database does not answer", error=type(error).__name__)
        self._context.notifier.publish_event(self._claimed.id, "progress", **self.data())

    def write(self) -> None:
        with self._context.database.write() as connection:
            downloads.report(connection, self._claimed, bytes_done=self._done, bytes_total=self._total)

    def data(self) -> dict[str, float]:
        percent = downloads.percent(bytes_done=self._done, bytes_total=self._total)
        return {"bytes_done": self._done, "bytes_total": self._total, "percent": percent}


def _complete(
    context: WorkerContext,
    claimed: ClaimedDownload,
    held: HeldLease,
    item: DownloadItem,
    progress: _ProgressReport,
) -> None:
    """End the download after workers have scanned their folder: clients request its voices at once."""
    progress.write()
    context.announce()
    _rescan_workers(context)
    _await_announcement(context, item)
    if held.write(lambda connection: downloads.finish(connection, claimed)):
        data = progress.data() | {"percent": 100.0}
        context.notifier.publish_event(claimed.id, "completed", **data)


def _rescan_workers(context: WorkerContext) -> None:
    """Tell every live worker to scan its models folder."""
    with context.database.read() as connection:
        workers = worker_registry.recent_workers(connection)
    for worker in workers:
        if worker.alive:
            context.notifier.send_command(worker.announcement.id, RESCAN)


def _await_announcement(context: WorkerContext, item: DownloadItem) -> None:
    """Wait until a worker announces the item. Give up after a while, because no worker may be able to serve it."""
    key = item.model if item.model == HIBARI else item.item
    give_up_at = time.monotonic() + ANNOUNCEMENT_TIMEOUT_S
    while time.monotonic() < give_up_at and not context.stopping:
        with context.database.read() as connection:
            recent = worker_registry.recent_workers(connection)
        workers = [worker for worker in recent if worker.alive and worker.is_worker]
        voices = [worker.voices_of(key) or () for worker in workers]
        if not workers or any(item.item in names if key == HIBARI else names for names in voices):
            return
        time.sleep(0.1)


def _fail(
    context: WorkerContext, claimed: ClaimedDownload, held: HeldLease, *, code: str, message: str
) -> None:
    if held.write(lambda connection: downloads.fail(connection, claimed, code=code, message=message)):
        context.notifier.publish_event(claimed.id, "failed", code=code, message=message)


def _notify_next(context: WorkerContext) -> None:
    """Notify a worker of the next queued download now. The sweep would do it later."""
    with context.database.read() as connection:
        queued = downloads.still_queued(connection, limit=1)
    for download_id in queued:
        context.notifier.notify_download(download_id)
