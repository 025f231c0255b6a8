"""The fleet at work: who there is, what they hold, what waits for them."""

from datetime import datetime

from pydantic import Field

from api.schemas.base import ResponseModel
from api.schemas.job import Priority


class ServedModel(ResponseModel):
    """Weights that a worker serves; of one that is not alive any more, what it said last. `model` is their family."""

    model: str
    weights: str
    voices: list[str] = Field(description="By the model's own names; `*` where it takes any.")
    loaded: bool
    in_use: bool
    memory_bytes: int = Field(description="Of its device's memory, while it is loaded.")
    trouble: str | None = Field(description="Why it cannot be loaded.")


class LeasedPart(ResponseModel):
    """What a worker speaks now. `segments_total` is null until the text is cut, and with a text of one segment."""

    job_id: str
    part_id: str
    voice_id: str
    model: str
    chars: int
    lease_until: datetime | None = Field(
        description="Renewed while it lives; afterwards another worker has it."
    )
    started_at: datetime | None
    segments_done: int
    segments_total: int | None


class WorkerView(ResponseModel):
    """One process. Neither `alive` nor `stopped`: it fell silent. The flavour `ops` is of one that speaks nothing."""

    id: str
    alive: bool
    stopped: bool = Field(description="It said that it stops.")
    flavour: str
    version: str
    device: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    memory_bytes: int | None = Field(description="Of the whole process, resident.")
    formats: list[str]
    models: list[ServedModel]
    holding: list[LeasedPart]


class QueueView(ResponseModel):
    """One lane of one set of weights, of hosted inference, or of the stub. It counts parts: a job has one at a time."""

    queue: str
    model: str
    lane: Priority
    queued: int
    queued_is_at_least: bool = Field(description="There are more than that.")
    running: int
    oldest_at: datetime | None = Field(description="When the first of those that are queued was accepted.")
    workers: int = Field(description="How many living ones take from it.")


class Workers(ResponseModel):
    """Those of the last 24 hours, the newest heartbeat first; one that another took the place of is not among them."""

    workers: list[WorkerView]
    queues: list[QueueView]
