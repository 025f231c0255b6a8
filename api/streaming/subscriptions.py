"""What readers of the event bus wait for: the notices of one job in order, or only a wake-up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from common.messaging.events import Event

# A reader that is this many events behind is closed. It can reconnect with Last-Event-ID.
BEHIND_MAX = 1000


class Resync:
    """Events may have been missed: read the Redis stream and the row again."""


class Closed:
    """No more notices follow: the process is stopping, or the reader was too slow."""


RESYNC, CLOSED = Resync(), Closed()
Notice = Event | Resync | Closed


class WakeSignal:
    """Wakes a reader when its job has more audio, or may have ended. The reader then looks at the job itself.

    `outcome` is the data of the event that ended the job.
    """

    def __init__(self) -> None:
        self.closed = False
        self.outcome: Mapping[str, Any] = {}
        self.needs_resync = False
        self._event = asyncio.Event()

    def put(self, notice: Notice) -> None:
        """Set `needs_resync` if the job may have ended. The reader resets it."""
        if isinstance(notice, Event):
            if not notice.ends_job:
                return
            self.outcome = notice.data
        self.closed = self.closed or notice is CLOSED
        self.needs_resync = True
        self.notify_audio()

    def notify_audio(self) -> None:
        """Wake the reader: there is more audio."""
        self._event.set()

    async def wait(self, *, timeout_s: float) -> None:
        """Wait until the next wake-up, at most `timeout_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        self._event.clear()


class Subscription:
    """The notices of one job, in order, for one reader."""

    def __init__(self) -> None:
        self._notices: asyncio.Queue[Notice] = asyncio.Queue()

    def notify_audio(self) -> None:
        """Ignored: subscriptions only receive events."""

    def put(self, notice: Notice) -> None:
        if self._notices.qsize() < BEHIND_MAX or notice is CLOSED:
            self._notices.put_nowait(notice)
        elif self._notices.qsize() == BEHIND_MAX:
            self._notices.put_nowait(CLOSED)

    async def next(self, *, timeout_s: float) -> Notice | None:
        """Return the next notice, or None after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._notices.get()
        except TimeoutError:
            return None
