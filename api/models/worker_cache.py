"""Cache the announcements of workers, so that not every request reads them."""

import time
from collections.abc import Sequence

from api.shared_read import SharedRead
from common.db.database import Database
from common.errors import DatabaseUnavailable
from common.worker_registry import WorkerStatus, recent_workers

MAX_AGE_S = 2.0


class WorkerCache:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._workers: Sequence[WorkerStatus] = ()
        self._read_at = float("-inf")
        self._shared_read = SharedRead(self._read)

    async def statuses(self, *, max_age_s: float = MAX_AGE_S) -> Sequence[WorkerStatus]:
        """Return the workers as announced at most `max_age_s` ago. Raises DatabaseUnavailable and database errors."""
        if time.monotonic() - self._read_at > max_age_s:
            try:
                self._workers = await self._shared_read.result()
            except TimeoutError:
                raise DatabaseUnavailable("The database does not answer in time. Try again.") from None
            self._read_at = time.monotonic()
        return self._workers

    def _read(self) -> Sequence[WorkerStatus]:
        with self._database.read() as connection:
            return recent_workers(connection)
