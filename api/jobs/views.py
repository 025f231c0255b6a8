"""Rows as clients see them."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from api.dependencies import address
from api.schemas.job import Job, JobError, Progress, Timings
from common.db.tables import TERMINAL, AnyRow
from common.jobs.submission import Accepted, NewJob


def moment(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def moment_or_none(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else moment(epoch_s)


def job_view(
    request: Request, row: AnyRow, *, queue_position: int | None = None, eta_s: float | None = None
) -> Job:
    there = row.status == "completed" and row.audio_key is not None
    return Job(
        job_id=row.id,
        status=row.status,
        voice_id=row.voice_id,
        model=row.model,
        provider=row.provider,
        text=row.text,
        language=row.language,
        speed=row.speed,
        style=row.style,
        format=row.format,
        priority=row.priority,
        progress=_progress(row, eta_s=eta_s),
        queue_position=queue_position,
        created_at=moment(row.created_at),
        started_at=moment_or_none(row.started_at),
        finished_at=moment_or_none(row.finished_at),
        audio_url=address(request, f"/jobs/{row.id}/audio") if there else None,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        sample_rate_hz=row.sample_rate_hz,
        timings=Timings(**row.timings),
        cached=False,
        attempts=row.attempts,
        warnings=row.warnings,
        error=_error(row),
    )


def accepted_view(job: NewJob, accepted: Accepted) -> Job:
    """A job that was queued a moment ago, without asking the database again."""
    return Job(
        job_id=job.id,
        status="queued",
        voice_id=job.voice_id,
        model=job.model,
        provider=job.provider,
        text=job.text,
        language=job.language,
        speed=job.speed,
        style=job.style,
        format=job.format,
        priority="bulk" if job.priority == "bulk" else "interactive",
        progress=Progress(segments_done=0, segments_total=None, percent=0.0, eta_s=None),
        queue_position=None,
        created_at=moment(accepted.created_at or 0.0),
        started_at=None,
        finished_at=None,
        audio_url=None,
        duration_s=None,
        size_bytes=None,
        sample_rate_hz=None,
        timings=Timings(),
        cached=False,
        attempts=0,
        warnings=list(job.warnings),
        error=None,
    )


# What a worker tells of a good end; one of an older release may tell less, and then the row is read.
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


def completed_view(request: Request, job: NewJob, accepted: Accepted, *, told: dict[str, Any]) -> Job:
    """A job whose end was told a moment ago, after its commit, without asking the database again."""
    total = told["segments_total"]
    return accepted_view(job, accepted).model_copy(
        update={
            "status": "completed",
            "provider": told["provider"],
            "progress": Progress(segments_done=total, segments_total=total, percent=100.0, eta_s=None),
            "started_at": moment(told["started_at"]),
            "finished_at": moment(told["finished_at"]),
            "audio_url": address(request, f"/jobs/{job.id}/audio"),
            "duration_s": told["duration_s"],
            "size_bytes": told["size_bytes"],
            "sample_rate_hz": told["sample_rate_hz"],
            "timings": Timings(**told["timings"]),
            "attempts": told["attempts"],
            "warnings": told["warnings"],
        }
    )


def is_over(row: AnyRow) -> bool:
    return row.status in TERMINAL or row.deleted_at is not None


def _progress(row: AnyRow, *, eta_s: float | None) -> Progress:
    done, total = row.segments_done, row.segments_total
    percent = 100.0 if row.status == "completed" else round(100 * done / total, 1) if total else 0.0
    return Progress(segments_done=done, segments_total=total, percent=percent, eta_s=eta_s)


def _error(row: AnyRow) -> JobError | None:
    if row.error_code is None:
        return None
    return JobError(code=row.error_code, message=row.error_message or "")


def event_view(told: dict[str, Any]) -> dict[str, Any]:
    """What an event says, with its moments as in a job."""
    return {
        name: moment(value).isoformat().replace("+00:00", "Z") if name.endswith("_at") and value else value
        for name, value in told.items()
    }


def terminal_data(row: AnyRow) -> dict[str, Any]:
    """The data of an event that ends a job, as the worker tells it."""
    if row.status == "completed":
        return {name: getattr(row, name) for name in sorted(COMPLETED_FIELDS)}
    if row.status == "failed":
        return {"code": row.error_code, "message": row.error_message}
    return {}
