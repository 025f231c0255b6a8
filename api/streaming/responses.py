"""Stream audio while it is made, as plain audio or as server-sent events.

A failure before the first byte is an error response. A failure after it cannot be mistaken for a complete response: the
connection breaks in the middle of the body, or the last event is an error.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.server_sent_events import write_message
from api.streaming.live_audio import AudioInterrupted, LiveAudio
from api.streaming.task_cancellation import cancel_and_wait
from common.formats import MEDIA_TYPES
from common.logs import get_logger

log = get_logger(__name__)

NOT_BEGUN = "not_begun"
WAV_HEADER_BYTES = 44
# Codes of interruptions that the job did not cause.
RETRYABLE = frozenset({NOT_BEGUN, "stopping"})
# Opus comes in an Ogg container, but OpenAI clients expect the type of the codec.
_SPOKEN_TYPES = {name: media_type for name, (media_type, _) in MEDIA_TYPES.items()} | {"opus": "audio/opus"}


def media_type_of(audio_format: str) -> str:
    return _SPOKEN_TYPES[audio_format]


def response_headers(job_id: str, audio: LiveAudio, *, provider: str) -> dict[str, str]:
    """Return the headers of a stream, when its first audio is known. Proxies must not buffer it."""
    return {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "X-Oratio-Attempt": str(audio.attempt),
        "X-Oratio-Job-Id": job_id,
        "X-Oratio-Provider": provider,
    }


class AudioResponse(StreamingResponse):
    """Sends `body`, which reads `audio`.

    `listener` is closed however the response ends. `on_delivered` is called if all of it was sent.
    """

    def __init__(
        self,
        body: AsyncIterator[bytes],
        audio: LiveAudio,
        *,
        listener: ExitStack,
        media_type: str,
        headers: Mapping[str, str],
        on_delivered: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(body, headers=headers, media_type=media_type)
        self._audio = audio
        self._listener = listener
        self._on_delivered = on_delivered
        self._is_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._listener:
            try:
                await super().__call__(scope, receive, send)
            except AudioInterrupted as interrupted:
                # The server closes the connection of a response that did not end.
                log.info("a stream is broken off", code=interrupted.code)
        if self._on_delivered is not None and self._is_sent and self._audio.ended:
            self._on_delivered()

    async def stream_response(self, send: Send) -> None:
        await super().stream_response(send)
        self._is_sent = True


async def first_audio(request: Request, audio: LiveAudio, *, within_s: float) -> bytes:
    """Wait for the first bytes. Raises AudioInterrupted (`not_begun` after `within_s`) and ClientDisconnect."""
    coming = asyncio.ensure_future(audio.next())
    disconnected = asyncio.ensure_future(_wait_for_disconnect(request))
    try:
        await asyncio.wait({coming, disconnected}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        if disconnected.done():
            raise ClientDisconnect
        raise AudioInterrupted(
            NOT_BEGUN, "No audio was ready in time. Send the same request again to continue waiting."
        )
    finally:
        await cancel_and_wait(coming, disconnected)


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def audio_body(first: bytes, audio: LiveAudio) -> AsyncIterator[bytes]:
    """Yield audio. Raises AudioInterrupted, which breaks the connection."""
    data = first
    while data:
        yield data
        data = await audio.next()


async def without_wav_header(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield only the samples of a WAV file."""
    header = WAV_HEADER_BYTES
    async for data in body:
        if samples := data[header:]:
            yield samples
        header = max(0, header - len(data))


async def event_body(first: bytes, audio: LiveAudio) -> AsyncIterator[bytes]:
    """Yield OpenAI's speech events. The id of an event is the attempt and the offset after it."""
    data = first
    try:
        while data:
            yield _event(_delta(data), event_id=f"{audio.attempt}-{audio.offset}")
            data = await audio.next()
    except AudioInterrupted as interrupted:
        error = {
            "message": interrupted.message,
            "type": "synthesis_error",
            "param": None,
            "code": interrupted.code,
        }
        yield _event({"type": "error", "error": error})
        return
    yield _event({"type": "speech.audio.done", "usage": _usage(audio)})


def _delta(data: bytes) -> dict[str, Any]:
    return {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()}


def _event(data: Mapping[str, Any], *, event_id: str | None = None) -> bytes:
    return write_message(data, event_id=event_id).encode()


def _usage(audio: LiveAudio) -> dict[str, int]:
    """Count characters as input tokens and tenths of a second as output tokens, since there are no real tokens."""
    row = audio.row
    chars = row.chars if row else 0
    tenths = round(10 * (row.duration_s or 0)) if row else 0
    return {"input_tokens": chars, "output_tokens": tenths, "total_tokens": chars + tenths}
