"""Track the listeners of jobs: announce them to workers, and cancel jobs that lost their last listener.

A listener may return within `LEAVE_GRACE_S`, at this gateway or another one. Each departure starts the time again.
Jobs with `keep` continue without listeners.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

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

log = get_logger(__name__)


class Presence:
    def __init__(self, event_bus: EventBus, database: Database, notifier: Notifier, *, owner: str) -> None:
        self._owner = owner
        self._event_bus = event_bus
        self._database = database
        self._notifier = notifier
        self._listening: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._announcing = WatchedTask("the announcement of listeners", self._announce)

    def start(self) -> None:
        self._announcing.start()

    def trouble(self) -> str | None:
        return self._announcing.trouble()

    async def close(self) -> None:
        await self._announcing.stop()
        await cancel_and_wait(*self._tasks)

    @contextmanager
    def listening(self, job_id: str, *, keep: bool) -> Iterator[None]:
        """Count one listener of a job for as long as the context lasts."""
        self._listening[job_id] += 1
        if self._listening[job_id] == 1:
            self._start_task(self._event_bus.announce_listeners([job_id]))
        try:
            yield
        finally:
            self._listening[job_id] -= 1
            if not self._listening[job_id]:
                del self._listening[job_id]
                self._start_task(self._leave(job_id, keep=keep))

    def run_after_grace(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread after the grace time, unless this process stops before."""

        async def later() -> None:
            await asyncio.sleep(LEAVE_GRACE_S)
            with suppress(*DATABASE_DOWN):
                await run_in_threadpool(work)

        self._start_task(later())

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
