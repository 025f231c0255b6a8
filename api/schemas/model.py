"""Models: where they are, and their downloads."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.base import RequestModel, ResponseModel

WeightsState = Literal["absent", "partial", "complete"]
Need = Literal["needed", "optional"]


class ModelWorker(ResponseModel):
    """A worker that serves the model. `engine_calls`, `loads` and `unloads` since it started, the latter of all models.

    `memory_bytes` is the whole process's, `model_memory_bytes` what this model takes of its device while it is loaded.
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
    """A worker that lives and has the files, or serves them. `trouble` is why it could not load them."""

    id: str
    device: str
    state: WeightsState
    revision: str | None
    loaded: bool
    in_use: bool
    memory_bytes: int
    trouble: str | None


class WeightsSource(ResponseModel):
    """A repository on the hub, at a commit; `main` where the first download takes the newest and notes which it was."""

    hub_id: str
    revision: str
    folder: str = Field(description="Its name in the models folder.")


class WeightsView(ResponseModel):
    """What is downloaded, loaded and unloaded as one. MMS has a set for each language, the others have one."""

    key: str
    need: Need
    state: WeightsState = Field(description="The best that a worker has.")
    revision: str | None
    size_bytes: int
    sources: list[WeightsSource]
    workers: list[WeightsWorker]
    download: "DownloadView | None" = Field(description="The one that is queued or running.")


class ModelView(ResponseModel):
    """`present`: a worker announced voices of it in the last day. `voices` name those of them that it has.

    `state`, `revision` and `size_bytes` are those of what is needed of it.
    """

    alias: str
    name: str
    hub_id: str
    license: str
    runs_on: str
    need: Need
    state: WeightsState
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
    bytes_total: int = Field(description="0 until it is known.")
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
    """Models or voices by name; with neither, everything that is needed and missing.

    Of a family that has several sets of weights those are fetched that are needed; others by their keys.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"models": ["parler", "mms_deu"]}, {"voices": ["hibari_emma", "af_heart"]}]
        }
    )

    models: list[str] | None = Field(
        None, min_length=1, max_length=100, description="Families, or keys of single sets of weights."
    )
    voices: list[str] | None = Field(None, min_length=1, max_length=500)


class Downloads(ResponseModel):
    """One download for each set of weights, and for each voice of hibari; asked for twice it is the same one.

    `present` names those that need none, by the keys of weights and the ids of hibari's voices.
    """

    downloads: list[DownloadView]
    present: list[str]


class ModelCommandRequest(RequestModel):
    """Families, or single sets of weights."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"models": ["kokoro"]}, {"models": ["mms_fra"]}]}
    )

    models: list[str] = Field(min_length=1, max_length=100)


class SentCommand(ResponseModel):
    worker: str
    weights: str


class ModelCommandResult(ResponseModel):
    """Which workers were told; `not_served` names what no living worker serves, `stays` what is never unloaded."""

    told: list[SentCommand]
    not_served: list[str]
    stays: list[str]
