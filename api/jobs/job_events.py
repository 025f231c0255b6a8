"""The events of one job as a stream of server-sent events: what was, then what comes, with neither gap nor double."""

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.http.server_sent_events import HEARTBEAT, HEARTBEAT_S, write_message
from api.jobs.lookups import find_job
from api.jobs.views import event_view, job_view
from api.streaming.event_bus import CLOSED, EventBus, Subscription
from common.db.database import DATABASE_AWAY, Database
from common.errors import Gone, InvalidRequest, NotFound
from common.jobs.records import JobRecord
from common.messaging.events import Event, comes_after

START = "0-0"
_EVENT_ID = re.compile(r"\d{1,19}-\d{1,19}")


def checked_event_id(given: str | None) -> str | None:
    """Raises InvalidRequest."""
    if given is None or _EVENT_ID.fullmatch(given):
        return given
    raise InvalidRequest(
        "Last-Event-ID is not the id of an event of this service; leave it out to begin with a snapshot.",
        code="invalid_event_id",
        param="Last-Event-ID",
    )


async def has_final_event(event_bus: EventBus, row: JobRecord, *, last_id: str) -> bool:
    """The reader has the event that ended this job: nothing will come any more."""
    if not row.is_over:
        return False
    end = (await event_bus.replay(row.id, after=START))[-1:]
    return bool(end) and end[0].ends_job and not comes_after(end[0].id, last_id)


async def stream(
    request: Request, job_id: str, *, last_id: str | None, database: Database, event_bus: EventBus
) -> AsyncIterator[str]:
    """Ends with the event that ends the job, or when this process stops; a client comes back with its last id."""
    reader = _EventReader(request, job_id, last_id=last_id, database=database, event_bus=event_bus)
    with event_bus.listen(job_id) as subscription:
        if last_id is None:
            yield await reader.snapshot()
        async for message in _follow(reader, subscription):
            yield message


def spoken_captions(events: Iterable[Event]) -> list[Any]:
    """The cues of the present attempt, by the events so far: `[start_s, end_s, start, end]` each, in their order.

    An attempt that is over may still tell of itself, because its worker doesn't know yet.
    """
    cues: list[Any] = []
    attempt = over = 0
    for event in events:
        of = event.data.get("attempt", 0)
        if event.name in ("queued", "retrying"):
            cues, over = [], attempt
        elif of > attempt:
            cues, attempt = [], of
        if event.name == "progress" and of == attempt > over:
            cues += event.data.get("cues", ())
    return cues


class _EventReader:
    """Where one client stands in the events of one job."""

    def __init__(
        self, request: Request, job_id: str, *, last_id: str | None, database: Database, event_bus: EventBus
    ) -> None:
        self._request = request
        self._job_id = job_id
        self._database = database
        self._event_bus = event_bus
        self.last_id = last_id or START
        self.is_done = False

    async def snapshot(self) -> str:
        """A snapshot stands for every event before it: the row is written before an event is told."""
        events = await self._event_bus.replay(self._job_id, after=START)
        row = await self._row()
        # The event that ended the job is told beside the snapshot.
        ended = row.is_over and bool(events) and events[-1].ends_job
        known = events[:-1] if ended else events
        self.last_id = known[-1].id if known else START
        view = job_view(self._request, row).model_dump(mode="json")
        return write_message(
            view | {"spoken": spoken_captions(known)}, event="snapshot", event_id=self.last_id
        )

    async def resync(self) -> list[str]:
        """What was missed, by the stream; and the end, by the row, if the stream does not know it."""
        missed = await self._event_bus.replay(self._job_id, after=self.last_id)
        messages = [self.write_event(event) for event in missed]
        end = await self._end()
        self.is_done = end is not None
        if end and not (missed and missed[-1].ends_job):
            messages.append(end)
        return messages

    def write_event(self, event: Event) -> str:
        self.last_id = event.id
        return write_message(event_view(event.data), event=event.name, event_id=event.id)

    async def _end(self) -> str | None:
        """The event that ends the job as its row tells it; None while the job goes on."""
        try:
            row = await self._row()
        except (NotFound, Gone):  # deleted meanwhile
            return write_message({}, event="cancelled")
        except DATABASE_AWAY:  # looked at again with the next resync
            return None
        return write_message(event_view(row.outcome()), event=row.status) if row.is_over else None

    async def _row(self) -> JobRecord:
        return await run_in_threadpool(find_job, self._database, self._job_id)


async def _follow(reader: _EventReader, subscription: Subscription) -> AsyncIterator[str]:
    for message in await reader.resync():
        yield message
    while not reader.is_done:
        notice = await subscription.next(timeout_s=HEARTBEAT_S)
        if notice is CLOSED:
            return
        if notice is None:
            yield HEARTBEAT
        elif not isinstance(notice, Event):
            for message in await reader.resync():
                yield message
        elif comes_after(notice.id, reader.last_id):
            yield reader.write_event(notice)
            reader.is_done = notice.ends_job
