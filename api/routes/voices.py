"""List the voices, and why a voice is not available."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import GatewayDep
from api.error_handlers import documented_errors
from api.models.listed_voices import listed_voices
from api.schemas.voice import Voices, VoiceView, VoiceWorker
from common.catalogue import DEFAULT_VOICE, Voice, find_model
from common.errors import OratioError
from common.providers import choose, unavailable_reason
from common.settings import Settings
from common.worker_registry import WorkerStatus

router = APIRouter(tags=["voices"])


@router.get("/voices", responses=documented_errors(400))
async def list_voices(
    gateway: GatewayDep,
    model: Annotated[
        str | None, Query(pattern=r"^[a-z0-9_-]{1,64}$", description="Voices of this model.")
    ] = None,
    language: Annotated[
        str | None,
        Query(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$", description="Voices of this language."),
    ] = None,
) -> Voices:
    """Every voice with its model, licence and provider, and the reason if it is not available.

    MMS has more than a thousand languages. Without a filter the list contains a few of them and those that a worker
    has; with `model=mms` or a `language` it contains all.
    """
    workers = await gateway.worker_cache.statuses()
    listed = listed_voices(workers, allow_fake=gateway.settings.fake_engine, model=model, language=language)
    return Voices(voices=[_view(voice, workers, gateway.settings) for voice in listed])


def _view(voice: Voice, workers: Sequence[WorkerStatus], settings: Settings) -> VoiceView:
    model = find_model(voice.model)
    reason = unavailable_reason(voice, workers, mode=settings.provider_mode)
    return VoiceView(
        id=voice.id,
        name=voice.name,
        model=voice.model,
        languages=list(voice.languages),
        gender=voice.gender,
        style=voice.style,
        sample_rate_hz=model.sample_rate_hz,
        license=model.license,
        provider=_provider(voice, workers, settings),
        available=reason is None,
        reason=reason,
        is_default=voice.id == DEFAULT_VOICE,
        note=voice.note or None,
        runs_on=model.runs_on,
        slow=model.slow_on_cpu and not _on_a_gpu(voice, workers),
        workers=_workers(voice, workers),
    )


def _workers(voice: Voice, workers: Sequence[WorkerStatus]) -> list[VoiceWorker]:
    """Return the live workers that have the weights of a voice."""
    return [
        VoiceWorker(id=worker.announcement.id, device=worker.announcement.device, loaded=served.loaded)
        for worker in workers
        if worker.alive and (served := worker.served(voice.weights)) is not None
    ]


def _on_a_gpu(voice: Voice, workers: Sequence[WorkerStatus]) -> bool:
    return any(
        worker.alive
        and worker.announcement.device.lower() != "cpu"
        and worker.served(voice.weights) is not None
        for worker in workers
    )


def _provider(voice: Voice, workers: Sequence[WorkerStatus], settings: Settings) -> str | None:
    try:
        choice = choose(voice, workers, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    except OratioError:
        return None
    return choice.provider
