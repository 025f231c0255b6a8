"""Models, their weights and their downloads."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.base import RequestModel, ResponseModel

FilesState = Literal["absent", "partial", "complete"]
Need = Literal["needed", "optional"]


class ModelWorker(ResponseModel):
    """A worker that serves the model.

    Since the worker started, `engine_calls` counts calls of this model, `loads` and `unloads` count all models.
    `memory_bytes` is the memory of the whole process, `model_memory_bytes` the device memory of this model while it is
    loaded.
    """

    id: str
    alive: bool
    loaded: bool
    in_use: bool
    device: str
    flavour: str
    version: str
    voices_present: int
    engine_calls: int
    loads: int
    unloads: int
    memory_bytes: int | None
    model_memory_bytes: int
    heartbeat_at: datetime


class ModelVoice(ResponseModel):
    id: str
    present: bool


class WeightsWorker(ResponseModel):
    """A live worker that has or serves the weights. `trouble` is the reason if it could not load them."""

    id: str
    device: str
    state: FilesState
    revision: str | None
    loaded: bool
    in_use: bool
    memory_bytes: int
    trouble: str | None


class WeightsSource(ResponseModel):
    """A Hugging Face repository at a commit. With `main` the first download takes the newest commit and records it."""

    hub_id: str
    revision: str
    folder: str = Field(description="Name of its folder in the models folder.")


class WeightsView(ResponseModel):
    """A set of files that is downloaded and loaded as one. MMS has one per language, other models have one."""

    key: str
    need: Need
    state: FilesState = Field(description="The best state on any worker.")
    revision: str | None
    size_bytes: int
    sources: list[WeightsSource]
    workers: list[WeightsWorker]
    download: "DownloadView | None" = Field(description="The queued or running download.")


class ModelView(ResponseModel):
    """`present` means that a worker announced voices of the model in the last day; `voices` shows which ones.

    `state`, `revision` and `size_bytes` cover the needed weights.
    """

    alias: str
    name: str
    hub_id: str
    license: str
    runs_on: str
    need: Need
    state: FilesState
    revision: str | None
    size_bytes: int
    present: bool
    downloadable: bool
    loaded: bool
    in_use: bool
    voices_present: int
    voices_known: int
    voices: list[ModelVoice]
    weights: list[WeightsView]
    workers: list[ModelWorker]


class DownloadView(ResponseModel):
    id: str
    model: str
    item: str
    status: Literal["queued", "running", "completed", "failed"]
    bytes_done: int
    bytes_total: int = Field(description="0 while it is unknown.")
    percent: float
    error_code: str | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ModelsStatus(ResponseModel):
    provider: str
    models: list[ModelView]
    downloads: list[DownloadView]


class DownloadRequest(RequestModel):
    """Names of models or voices. Without either, everything that is needed and missing is downloaded.

    For a model with several sets of weights, only the needed ones are downloaded. Name others by their keys.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"models": ["parler", "mms_deu"]}, {"voices": ["hibari_emma", "af_heart"]}]
        }
    )

    models: list[str] | None = Field(
        None, min_length=1, max_length=100, description="Models, or keys of weights."
    )
    voices: list[str] | None = Field(None, min_length=1, max_length=500)


class Downloads(ResponseModel):
    """One download per set of weights, and per voice of hibari. Repeated requests return the same download.

    `present` lists what needs no download, by keys of weights and ids of hibari voices.
    """

    downloads: list[DownloadView]
    present: list[str]


class ModelCommandRequest(RequestModel):
    """Models, or keys of weights."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"models": ["kokoro"]}, {"models": ["mms_fra"]}]}
    )

    models: list[str] = Field(min_length=1, max_length=100)


class SentCommand(ResponseModel):
    worker: str
    weights: str


class ModelCommandResult(ResponseModel):
    """`told` lists the sent commands, `not_served` names without a live worker, `stays` weights that never unload."""

    told: list[SentCommand]
    not_served: list[str]
    stays: list[str]
