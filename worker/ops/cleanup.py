"""The cleanup: removes data that is older than the settings allow. Beat runs it every ten minutes."""

from common.jobs import cleanup
from common.logs import get_logger
from worker.runtime.context import WorkerContext

log = get_logger(__name__)


def clean(context: WorkerContext) -> None:
    removed = cleanup.clean(context.database, context.store, context.settings)
    log.info("cleaned", **removed.counts())
