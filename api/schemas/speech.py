"""Bodies of the OpenAI API: https://platform.openai.com/docs/api-reference/audio/createSpeech."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from api.schemas.base import RequestModel, ResponseModel
from api.schemas.job import Priority
from api.schemas.synthesis import (
    CLEAN_PAGES,
    NORMALIZE,
    AudioFormat,
    CleanText,
    InputType,
    LanguageTag,
    Lexicon,
    blank_is_none,
)
from common.formats import MEDIA_TYPES


def _id_of(voice: object) -> object:
    """Accept a voice as a string or as an object with an id."""
    if isinstance(voice, dict):
        return voice.get("id", voice)
    return voice


def _format_of(name: object) -> object:
    """Accept any case, and `ogg`, the container of Opus."""
    if not isinstance(name, str):
        return name
    name = name.lower()
    return "opus" if name == "ogg" else name


def _number_of(value: object) -> object:
    """Accept a number in a string."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _or_null(schema: dict[str, Any]) -> None:
    """Say in the OpenAPI document that null is accepted."""
    kinds = schema.pop("anyOf", None) or [{"type": schema.pop("type")}]
    schema["anyOf"] = [*kinds, {"type": "null"}]


SpokenFormat = Annotated[
    AudioFormat,
    BeforeValidator(_format_of),
    WithJsonSchema({"anyOf": [{"enum": [*MEDIA_TYPES, "ogg"], "type": "string"}, {"type": "string"}]}),
]
SpokenSpeed = Annotated[
    float,
    BeforeValidator(_number_of),
    Field(ge=0.25, le=4.0, allow_inf_nan=False),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0.25, "maximum": 4.0}, {"type": "string"}]}),
]

# Clients with optional settings send null for these fields instead of leaving them out.
_NULL_IS_DEFAULT = frozenset({"model", "voice", "response_format", "speed"})

# The limit of OpenAI.
Instructions = Annotated[CleanText, Field(max_length=4096)]


class VoiceOptions(RequestModel):
    """The voice, and how it speaks."""

    model: str = Field(
        "oratio",
        max_length=256,
        description="An OpenAI name such as `tts-1`, or a model of this service. GET /v1/models lists them.",
        json_schema_extra=_or_null,
    )
    voice: Annotated[str | None, BeforeValidator(_id_of)] = Field(
        None,
        max_length=600,
        description='An OpenAI name such as `alloy`, or a voice of this service; also as `{"id": …}`. '
        "By default a voice of the model.",
    )
    response_format: SpokenFormat = Field(
        "mp3", description="In any case. `ogg` is `opus`.", json_schema_extra=_or_null
    )
    speed: SpokenSpeed = Field(1.0, description="Also as a string.", json_schema_extra=_or_null)
    instructions: Annotated[Instructions | None, AfterValidator(blank_is_none)] = Field(
        None,
        description="Style, at most 1,000 characters for voices that support it. Other voices ignore it.",
    )
    language: LanguageTag | None = Field(
        None, description="Language of the text; detected if it is left out. Not in OpenAI's API."
    )
    seed: int | None = Field(
        None, ge=0, le=2**31 - 1, description="The same seed makes the same audio. Not in OpenAI's API."
    )
    normalize: bool = Field(True, description=f"{NORMALIZE} Not in OpenAI's API.")
    lexicon: Lexicon = Field(default_factory=dict)
    priority: Priority = Field(
        "interactive", description="`bulk` jobs run after interactive ones. Not in OpenAI's API."
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, fields: object) -> object:
        if not isinstance(fields, dict):
            return fields
        return {
            name: value for name, value in fields.items() if value is not None or name not in _NULL_IS_DEFAULT
        }


class SpeechRequest(VoiceOptions):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": "tts-1", "voice": "alloy", "input": "Hello there."},
                {"model": "kokoro", "voice": "af_heart", "input": "Hello there.", "response_format": "wav"},
            ]
        }
    )

    input: CleanText = Field(description="At most ORATIO_MAX_TEXT_CHARS characters.")
    input_type: InputType = None
    clean_pages: bool = Field(False, description=f"{CLEAN_PAGES} Not in OpenAI's API.")
    stream_format: Literal["audio", "sse"] = "audio"
    keep: bool = Field(
        False, description="Continue the job after the listener has disconnected. Not in OpenAI's API."
    )


class SessionConfig(VoiceOptions):
    """The first message on a WebSocket."""

    response_format: SpokenFormat = "pcm"


class OpenAIModel(ResponseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class OpenAIModelList(ResponseModel):
    object: Literal["list"] = "list"
    data: list[OpenAIModel]


class SpeechVoice(ResponseModel):
    id: str
    name: str
    model: str
    languages: list[str]


class SpeechVoices(ResponseModel):
    voices: list[SpeechVoice]


class SpeechModel(ResponseModel):
    id: str
    name: str


class SpeechModels(ResponseModel):
    models: list[SpeechModel]
