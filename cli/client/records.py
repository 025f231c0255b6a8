"""Jobs, recordings and voices as the service tells them. Times are UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cli.client.decoding import Record

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
TERMINAL = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Record):
    """`segments_total` is known once the text is cut."""

    segments_done: int = 0
    segments_total: int | None = None
    percent: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings(Record):
    """`rtf` is seconds of work per second of sound."""

    queue_ms: float | None = None
    first_audio_ms: float | None = None
    synthesis_ms: float | None = None
    encode_ms: float | None = None
    total_ms: float | None = None
    rtf: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError(Record):
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Record):
    job_id: str
    status: Status
    voice_id: str = ""
    model: str = ""
    provider: str = ""
    text: str = ""
    language: str | None = None
    speed: float = 1.0
    style: str | None = None
    format: str = ""
    priority: str = ""
    progress: Progress = field(default_factory=Progress)
    queue_position: int | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    audio_url: str | None = None
    duration_s: float | None = None
    size_bytes: int | None = None
    sample_rate_hz: int | None = None
    timings: Timings = field(default_factory=Timings)
    cached: bool = False
    attempts: int = 0
    warnings: tuple[str, ...] = ()
    error: JobError | None = None

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Record):
    """Of the history: what was spoken, with its sound, for as long as it is kept."""

    job_id: str
    title: str = ""
    text: str = ""
    voice_id: str = ""
    model: str = ""
    provider: str = ""
    language: str | None = None
    speed: float = 1.0
    style: str | None = None
    format: str = ""
    duration_s: float = 0.0
    size_bytes: int = 0
    sample_rate_hz: int = 0
    sha256: str = ""
    audio_url: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition(Record):
    """A recording in another format; the last three are None until it is completed."""

    job_id: str
    format: str
    status: Literal["queued", "running", "completed"]
    audio_url: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice(Record):
    """`provider` is where it would be spoken now; None when it would be refused, with the `reason`."""

    id: str
    name: str = ""
    model: str = ""
    languages: tuple[str, ...] = ()
    gender: str = ""
    style: bool = False
    sample_rate_hz: int = 0
    license: str = ""
    provider: str | None = None
    available: bool = False
    reason: str | None = None
    is_default: bool = False
    note: str | None = None
    runs_on: str = ""
    slow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionError(Record):
    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionResult(Record):
    """Of one among many that were to be deleted."""

    job_id: str
    deleted: bool
    error: DeletionError | None = None
