"""A job heard while it is spoken, and after: from any byte on, by any gateway."""

import re
from contextlib import ExitStack
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GatewayDep
from api.error_handlers import Responses, documented
from api.jobs.lookups import checked_id, find_job
from api.streaming import responses
from api.streaming.live_audio import BEYOND_END, AudioInterrupted, LiveAudio
from common.errors import Conflict, Gone, InvalidRequest, OratioError, Unavailable

router = APIRouter(prefix="/jobs", tags=["jobs"])

_PLACE = re.compile(r"(\d{1,9})-(\d{1,15})")
_ANSWERS: Responses = {
    200: {
        "description": "The audio from `offset` on, as it is made; or events.",
        "content": {
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/{job_id}/stream", response_class=Response, responses=_ANSWERS | documented(400, 404, 409, 410))
async def stream(
    request: Request,
    gateway: GatewayDep,
    job_id: str,
    *,
    offset: Annotated[int, Query(ge=0, le=2**53, description="Go on behind so many bytes.")] = 0,
    attempt: Annotated[
        int, Query(ge=0, le=10**9, description="What `X-Oratio-Attempt` said: another take is refused.")
    ] = 0,
    stream_format: Annotated[Literal["audio", "sse"], Query(description="Plain audio, or events.")] = "audio",
    last_event_id: Annotated[str | None, Header(description="Go on behind this event.")] = None,
) -> Response:
    """Listen to a job that is being spoken, or was: the bytes of its file in one stream, from the first segment on."""
    attempt, offset = _place(last_event_id) if last_event_id is not None else (attempt, offset)
    with ExitStack() as stack:
        wake_signal = stack.enter_context(gateway.event_bus.wake(checked_id(job_id)))
        wake_signal.has_news = True
        row = await run_in_threadpool(find_job, gateway.database, job_id)
        stack.enter_context(gateway.presence.seat(job_id, keep=row.options.keep))
        sound = LiveAudio(
            job_id,
            wake_signal,
            event_bus=gateway.event_bus,
            database=gateway.database,
            store=gateway.store,
            offset=offset,
            attempt=attempt,
        )
        try:
            first = await responses.first_audio(request, sound, within_s=gateway.settings.sync_wait_s)
        except AudioInterrupted as broken:
            raise _refusal(broken, job_id) from None
        events = stream_format == "sse"
        return responses.AudioResponse(
            responses.event_body(first, sound) if events else responses.audio_body(first, sound),
            sound,
            listener=stack.pop_all(),
            media_type="text/event-stream" if events else responses.media_type_of(row.format),
            headers=responses.headers_of(job_id, sound, provider=row.provider),
        )


def _place(event_id: str) -> tuple[int, int]:
    """Attempt and offset. Raises InvalidRequest."""
    found = _PLACE.fullmatch(event_id)
    if found is None:
        raise InvalidRequest(
            "Last-Event-ID is not the id of an event of this stream; leave it out to begin at the start.",
            code="invalid_event_id",
            param="Last-Event-ID",
        )
    return int(found[1]), int(found[2])


def _refusal(broken: AudioInterrupted, job_id: str) -> OratioError:
    if broken.code in responses.WORTH_ANOTHER_TRY:
        return Unavailable(broken.message, code=broken.code, job_id=job_id, retry_after_s=1)
    if broken.code == BEYOND_END:
        return InvalidRequest(broken.message, code=broken.code, param="offset", job_id=job_id)
    if broken.code in ("deleted", "audio_gone"):
        return Gone(broken.message, code=broken.code, job_id=job_id)
    return Conflict(f"There is nothing to listen to: {broken.message}", code=broken.code, job_id=job_id)
