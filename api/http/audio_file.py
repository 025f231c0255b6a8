"""A file of audio as an answer: whole or a part of it, with what lets a client seek and not ask twice."""

from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from itertools import chain

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import error_handlers
from api.dependencies import OWNER, here
from api.http import file_names
from api.http.ranges import Span, is_known, wanted_span
from api.jobs.lookups import living_job
from common.errors import Conflict, Gone, RangeNotSatisfiable
from common.formats import MEDIA_TYPES
from common.recordings import renditions
from common.recordings.queries import SpokenAudio, find_audio
from common.status import JobStatus
from common.store import Store


def find(request: Request, job_id: str, *, audio_format: str | None = None) -> SpokenAudio:
    """By the recording, which outlives the job's row; in its own format or another.

    Raises NotFound, Gone, Conflict.
    """
    with here(request).database.read() as connection:
        audio = find_audio(connection, [job_id], owner=OWNER).get(job_id)
        if audio is not None and audio_format in (None, audio.format):
            return audio
        if audio is not None:
            return _rendition(connection, audio, str(audio_format))
        job = living_job(connection, job_id)
    if job.status == JobStatus.COMPLETED:
        raise _gone(job_id)
    raise Conflict(f"There is no audio: this job is {job.status}.", code="audio_not_ready", job_id=job_id)


def _rendition(connection: Connection, original: SpokenAudio, audio_format: str) -> SpokenAudio:
    """Raises Conflict."""
    job_id = original.job_id
    row = renditions.find(connection, job_id, audio_format=audio_format, owner=OWNER)
    if row is None or row.status != JobStatus.COMPLETED or row.audio is None:
        message = (
            f"There is no {audio_format} of this recording yet: POST /jobs/{job_id}/transcode with"
            f' {{"format": "{audio_format}"}} first.'
        )
        raise Conflict(message, code="not_transcoded", param="format", job_id=job_id)
    return replace(
        original,
        format=audio_format,
        key=row.audio.key,
        sha256=row.audio.sha256,
        duration_s=row.audio.duration_s,
        size_bytes=row.audio.size_bytes,
        created_at=row.audio.created_at,
    )


def serve(request: Request, audio: SpokenAudio, *, download: bool) -> Response:
    """Raises Gone."""
    etag = f'"{audio.sha256}"'
    headers = _headers(audio, etag=etag, download=download)
    if is_known(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    try:
        span = wanted_span(
            request.headers, size=audio.size_bytes, etag=etag, changed=headers["Last-Modified"]
        )
    except RangeNotSatisfiable as refusal:
        response = error_handlers.answer(refusal)
        response.headers["Content-Range"] = f"bytes */{audio.size_bytes}"
        return response
    whole = Span(0, audio.size_bytes)
    sent = span or whole
    headers["Content-Length"] = str(sent.end - sent.start)
    if span:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{audio.size_bytes}"
    status, media_type = 206 if span else 200, MEDIA_TYPES[audio.format][0]
    chunks = _opened(here(request).store, audio, sent)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(chunks, status, headers, media_type)


def _opened(store: Store, audio: SpokenAudio, span: Span) -> Iterator[bytes]:
    """The first bytes are read before the headers go out, so that a missing file is an answer and not a break."""
    chunks = store.read(audio.key, start=span.start, end=span.end)
    try:
        first = next(chunks, b"")
    except FileNotFoundError:
        raise _gone(audio.job_id) from None
    return chain((first,), chunks)


def _headers(audio: SpokenAudio, *, etag: str, download: bool) -> dict[str, str]:
    named = file_names.disposition(
        audio.title, job_id=audio.job_id, extension=MEDIA_TYPES[audio.format][1], download=download
    )
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": named,
        "ETag": etag,
        "Last-Modified": formatdate(audio.created_at, usegmt=True),
    }


def _gone(job_id: str) -> Gone:
    return Gone("The audio of this job was removed.", code="audio_gone", job_id=job_id)
