"""A WebSocket that receives text in pieces and returns audio, for agents that speak while they write.

The client sends JSON: first `{"type": "session.config", "voice": …, "response_format": "pcm", …}`, which is optional;
then any number of `{"type": "input.text", "text": …}`; `{"type": "input.flush"}` to speak text that is not a complete
sentence yet; and `{"type": "input.done"}`. The service sends `audio.start` with the id of the job and the format, then
binary frames that together are one file of the format, then `audio.done` and `session.done`. After an error it sends
`error` and closes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import redis
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.dependencies import Gateway, GatewayDep
from api.jobs import job_factory
from api.jobs.job_factory import JobRequest
from api.openai.silence import silence
from api.openai.synthesis_requests import renamed_fields, to_synthesis_request
from api.schemas.speech import SessionConfig
from api.streaming.live_audio import AudioInterrupted, LiveAudio
from api.streaming.task_cancellation import cancel_and_wait
from common.errors import InvalidRequest, OratioError, TooLarge, Unavailable
from common.messaging.text_stream import TextUpdate
from common.speakable_text import is_speakable

router = APIRouter()

# A session without new text for this long is closed.
IDLE_S = 120.0
# Sessions per gateway. Each occupies a worker thread.
SESSIONS_MAX = 200
_EMPTY = TextUpdate("more")
_POLICY_VIOLATION, _INTERNAL_ERROR, _TRY_AGAIN_LATER = 1008, 1011, 1013
_CLOSE_CODES = {
    "synthesis_error": _INTERNAL_ERROR,
    "server_error": _INTERNAL_ERROR,
    "unavailable_error": _TRY_AGAIN_LATER,
}


@router.websocket("/v1/audio/speech/stream")
async def stream_text(websocket: WebSocket, gateway: GatewayDep) -> None:
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        try:
            await _limit_sessions(websocket, gateway)
        except OratioError as error:
            await _send_error(websocket, error.code, error.message, param=error.param, kind=error.type)
        except AudioInterrupted as interrupted:
            await _send_error(websocket, interrupted.code, interrupted.message, kind="synthesis_error")


async def _limit_sessions(websocket: WebSocket, gateway: Gateway) -> None:
    if len(gateway.incremental_sessions) >= SESSIONS_MAX:
        raise Unavailable(
            "Too many sessions are open on this gateway. Try again later.", code="too_many_conversations"
        )
    gateway.incremental_sessions.add(websocket)
    try:
        await _speak(websocket, gateway)
    finally:
        gateway.incremental_sessions.discard(websocket)


async def _speak(websocket: WebSocket, gateway: Gateway) -> None:
    messages = _ClientMessages(websocket, gateway)
    config = await messages.config()
    with renamed_fields():
        synthesis_request = to_synthesis_request(
            config, await gateway.worker_cache.statuses(), gateway.settings, text=""
        )
        job_request = JobRequest(synthesis_request, streamed=True, keep=False, live_text=True)
        job = await job_factory.build_job(
            job_request, settings=gateway.settings, worker_cache=gateway.worker_cache
        )
    with ExitStack() as stack:
        wake_signal = stack.enter_context(gateway.event_bus.wake(job.id))
        await gateway.submissions.submit(job)
        stack.enter_context(gateway.presence.listening(job.id, keep=False))
        await websocket.send_json({"type": "audio.start", "job_id": job.id, "format": job.format})
        audio = LiveAudio(
            job.id,
            wake_signal,
            event_bus=gateway.event_bus,
            database=gateway.database,
            store=gateway.store,
        )
        try:
            async with _running(messages.forward(job.id)) as forwarding:
                while data := await _next(audio, forwarding):
                    await websocket.send_bytes(data)
            size_bytes = audio.offset
        except _NothingToSpeak:  # nobody listens to the job any more, which cancels it
            quiet = silence(config.response_format)
            await websocket.send_bytes(quiet)
            size_bytes = len(quiet)
    await websocket.send_json({"type": "audio.done", "size_bytes": size_bytes})
    await websocket.send_json({"type": "session.done", "job_id": job.id})
    await websocket.close()


async def _next(audio: LiveAudio, forwarding: "asyncio.Task[None]") -> bytes:
    """Return the next audio. Raises errors of the text that is forwarded at the same time."""
    coming = asyncio.ensure_future(audio.next())
    try:
        if not forwarding.done():
            await asyncio.wait({coming, forwarding}, return_when=asyncio.FIRST_COMPLETED)
        if forwarding.done():
            forwarding.result()
        return await coming
    finally:
        await cancel_and_wait(coming)


@asynccontextmanager
async def _running(work: Any) -> "AsyncIterator[asyncio.Task[None]]":
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        await cancel_and_wait(task)


class _NothingToSpeak(Exception):
    """The text has ended without a word."""


class _ClientMessages:
    """The messages that the client sends."""

    def __init__(self, websocket: WebSocket, gateway: Gateway) -> None:
        self._websocket = websocket
        self._gateway = gateway
        self._first_message: dict[str, Any] | None = None
        self._chars = 0
        self._has_speech = False
        self._flushed = 0
        self._idle_at = asyncio.get_running_loop().time() + IDLE_S

    async def config(self) -> SessionConfig:
        """Return the configuration, which a client may omit. Raises InvalidRequest, WebSocketDisconnect."""
        message = await self._next()
        if message["type"] != "session.config":
            self._first_message = message
            message = {}
        session = message.get("session")
        try:
            return SessionConfig.model_validate(session if isinstance(session, dict) else message)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise InvalidRequest(f"{field}: {first['msg']}", param=field or None) from None

    async def forward(self, job_id: str) -> None:
        """Forward text to the worker until it ends. Raises OratioError, _NothingToSpeak, WebSocketDisconnect."""
        ended = False
        while not ended:
            message = self._first_message or await self._next()
            self._first_message = None
            update = self._update(message)
            ended = update.kind == "end"
            if update == _EMPTY:
                continue
            try:
                await self._gateway.event_bus.write_text(job_id, update)
            except redis.RedisError:
                raise Unavailable(
                    "The queue does not answer. Open a new session.", code="queue_unavailable"
                ) from None

    def _update(self, message: dict[str, Any]) -> TextUpdate:
        kind = message["type"]
        if kind == "input.flush":
            return self._flush()
        if kind == "input.done":
            if not self._has_speech:
                raise _NothingToSpeak
            return TextUpdate("end")
        if kind != "input.text":
            raise InvalidRequest("type must be input.text, input.flush or input.done.", param="type")
        return TextUpdate("more", self._text(message.get("text")))

    def _flush(self) -> TextUpdate:
        """A flush without new text does nothing."""
        if self._flushed == self._chars:
            return _EMPTY
        self._flushed = self._chars
        return TextUpdate("flush")

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise InvalidRequest("text must be a string.", param="text")
        text = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
        self._chars += len(text)
        if text:
            self._idle_at = asyncio.get_running_loop().time() + IDLE_S
        self._has_speech = self._has_speech or is_speakable(text)
        if self._chars > self._gateway.settings.max_text_chars:
            limit = self._gateway.settings.max_text_chars
            raise TooLarge(
                f"The text is longer than the limit of {limit} characters. Split it, or raise ORATIO_MAX_TEXT_CHARS.",
                code="text_too_long",
                param="text",
            )
        return text

    async def _next(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout_at(self._idle_at):
                raw = await self._websocket.receive_text()
        except TimeoutError:
            raise InvalidRequest(f"No text arrived for {IDLE_S:.0f} s.", code="idle") from None
        except KeyError:
            raise InvalidRequest("Send JSON in text messages. Binary messages are not supported.") from None
        try:
            message = json.loads(raw)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise InvalidRequest('Send JSON objects such as {"type": "input.text", "text": "Hello."}.')
        return message


async def _send_error(
    websocket: WebSocket, code: str, message: str, *, kind: str, param: str | None = None
) -> None:
    error = {"message": message, "type": kind, "param": param, "code": code}
    with suppress(RuntimeError):  # already closed
        await websocket.send_json({"type": "error", "error": error})
        await websocket.close(_CLOSE_CODES.get(kind, _POLICY_VIOLATION))
