"""Estimate the time and audio length of a text before it is submitted."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from api.dependencies import GatewayDep
from api.error_handlers import documented_errors
from api.jobs.forecast import GUESS_CHARS_PER_S, forecast_new
from api.jobs.job_factory import known_voice
from api.schemas.estimate import Estimate
from api.schemas.job import Priority
from common.catalogue import DEFAULT_VOICE, Voice
from common.errors import Conflict, NoWorker
from common.providers import ProviderChoice, choose
from common.settings import Settings
from common.worker_registry import WorkerStatus

router = APIRouter(tags=["service"])

CHARS_MAX = 10**7


@router.get("/estimate", responses=documented_errors(400, 404))
async def estimate(
    gateway: GatewayDep,
    *,
    chars: Annotated[int, Query(ge=1, le=CHARS_MAX, description="Length of the text.")],
    voice_id: Annotated[str, Query(description="GET /voices lists them.")] = DEFAULT_VOICE,
    priority: Priority = "interactive",
    speed: Annotated[float, Query(ge=0.25, le=4.0, allow_inf_nan=False)] = 1.0,
) -> Estimate:
    """Waiting time, synthesis time and audio length of a text with this many characters, if it were sent now."""
    workers = await gateway.worker_cache.statuses()
    voice = known_voice(voice_id, workers, settings=gateway.settings)
    choice = _choice(voice, workers, gateway.settings)
    forecast = await run_in_threadpool(forecast_new, gateway.database, voice, choice, workers, lane=priority)
    ahead = forecast.ahead
    return Estimate(
        voice_id=voice.id,
        provider=choice.provider if choice else None,
        chars=chars,
        duration_s=round(chars * (forecast.audio_s_per_char or 1 / GUESS_CHARS_PER_S) / speed, 2),
        queue_position=ahead.jobs + 1 if ahead else None,
        queue_position_is_at_least=ahead.at_least if ahead else False,
        wait_s=ahead.wait_s if ahead else None,
        synthesis_s=round(chars * forecast.s_per_char, 3),
        measured=forecast.audio_s_per_char is not None,
    )


def _choice(voice: Voice, workers: Sequence[WorkerStatus], settings: Settings) -> ProviderChoice | None:
    """Return None if a job would be rejected now. It is estimated anyway."""
    try:
        return choose(voice, workers, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    except (NoWorker, Conflict):
        return None
