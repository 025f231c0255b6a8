"""How much was spoken, from the hourly rollups: as quick with a million jobs as with none."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from api import usage
from api.context import OWNER, here
from api.refusals import documented
from api.schemas.analytics import Analytics, QueueFigures
from api.shown_voices import shown_voices
from common.fleet import seen_lately
from common.jobs import reading
from common.providers import unavailable_reason

router = APIRouter(tags=["service"])

HOURS_MAX = 24 * 31


@router.get("/analytics", responses=documented(400))
def analytics(request: Request, hours: Annotated[int, Query(ge=1, le=HOURS_MAX)] = 24) -> Analytics:
    """Provider, models and voices at hand, the queue, and what was spoken: in all, by model, by voice, by hour."""
    gateway = here(request)
    first = usage.since_hour(hours)
    with gateway.database.read() as connection:
        fleet = seen_lately(connection)
        rows = reading.usage(connection, owner=OWNER, since_hour=first)
        totals = usage.totals(reading.usage_totals(connection, owner=OWNER))
        queue = reading.count_by_status(connection)
    alive = [seen for seen in fleet if seen.alive and seen.is_worker]
    mode = gateway.settings.provider_mode
    return Analytics(
        provider=mode,
        models_available=sorted({engine["alias"] for seen in alive for engine in seen.announcement.engines}),
        voices_available=sum(
            unavailable_reason(voice, fleet, mode=mode) is None for voice in shown_voices(fleet)
        ),
        workers_alive=len(alive),
        queue=QueueFigures(**queue),
        totals=totals,
        audio_minutes=round(totals.audio_s / 60, 2),
        hours=hours,
        by_model=usage.by_name(rows, lambda row: str(row.model)),
        by_voice=usage.by_name(rows, lambda row: str(row.voice_id)),
        series=usage.by_hour(rows, first=first, hours=hours),
    )
