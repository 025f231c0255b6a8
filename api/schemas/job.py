"""A job as clients see it. Times are UTC."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.base import RequestModel, ResponseModel
from api.schemas.captions import CaptionFormat
from api.schemas.error import ErrorDetail
from common.status import JobStatus

Priority = Literal["interactive", "bulk"]

EXAMPLE_ID = "0199b6a1-7c1e-7d3a-9f52-0c2b6a4e8d11"
EXAMPLE_JOB: dict[str, JsonValue] = {
    "job_id": EXAMPLE_ID,
    "status": "completed",
    "voice_id": "hibari_heart",
    "model": "hibari",
    "provider": "local",
    "title": "Hello there.",
    "text": "Hello there.",
    "language": None,
    "speed": 1.0,
    "style": None,
    "format": "wav",
    "priority": "interactive",
    "progress": {"segments_done": 1, "segments_total": 1, "percent": 100.0, "eta_s": None},
    "queue_position": None,
    "queue_position_is_at_least": False,
    "created_at": "2026-07-01T12:00:00.000000Z",
    "started_at": "2026-07-01T12:00:00.004000Z",
    "finished_at": "2026-07-01T12:00:00.061000Z",
    "audio_url": f"/jobs/{EXAMPLE_ID}/audio",
    "duration_s": 1.1,
    "size_bytes": 52844,
    "sample_rate_hz": 24000,
    "timings": {
        "queue_ms": 4.0,
        "first_audio_ms": 55.0,
        "synthesis_ms": 48.0,
        "encode_ms": 0.3,
        "total_ms": 61.0,
        "rtf": 0.0436,
    },
    "cached": False,
    "attempts": 1,
    "warnings": [],
    "error": None,
    "seed": None,
    "lexicon": {},
}


class Progress(ResponseModel):
    """`segments_total` is known after the text was split. `eta_s` is estimated from recent usage."""

    segments_done: int
    segments_total: int | None
    percent: float
    eta_s: float | None


class Timings(ResponseModel):
    """Milliseconds since the job was accepted. `rtf` is seconds of work per second of audio."""

    queue_ms: float | None = None
    first_audio_ms: float | None = None
    synthesis_ms: float | None = None
    encode_ms: float | None = None
    total_ms: float | None = None
    rtf: float | None = None


class JobError(ResponseModel):
    code: str
    message: str


class Job(ResponseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_JOB]})

    job_id: str
    status: JobStatus
    voice_id: str
    model: str
    provider: str
    title: str = Field(description="Of the recording: that of the request, else the first heading or line.")
    text: str
    language: str | None
    speed: float
    style: str | None
    format: str
    priority: Priority
    progress: Progress
    queue_position: int | None = Field(
        description="1 is next. Null if not queued, in lists, and in the response to an asynchronous request."
    )
    queue_position_is_at_least: bool = Field(
        description="True if so many jobs are ahead that they were not all counted. Then `eta_s` is null.",
    )
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_url: str | None
    duration_s: float | None
    size_bytes: int | None
    sample_rate_hz: int | None
    timings: Timings
    cached: bool
    attempts: int
    warnings: list[str]
    error: JobError | None
    seed: int | None = Field(description="The seed of the request. Null if it had none.")
    lexicon: dict[str, str] = Field(description="The lexicon of the request.")


class JobList(ResponseModel):
    items: list[Job]
    next_cursor: str | None = Field(
        description="Pass it as `cursor` to get the next page. Null on the last page."
    )


class JobIds(RequestModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"job_ids": [EXAMPLE_ID]}]})

    job_ids: list[str] = Field(min_length=1)


class ExportRequest(JobIds):
    captions: CaptionFormat | None = Field(
        None, description="Also export captions, with the name of the audio. Recordings may have none."
    )


class DeletedJob(ResponseModel):
    job_id: str
    deleted: Literal[True] = True


class DeleteResult(ResponseModel):
    job_id: str
    deleted: bool
    error: ErrorDetail | None


class DeleteResults(ResponseModel):
    results: list[DeleteResult]
