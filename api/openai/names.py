"""Map OpenAI's names of models and voices to the voices of this service."""

import re
from collections.abc import Mapping, Sequence

from common.catalogue import DEFAULT_VOICE, MODELS, Voice, find_voice, voices_of
from common.catalogue import openai_names as openai_catalogue
from common.catalogue.models import FAKE_MODEL
from common.errors import InvalidRequest, NotFound, OratioError
from common.providers import choose
from common.settings import Settings
from common.worker_registry import WorkerStatus

# The release date of a model, as in `gpt-4o-mini-tts-2025-12-15`.
_RELEASE_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def family_of(name: str, settings: Settings) -> str | None:
    """Return the model family that a name stands for. None if the voice determines it.

    `name` is a result of `canonical_name`. Raises NotFound.
    """
    if name in MODELS or (settings.fake_engine and name == FAKE_MODEL.alias):
        return name
    by_hub_id = {model.hub_id: model.alias for model in MODELS.values()}
    if name in by_hub_id:
        return by_hub_id[name]
    if name in openai_catalogue.MODELS:
        return None
    raise NotFound(
        "This model does not exist. GET /v1/models lists the models.", code="model_not_found", param="model"
    )


def canonical_name(name: str, settings: Settings) -> str:
    """Apply the operator's alias, and remove the release date from OpenAI's names. They may be in any case."""
    aliases = settings.openai_models
    name = aliases.get(name) or aliases.get(name.lower(), name)
    openai_name = _RELEASE_DATE.sub("", name.lower())
    if openai_name in openai_catalogue.MODELS:
        return openai_name
    return name.lower() if name.lower() in MODELS else name


def check_operator_voices(settings: Settings) -> None:
    """Raises ValueError if ORATIO_OPENAI_VOICES names a voice that does not exist."""
    for name, voice_id in settings.openai_voices.items():
        try:
            find_voice(voice_id, allow_fake=settings.fake_engine)
        except OratioError:
            raise ValueError(
                f"ORATIO_OPENAI_VOICES: the voice {voice_id!r} of {name!r} does not exist. GET /voices lists all."
            ) from None


def voice_id_of(model: str, voice: str | None, workers: Sequence[WorkerStatus], settings: Settings) -> str:
    """Return the voice to use. None is the default voice, or if that has another model, one of this model.

    Raises NotFound for an unknown name, InvalidRequest for a voice of another model.
    """
    model = canonical_name(model, settings)
    family = family_of(model, settings)
    if voice is None:
        return _best(voices_of(family) if family else [], workers, settings)
    name = voice.lower()
    if operator_voice := settings.openai_voices.get(voice) or settings.openai_voices.get(name):
        return operator_voice
    if name in openai_catalogue.VOICES:
        return _best(_candidates(name, model, family), workers, settings)
    found = find_voice(voice, allow_fake=settings.fake_engine)
    if family and found.model != family:
        raise InvalidRequest(
            f"The voice {voice!r} belongs to {found.model}, not to {family}. Use the model {found.model!r}, "
            "or 'oratio' for any voice.",
            code="voice_of_another_model",
            param="voice",
        )
    return voice


def _candidates(voice: str, model: str, family: str | None) -> list[Voice]:
    found = [find_voice(voice_id) for voice_id in openai_catalogue.VOICES[voice]]
    if family:
        # A family without a voice of this name uses its first voice.
        return [one for one in found if one.model == family] or voices_of(family)[:1]
    order = openai_catalogue.MODELS.get(model, ())
    return sorted(found, key=lambda one: order.index(one.model) if one.model in order else len(order))


def _best(candidates: Sequence[Voice], workers: Sequence[WorkerStatus], settings: Settings) -> str:
    """Return the first voice that a worker can speak, else the first one."""
    for provider in ("local", "inference"):
        for voice in candidates:
            if _provider(voice, workers, settings) == provider:
                return voice.id
    return candidates[0].id if candidates else DEFAULT_VOICE


def _provider(voice: Voice, workers: Sequence[WorkerStatus], settings: Settings) -> str | None:
    try:
        return choose(voice, workers, mode=settings.provider_mode, fallback_stub=False).provider
    except OratioError:
        return None


def model_names(settings: Settings) -> Mapping[str, str]:
    """Return every name that a request may use, with its owner."""
    aliases = dict.fromkeys((*openai_catalogue.MODELS, *settings.openai_models), "oratio")
    return aliases | {alias: model.hub_id.partition("/")[0] for alias, model in MODELS.items()}
