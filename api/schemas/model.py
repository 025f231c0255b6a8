"""Models: where they are, and their downloads."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.wire import Answer, Request


class ModelWorker(Answer):
    """`engine_calls` since it started."""

    id: str
    alive: bool
    loaded: bool
    device: str
    version: str
    voices_present: int
    engine_calls: int
    memory_bytes: int | None
    heartbeat_at: datetime


class ModelVoice(Answer):
    id: str
    present: bool


class ModelView(Answer):
    """`present`: a worker announced voices of it in the last day. `voices` name those of them that it has."""

    alias: str
    name: str
    hub_id: str
    license: str
    runs_on: str
    need: Literal["needed", "optional"]
    present: bool
    downloadable: bool
    voices_present: int
    voices_known: int
    voices: list[ModelVoice]
    workers: list[ModelWorker]


class DownloadView(Answer):
    id: str
    model: str
    item: str
    status: Literal["queued", "running", "completed", "failed"]
    bytes_done: int
    bytes_total: int = Field(description="0 until it is known.")
    percent: float
    error_code: str | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ModelsStatus(Answer):
    provider: str
    models: list[ModelView]
    downloads: list[DownloadView]


class DownloadRequest(Request):
    """Models or voices by name; with neither, everything that is needed, missing, and can be fetched."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"voices": ["hibari_emma"]}, {"models": ["hibari"]}]}
    )

    models: list[str] | None = Field(None, min_length=1, max_length=100)
    voices: list[str] | None = Field(None, min_length=1, max_length=500)


class Unsupported(Answer):
    model: str
    reason: str


class Downloads(Answer):
    """`present` names voices that need no download."""

    downloads: list[DownloadView]
    present: list[str]
    unsupported: list[Unsupported]
