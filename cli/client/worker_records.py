"""Records of workers, queues and estimates. Times are in UTC."""

from dataclasses import dataclass
from datetime import datetime

from cli.client.decoding import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel(Record):
    """Weights that a worker serves. `trouble` says why loading failed."""

    model: str
    weights: str
    voices: tuple[str, ...] = ()
    loaded: bool = False
    in_use: bool = False
    memory_bytes: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedPart(Record):
    """A part of a job that a worker holds a lease on."""

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
    """A worker. If it is neither `alive` nor `stopped`, its heartbeats have ended unexpectedly."""

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
    engine_processes: int = 0
    formats: tuple[str, ...] = ()
    models: tuple[ServedModel, ...] = ()
    holding: tuple[LeasedPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Record):
    """A queue. With `queued_is_at_least`, `queued` is a lower bound. `workers` counts the live workers of the queue."""

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
    """An estimate. `measured` is false for a default guess.

    `wait_s` is None if no live worker serves the voice, or if its queue is very long.
    """

    voice_id: str
    provider: str | None = None
    chars: int = 0
    duration_s: float = 0.0
    queue_position: int | None = None
    queue_position_is_at_least: bool = False
    wait_s: float | None = None
    synthesis_s: float = 0.0
    measured: bool = False
