"""Cache the announcements of workers, so that not every request reads them."""

import asyncio
import time
from collections.abc import Sequence

from api.shared_read import SharedRead
from common.db.database import Database
from common.errors import DatabaseUnavailable
from common.worker_registry import WorkerStatus, recent_workers, started_models

MAX_AGE_S = 2.0
# A request waits this long for the database before it is answered 503.
WITHIN_S = 5.0
# After its start, a gateway expects workers that start with it for this long. Loading torch takes half a minute on a
# busy machine.
EXPECTED_FOR_S = 60.0
# A request waits for them this long, and looks this often.
START_WAIT_S = 15.0
START_POLL_S = 0.2


class WorkerCache:
    """`expected_models`: the models whose workers start together with this gateway."""

    def __init__(self, database: Database, *, expected_models: frozenset[str] = frozenset()) -> None:
        self._database = database
        self._expected_models = expected_models
        self._expected_until = time.monotonic() + EXPECTED_FOR_S
        self._workers: Sequence[WorkerStatus] = ()
        self._read_at = float("-inf")
        self._shared_read = SharedRead(self._read)

    async def statuses(
        self, *, max_age_s: float = MAX_AGE_S, within_s: float = WITHIN_S
    ) -> Sequence[WorkerStatus]:
        """Return the workers as announced at most `max_age_s` ago. Raises DatabaseUnavailable and database errors."""
        if time.monotonic() - self._read_at > max_age_s:
            try:
                self._workers = await self._shared_read.result(within_s=within_s)
            except TimeoutError:
                raise DatabaseUnavailable("The database does not answer in time. Try again.") from None
            self._read_at = time.monotonic()
        return self._workers

    async def statuses_after_start(
        self, models: frozenset[str], *, max_age_s: float
    ) -> Sequence[WorkerStatus]:
        """Return the workers, after a short wait for workers of these models that are just starting."""
        wait_until = min(self._expected_until, time.monotonic() + START_WAIT_S)
        while True:
            workers = await self.statuses(max_age_s=max_age_s)
            starting = models & self._expected_models - started_models(workers)
            if not starting or time.monotonic() > wait_until:
                return workers
            await asyncio.sleep(START_POLL_S)

    def _read(self) -> Sequence[WorkerStatus]:
        with self._database.read() as connection:
            return recent_workers(connection)
