"""Serve an audio file, whole or in ranges, with an entity tag so that clients can seek and cache."""

from collections.abc import Iterator
from email.utils import formatdate
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import error_handlers
from api.http import file_names
from api.http.ranges import Span, etag_matches, requested_span
from api.jobs.lookups import audio_removed
from common.errors import RangeNotSatisfiable
from common.formats import MEDIA_TYPES
from common.recordings.queries import SpokenAudio
from common.store import Store


def serve(request: Request, store: Store, audio: SpokenAudio, *, download: bool) -> Response:
    """Return the response. Raises Gone."""
    etag = f'"{audio.sha256}"'
    headers = _headers(audio, etag=etag, download=download)
    if etag_matches(request.headers, etag=etag):
        return Response(status_code=304, headers=headers)
    try:
        span = requested_span(
            request.headers, size=audio.size_bytes, etag=etag, last_modified=headers["Last-Modified"]
        )
    except RangeNotSatisfiable as error:
        response = error_handlers.response_for(error)
        response.headers["Content-Range"] = f"bytes */{audio.size_bytes}"
        return response
    whole = Span(0, audio.size_bytes)
    sent_span = span or whole
    headers["Content-Length"] = str(sent_span.end - sent_span.start)
    if span:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{audio.size_bytes}"
    status, media_type = 206 if span else 200, MEDIA_TYPES[audio.format][0]
    first, rest = _open(store, audio, sent_span)
    if len(first) == sent_span.end - sent_span.start:
        # A streaming response would cost more hops to a thread.
        return Response(first, status, headers, media_type)
    return StreamingResponse(chain((first,), rest), status, headers, media_type)


def _open(store: Store, audio: SpokenAudio, span: Span) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes and the rest. A missing file is an error response, not a broken one. Raises Gone."""
    chunks = store.read(audio.key, start=span.start, end=span.end)
    try:
        return next(chunks, b""), chunks
    except FileNotFoundError:
        raise audio_removed(audio.job_id) from None


def _headers(audio: SpokenAudio, *, etag: str, download: bool) -> dict[str, str]:
    name = file_names.content_disposition(
        audio.title, job_id=audio.job_id, extension=MEDIA_TYPES[audio.format][1], download=download
    )
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": name,
        "ETag": etag,
        "Last-Modified": formatdate(audio.created_at, usegmt=True),
    }
