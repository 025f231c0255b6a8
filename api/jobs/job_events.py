"""Stream the events of one job as server-sent events: past events, then live ones, without gaps or duplicates."""

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.http.server_sent_events import HEARTBEAT, HEARTBEAT_S, write_message
from api.jobs.lookups import find_job
from api.jobs.views import event_view, job_view
from api.streaming.event_bus import EventBus
from api.streaming.subscriptions import CLOSED, Subscription
from common.db.database import DATABASE_DOWN, Database
from common.errors import Gone, InvalidRequest, NotFound
from common.jobs.records import JobRecord
from common.messaging.events import Event, comes_after, end_id, is_end_id

START = "0-0"
_EVENT_ID = re.compile(r"\d{1,19}-\d{1,19}")


def checked_event_id(given: str | None) -> str | None:
    """Return a valid `Last-Event-ID`. Raises InvalidRequest."""
    if given is None or _EVENT_ID.fullmatch(given):
        return given
    raise InvalidRequest(
        "Last-Event-ID is not the id of an event of this service. Leave it out to start with a snapshot.",
        code="invalid_event_id",
        param="Last-Event-ID",
    )


async def has_received_end(event_bus: EventBus, row: JobRecord, *, last_id: str) -> bool:
    """Return whether the reader already has the event that ended this job."""
    return row.is_over and is_end_id(last_id) and not await event_bus.replay(row.id, after=last_id)


async def stream(
    request: Request, job_id: str, *, last_id: str | None, database: Database, event_bus: EventBus
) -> AsyncIterator[str]:
    """Yield messages until the job ends or this process stops. A client reconnects with the id of its last event."""
    reader = _EventReader(request, job_id, last_id=last_id, database=database, event_bus=event_bus)
    with event_bus.listen(job_id) as subscription:
        if last_id is None:
            yield await reader.snapshot()
        async for message in _follow(reader, subscription):
            yield message


def spoken_captions(events: Iterable[Event]) -> list[Any]:
    """Return the captions of the current attempt, in order, each as `[start_s, end_s, start, end]`.

    Events of an earlier attempt are ignored. They may still arrive, because its worker does not know yet that it
    lost the job.
    """
    captions: list[Any] = []
    attempt = ended_attempt = 0
    for event in events:
        event_attempt = event.data.get("attempt", 0)
        if event.name in ("queued", "retrying"):
            captions, ended_attempt = [], attempt
        elif event_attempt > attempt:
            captions, attempt = [], event_attempt
        if event.name == "progress" and event_attempt == attempt > ended_attempt:
            captions += event.data.get("cues", ())
    return captions


class _EventReader:
    """The position of one client in the events of one job."""

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
        """Return the first message, which covers all earlier events: rows are written before events are published."""
        events = await self._event_bus.replay(self._job_id, after=START)
        row = await self._row()
        # The event that ended the job follows the snapshot.
        ended = row.is_over and bool(events) and events[-1].ends_job
        known = events[:-1] if ended else events
        self.last_id = known[-1].id if known else START
        view = job_view(self._request, row).model_dump(mode="json")
        return write_message(
            view | {"spoken": spoken_captions(known)}, event="snapshot", event_id=self.last_id
        )

    async def resync(self) -> list[str]:
        """Return missed events from the Redis stream, and the end from the row if the stream lacks it."""
        # The row comes first: all events of a job that is over are in the stream, except perhaps the final one.
        end = await self._end()
        missed = await self._event_bus.replay(self._job_id, after=self.last_id)
        has_final_event = bool(missed) and missed[-1].ends_job
        if missed and has_final_event != (end is not None):
            # Row and stream disagree: the job ended, or was retried, between the two reads.
            end = await self._end()
        self.is_done = end is not None
        messages = [self.write_event(event) for event in missed]
        if end and not has_final_event:
            name, data = end
            self.last_id = end_id(self.last_id)
            messages.append(write_message(data, event=name, event_id=self.last_id))
        return messages

    def write_event(self, event: Event) -> str:
        self.last_id = event.id
        return write_message(event_view(event.data), event=event.name, event_id=event.id)

    async def _end(self) -> tuple[str, dict[str, Any]] | None:
        """Return the final event according to the row: name and data. None while the job is not over."""
        try:
            row = await self._row()
        except (NotFound, Gone):  # deleted in the meantime
            return "cancelled", {}
        except DATABASE_DOWN:  # the next resync tries again
            return None
        return (row.status, event_view(row.outcome())) if row.is_over else None

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
