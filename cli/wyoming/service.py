"""Speech and voices of the service as a Wyoming server needs them: asynchronous, and as raw samples."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from cli.client.decoding import decode_list
from cli.client.errors import CONNECTION_LOST, ClientError
from cli.client.records import Voice
from common.addresses import is_loopback

RATE_HZ, SAMPLE_BYTES = 24_000, 2
# Before the first audio, the job may wait for other jobs and for the model to load.
_READ_TIMEOUT_S = 900.0
_TIMEOUT = httpx.Timeout(30.0, read=_READ_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class Service:
    """A service at `url`. All methods raise ClientError."""

    url: str
    http: httpx.AsyncClient

    @classmethod
    def at(cls, url: str) -> Self:
        # A proxy set in the environment cannot reach the loopback interface of this machine.
        trust_env = not is_loopback(urlsplit(url).hostname or "")
        return cls(url, httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, trust_env=trust_env))

    async def voices(self) -> list[Voice]:
        """Return the voices that can be spoken now."""
        try:
            response = await self.http.get("/voices")
            await _check(response)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return [voice for voice in decode_list(Voice, response.json(), "voices") if voice.available]

    async def speak(self, text: str, voice: str | None) -> AsyncGenerator[bytes]:
        """Yield the samples of a whole text while it is spoken."""
        body = {"input": text, "voice": voice, "response_format": "pcm"}
        try:
            async with self.http.stream("POST", "/v1/audio/speech", json=body) as response:
                await _check(response)
                async for samples in response.aiter_bytes():
                    yield samples
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def open_text(self, voice: str | None) -> "TextSession":
        """Start an incremental text."""
        address = "ws" + self.url.removeprefix("http") + "/v1/audio/speech/stream"
        try:
            # True is the proxy of the environment.
            socket = await connect(address, max_size=None, proxy=True if self.http.trust_env else None)
            text = TextSession(socket)
            await text.send("session.config", voice=voice, response_format="pcm")
        except (OSError, WebSocketException) as error:
            raise _unreachable(error) from error
        return text


class TextSession:
    """An incremental text, over the WebSocket of the service."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a message. That the connection is lost is seen by `audio`."""
        try:
            await self._socket.send(json.dumps({"type": kind, **fields}))
        except WebSocketException:
            return

    async def audio(self) -> AsyncGenerator[bytes]:
        """Yield the samples until all text is spoken. Raises ClientError."""
        try:
            async for message in self._socket:
                if isinstance(message, bytes):
                    yield message
                elif _is_end(json.loads(message)):
                    return
        except WebSocketException as error:
            raise _unreachable(error) from error
        raise ClientError("The service closed the connection early.", CONNECTION_LOST)

    async def close(self) -> None:
        """Close the connection. The service cancels a text that is not finished."""
        await self._socket.close()


def _is_end(message: Mapping[str, Any]) -> bool:
    """Raises ClientError for an error."""
    if message["type"] == "error":
        raise ClientError(message["error"]["message"], message["error"]["code"])
    return bool(message["type"] == "session.done")


async def _check(response: httpx.Response) -> None:
    """Raises ClientError for an error."""
    if not response.is_error:
        return
    await response.aread()
    try:
        error = response.json()["error"]
        raise ClientError(str(error["message"]), str(error["code"]))
    except (ValueError, KeyError, TypeError):
        raise ClientError(f"The service answered {response.status_code}.", "unexpected_answer") from None


def _unreachable(error: Exception) -> ClientError:
    reason = str(error) or type(error).__name__
    return ClientError(f"The connection to the service was lost: {reason}", CONNECTION_LOST)
