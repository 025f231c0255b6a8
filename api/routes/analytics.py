"""Usage statistics, from hourly rollups so that the number of jobs does not matter."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.dependencies import DatabaseDep, SettingsDep
from api.error_handlers import documented_errors
from api.jobs import usage_statistics
from api.models.listed_voices import listed_voices
from api.owner import OWNER
from api.schemas.analytics import Analytics, QueueCounts
from common.jobs import latencies, queries, usage
from common.providers import unavailable_reason
from common.worker_registry import recent_workers

router = APIRouter(tags=["service"])

HOURS_MAX = 24 * 92


@router.get("/analytics", responses=documented_errors(400))
def analytics(
    database: DatabaseDep, settings: SettingsDep, hours: Annotated[int, Query(ge=1, le=HOURS_MAX)] = 24
) -> Analytics:
    """Provider, available models and voices, the queue, and usage in the last hours by model, voice, day and hour.

    Includes waiting times of completed jobs.
    """
    with database.read() as connection:
        workers = recent_workers(connection)
        window = _window(connection, hours)
        totals = usage_statistics.totals(usage.totals(connection, owner=OWNER))
        queue = queries.count_by_status(connection)
    alive = [worker for worker in workers if worker.alive and worker.is_worker]
    mode = settings.provider_mode
    return Analytics(
        provider=mode,
        models_available=sorted({served.model for worker in alive for served in worker.announcement.served}),
        voices_available=sum(
            unavailable_reason(voice, workers, mode=mode) is None for voice in listed_voices(workers)
        ),
        workers_alive=len(alive),
        queue=QueueCounts(**queue, queued_is_at_least=queue["queued"] >= queries.COUNT_MAX),
        totals=totals,
        audio_minutes=round(totals.audio_s / 60, 2),
        hours=hours,
        window=usage_statistics.overall(window),
        by_model=usage_statistics.by_name(window, "model"),
        by_voice=usage_statistics.by_name(window, "voice_id"),
        by_day=usage_statistics.by_day(window),
        series=usage_statistics.by_hour(window),
    )


def _window(connection: Connection, hours: int) -> usage_statistics.Window:
    first = usage_statistics.since_hour(hours)
    return usage_statistics.Window(
        first_hour=first,
        hours=hours,
        rows=usage.hourly(connection, owner=OWNER, since_hour=first),
        latencies=latencies.bucket_counts(connection, owner=OWNER, since_hour=first),
    )
