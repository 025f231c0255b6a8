"""Wait for the end of a job, and turn a failure into an error response."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from api.owner import OWNER
from api.streaming.subscriptions import Closed, Resync, Subscription
from common.db.database import Database
from common.errors import (
    Conflict,
    Gone,
    InvalidRequest,
    OratioError,
    SynthesisFailed,
    SynthesisTimedOut,
)
from common.jobs.queries import get_job_or_recording
from common.jobs.records import COMPLETED_FIELDS, JobRecord
from common.messaging.events import Event
from common.status import JobStatus


async def wait_for_end(
    database: Database,
    job_id: str,
    subscription: Subscription,
    *,
    wait_s: float,
    created: JobRecord | None = None,
) -> JobRecord:
    """Wait until the job is over, at most `wait_s`, and return its record as it stands then.

    `created` is the record of a job that this request created. For such a job the event `completed` is enough: it is
    published after the commit, with the values of the row. The row of any other job is read first, because the job may
    be over.

    Raises Gone.
    """
    if created is None:
        row = await current_record(database, job_id)
        if row.is_over:
            return row
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + wait_s
    while (notice := await _next_notice(subscription, loop.time, give_up_at=give_up_at)) is not None:
        if created and isinstance(notice, Event) and notice.data.keys() >= COMPLETED_FIELDS:
            return created.completed(notice.data)
        row = await current_record(database, job_id)
        if row.is_over:
            return row
    return await current_record(database, job_id)


async def current_record(database: Database, job_id: str) -> JobRecord:
    """Return the record as it is now. Raises Gone."""
    row = await run_in_threadpool(_find, database, job_id)
    if row is None:
        raise Gone("The job of this request was removed.", job_id=job_id)
    if row.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    return row


def _find(database: Database, job_id: str) -> JobRecord | None:
    with database.read() as connection:
        return get_job_or_recording(connection, job_id, owner=OWNER)


async def _next_notice(
    subscription: Subscription, now: Callable[[], float], *, give_up_at: float
) -> Event | Resync | None:
    """Return a notice that the job may be over. None when the time is up."""
    while (left_s := give_up_at - now()) > 0:
        notice = await subscription.next(timeout_s=left_s)
        if notice is None or isinstance(notice, Closed):
            return None
        if isinstance(notice, Resync) or notice.ends_job:
            return notice
    return None


def failure_of(row: JobRecord) -> OratioError | None:
    """Return the error for a job that failed or was cancelled. None for any other job."""
    if row.status == JobStatus.CANCELLED:
        return Conflict("This job was cancelled.", code="job_cancelled", job_id=row.id)
    if row.status != JobStatus.FAILED:
        return None
    kind: type[OratioError] = SynthesisFailed
    if row.error_code == "timeout":
        kind = SynthesisTimedOut
    elif row.error_code == "unspeakable_text":
        kind = InvalidRequest
    return kind(row.error_message or "The job failed.", code=row.error_code, job_id=row.id)
