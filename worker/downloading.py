"""Downloads of weights, one row each, done by the ops worker of the machine that has the models folder."""

import time

from common import downloads
from common.telemetry import get_logger
from worker.engines import hibari_download
from worker.engines.protocol import EngineError
from worker.process import Process

log = get_logger(__name__)

REPORT_EVERY_S = 0.5


def download(process: Process, download_id: str) -> None:
    with process.database.write() as connection:
        begun = downloads.begin(connection, download_id)
    if begun is None:
        return
    code: str | None = None
    message: str | None = None
    try:
        _fetch(process, download_id, voice=begun.item)
    except EngineError as error:
        code, message = error.code, error.message
        log.warning("download failed", model=begun.model, item=begun.item, code=code, reason=message)
    except Exception as error:
        log.exception("unexpected failure", model=begun.model, item=begun.item)
        code, message = "internal_error", f"The worker failed: {type(error).__name__}."
    with process.database.write() as connection:
        downloads.end(connection, download_id, code=code, message=message)


def _fetch(process: Process, download_id: str, *, voice: str) -> None:
    reported_at = 0.0

    def report(done: int, total: int) -> None:
        nonlocal reported_at
        if done < total and time.monotonic() - reported_at < REPORT_EVERY_S:
            return
        reported_at = time.monotonic()
        with process.database.write() as connection:
            downloads.report(connection, download_id, bytes_done=done, bytes_total=total)

    hibari_download.download(voice, process.settings.models_dir, report)
