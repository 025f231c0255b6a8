"""Records of jobs, recordings and voices. Times are in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cli.client.decoding import Record

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
TERMINAL = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Record):
    """Progress of a job. `segments_total` is None until the text is split."""

    segments_done: int = 0
    segments_total: int | None = None
    percent: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings(Record):
    """Durations of the stages of a job. `rtf` is seconds of work per second of audio."""

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
    queue_position_is_at_least: bool = False
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
    """A finished recording in the history, with its audio."""

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
    kept: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition(Record):
    """A recording in another format. The fields after `status` are None until it is completed."""

    job_id: str
    format: str
    status: Literal["queued", "running", "completed"]
    audio_url: str | None = None
    size_bytes: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice(Record):
    """A voice. `provider` is where a job would run now; it is None if a job would be refused, for `reason`."""

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
    """The result of deleting one of several jobs or recordings."""

    job_id: str
    deleted: bool
    error: DeletionError | None = None
