"""Every voice there is, and what stands between it and a listener."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request

from api.context import here
from api.refusals import documented
from api.schemas.voice import Voices, VoiceView
from common.catalogue import DEFAULT_VOICE, Voice, find_model, voices
from common.errors import OratioError
from common.fleet import Seen
from common.providers import choose, unavailable_reason
from common.settings import Settings

router = APIRouter(tags=["voices"])


@router.get("/voices", responses=documented())
async def list_voices(request: Request) -> Voices:
    """Every voice, with its model and licence, where it is spoken now, and if it is not, why."""
    gateway = here(request)
    fleet = await gateway.fleet.seen()
    known = voices(allow_fake=gateway.settings.fake_engine).values()
    return Voices(voices=[_view(voice, fleet, gateway.settings) for voice in known])


def _view(voice: Voice, fleet: Sequence[Seen], settings: Settings) -> VoiceView:
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
    )


def _provider(voice: Voice, fleet: Sequence[Seen], settings: Settings) -> str | None:
    try:
        choice = choose(voice, fleet, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    except OratioError:
        return None
    return choice.provider
