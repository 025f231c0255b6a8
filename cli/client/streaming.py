"""Speech while it is being made."""

import time
from base64 import b64decode
from collections.abc import Generator, Iterator, Mapping
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx

from cli.client.connection import AGAIN_AFTER_S, Connection, translated
from cli.client.errors import LOST, Failed
from cli.client.events import LOST_AFTER_S, Event, parse

# Before the first sound a model may have to be loaded, and others may be served.
_SILENCE_S = 900.0
_BROKEN = "stream_broken"
# The gateway goes, the job does not.
_PASSING = ("stopping",)


class SpeechStream:
    """Iterate over it for the bytes; it is there once the first of them are. `job_id` is empty if nobody told it.

    An end that is not the end of the speech raises Failed, never StopIteration. When only the connection broke, it goes
    on where it was. Closing it before the end lets the service cancel the job, unless it was to be kept.

    The sound comes as events: each names its place, so that going on elsewhere cannot mix two takes of the speech, and
    what goes wrong is told in words.
    """

    def __init__(self, connection: Connection, body: dict[str, Any]) -> None:
        self._connection = connection
        asked = body | {"stream_format": "sse"}
        self._answer = connection.open("POST", "/v1/audio/speech", json=asked, silence_s=_SILENCE_S)
        self._place: str | None = None
        self.job_id: str = self._answer.headers.get("x-oratio-job-id", "")
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
        self._answer.close()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def _read(self) -> Generator[bytes, None, None]:
        lost_at = time.monotonic() + LOST_AFTER_S
        while True:
            had_bytes = self.size_bytes
            try:
                yield from self._until_done()
                return
            except Failed as failure:
                self._answer.close()
                if self.size_bytes > had_bytes:
                    lost_at = time.monotonic() + LOST_AFTER_S
                if not failure.is_lost or not self.job_id or time.monotonic() > lost_at:
                    self._give_up(failure)
            time.sleep(AGAIN_AFTER_S)

    def _until_done(self) -> Iterator[bytes]:
        if self._answer.is_closed:
            self._answer = self._reopened()
        with translated():
            for event in parse(self._answer.iter_lines()):
                if event.data.get("type") == "speech.audio.done":
                    return
                yield self._sound(event)
        raise Failed("The service ended it without a word.", LOST)

    def _sound(self, event: Event) -> bytes:
        if event.data.get("type") == "error":
            raise _as_failure(event.data.get("error") or {})
        chunk = b64decode(event.data.get("audio", ""))
        self._place = event.id or self._place
        self.size_bytes += len(chunk)
        return chunk

    def _reopened(self) -> httpx.Response:
        return self._connection.open(
            "GET",
            f"/jobs/{self.job_id}/stream",
            params={"stream_format": "sse"},
            headers={"Last-Event-ID": self._place} if self._place else {},
            silence_s=_SILENCE_S,
        )

    def _give_up(self, failure: Failed) -> NoReturn:
        raise Failed(
            f"The speech broke off after {self.size_bytes:,} bytes. {failure.message}",
            _BROKEN if failure.is_lost else failure.code,
            status=failure.status,
            job_id=self.job_id or None,
        ) from failure


def _as_failure(told: Mapping[str, Any]) -> Failed:
    code = str(told.get("code") or _BROKEN)
    return Failed(str(told.get("message")), LOST if code in _PASSING else code)
