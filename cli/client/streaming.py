"""Speech while it is being made."""

import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

from cli.client.connection import AGAIN_AFTER_S, Connection, translated
from cli.client.events import LOST_AFTER_S
from cli.client.failure import Failed
from cli.client.reading import made
from cli.client.records import Job

# Before the first sound a model may have to be loaded, and others may be served.
_SILENCE_S = 900.0
_BROKEN = "stream_broken"


class SpeechStream:
    """Iterate over it for the bytes; it is there once the first of them are. `job_id` is empty if nobody told it.

    Closing it before the end cancels the job, unless it was to be kept. An end that is not the end of the speech raises
    Failed, never StopIteration. What is kept goes on where it was when only the connection broke.
    """

    def __init__(self, connection: Connection, body: dict[str, Any]) -> None:
        self._connection = connection
        self._keep = bool(body["keep"])
        self._answer = connection.open("POST", "/v1/audio/speech", json=body, silence_s=_SILENCE_S)
        self.job_id: str = self._answer.headers.get("x-oratio-job-id", "")
        self.media_type: str = self._answer.headers.get("content-type", "")
        self.size_bytes = 0
        self._chunks = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._answer.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def _read(self) -> Iterator[bytes]:
        lost_at = time.monotonic() + LOST_AFTER_S
        while True:
            before_bytes = self.size_bytes
            try:
                yield from self._counted(self._answer)
                return
            except Failed as failure:
                self._answer.close()
                if self.size_bytes > before_bytes:
                    lost_at = time.monotonic() + LOST_AFTER_S
                if not failure.is_lost or time.monotonic() > lost_at:
                    raise self._broken(failure.message) from failure
                self._look(failure)
            time.sleep(AGAIN_AFTER_S)
            self._reopen()

    def _counted(self, answer: httpx.Response) -> Iterator[bytes]:
        with translated():
            for chunk in answer.iter_bytes():
                self.size_bytes += len(chunk)
                yield chunk

    def _look(self, failure: Failed) -> None:
        """Raises Failed when the speech cannot go on."""
        if not self.job_id:
            raise self._broken(failure.message) from failure
        try:
            job = made(Job, self._connection.ask("GET", f"/jobs/{self.job_id}", lost_within_s=LOST_AFTER_S))
        except Failed as gone:
            raise self._broken(gone.message) from failure
        if job.error:
            raise self._broken(job.error.message, code=job.error.code) from failure
        if job.status == "cancelled":
            raise self._broken("The job was cancelled.") from failure
        if not self._keep:
            raise self._broken(failure.message) from failure

    def _reopen(self) -> None:
        try:
            self._answer = self._connection.open(
                "GET",
                f"/jobs/{self.job_id}/stream",
                params={"offset": self.size_bytes},
                silence_s=_SILENCE_S,
            )
        except Failed as failure:
            if not failure.is_lost:
                raise self._broken(failure.message) from failure

    def _broken(self, why: str, *, code: str = _BROKEN) -> Failed:
        return Failed(
            f"The speech broke off after {self.size_bytes:,} bytes. {why}", code, job_id=self.job_id or None
        )
