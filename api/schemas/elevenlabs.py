"""Bodies of the ElevenLabs API: https://elevenlabs.io/docs/api-reference/text-to-speech/convert."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from api.schemas.base import RequestModel, ResponseModel
from api.schemas.speech import SpokenLanguage, SpokenSpeed, in_any_case
from api.schemas.synthesis import CleanText


class SpokenSettings(RequestModel):
    """Only the speed has a meaning here. Other settings are ignored."""

    speed: SpokenSpeed | None = Field(None, description="Also as a string.")


class TextToSpeech(RequestModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "Hello there.", "model_id": "eleven_multilingual_v2"}],
        }
    )

    text: CleanText = Field(description="At most ORATIO_MAX_TEXT_CHARS characters.")
    model_id: str | None = Field(
        None, max_length=256, description="A name of ElevenLabs, or a model of this service."
    )
    voice_settings: SpokenSettings | None = None
    language_code: SpokenLanguage | None = Field(
        None, description="Language of the text; detected by default."
    )
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    apply_text_normalization: (
        Annotated[Literal["auto", "on", "off"], *in_any_case("auto", "on", "off")] | None
    ) = Field(None, description="`off` speaks the text without converting numbers and signs to words.")


class ElevenLabsVoice(ResponseModel):
    voice_id: str
    name: str
    category: Literal["premade"] = "premade"
    description: str
    labels: dict[str, str]
    high_quality_base_model_ids: list[str]


class ElevenLabsVoices(ResponseModel):
    voices: list[ElevenLabsVoice]


class ElevenLabsVoicesPage(ElevenLabsVoices):
    has_more: bool
    total_count: int = Field(description="On all pages.")
    next_page_token: str | None


class ElevenLabsLanguage(ResponseModel):
    language_id: str
    name: str


class ElevenLabsModel(ResponseModel):
    model_id: str
    name: str
    can_do_text_to_speech: Literal[True] = True
    languages: list[ElevenLabsLanguage]
