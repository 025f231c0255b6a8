"""Job records and events as clients see them."""

from typing import Any

from starlette.requests import Request

from api.http.dates import utc_datetime, utc_datetime_or_none
from api.http.request_scope import address
from api.jobs.forecast import NO_FORECAST, Forecast
from api.schemas.job import Job, JobError, Progress, Timings
from common.jobs.records import JobRecord
from common.messaging.queue_names import BULK
from common.status import JobStatus


def job_view(
    request: Request,
    job: JobRecord,
    *,
    forecast: Forecast = NO_FORECAST,
) -> Job:
    has_audio = job.status == JobStatus.COMPLETED and job.size_bytes is not None
    return Job(
        job_id=job.id,
        status=job.status,
        voice_id=job.voice_id,
        model=job.model,
        provider=job.provider,
        title=job.title,
        text=job.text,
        language=job.language,
        speed=job.speed,
        style=job.style,
        format=job.format,
        priority="bulk" if job.priority == BULK else "interactive",
        progress=_progress(job, eta_s=forecast.eta_s),
        queue_position=forecast.queue_position,
        queue_position_is_at_least=forecast.at_least,
        created_at=utc_datetime(job.created_at),
        started_at=utc_datetime_or_none(job.started_at),
        finished_at=utc_datetime_or_none(job.finished_at),
        audio_url=address(request, f"/jobs/{job.id}/audio") if has_audio else None,
        duration_s=job.duration_s,
        size_bytes=job.size_bytes,
        sample_rate_hz=job.sample_rate_hz,
        timings=Timings(**job.timings),
        cached=False,
        attempts=job.attempts,
        warnings=list(job.warnings),
        error=_error(job),
        seed=job.seed if job.seed_given else None,
        lexicon=dict(job.options.lexicon),
    )


def _progress(job: JobRecord, *, eta_s: float | None) -> Progress:
    done, total = job.segments_done, job.segments_total
    percent = 100.0 if job.status == JobStatus.COMPLETED else round(100 * done / total, 1) if total else 0.0
    return Progress(segments_done=done, segments_total=total, percent=percent, eta_s=eta_s)


def _error(job: JobRecord) -> JobError | None:
    if job.error_code is None:
        return None
    return JobError(code=job.error_code, message=job.error_message or "")


def event_view(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an event, with times formatted as in a job."""
    return {
        name: utc_datetime(value).isoformat().replace("+00:00", "Z")
        if name.endswith("_at") and value
        else value
        for name, value in data.items()
    }
