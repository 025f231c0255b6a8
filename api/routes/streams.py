"""Stream the audio of a job, live or finished, from any byte on."""

import re
from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.dependencies import Gateway, GatewayDep
from api.error_handlers import Responses, documented_errors
from api.http.request_scope import wants_headers_only
from api.jobs import audio_response
from api.jobs.lookups import checked_job_id, find_job, find_spoken_audio
from api.streaming import responses
from api.streaming.live_audio import BEYOND_END, AudioInterrupted, LiveAudio
from common.errors import Conflict, Gone, InvalidRequest, OratioError, Unavailable
from common.status import JobStatus

router = APIRouter(prefix="/jobs", tags=["jobs"])

_EVENT_ID = re.compile(r"(\d{1,9})-(\d{1,15})")
_RESPONSES: Responses = {
    200: {
        "description": "The audio from `offset` on, while it is made; or events.",
        "content": {
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    206: {"description": "The requested range of a finished file."},
    304: {"description": "The finished file of this range is the one that `If-None-Match` names."},
}


@router.get(
    "/{job_id}/stream",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 410, 416),
)
async def stream(
    request: Request,
    gateway: GatewayDep,
    job_id: str,
    *,
    offset: Annotated[int, Query(ge=0, le=2**53, description="Skip this many bytes.")] = 0,
    attempt: Annotated[
        int,
        Query(
            ge=0,
            le=10**9,
            description="The `X-Oratio-Attempt` of the earlier response. Audio of another attempt is rejected.",
        ),
    ] = 0,
    stream_format: Annotated[Literal["audio", "sse"], Query(description="Plain audio, or events.")] = "audio",
    last_event_id: Annotated[str | None, Header(description="Continue after this event.")] = None,
) -> Response:
    """Stream the audio file of a job that is running or finished, from the first segment on.

    After the end of the job, a request with `Range` gets that range of the stored file.
    """
    attempt, offset = _parse_event_id(last_event_id) if last_event_id is not None else (attempt, offset)
    if "range" in request.headers and stream_format == "audio" and not offset:
        ranged = await run_in_threadpool(_finished_audio, request, gateway, checked_job_id(job_id))
        if ranged is not None:
            return ranged
    with ExitStack() as stack:
        wake_signal = stack.enter_context(gateway.event_bus.wake(checked_job_id(job_id)))
        wake_signal.needs_resync = True
        row = await run_in_threadpool(find_job, gateway.database, job_id)
        events = stream_format == "sse"
        media_type = "text/event-stream" if events else responses.media_type_of(row.format)
        audio = LiveAudio(
            job_id,
            wake_signal,
            event_bus=gateway.event_bus,
            database=gateway.database,
            store=gateway.store,
            offset=offset,
            attempt=attempt,
        )
        if wants_headers_only(request) and not row.is_over:  # neither wait for audio nor count as a listener
            headers = responses.response_headers(job_id, audio, provider=row.provider)
            return StreamingResponse(iter(()), headers=headers, media_type=media_type)
        stack.enter_context(
            gateway.presence.listening(
                job_id, keep=row.options.keep, has_ended=lambda: row.is_over or audio.job_has_ended
            )
        )
        try:
            first = await responses.first_audio(request, audio, within_s=gateway.settings.sync_wait_s)
        except AudioInterrupted as interrupted:
            raise _error_of(interrupted, job_id) from None
        return responses.AudioResponse(
            responses.event_body(first, audio) if events else responses.audio_body(first, audio),
            audio,
            listener=stack.pop_all(),
            media_type=media_type,
            headers=responses.response_headers(job_id, audio, provider=row.provider),
        )


def _finished_audio(request: Request, gateway: Gateway, job_id: str) -> Response | None:
    """Return the requested range of a finished file, or None if the job is not finished. Raises Gone, NotFound."""
    if find_job(gateway.database, job_id).status != JobStatus.COMPLETED:
        return None
    return audio_response.serve(
        request, gateway.store, find_spoken_audio(gateway.database, job_id), download=False
    )


def _parse_event_id(event_id: str) -> tuple[int, int]:
    """Return attempt and offset. Raises InvalidRequest."""
    found = _EVENT_ID.fullmatch(event_id)
    if found is None:
        raise InvalidRequest(
            "Last-Event-ID is not the id of an event of this stream. Leave it out to start from the beginning.",
            code="invalid_event_id",
            param="Last-Event-ID",
        )
    return int(found[1]), int(found[2])


def _error_of(interrupted: AudioInterrupted, job_id: str) -> OratioError:
    if interrupted.code in responses.RETRYABLE:
        return Unavailable(interrupted.message, code=interrupted.code, job_id=job_id, retry_after_s=1)
    if interrupted.code == BEYOND_END:
        return InvalidRequest(interrupted.message, code=interrupted.code, param="offset", job_id=job_id)
    if interrupted.code in ("deleted", "audio_gone"):
        return Gone(interrupted.message, code=interrupted.code, job_id=job_id)
    return Conflict(
        f"This job has no audio to stream: {interrupted.message}", code=interrupted.code, job_id=job_id
    )
