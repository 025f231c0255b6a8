"""Convert requests of ElevenLabs to those of OpenAI's endpoint."""

from collections.abc import Mapping

from api.elevenlabs.output_formats import OutputFormat
from api.schemas.elevenlabs import TextToSpeech
from api.schemas.speech import VoiceOptions

# The fields of POST /synthesize, and of OpenAI, by which errors name them.
FIELDS: Mapping[str, str] = {"voice": "voice_id", "model": "model_id", "format": "output_format"}
_SEEDS = 2**31


def to_voice_options(voice_id: str, body: TextToSpeech, output: OutputFormat) -> VoiceOptions:
    return VoiceOptions.model_construct(
        **{
            **_DEFAULTS,
            "model": _model(body.model_id),
            "voice": voice_id,
            "response_format": output.audio_format,
            "speed": (body.voice_settings and body.voice_settings.speed) or 1.0,
            "language": body.language_code,
            "seed": None if body.seed is None else body.seed % _SEEDS,
            "normalize": body.apply_text_normalization != "off",
        }
    )


def _model(model_id: str | None) -> str:
    """A model of ElevenLabs leaves the choice to the voice."""
    return "oratio" if model_id is None or model_id.startswith("eleven_") else model_id


_DEFAULTS = {
    name: field.get_default(call_default_factory=True) for name, field in VoiceOptions.model_fields.items()
}
