"""The cleanup: removes data that is older than the settings allow. Beat runs it every ten minutes."""

from common.jobs import cleanup
from common.jobs.cleanup import CleanupRunning
from common.logs import get_logger
from worker.runtime.context import WorkerContext

log = get_logger(__name__)

# Orphans are kept for an hour anyway.
ORPHANS_EVERY_S = 3600.0


def clean(context: WorkerContext) -> None:
    try:
        removed = cleanup.clean(
            context.database, context.store, context.settings, orphans_every_s=ORPHANS_EVERY_S
        )
    except CleanupRunning:
        log.info("another cleanup is running")
        return
    log.info("cleaned", **removed.counts())
