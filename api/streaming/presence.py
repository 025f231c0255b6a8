"""Track the listeners of jobs: announce them to workers, and cancel jobs that lost their last listener.

A listener may return within `LEAVE_GRACE_S`, at this gateway or another one. Each departure starts the time again.
Jobs with `keep` continue without listeners.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.streaming.event_bus import EventBus
from api.streaming.task_cancellation import cancel_and_wait
from api.streaming.watched_task import WatchedTask
from common.db.database import DATABASE_DOWN, Database
from common.errors import OratioError
from common.jobs import changes
from common.logs import get_logger
from common.messaging.audio_window import LEAVE_GRACE_S, PRESENCE_REFRESH_S
from common.messaging.notifier import Notifier
from common.watched_threads import troubles

log = get_logger(__name__)

# How often changes that are due are made.
CHANGE_EVERY_S = 1.0

Change = Callable[[Connection], None]


class Presence:
    def __init__(self, event_bus: EventBus, database: Database, notifier: Notifier, *, owner: str) -> None:
        self._owner = owner
        self._event_bus = event_bus
        self._database = database
        self._notifier = notifier
        self._listening: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changes: deque[tuple[float, Change]] = deque()
        self._loops = (
            WatchedTask("the announcement of listeners", self._announce),
            WatchedTask("changes after a delivery", self._change_due),
        )

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def trouble(self) -> str | None:
        return next(iter(troubles(self._loops)), None)

    async def close(self) -> None:
        for loop in self._loops:
            await loop.stop()
        await cancel_and_wait(*self._tasks)

    @contextmanager
    def listening(
        self,
        job_id: str,
        *,
        keep: bool,
        announced: bool = False,
        has_ended: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Count one listener of a job for as long as the context lasts.

        `announced`: its worker knows of the first listener, by the submission. `has_ended`: the job needs no listeners.
        """
        self._listening[job_id] += 1
        if self._listening[job_id] == 1 and not announced:
            self._start_task(self._event_bus.announce_listeners([job_id]))
        try:
            yield
        finally:
            self._listening[job_id] -= 1
            if not self._listening[job_id]:
                del self._listening[job_id]
                if not has_ended():
                    self._start_task(self._leave(job_id, keep=keep))

    def change_after_grace(self, change: Change) -> None:
        """Make a change in the database after the grace time, unless this process stops or the database is down."""
        self._changes.append((time.monotonic() + LEAVE_GRACE_S, change))

    async def _change_due(self) -> None:
        """Wait a little, then make all changes that are due in one transaction, because each costs a sync to disk."""
        await asyncio.sleep(CHANGE_EVERY_S)
        due = []
        while self._changes and self._changes[0][0] <= time.monotonic():
            due.append(self._changes.popleft()[1])
        if due:
            with suppress(*DATABASE_DOWN):
                await run_in_threadpool(self._change_all, due)

    def _change_all(self, due: Sequence[Change]) -> None:
        with self._database.write() as connection:
            for change in due:
                change(connection)

    def _start_task(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    async def _announce(self) -> None:
        await asyncio.sleep(PRESENCE_REFRESH_S)
        job_ids = list(self._listening)
        if job_ids:
            await self._event_bus.announce_listeners(job_ids)
        for job_id in job_ids:
            if job_id not in self._listening:  # they left during the announcement
                await self._event_bus.announce_departure(job_id)

    async def _leave(self, job_id: str, *, keep: bool) -> None:
        await self._event_bus.announce_departure(job_id)
        if keep:
            return
        if await self._has_listeners_after_grace(job_id) or self._event_bus.stopping:
            return
        try:
            cancelled = await run_in_threadpool(self._cancel, job_id)
        except (
            OratioError,
            *DATABASE_DOWN,
        ) as error:  # deleted in the meantime, which its worker notices too
            log.info("not cancelled", job_id=job_id, error=type(error).__name__)
            return
        if cancelled:
            await run_in_threadpool(self._notifier.publish_event, job_id, "cancelled")
            log.info("cancelled", job_id=job_id, reason="nobody listens")

    async def _has_listeners_after_grace(self, job_id: str) -> bool:
        """Wait until no gateway has a listener. False then; true if one returned here, or this process stops.

        If Redis does not answer, another gateway may have a listener, so the wait continues.
        """
        while True:
            await asyncio.sleep(LEAVE_GRACE_S)
            if job_id in self._listening or self._event_bus.stopping:
                return True
            if await self._event_bus.has_listeners(job_id) is False:
                return False

    def _cancel(self, job_id: str) -> bool:
        with self._database.write() as connection:
            return changes.cancel(connection, job_id, owner=self._owner)
