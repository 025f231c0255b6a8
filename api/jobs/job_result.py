"""Waiting for the end of a job, and the answer that its end asks for."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Gateway, here
from api.http.request_scope import address
from api.jobs.views import job_view
from api.owner import OWNER
from api.schemas.job import Job
from api.streaming.event_bus import Closed, Resync, Subscription
from common.errors import (
    Conflict,
    Gone,
    InvalidRequest,
    OratioError,
    SynthesisFailed,
    SynthesisTimedOut,
)
from common.jobs.queries import get_job
from common.jobs.records import COMPLETED_FIELDS, JobRecord
from common.jobs.submission import AcceptedJob, NewJob
from common.messaging.events import Event
from common.status import JobStatus

# What a text itself is to blame for.
_CALLERS_FAULT = frozenset({"unspeakable_text", "nothing_to_speak"})


async def answer(
    request: Request,
    job_id: str,
    listener: Subscription,
    *,
    look_first: bool = False,
    placed: tuple[NewJob, AcceptedJob] | None = None,
) -> Response:
    """200 with the finished job; 202 when it goes on. Raises what a failed, cancelled or deleted one asks for.

    With `placed`, the job that this request made, the event of a good end is enough: it comes after the commit and
    says what the row does.
    """
    gateway = here(request)
    row = await _row(gateway, job_id) if look_first else None
    if row is None or not row.is_over:
        ended = await _end(gateway, job_id, listener, event_is_enough=placed is not None)
        if placed and isinstance(ended, Event):
            job, accepted = placed
            done = job_view(request, accepted.record_of(job).completed(ended.data), has_audio=True)
            return Response(done.model_dump_json(), media_type="application/json")
        row = ended if not isinstance(ended, Event) else await _row(gateway, job_id)
    view = job_view(request, row)
    if row.status == JobStatus.COMPLETED:
        return Response(view.model_dump_json(), media_type="application/json")
    if (failure := failure_of(row)) is not None:
        raise failure
    headers = {"Location": address(request, f"/jobs/{job_id}")}
    return Response(view.model_dump_json(), 202, headers, media_type="application/json")


async def view(request: Request, job_id: str) -> Job:
    """The job as it stands. Raises Gone."""
    return job_view(request, await _row(here(request), job_id))


async def _end(
    gateway: Gateway, job_id: str, listener: Subscription, *, event_is_enough: bool
) -> JobRecord | Event:
    """How the job ended: its row, or the event of a good end. Its row as it stands when the wait ran out."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + gateway.settings.sync_wait_s
    while (notice := await _next_hint(listener, loop.time, give_up_at=give_up_at)) is not None:
        if event_is_enough and isinstance(notice, Event) and notice.data.keys() >= COMPLETED_FIELDS:
            return notice
        row = await _row(gateway, job_id)
        if row.is_over:
            return row
    return await _row(gateway, job_id)


async def _next_hint(
    listener: Subscription, now: Callable[[], float], *, give_up_at: float
) -> Event | Resync | None:
    """What says that the job may be over; None when there is no time left to wait."""
    while (left_s := give_up_at - now()) > 0:
        notice = await listener.next(timeout_s=left_s)
        if notice is None or isinstance(notice, Closed):
            return None
        if isinstance(notice, Resync) or notice.ends_job:
            return notice
    return None


async def _row(gateway: Gateway, job_id: str) -> JobRecord:
    row = await run_in_threadpool(_read, gateway, job_id)
    if row is None:
        raise Gone("The job of this request was removed since.", job_id=job_id)
    if row.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    return row


def _read(gateway: Gateway, job_id: str) -> JobRecord | None:
    with gateway.database.read() as connection:
        return get_job(connection, job_id, owner=OWNER)


def failure_of(row: JobRecord) -> OratioError | None:
    """What the end of a job asks for as an answer; None for one that goes on or ended well."""
    if row.status == JobStatus.CANCELLED:
        return Conflict("This job was cancelled.", code="job_cancelled", job_id=row.id)
    if row.status != JobStatus.FAILED:
        return None
    kind: type[OratioError] = SynthesisFailed
    if row.error_code == "timeout":
        kind = SynthesisTimedOut
    elif row.error_code in _CALLERS_FAULT:
        kind = InvalidRequest
    return kind(row.error_message or "The job failed.", code=row.error_code, job_id=row.id)
