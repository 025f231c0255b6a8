"""Captions of a recording: subtitles for players, and JSON for programs."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import DatabaseDep
from api.error_handlers import Responses, documented_errors
from api.http import file_names
from api.http.ranges import etag_matches
from api.jobs.lookups import checked_job_id, find_spoken_audio
from api.owner import OWNER
from api.schemas.captions import CaptionDocument
from common.db.database import Database
from common.errors import NotFound
from common.recordings.caption_formats import MEDIA_TYPES, render_captions
from common.recordings.captions import Caption
from common.recordings.queries import SpokenAudio, find_captions

router = APIRouter(prefix="/jobs", tags=["jobs"])

_ERRORS = documented_errors(400, 404, 409, 410)
_NOT_MODIFIED: Responses = {304: {"description": "Not modified: `If-None-Match` names the current content."}}

Download = Annotated[bool, Query(description="Let browsers save the file.")]


def _documented(media_type: str, schema: Any) -> Responses:
    response = {"description": "The captions.", "content": {media_type: {"schema": schema}}}
    return {200: response} | _NOT_MODIFIED | _ERRORS


_TEXT = {"type": "string"}
_JSON: Responses = {200: {"model": CaptionDocument, "description": "The captions."}}


@router.get(
    "/{job_id}/captions.srt",
    summary="SubRip captions",
    response_class=Response,
    responses=_documented("application/x-subrip", _TEXT),
)
def srt(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """Captions as SubRip."""
    return _serve(request, database, job_id, kind="srt", download=download)


@router.get(
    "/{job_id}/captions.vtt",
    summary="WebVTT captions",
    response_class=Response,
    responses=_documented("text/vtt", _TEXT),
)
def vtt(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """Captions as WebVTT, with voices if there are several."""
    return _serve(request, database, job_id, kind="vtt", download=download)


@router.get(
    "/{job_id}/captions.ass",
    summary="SubStation Alpha captions",
    response_class=Response,
    responses=_documented("text/x-ssa", _TEXT),
)
def ass(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """Captions as Advanced SubStation Alpha, with words that light up when they are spoken."""
    return _serve(request, database, job_id, kind="ass", download=download)


@router.get(
    "/{job_id}/captions.json",
    summary="Captions as JSON",
    response_class=Response,
    responses=_JSON | _NOT_MODIFIED | _ERRORS,
)
def document(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """All segments, and words if the model provides their times, with their positions in the text."""
    return _serve(request, database, job_id, kind="json", download=download)


def _serve(request: Request, database: Database, job_id: str, *, kind: str, download: bool) -> Response:
    audio = find_spoken_audio(database, checked_job_id(job_id))
    content = _render(_find_captions(database, job_id), audio, kind=kind)
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": file_names.content_disposition(
            audio.title, job_id=job_id, extension=kind, download=download
        ),
        "ETag": etag,
    }
    if etag_matches(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[kind])


def _find_captions(database: Database, job_id: str) -> list[Caption]:
    """Raises NotFound."""
    with database.read() as connection:
        captions = find_captions(connection, job_id, owner=OWNER)
    if captions is None:
        message = "This recording has no captions, because it was made before captions were stored."
        raise NotFound(message, code="no_captions", job_id=job_id)
    return captions


def _render(captions: list[Caption], audio: SpokenAudio, *, kind: str) -> bytes:
    return render_captions(
        captions, kind=kind, text=audio.text, job_id=audio.job_id, duration_s=audio.duration_s
    )
