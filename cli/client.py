"""The service as commands use it: submit, follow, fetch."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from cli.probes import uses_proxy

# A stream that says nothing for so long is opened again; the server writes a comment more often than that.
_SILENCE_S = 45.0
_LOST_AFTER_S = 60.0
_AGAIN_AFTER_S = 0.5
_TERMINAL = ("completed", "failed", "cancelled")

Progress = Callable[[int, int], None]
Job = dict[str, Any]


class Failed(Exception):
    """What the service refused or could not do, in its own words."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


class Client:
    """Raises Failed, and httpx.TransportError when the service cannot be reached."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=httpx.Timeout(30.0, read=_SILENCE_S), trust_env=uses_proxy(url)
        )

    def close(self) -> None:
        self._http.close()

    def submit(self, asked: dict[str, Any]) -> Job:
        return _body(self._http.post("/synthesize", params={"async_mode": "true"}, json=asked))

    def cancel(self, job_id: str) -> None:
        _body(self._http.post(f"/jobs/{job_id}/cancel"))

    def finish(self, job_id: str, *, on_progress: Progress) -> Job:
        """The job when it ended well."""
        job = self._follow(f"/jobs/{job_id}", lambda data: _report(data, on_progress))
        return _ended_well(job)

    def download(self, job_id: str, target: Path) -> int:
        """Write the audio beside its place and move it there; its size in bytes."""
        part = target.with_name(f".{target.name}.{job_id[-8:]}.part")
        try:
            with self._http.stream("GET", f"/jobs/{job_id}/audio") as answer:
                if answer.is_error:
                    answer.read()
                    _body(answer)
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target.stat().st_size

    def models(self) -> Job:
        return _body(self._http.get("/models/status"))

    def order_models(self, order: str, names: Sequence[str]) -> Job:
        """`warm` or `unload`."""
        return _body(self._http.post(f"/models/{order}", json={"models": list(names)}))

    def request_downloads(self, asked: dict[str, Any]) -> Job:
        return _body(self._http.post("/models/download", json=asked))

    def follow_download(self, download_id: str, *, on_progress: Progress) -> None:
        """Returns when it ended well; `on_progress` hears bytes."""

        def hear(data: Job) -> None:
            if "bytes_total" in data:
                on_progress(data["bytes_done"], data["bytes_total"])

        ended = self._follow(f"/models/downloads/{download_id}", hear)
        if ended["status"] == "failed":
            raise Failed(ended["error_message"], ended["error_code"])

    def _follow(self, path: str, hear: Callable[[Job], None]) -> Job:
        """What is at `path` when it has ended. Streams may break: the thing itself says whether it ended."""
        lost_at = time.monotonic() + _LOST_AFTER_S
        while True:
            try:
                for data in self._events(path):
                    lost_at = time.monotonic() + _LOST_AFTER_S
                    hear(data)
                there = _body(self._http.get(path))
                if there["status"] in _TERMINAL:
                    hear(there)
                    return there
            except httpx.TransportError:
                if time.monotonic() > lost_at:
                    raise
            time.sleep(_AGAIN_AFTER_S)

    def _events(self, path: str) -> Iterator[Job]:
        with self._http.stream("GET", f"{path}/events") as answer:
            if answer.is_error:
                answer.read()
                _body(answer)
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))


def _report(data: Job, on_progress: Progress) -> None:
    """Of an event, or of a snapshot, which is a whole job."""
    progress = data.get("progress") or data
    total = progress.get("segments_total")
    if total:
        on_progress(progress.get("segments_done") or 0, total)


def _ended_well(job: Job) -> Job:
    if job["status"] == "completed":
        return job
    error = job.get("error") or {}
    raise Failed(error.get("message") or f"The job was {job['status']}.", error.get("code") or job["status"])


def _body(answer: httpx.Response) -> Job:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not answer.is_error:
        return dict(body)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        raise Failed(str(error.get("message")), str(error.get("code")))
    raise Failed(f"The service answered {answer.status_code} {answer.reason_phrase}.", "unexpected_answer")
