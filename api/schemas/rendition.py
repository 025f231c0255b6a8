"""A recording in another format."""

from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.base import RequestModel, ResponseModel
from api.schemas.job import EXAMPLE_ID
from api.schemas.synthesis import AudioFormat

_EXAMPLE: dict[str, JsonValue] = {
    "job_id": EXAMPLE_ID,
    "format": "mp3",
    "status": "completed",
    "audio_url": f"/jobs/{EXAMPLE_ID}/audio?format=mp3",
    "size_bytes": 9216,
    "duration_s": 1.1,
}


class RenditionRequest(RequestModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"format": "mp3"}]})

    format: AudioFormat


class Rendition(ResponseModel):
    """`audio_url`, `size_bytes` and `duration_s` are null until it is completed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    job_id: str
    format: str
    status: Literal["queued", "running", "completed"] = Field(
        description="A failure is an error response. Repeat the request to try again."
    )
    audio_url: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None
