"""Jobs: read, list, cancel, retry and delete them, and get their audio and events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.dependencies import DatabaseDep, GatewayDep, SettingsDep
from api.error_handlers import Responses, documented_errors
from api.http import server_sent_events
from api.http.cursors import read_cursor, write_cursor
from api.http.request_scope import address
from api.jobs import audio_response, job_events, removal
from api.jobs.forecast import forecast, retry_after_s
from api.jobs.limits import check_limit, checked_ids
from api.jobs.lookups import checked_job_id, find_job, find_spoken_audio, living_job
from api.jobs.views import job_view
from api.owner import OWNER
from api.schemas.job import DeletedJob, DeleteResults, Job, JobIds, JobList
from api.schemas.synthesis import AudioFormat
from common.errors import Conflict, QueueFull
from common.formats import MEDIA_TYPES
from common.jobs import changes
from common.jobs.queries import list_jobs
from common.status import JobStatus

router = APIRouter(prefix="/jobs", tags=["jobs"])

_ID_PATTERN = r"^[a-z0-9_-]{1,64}$"
_AUDIO_RESPONSES: Responses = {
    200: {
        "description": "The audio.",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type, _ in MEDIA_TYPES.values()
        },
    },
    206: {"description": "The range that `Range` requests."},
    304: {"description": "Not modified: `If-None-Match` names the current content."},
}
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "Send it as `Last-Event-ID` to continue after this event."},
        "event": {
            "type": "string",
            "description": "First `snapshot`: the job, and all captions so far in `spoken`. Then `queued` (again),"
            " `started` (not for very short jobs, or streamed ones of one segment), `progress` (with the new captions"
            " in `cues`, each `[start_s, end_s, start, end]` as in captions) and `retrying`. Finally `completed`,"
            " `failed` or `cancelled`. A new `attempt` starts from the beginning.",
        },
        "data": {"type": "string", "description": "A JSON object."},
    },
}
_EVENT_RESPONSES: Responses = {
    200: {
        "description": "Events until the job ends. The schema describes one event.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    },
    204: {"description": "The job has ended, and `Last-Event-ID` is its last event. Do not reconnect."},
}


@router.get("", responses=documented_errors(400))
def jobs(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    *,
    limit: Annotated[int, Query(ge=1)] = 50,
    cursor: Annotated[str | None, Query(description="The `next_cursor` of the previous page.")] = None,
    status: JobStatus | None = None,
    voice_id: Annotated[str | None, Query(pattern=_ID_PATTERN)] = None,
    model: Annotated[str | None, Query(pattern=_ID_PATTERN)] = None,
) -> JobList:
    """Jobs that match the filters, newest first. A page of long texts ends early, after a megabyte of text."""
    check_limit(limit, settings)
    after = read_cursor("jobs", cursor)
    with database.read() as connection:
        page = list_jobs(
            connection,
            owner=OWNER,
            limit=limit,
            after=after,
            status=status,
            voice_id=voice_id,
            model=model,
        )
    more = write_cursor("jobs", (page.rows[-1].created_at, page.rows[-1].id)) if page.has_more else None
    return JobList(items=[job_view(request, row) for row in page.rows], next_cursor=more)


@router.post("/batch_delete", responses=documented_errors(400, 413, 507))
def batch_delete(gateway: GatewayDep, body: JobIds) -> DeleteResults:
    """Cancel and delete several jobs. One that cannot be deleted does not affect the others."""
    ids = checked_ids(body, gateway.settings)
    outcomes = removal.delete_many(
        ids,
        only_history=False,
        database=gateway.database,
        store=gateway.store,
        notifier=gateway.notifier,
    )
    return removal.delete_results(ids, outcomes)


@router.get("/{job_id}", responses=documented_errors(404, 410))
def job(request: Request, database: DatabaseDep, job_id: str) -> Job:
    """A job with its queue position and the estimated time left."""
    with database.read() as connection:
        row = living_job(connection, checked_job_id(job_id))
        ahead = forecast(connection, row)
    return job_view(request, row, forecast=ahead)


@router.delete("/{job_id}", responses=documented_errors(404, 410, 507))
def delete(gateway: GatewayDep, job_id: str) -> DeletedJob:
    """Cancel a job that has not ended, and delete it with its recording and audio."""
    removal.delete(
        checked_job_id(job_id),
        only_history=False,
        database=gateway.database,
        store=gateway.store,
        notifier=gateway.notifier,
    )
    return DeletedJob(job_id=job_id)


@router.get(
    "/{job_id}/audio",
    response_class=Response,
    responses=_AUDIO_RESPONSES | documented_errors(400, 404, 409, 410, 416),
)
def audio(
    request: Request,
    gateway: GatewayDep,
    job_id: str,
    download: Annotated[bool, Query(description="Let browsers save the file.")] = False,
    audio_format: Annotated[
        AudioFormat | None,
        Query(alias="format", description="Another format, created with POST /jobs/{job_id}/transcode."),
    ] = None,
) -> Response:
    """The audio of a finished job. Supports ranges and entity tags."""
    audio = find_spoken_audio(gateway.database, checked_job_id(job_id), audio_format=audio_format)
    return audio_response.serve(request, gateway.store, audio, download=download)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses=_EVENT_RESPONSES | documented_errors(400, 404, 410),
)
async def events(
    request: Request,
    gateway: GatewayDep,
    job_id: str,
    last_event_id: Annotated[str | None, Header(description="Continue after this event.")] = None,
) -> Response:
    """Server-sent events of a job, as they happen."""
    last_id = job_events.checked_event_id(last_event_id)
    row = await run_in_threadpool(find_job, gateway.database, checked_job_id(job_id))
    if last_id is not None and await job_events.has_received_end(gateway.event_bus, row, last_id=last_id):
        return Response(status_code=204)
    messages = job_events.stream(
        request, job_id, last_id=last_id, database=gateway.database, event_bus=gateway.event_bus
    )
    return StreamingResponse(
        messages, headers=server_sent_events.HEADERS, media_type=server_sent_events.MEDIA_TYPE
    )


@router.post("/{job_id}/cancel", responses=documented_errors(400, 404, 409, 410, 507))
def cancel(
    request: Request,
    gateway: GatewayDep,
    job_id: str,
    *,
    keep_spoken: Annotated[
        bool,
        Query(description="Let a running job complete with the segments that are spoken, where possible."),
    ] = False,
) -> Job:
    """Cancel a queued or running job. Cancelling it again has no effect; a job that ended is a conflict."""
    with gateway.database.write() as connection:
        if keep_spoken and changes.finish_early(connection, checked_job_id(job_id), owner=OWNER):
            return job_view(request, living_job(connection, job_id))
        cancelled = changes.cancel(connection, checked_job_id(job_id), owner=OWNER)
        row = living_job(connection, job_id)
    if cancelled:
        gateway.notifier.publish_event(job_id, "cancelled")
    elif row.status != "cancelled":
        raise Conflict(f"This job is already {row.status}.", code="job_ended", job_id=job_id)
    return job_view(request, row)


@router.post("/{job_id}/retry", status_code=202, responses=documented_errors(404, 409, 410, 507))
def retry(request: Request, response: Response, gateway: GatewayDep, job_id: str) -> Job:
    """Run a failed or cancelled job again from the start."""
    try:
        with gateway.database.write() as connection:
            message = changes.retry(
                connection, checked_job_id(job_id), owner=OWNER, capacity=gateway.submissions.capacity
            )
            row = living_job(connection, job_id)
    except QueueFull as full:
        full.retry_after_s = retry_after_s(gateway.database)
        raise
    gateway.notifier.publish_event(job_id, "queued")
    gateway.notifier.notify_parts([message])
    response.headers["Location"] = address(request, f"/jobs/{job_id}")
    return job_view(request, row)
