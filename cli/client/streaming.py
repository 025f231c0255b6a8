"""Streams the audio of a job while it is synthesized."""

import time
from base64 import b64decode
from collections.abc import Generator, Iterator, Mapping
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx

from cli.client.connection import RETRY_DELAY_S, Connection, translate_errors
from cli.client.errors import CONNECTION_LOST, ClientError
from cli.client.events import GIVE_UP_AFTER_S, Event, parse

# Before the first audio, the job may wait for other jobs and for the model to load.
_READ_TIMEOUT_S = 900.0
_STREAM_BROKEN = "stream_broken"
# The gateway stops with these codes, but the job continues.
_TEMPORARY_CODES = ("stopping",)


class SpeechStream:
    """Iterate over the stream to get the audio as chunks of bytes.

    The constructor returns when the first audio is available. `job_id` is empty if the service did not send it.

    If the audio ends early, iteration raises ClientError, never StopIteration. If only the connection breaks, the
    stream reconnects and resumes where it was. If it is closed early, the service cancels the job, unless `keep` was
    set.

    The audio arrives as server-sent events. Each event has an id that names its position and its attempt, so a resumed
    stream never mixes two attempts of a job, and an error arrives with its message.
    """

    def __init__(self, connection: Connection, body: dict[str, Any]) -> None:
        self._connection = connection
        request_body = body | {"stream_format": "sse"}
        self._response = connection.send(
            "POST", "/v1/audio/speech", json=request_body, read_timeout_s=_READ_TIMEOUT_S
        )
        self._last_event_id: str | None = None
        self.job_id: str = self._response.headers.get("x-oratio-job-id", "")
        self.size_bytes = 0
        self._chunks = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._chunks.close()
        self._response.close()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def _read(self) -> Generator[bytes, None, None]:
        lost_at = time.monotonic() + GIVE_UP_AFTER_S
        while True:
            had_bytes = self.size_bytes
            try:
                yield from self._read_once()
                return
            except ClientError as failure:
                self._response.close()
                if self.size_bytes > had_bytes:
                    lost_at = time.monotonic() + GIVE_UP_AFTER_S
                if not failure.is_lost or not self.job_id or time.monotonic() > lost_at:
                    self._give_up(failure)
            time.sleep(RETRY_DELAY_S)

    def _read_once(self) -> Iterator[bytes]:
        if self._response.is_closed:
            self._response = self._reopen()
        with translate_errors():
            for event in parse(self._response.iter_lines()):
                if event.data.get("type") == "speech.audio.done":
                    return
                yield self._decode_audio(event)
        raise ClientError("The service closed the stream early.", CONNECTION_LOST)

    def _decode_audio(self, event: Event) -> bytes:
        if event.data.get("type") == "error":
            raise _event_error(event.data.get("error") or {})
        chunk = b64decode(event.data.get("audio", ""))
        self._last_event_id = event.id or self._last_event_id
        self.size_bytes += len(chunk)
        return chunk

    def _reopen(self) -> httpx.Response:
        return self._connection.send(
            "GET",
            f"/jobs/{self.job_id}/stream",
            params={"stream_format": "sse"},
            headers={"Last-Event-ID": self._last_event_id} if self._last_event_id else {},
            read_timeout_s=_READ_TIMEOUT_S,
        )

    def _give_up(self, failure: ClientError) -> NoReturn:
        raise ClientError(
            f"The audio ended early, after {self.size_bytes:,} bytes. {failure.message}",
            _STREAM_BROKEN if failure.is_lost else failure.code,
            status=failure.status,
            job_id=self.job_id or None,
        ) from failure


def _event_error(error: Mapping[str, Any]) -> ClientError:
    code = str(error.get("code") or _STREAM_BROKEN)
    return ClientError(str(error.get("message")), CONNECTION_LOST if code in _TEMPORARY_CODES else code)
