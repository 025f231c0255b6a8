"""Bodies of the OpenAI API: https://platform.openai.com/docs/api-reference/audio/createSpeech."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

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
    """Accept a voice as a string or as an object with an id. An empty string is the default voice."""
    if isinstance(voice, dict):
        voice = voice.get("id", voice)
    return None if voice == "" else voice


def _lower_case(name: object) -> object:
    return name.lower() if isinstance(name, str) else name


def _format_of(name: object) -> object:
    """Accept any case, and `ogg`, the container of Opus."""
    name = _lower_case(name)
    return "opus" if name == "ogg" else name


def _number_of(value: object) -> object:
    """Accept a number in a string."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _integer_of(value: object) -> object:
    """Accept an integer in a string."""
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value


def _tag_of(language: object) -> object:
    """Accept `en_US`."""
    return language.replace("_", "-") if isinstance(language, str) else language


def _or_string(**schema: Any) -> WithJsonSchema:
    """Say in the OpenAPI document that strings of another form are accepted too."""
    return WithJsonSchema({"anyOf": [schema, {"type": "string"}]})


def in_any_case(*names: str) -> Any:
    """Return the annotations of a name that may be written in any case."""
    return BeforeValidator(_lower_case), _or_string(enum=list(names), type="string")


def _or_null(schema: dict[str, Any]) -> None:
    """Say in the OpenAPI document that null is accepted."""
    kinds = schema.pop("anyOf", None)
    if kinds is None:
        kinds = [{name: schema.pop(name) for name in list(schema) if name not in _ANNOTATIONS}]
    schema["anyOf"] = [*(kind for kind in kinds if kind != _NULL), _NULL]


_INTEGER = re.compile(r"[0-9]{1,10}")
_NULL = {"type": "null"}
_ANNOTATIONS = frozenset({"title", "description", "default"})
_SEED_MAX = 2**31 - 1

SpokenFormat = Annotated[
    AudioFormat, BeforeValidator(_format_of), _or_string(enum=[*MEDIA_TYPES, "ogg"], type="string")
]
SpokenSpeed = Annotated[
    float,
    BeforeValidator(_number_of),
    Field(ge=0.25, le=4.0, allow_inf_nan=False),
    _or_string(type="number", minimum=0.25, maximum=4.0),
]
SpokenLanguage = Annotated[
    LanguageTag,
    BeforeValidator(_tag_of),
    WithJsonSchema(
        {"type": "string", "pattern": "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$", "maxLength": 16}
    ),
]
SpokenSeed = Annotated[
    int,
    BeforeValidator(_integer_of),
    Field(ge=0, le=_SEED_MAX),
    _or_string(type="integer", minimum=0, maximum=_SEED_MAX),
]

# The limit of OpenAI.
Instructions = Annotated[CleanText, Field(max_length=4096)]


class VoiceOptions(RequestModel):
    """The voice, and how it speaks."""

    model: str = Field(
        "oratio",
        max_length=256,
        description="An OpenAI name such as `tts-1`, or a model of this service. GET /v1/models lists them.",
    )
    voice: Annotated[str | None, BeforeValidator(_id_of)] = Field(
        None,
        max_length=600,
        description='An OpenAI name such as `alloy`, or a voice of this service; also as `{"id": …}`. '
        "By default a voice of the model.",
    )
    response_format: SpokenFormat = Field("mp3", description="In any case. `ogg` is `opus`.")
    speed: SpokenSpeed = Field(1.0, description="Also as a string.")
    instructions: Annotated[Instructions | None, AfterValidator(blank_is_none)] = Field(
        None,
        description="Style, at most 1,000 characters for voices that support it. Other voices ignore it.",
    )
    language: SpokenLanguage | None = Field(
        None,
        description="Language of the text, as `en-US` or `en_US`; detected if it is left out. Not in OpenAI's API.",
    )
    seed: SpokenSeed | None = Field(
        None, description="The same seed makes the same audio. Also as a string. Not in OpenAI's API."
    )
    normalize: bool = Field(True, description=f"{NORMALIZE} Not in OpenAI's API.")
    lexicon: Lexicon = Field(default_factory=dict)
    priority: Annotated[Priority, *in_any_case("interactive", "bulk")] = Field(
        "interactive", description="`bulk` jobs run after interactive ones. Not in OpenAI's API."
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, fields: object) -> object:
        """Clients with optional settings send null, or an empty model, instead of leaving a field out."""
        if not isinstance(fields, dict):
            return fields
        return {
            name: value
            for name, value in fields.items()
            if name == "input" or (value is not None and (name, value) != ("model", ""))
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema)
        for name, field in fields["properties"].items():
            if name not in fields.get("required", ()):
                _or_null(field)
        return schema


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
    input_type: Annotated[InputType, *in_any_case("text", "ssml")] = None
    clean_pages: bool = Field(False, description=f"{CLEAN_PAGES} Not in OpenAI's API.")
    stream_format: Annotated[Literal["audio", "sse"], *in_any_case("audio", "sse")] = "audio"
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
