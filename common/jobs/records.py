"""A job as one typed record, from the request to the answer.

`JobSpec` is the request. A new job (`common.jobs.submission.NewJob`) is a spec with its keys, a claimed part
(`common.jobs.lease.ClaimedPart`) carries the spec to the engine, and `JobRecord` is the spec with the job's state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import Row

from common.jobs.options import DEFAULTS, Options
from common.messaging.queue_names import INTERACTIVE
from common.recordings.queries import RecordingRecord
from common.recordings.titles import title_of
from common.status import JobStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """The request. Fields are named like the columns of `jobs`."""

    id: str
    owner: str = "local"
    voice_id: str
    model: str
    provider: str
    text: str
    language: str | None
    speed: float
    style: str | None
    format: str
    priority: str
    seed: int
    seed_given: bool
    may_fail_over: bool = False
    warnings: tuple[str, ...] = ()
    request_id: str | None = None
    traceparent: str | None = None
    options: Options = DEFAULTS

    def as_row(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in SPEC_COLUMNS}
        return row | {"warnings": list(self.warnings), "options": self.options.as_row()}


SPEC_COLUMNS = tuple(one.name for one in fields(JobSpec))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord(JobSpec):
    """A row of `jobs`, with data of its audio while that exists. Times are UTC epoch seconds."""

    status: JobStatus
    chars: int
    segments_done: int = 0
    segments_total: int | None = None
    attempts: int = 0
    timings: Mapping[str, float] = field(default_factory=dict)
    error_code: str | None = None
    error_message: str | None = None
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    finish_early: bool = False
    deleted_at: float | None = None
    audio_key: str | None = None
    sample_rate_hz: int | None = None
    duration_s: float | None = None
    size_bytes: int | None = None

    @property
    def title(self) -> str:
        """The title that the recording has, or will have."""
        return self.options.title or title_of(self.text)

    @property
    def is_over(self) -> bool:
        """True if the job ended or was deleted."""
        return self.status.is_terminal or self.deleted_at is not None

    @classmethod
    def from_row(cls, row: Row[*tuple[Any, ...]]) -> "JobRecord":
        return cls(**spec_values(dict(row._mapping)))

    @classmethod
    def queued(cls, spec: JobSpec, *, created_at: float) -> "JobRecord":
        """The record of a job that was just submitted."""
        values = {name: getattr(spec, name) for name in SPEC_COLUMNS}
        return cls(**values, status=JobStatus.QUEUED, chars=len(spec.text), created_at=created_at)

    @classmethod
    def recorded(cls, recording: RecordingRecord, *, owner: str) -> "JobRecord":
        """A completed job whose row was removed. Its priority and timings are not known any more."""
        values = {name: getattr(recording, name) for name in _RECORDED_COLUMNS}
        return cls(
            **values,
            id=recording.job_id,
            owner=owner,
            priority=INTERACTIVE,
            seed=recording.seed or 0,
            seed_given=recording.seed is not None,
            options=Options(title=recording.title, lexicon=recording.lexicon),
            status=JobStatus.COMPLETED,
            chars=len(recording.text),
            attempts=1,
            finished_at=recording.created_at,
        )

    def completed(self, outcome: Mapping[str, Any]) -> "JobRecord":
        """The record after the event `completed` with the data `outcome`."""
        values = {name: outcome[name] for name in COMPLETED_FIELDS}
        return replace(
            self, **values | {"status": JobStatus.COMPLETED, "warnings": tuple(values["warnings"])}
        )

    def outcome(self) -> dict[str, Any]:
        """The data of the event that ends the job."""
        if self.status == JobStatus.COMPLETED:
            values = {name: getattr(self, name) for name in sorted(COMPLETED_FIELDS)}
            return values | {"warnings": list(self.warnings), "timings": dict(self.timings)}
        if self.status == JobStatus.FAILED:
            return {"code": self.error_code, "message": self.error_message}
        return {}


_RECORDED_COLUMNS = tuple(
    ({one.name for one in fields(JobRecord)} & {one.name for one in fields(RecordingRecord)}) - {"seed"}
)

# The data of the event `completed`. Workers of an earlier release may send less; readers then read the row.
COMPLETED_FIELDS = frozenset(
    {
        "provider",
        "started_at",
        "finished_at",
        "duration_s",
        "size_bytes",
        "sample_rate_hz",
        "segments_done",
        "segments_total",
        "attempts",
        "warnings",
        "timings",
    }
)


def spec_values(row: dict[str, Any]) -> dict[str, Any]:
    """Convert the values of a row of `jobs` to the fields of a record."""
    return {**row, "warnings": tuple(row["warnings"]), "options": Options.from_row(row["options"])}
