"""Ends the isolation of a part that has spoken again everything that its dead worker held."""

from common.db.database import DATABASE_DOWN
from common.jobs import lease
from common.jobs.lease import ClaimedPart
from common.logs import get_logger
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease

log = get_logger(__name__)


class Acquittal:
    """Call `proceed` when the part has shown that it does not kill its worker. It may be called again."""

    def __init__(self, context: WorkerContext, part: ClaimedPart, held: HeldLease) -> None:
        self._context = context
        self._part = part
        self._held = held
        self._is_isolated = part.isolated

    def proceed(self) -> None:
        """End the isolation in the row, then let the next isolated part begin.

        While the database is down, the part stays isolated: the row says who is charged if the worker dies.
        """
        if not self._is_isolated:
            return
        try:
            with self._context.database.write() as connection:
                is_held = lease.acquit(connection, self._part)
        except DATABASE_DOWN as error:
            log.warning("not acquitted", error=type(error).__name__)
            return
        if not is_held:
            self._held.lost.set()
            return
        self._is_isolated = False
        self._context.isolated_parts.acquit()
        log.info("acquitted")
