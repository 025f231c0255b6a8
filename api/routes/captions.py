"""Captions of a recording: subtitles for players, and JSON for programs."""

import hashlib
import json
from collections.abc import Callable
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
from common.recordings.captions import as_document, as_srt, as_vtt
from common.recordings.queries import SpokenAudio, find_captions

router = APIRouter(prefix="/jobs", tags=["jobs"])

_ERRORS = documented_errors(400, 404, 409, 410)
_NOT_MODIFIED: Responses = {304: {"description": "Not modified: `If-None-Match` names the current content."}}

Download = Annotated[bool, Query(description="Let browsers save the file.")]
Rendering = Callable[[list[Any], SpokenAudio], str]


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
    return _serve(
        request, database, job_id, _as_srt, kind="srt", media_type="application/x-subrip", download=download
    )


@router.get(
    "/{job_id}/captions.vtt",
    summary="WebVTT captions",
    response_class=Response,
    responses=_documented("text/vtt", _TEXT),
)
def vtt(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """Captions as WebVTT, with voices if there are several."""
    media_type = "text/vtt; charset=utf-8"
    return _serve(request, database, job_id, _as_vtt, kind="vtt", media_type=media_type, download=download)


@router.get(
    "/{job_id}/captions.json",
    summary="Captions as JSON",
    response_class=Response,
    responses=_JSON | _NOT_MODIFIED | _ERRORS,
)
def document(request: Request, database: DatabaseDep, job_id: str, *, download: Download = False) -> Response:
    """All segments, and words if the model provides their times, with their positions in the text."""
    return _serve(
        request, database, job_id, _as_json, kind="json", media_type="application/json", download=download
    )


def _serve(
    request: Request,
    database: Database,
    job_id: str,
    rendering: Rendering,
    *,
    kind: str,
    media_type: str,
    download: bool,
) -> Response:
    audio = find_spoken_audio(database, checked_job_id(job_id))
    content = rendering(_find_captions(database, job_id), audio).encode()
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
    return Response(content, headers=headers, media_type=media_type)


def _find_captions(database: Database, job_id: str) -> list[Any]:
    """Raises NotFound."""
    with database.read() as connection:
        captions = find_captions(connection, job_id, owner=OWNER)
    if captions is None:
        message = "This recording has no captions, because it was made before captions were stored."
        raise NotFound(message, code="no_captions", job_id=job_id)
    return captions


def _as_srt(captions: list[Any], audio: SpokenAudio) -> str:
    return as_srt(captions, text=audio.text, duration_s=audio.duration_s)


def _as_vtt(captions: list[Any], audio: SpokenAudio) -> str:
    return as_vtt(captions, text=audio.text, duration_s=audio.duration_s)


def _as_json(captions: list[Any], audio: SpokenAudio) -> str:
    content = as_document(captions, text=audio.text, job_id=audio.job_id, duration_s=audio.duration_s)
    return json.dumps(content)
