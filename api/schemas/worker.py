"""Workers, the parts that they hold, and their queues."""

from datetime import datetime

from pydantic import Field

from api.schemas.base import ResponseModel
from api.schemas.job import Priority


class ServedModel(ResponseModel):
    """Weights that a worker serves, or served last if it is no longer alive. `model` is their model."""

    model: str
    weights: str
    voices: list[str] = Field(description="Names that the model uses; `*` if it accepts any.")
    loaded: bool
    in_use: bool
    memory_bytes: int = Field(description="Device memory while it is loaded.")
    trouble: str | None = Field(description="Why it could not be loaded.")


class LeasedPart(ResponseModel):
    """A part that a worker is speaking. `segments_total` is null until the text is split, and for a single segment."""

    job_id: str
    part_id: str
    voice_id: str
    model: str
    chars: int
    lease_until: datetime | None = Field(
        description="Renewed while the worker is alive. After that another worker takes the part."
    )
    started_at: datetime | None
    segments_done: int
    segments_total: int | None


class WorkerView(ResponseModel):
    """A worker process. If neither `alive` nor `stopped`, its heartbeats ended. The flavour `ops` never speaks."""

    id: str
    alive: bool
    stopped: bool = Field(description="It stopped in an orderly way.")
    flavour: str
    version: str
    device: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    memory_bytes: int | None = Field(description="Resident memory of the worker and its engine processes.")
    engine_processes: int = Field(
        description="Processes that run its models side by side; 0 without models. Idle ones may have ended."
    )
    formats: list[str]
    models: list[ServedModel]
    holding: list[LeasedPart]


class QueueView(ResponseModel):
    """One lane of a set of weights, of hosted inference, or of the stub. It counts parts; a job has one at a time."""

    queue: str
    model: str
    lane: Priority
    queued: int
    queued_is_at_least: bool = Field(description="True if there are more than `queued`.")
    running: int
    oldest_at: datetime | None = Field(description="When the oldest queued part was accepted.")
    workers: int = Field(description="Number of live workers that consume it.")


class Workers(ResponseModel):
    """Workers of the last 24 hours, newest heartbeat first, without those that another worker replaced."""

    workers: list[WorkerView]
    queues: list[QueueView]
