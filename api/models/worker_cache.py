"""Cache the announcements of workers, so that not every request reads them."""

import asyncio
import time
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from common.db.database import Database
from common.worker_registry import WorkerStatus, recent_workers

MAX_AGE_S = 2.0


class WorkerCache:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._workers: Sequence[WorkerStatus] = ()
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def statuses(self, *, max_age_s: float = MAX_AGE_S) -> Sequence[WorkerStatus]:
        """Return the workers as announced at most `max_age_s` ago. Raises errors of the database."""
        if self._is_fresh(max_age_s):
            return self._workers
        async with self._lock:
            if not self._is_fresh(max_age_s):
                self._workers = await run_in_threadpool(self._read)
                self._read_at = time.monotonic()
        return self._workers

    def _is_fresh(self, max_age_s: float) -> bool:
        return time.monotonic() - self._read_at <= max_age_s

    def _read(self) -> Sequence[WorkerStatus]:
        with self._database.read() as connection:
            return recent_workers(connection)
