"""Transcode the audio of a finished job. The result is stored beside the original."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GatewayDep
from api.error_handlers import Responses, documented_errors
from api.http.request_scope import address
from api.jobs import transcoding
from api.jobs.lookups import checked_job_id, find_spoken_audio
from api.schemas.rendition import Rendition, RenditionRequest
from common.recordings.queries import SpokenAudio

router = APIRouter(prefix="/jobs", tags=["jobs"])

_RESPONSES: Responses = {
    200: {"model": Rendition, "description": "Finished. `audio_url` is its address."},
    202: {
        "model": Rendition,
        "description": "Not finished yet. `Location` is the future address. Repeat the request to keep waiting.",
    },
}


@router.post(
    "/{job_id}/transcode",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 410, 502, 507),
)
async def transcode(request: Request, gateway: GatewayDep, job_id: str, body: RenditionRequest) -> Response:
    """Transcode the audio of a finished job. `GET /jobs/{job_id}/audio?format=` returns the result."""
    original = await run_in_threadpool(find_spoken_audio, gateway.database, checked_job_id(job_id))
    if body.format == original.format:
        return _completed(request, original, path=f"/jobs/{job_id}/audio")
    path = f"/jobs/{job_id}/audio?format={body.format}"
    await transcoding.check_formats(gateway.worker_cache, body.format, original.format)
    result = await transcoding.transcode(
        job_id,
        body.format,
        database=gateway.database,
        event_bus=gateway.event_bus,
        notifier=gateway.notifier,
        wait_s=gateway.settings.sync_wait_s,
    )
    if isinstance(result, SpokenAudio):
        return _completed(request, result, path=path)
    view = Rendition(job_id=job_id, format=body.format, status=result)
    headers = {"Location": address(request, path)}
    return Response(view.model_dump_json(), 202, headers, media_type="application/json")


def _completed(request: Request, audio: SpokenAudio, *, path: str) -> Response:
    view = Rendition(
        job_id=audio.job_id,
        format=audio.format,
        status="completed",
        audio_url=address(request, path),
        size_bytes=audio.size_bytes,
        duration_s=audio.duration_s,
    )
    return Response(view.model_dump_json(), media_type="application/json")
