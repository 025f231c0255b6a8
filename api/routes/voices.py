"""Every voice there is, and what stands between it and a listener."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import GatewayDep
from api.error_handlers import documented
from api.models.listed_voices import shown_voices
from api.schemas.voice import Voices, VoiceView, VoiceWorker
from common.catalogue import DEFAULT_VOICE, Voice, find_model
from common.errors import OratioError
from common.providers import choose, unavailable_reason
from common.settings import Settings
from common.worker_registry import WorkerStatus

router = APIRouter(tags=["voices"])


@router.get("/voices", responses=documented(400))
async def list_voices(
    gateway: GatewayDep,
    model: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_-]{1,64}$", description="Of one model only.")
    ] = None,
    language: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$", description="Of one language only."),
    ] = None,
) -> Voices:
    """Every voice, with its model and licence, where it is spoken now, and if it is not, why.

    Of MMS, which has more than a thousand languages, a few and those that a worker has; all of them with `model=mms`,
    or by `language`.
    """
    fleet = await gateway.workers.statuses()
    shown = shown_voices(fleet, allow_fake=gateway.settings.fake_engine, model=model, language=language)
    return Voices(voices=[_view(voice, fleet, gateway.settings) for voice in shown])


def _view(voice: Voice, fleet: Sequence[WorkerStatus], settings: Settings) -> VoiceView:
    model = find_model(voice.model)
    reason = unavailable_reason(voice, fleet, mode=settings.provider_mode)
    return VoiceView(
        id=voice.id,
        name=voice.name,
        model=voice.model,
        languages=list(voice.languages),
        gender=voice.gender,
        style=voice.style,
        sample_rate_hz=model.sample_rate_hz,
        license=model.license,
        provider=_provider(voice, fleet, settings),
        available=reason is None,
        reason=reason,
        is_default=voice.id == DEFAULT_VOICE,
        note=voice.note or None,
        runs_on=model.runs_on,
        slow=model.slow_on_cpu and not _on_a_gpu(voice, fleet),
        workers=_workers(voice, fleet),
    )


def _workers(voice: Voice, fleet: Sequence[WorkerStatus]) -> list[VoiceWorker]:
    """Those that live and have its weights."""
    return [
        VoiceWorker(
            id=seen.announcement.id, device=seen.announcement.device, loaded=engine.get("loaded", False)
        )
        for seen in fleet
        if seen.alive and (engine := seen.engine_of(voice.weights)) is not None
    ]


def _on_a_gpu(voice: Voice, fleet: Sequence[WorkerStatus]) -> bool:
    return any(
        seen.alive and seen.announcement.device.lower() != "cpu" and seen.engine_of(voice.weights) is not None
        for seen in fleet
    )


def _provider(voice: Voice, fleet: Sequence[WorkerStatus], settings: Settings) -> str | None:
    try:
        choice = choose(voice, fleet, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    except OratioError:
        return None
    return choice.provider
