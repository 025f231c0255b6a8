"""Downloads, one row each, done by the ops worker of the machine that has the models folder."""

import time
from threading import BoundedSemaphore

import redis

from common import downloads, worker_registry
from common.catalogue.download_items import HIBARI, Item
from common.db.database import DATABASE_AWAY
from common.telemetry import get_logger
from worker.hub.errors import DownloadError
from worker.ops.download_dispatch import download_item
from worker.runtime.context import Process

log = get_logger(__name__)

REPORT_EVERY_S = 0.5
# Fewer than the tasks of an ops worker: the sweep must not wait for gigabytes.
AT_ONCE = 2
NOTICED_WITHIN_S = 3.0

_lines = BoundedSemaphore(AT_ONCE)


class _Stopping(Exception):
    """The process ends; what came is kept."""


def download(process: Process, download_id: str) -> None:
    """Returns at once when as many as may run do: the row stays queued, and the bell rings again."""
    if not _lines.acquire(blocking=False):
        return
    try:
        _download(process, download_id)
    finally:
        _lines.release()
    _ring_next(process)


def _download(process: Process, download_id: str) -> None:
    with process.database.write() as connection:
        begun = downloads.begin(connection, download_id)
    if begun is None:
        return
    item = Item(begun.model, begun.item)
    report = _Report(process, download_id)
    try:
        _deliver(process, item, report)
    except _Stopping:
        with process.database.write() as connection:
            downloads.hand_back(connection, download_id)
    except DownloadError as error:
        log.warning("download failed", item=item.name, code=error.code, reason=error.message)
        _fail(process, download_id, code=error.code, message=error.message)
    except Exception as error:
        log.exception("unexpected failure", item=item.name)
        message = f"The worker failed: {type(error).__name__}."
        _fail(process, download_id, code="internal_error", message=message)
    else:
        _complete(process, item, download_id, report)


def _deliver(process: Process, item: Item, report: "_Report") -> None:
    settings = process.settings
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    download_item(item, settings.models_dir, endpoint=settings.hf_endpoint, token=token, on_bytes=report)


class _Report:
    """How far it is, to the row and to whoever listens, not more often than anybody can use."""

    def __init__(self, process: Process, download_id: str) -> None:
        self._process = process
        self._download_id = download_id
        self._done = self._total = 0
        self._told_at = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if self._process.stopping:
            raise _Stopping
        is_news = total != self._total
        self._done, self._total = done, total
        if not is_news and time.monotonic() - self._told_at < REPORT_EVERY_S:
            return
        self._told_at = time.monotonic()
        try:
            self.write()
        except DATABASE_AWAY as error:
            log.warning("database does not answer", error=type(error).__name__)
        self._process.bells.emit(self._download_id, "progress", **self.told())

    def write(self) -> None:
        with self._process.database.write() as connection:
            downloads.report(connection, self._download_id, bytes_done=self._done, bytes_total=self._total)

    def told(self) -> dict[str, float]:
        percent = downloads.percent(bytes_done=self._done, bytes_total=self._total)
        return {"bytes_done": self._done, "bytes_total": self._total, "percent": percent}


def _complete(process: Process, item: Item, download_id: str, report: _Report) -> None:
    """Workers look first: whoever is told that it is there asks for it at once."""
    report.write()
    process.announce()
    process.bells.rescan()
    _await_worker(process, item)
    with process.database.write() as connection:
        downloads.end(connection, download_id)
    process.bells.emit(download_id, "completed", **report.told() | {"percent": 100.0})


def _await_worker(process: Process, item: Item) -> None:
    """Until one says that it has it; there may be none that can."""
    key = item.model if item.model == HIBARI else item.item
    give_up_at = time.monotonic() + NOTICED_WITHIN_S
    while time.monotonic() < give_up_at and not process.stopping:
        with process.database.read() as connection:
            workers = [
                seen for seen in worker_registry.seen_lately(connection) if seen.alive and seen.is_worker
            ]
        voices = [seen.voices_of(key) or () for seen in workers]
        if not workers or any(item.item in names if key == HIBARI else names for names in voices):
            return
        time.sleep(0.1)


def _fail(process: Process, download_id: str, *, code: str, message: str) -> None:
    with process.database.write() as connection:
        downloads.end(connection, download_id, code=code, message=message)
    process.bells.emit(download_id, "failed", code=code, message=message)


def _ring_next(process: Process) -> None:
    """The sweep would ring, but later."""
    with process.database.read() as connection:
        waiting = downloads.still_queued(connection, limit=1)
    try:
        for download_id in waiting:
            process.bells.ring_download(download_id)
    except redis.RedisError as error:
        log.warning("redis does not answer", error=type(error).__name__)
