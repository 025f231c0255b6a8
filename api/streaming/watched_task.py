"""A task of the event loop that the gateway cannot do without: no exception ends it, and a check can name it."""

import asyncio
from collections.abc import Awaitable, Callable

from api.streaming.task_cancellation import cancel_and_wait
from common.logs import get_logger
from common.watched_threads import PAUSE_AFTER_FAILURE_S

log = get_logger(__name__)


class WatchedTask:
    """Runs `step` again and again, until `stop`. `step` waits for its own work.

    If it raises an unexpected exception, that is logged, and the task goes on after a pause.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._step = step
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        if self._task is not None:
            await cancel_and_wait(self._task)

    def trouble(self) -> str | None:
        """Say that the task has ended. None if it works, or was not started."""
        return f"{self._name} has ended" if self._task is not None and self._task.done() else None

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except Exception:
                log.exception("a background task failed", part=self._name)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
