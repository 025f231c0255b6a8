"""The client: one method for each request to the service."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, Unpack

from cli.client.connection import Connection, OnWait
from cli.client.decoding import R, decode, decode_list
from cli.client.errors import ClientError
from cli.client.events import GIVE_UP_AFTER_S, Event, follow
from cli.client.files import AudioFile, atomic_write, download_file, save_response
from cli.client.model_records import Download, Downloads, ModelCommands, ModelsStatus
from cli.client.records import DeletionResult, Job, Progress, Recording, Rendition, Status, Voice
from cli.client.streaming import SpeechStream
from cli.client.synthesis_options import SynthesisOptions, speech_body, synthesis_body
from cli.client.worker_records import Estimate, Workers

Captions = Literal["srt", "vtt", "json", "ass"]
# The largest page and batch that the service accepts.
_PAGE_SIZE = 100
_BATCH_SIZE = 100
_TRANSCODE_READ_TIMEOUT_S = 300.0


class Client:
    """A client of the service at `url`. Every method raises ClientError.

    If the service answers 429 or 503, a request is retried for up to `max_wait_s` seconds. `on_wait` is called before
    each of these waits.
    """

    def __init__(self, url: str, *, max_wait_s: float = 60.0, on_wait: OnWait | None = None) -> None:
        self._connection = Connection(url.rstrip("/"), max_wait_s=max_wait_s, on_wait=on_wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def submit(self, text: str, *, key: str | None = None, **options: Unpack[SynthesisOptions]) -> Job:
        """Submit a text and return the accepted job without waiting for it.

        `key` is an idempotency key: the same key with the same text and options returns the same job.
        """
        response = self._connection.request_json(
            "POST",
            "/synthesize",
            params={"async_mode": "true"},
            json=synthesis_body(text, options),
            # If the answer is lost, the retry must not create a second job.
            headers={"Idempotency-Key": key or secrets.token_hex(16)},
            retry_for_s=2.0,
        )
        return decode(Job, response)

    def stream(self, text: str, *, keep: bool = False, **options: Unpack[SynthesisOptions]) -> SpeechStream:
        """Return the audio as a stream. With `keep` the job finishes even if the stream is closed early."""
        return SpeechStream(self._connection, speech_body(text, options, keep=keep))

    def job(self, job_id: str) -> Job:
        return decode(Job, self._connection.request_json("GET", f"/jobs/{job_id}"))

    def jobs(
        self,
        *,
        status: Status | None = None,
        voice_id: str | None = None,
        model: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Job]:
        """Yield jobs, newest first. Pages are requested as needed."""
        filters = {"status": status, "voice_id": voice_id, "model": model}
        return self._pages("/jobs", Job, limit=limit, filters=filters)

    def cancel(self, job_id: str) -> Job:
        return decode(Job, self._connection.request_json("POST", f"/jobs/{job_id}/cancel"))

    def retry(self, job_id: str) -> Job:
        return decode(Job, self._connection.request_json("POST", f"/jobs/{job_id}/retry"))

    def delete(self, job_id: str) -> None:
        """Delete a job with its recording and audio."""
        self._connection.request_json("DELETE", f"/jobs/{job_id}")

    def delete_jobs(self, job_ids: Sequence[str]) -> list[DeletionResult]:
        """Return one result for each job id."""
        return self._delete_many("/jobs/batch_delete", job_ids)

    def events(self, job_id: str, *, last_event_id: str | None = None) -> Iterator[Event]:
        """Yield the events of a job until it ends. Reconnects if the connection breaks."""
        return follow(self._connection, f"/jobs/{job_id}", last_event_id=last_event_id)

    def result(self, job_id: str, *, on_progress: Callable[[Progress], None] | None = None) -> Job:
        """Wait for a job and return it. Raises ClientError with the code of the job if it did not complete."""
        job = self.wait(job_id, on_progress=on_progress)
        if job.status == "completed":
            return job
        error = job.error
        message = error.message if error else f"The job was {job.status}."
        raise ClientError(message, error.code if error else job.status, job_id=job_id)

    def wait(self, job_id: str, *, on_progress: Callable[[Progress], None] | None = None) -> Job:
        """Wait until a job has ended, with whatever status, and return it."""
        notify = on_progress or (lambda _: None)
        while True:
            for event in self.events(job_id):
                # The data of a snapshot is a whole job, that of other events is the progress.
                progress = decode(Progress, event.data.get("progress") or event.data)
                if progress.segments_total and not event.is_last:
                    notify(progress)
            job = decode(
                Job, self._connection.request_json("GET", f"/jobs/{job_id}", retry_for_s=GIVE_UP_AFTER_S)
            )
            if job.is_terminal:
                if job.progress.segments_total:
                    notify(job.progress)
                return job

    def download(self, job_id: str, target: Path, *, audio_format: str | None = None) -> int:
        """Save the audio of a job or recording and return its size in bytes.

        `audio_format` must be the format of the audio, or one that `transcode` has made.
        """
        query = f"?format={audio_format}" if audio_format else ""
        with atomic_write(target) as file:
            return download_file(self._connection, f"/jobs/{job_id}/audio{query}", file)

    def transcode(self, job_id: str, audio_format: str) -> Rendition:
        """Convert a recording to another format and wait until that is done. `download` then saves it."""
        while True:
            response = self._connection.request_json(
                "POST",
                f"/jobs/{job_id}/transcode",
                json={"format": audio_format},
                # The service answers when the conversion is done, or after a long wait.
                read_timeout_s=_TRANSCODE_READ_TIMEOUT_S,
                retry_for_s=GIVE_UP_AFTER_S,
            )
            rendition = decode(Rendition, response)
            if rendition.status == "completed":
                return rendition

    def audio_file(self, job_id: str) -> AudioFile:
        """Return the media type and the name of the audio of a job or recording."""
        with self._connection.open("GET", f"/jobs/{job_id}/audio", headers={"Range": "bytes=0-0"}) as answer:
            return AudioFile.of(answer.headers, default_stem=f"oratio-{job_id}")

    def captions(self, job_id: str, kind: Captions) -> str:
        with self._connection.open("GET", f"/jobs/{job_id}/captions.{kind}") as answer:
            answer.read()
            return answer.text

    def history(
        self,
        *,
        limit: int | None = None,
        query: str | None = None,
        voice_id: str | None = None,
        model: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Recording]:
        """Yield recordings, newest first. Pages are requested as needed.

        `query` holds words to search for. `since` and `until` are dates or times in ISO 8601.
        """
        filters = {"q": query, "voice": voice_id, "model": model, "from": since, "to": until}
        return self._pages("/history", Recording, limit=limit, filters=filters)

    def recording(self, job_id: str) -> Recording:
        return decode(Recording, self._connection.request_json("GET", f"/history/{job_id}"))

    def rename(self, job_id: str, title: str) -> Recording:
        return decode(
            Recording, self._connection.request_json("PATCH", f"/history/{job_id}", json={"title": title})
        )

    def keep(self, job_id: str, *, kept: bool = True) -> Recording:
        """Exempt a recording from the retention, or no longer."""
        return decode(
            Recording, self._connection.request_json("PATCH", f"/history/{job_id}", json={"kept": kept})
        )

    def delete_recordings(self, job_ids: Sequence[str]) -> list[DeletionResult]:
        """Return one result for each job id."""
        return self._delete_many("/history/batch_delete", job_ids)

    def export_zip(self, job_ids: Sequence[str], target: Path, *, captions: Captions | None = None) -> int:
        """Save the recordings of these jobs and a manifest as a ZIP file. Return its size in bytes.

        `captions` adds a file of captions for each recording.
        """
        body = _without_none({"job_ids": list(job_ids), "captions": captions})
        return save_response(self._connection, "POST", "/export/zip", target, json=body)

    def voices(self, *, model: str | None = None, language: str | None = None) -> list[Voice]:
        params = _without_none({"model": model, "language": language})
        return decode_list(Voice, self._connection.request_json("GET", "/voices", params=params), "voices")

    def workers(self) -> Workers:
        return decode(Workers, self._connection.request_json("GET", "/workers"))

    def estimate(
        self,
        chars: int,
        *,
        voice_id: str | None = None,
        priority: Literal["interactive", "bulk"] | None = None,
        speed: float | None = None,
    ) -> Estimate:
        """Estimate how long a text of `chars` characters would wait and take if it were submitted now."""
        query_params = {"chars": chars, "voice_id": voice_id, "priority": priority, "speed": speed}
        return decode(
            Estimate, self._connection.request_json("GET", "/estimate", params=_without_none(query_params))
        )

    def models(self) -> ModelsStatus:
        return decode(ModelsStatus, self._connection.request_json("GET", "/models/status"))

    def command_models(self, order: Literal["warm", "unload"], names: Sequence[str]) -> ModelCommands:
        return decode(
            ModelCommands,
            self._connection.request_json("POST", f"/models/{order}", json={"models": list(names)}),
        )

    def request_downloads(self, *, models: Sequence[str] = (), voices: Sequence[str] = ()) -> Downloads:
        """Start downloads of models and voices. Without names, download everything that is needed and missing."""
        query_params = {
            kind: list(names) for kind, names in (("models", models), ("voices", voices)) if names
        }
        return decode(Downloads, self._connection.request_json("POST", "/models/download", json=query_params))

    def wait_for_download(
        self, download_id: str, *, on_progress: Callable[[int, int], None] | None = None
    ) -> Download:
        """Wait for a download and return it. `on_progress` receives the downloaded and the total bytes."""
        path = f"/models/downloads/{download_id}"
        for event in follow(self._connection, path):
            if on_progress and "bytes_total" in event.data:
                on_progress(event.data["bytes_done"], event.data["bytes_total"])
        download = decode(Download, self._connection.request_json("GET", path, retry_for_s=GIVE_UP_AFTER_S))
        if download.status == "failed":
            raise ClientError(
                download.error_message or "The download failed.", download.error_code or "download_failed"
            )
        return download

    def _pages(
        self, path: str, kind: type[R], *, limit: int | None, filters: dict[str, str | None]
    ) -> Iterator[R]:
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            size = _PAGE_SIZE if left is None else min(_PAGE_SIZE, left)
            params = _without_none({"limit": str(size), "cursor": cursor} | filters)
            page = self._connection.request_json("GET", path, params=params)
            items = decode_list(kind, page, "items")
            yield from items
            cursor = page.get("next_cursor")
            if cursor is None:
                return
            # A page of long texts has fewer items than asked for.
            left = None if left is None else left - len(items)

    def _delete_many(self, path: str, job_ids: Sequence[str]) -> list[DeletionResult]:
        results: list[DeletionResult] = []
        for start in range(0, len(job_ids), _BATCH_SIZE):
            batch = list(job_ids[start : start + _BATCH_SIZE])
            response = self._connection.request_json("POST", path, json={"job_ids": batch})
            results += decode_list(DeletionResult, response, "results")
        return results


def _without_none(query_params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query_params.items() if value is not None}
