"""The lists of voices and models in the shape of ElevenLabs."""

from collections.abc import Sequence

from api.jobs.job_factory import known_voice
from api.models.listed_voices import listed_voices
from api.openai.names import voice_id_of
from api.schemas.elevenlabs import ElevenLabsLanguage, ElevenLabsModel, ElevenLabsVoice
from common.catalogue import MODELS, Voice, voices
from common.settings import Settings
from common.worker_registry import WorkerStatus

# Models of ElevenLabs that clients use by default. Each leaves the choice to the voice.
ELEVENLABS_MODELS = ("eleven_multilingual_v2", "eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_v3")


def elevenlabs_voices(
    workers: Sequence[WorkerStatus], settings: Settings, *, search: str = ""
) -> list[ElevenLabsVoice]:
    """Return the voices with `search` in their name or id, and the operator's names for some."""
    listed = listed_voices(workers, allow_fake=settings.fake_engine)
    by_id = {voice.id: voice for voice in listed}
    operator_names = {
        name: by_id[voice_id] for name, voice_id in settings.openai_voices.items() if voice_id in by_id
    }
    own = [elevenlabs_voice(voice) for voice in listed if voice.id not in operator_names]
    found = [elevenlabs_voice(voice, name=name) for name, voice in operator_names.items()] + own
    wanted = search.lower()
    return [voice for voice in found if wanted in voice.name.lower() or wanted in voice.voice_id.lower()]


def elevenlabs_voice(voice: Voice, *, name: str = "") -> ElevenLabsVoice:
    """`name`: the operator's name of the voice, which is its id as well."""
    return ElevenLabsVoice(
        voice_id=name or voice.id,
        name=name or voice.name,
        description=voice.note or f"A voice of {voice.model}.",
        labels={"language": voice.languages[0], "gender": voice.gender, "model": voice.model},
        high_quality_base_model_ids=[voice.model],
    )


def find_elevenlabs_voice(
    voice_id: str, workers: Sequence[WorkerStatus], settings: Settings
) -> ElevenLabsVoice:
    """Find a voice by its id, or by a name of the operator or of OpenAI. Raises InvalidRequest, NotFound."""
    own_id = voice_id_of("oratio", voice_id, workers, settings)
    found = known_voice(own_id, workers, settings=settings)
    return elevenlabs_voice(found, name="" if own_id == voice_id else voice_id)


def elevenlabs_models() -> list[ElevenLabsModel]:
    every_language = _languages(None)
    theirs = [
        ElevenLabsModel(model_id=name, name=name, languages=every_language) for name in ELEVENLABS_MODELS
    ]
    ours = [
        ElevenLabsModel(model_id=alias, name=model.name, languages=_languages(alias))
        for alias, model in MODELS.items()
    ]
    return theirs + ours


def _languages(model: str | None) -> list[ElevenLabsLanguage]:
    """Return the languages of a model, or of all."""
    tags = {
        tag.partition("-")[0]
        for voice in voices().values()
        if model in (None, voice.model)
        for tag in voice.languages
    }
    return [ElevenLabsLanguage(language_id=tag, name=tag) for tag in sorted(tags)]
