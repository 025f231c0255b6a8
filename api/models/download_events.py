"""Stream the events of one download as server-sent events: a snapshot, then events until it ends."""

import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from api.http.ids import is_id
from api.http.server_sent_events import HEARTBEAT, HEARTBEAT_S, write_message
from api.models.model_views import download_view
from api.streaming.event_bus import RESYNC_EVERY_S, EventBus
from api.streaming.subscriptions import CLOSED, Subscription
from common import downloads
from common.db.database import DATABASE_DOWN, Database
from common.downloads import DownloadRecord
from common.errors import NotFound
from common.messaging.events import TERMINAL_EVENTS, Event
from common.status import ACTIVE

NamedData = tuple[str, dict[str, Any]]


def find(database: Database, download_id: str) -> DownloadRecord:
    """Return a download. Raises NotFound."""
    row = None
    if is_id(download_id):
        with database.read() as connection:
            row = downloads.get(connection, download_id)
    if row is None:
        raise NotFound(
            "This download does not exist. GET /models/status lists the downloads.",
            code="download_not_found",
            param="download_id",
        )
    return row


async def stream(database: Database, event_bus: EventBus, download_id: str) -> AsyncIterator[str]:
    """Yield messages until the download ends or this process stops. A client that reconnects gets a new snapshot."""
    with event_bus.listen(download_id) as subscription:
        row = await run_in_threadpool(find, database, download_id)
        yield write_message(download_view(row).model_dump(mode="json"), event="snapshot")
        if row.status not in ACTIVE:
            name, data = _as_event(row)
            yield write_message(data, event=name)
            return
        async for message in _follow(database, row, subscription):
            yield message


async def _follow(database: Database, row: DownloadRecord, subscription: Subscription) -> AsyncIterator[str]:
    last, sent_at = _as_event(row), time.monotonic()
    while last[0] not in TERMINAL_EVENTS:
        event = await _next(database, row.id, subscription, last)
        if event is None:
            return
        if event != last:
            name, data = event
            yield write_message(data, event=name)
        elif time.monotonic() - sent_at >= HEARTBEAT_S:
            yield HEARTBEAT
        else:
            continue
        last, sent_at = event, time.monotonic()


async def _next(
    database: Database, download_id: str, subscription: Subscription, last: NamedData
) -> NamedData | None:
    """Return the next event, or the state of the row after a while, since events may be lost. None on shutdown."""
    notice = await subscription.next(timeout_s=min(RESYNC_EVERY_S, HEARTBEAT_S))
    if notice is CLOSED:
        return None
    if isinstance(notice, Event):
        return notice.name, notice.data
    try:
        return _as_event(await run_in_threadpool(find, database, download_id))
    except DATABASE_DOWN:
        return last


def _as_event(row: DownloadRecord) -> NamedData:
    """Return the event that a worker would publish for this row."""
    if row.status == "failed":
        return "failed", {"code": row.error_code, "message": row.error_message}
    view = download_view(row)
    name = "completed" if row.status == "completed" else "progress"
    return name, view.model_dump(include={"bytes_done", "bytes_total", "percent"})
