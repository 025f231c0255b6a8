"""Workers, queues, and what a text would take, as the service tells them. Times are UTC."""

from dataclasses import dataclass
from datetime import datetime

from cli.client.decoding import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel(Record):
    """Weights that a worker serves; `trouble` is why it could not load them."""

    model: str
    weights: str
    voices: tuple[str, ...] = ()
    loaded: bool = False
    in_use: bool = False
    memory_bytes: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedPart(Record):
    """What a worker speaks now."""

    job_id: str
    part_id: str = ""
    voice_id: str = ""
    model: str = ""
    chars: int = 0
    lease_until: datetime | None = None
    started_at: datetime | None = None
    segments_done: int = 0
    segments_total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker(Record):
    """One that is neither `alive` nor `stopped` fell silent."""

    id: str
    alive: bool = False
    stopped: bool = False
    flavour: str = ""
    version: str = ""
    device: str = ""
    pid: int = 0
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    memory_bytes: int | None = None
    formats: tuple[str, ...] = ()
    models: tuple[ServedModel, ...] = ()
    holding: tuple[LeasedPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Record):
    """There are more than `queued` where `queued_is_at_least`; `workers` are the living ones that take from it."""

    queue: str
    model: str = ""
    lane: str = ""
    queued: int = 0
    queued_is_at_least: bool = False
    running: int = 0
    oldest_at: datetime | None = None
    workers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers(Record):
    workers: tuple[Worker, ...] = ()
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Record):
    """`wait_s` is None where no worker lives that serves the voice; `measured` is false for a guess."""

    voice_id: str
    provider: str | None = None
    chars: int = 0
    duration_s: float = 0.0
    queue_position: int | None = None
    wait_s: float | None = None
    synthesis_s: float = 0.0
    measured: bool = False
