"""What OpenAI's clients send and expect: see https://platform.openai.com/docs/api-reference/audio/createSpeech."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from api.schemas.base import RequestModel, ResponseModel
from api.schemas.job import Priority
from api.schemas.synthesis import NORMALIZE, AudioFormat, CleanText, LanguageTag, Lexicon, blank_is_none
from common.catalogue import DEFAULT_VOICE


def _id_of(voice: object) -> object:
    """A voice is a string, or an object with an id."""
    if isinstance(voice, dict):
        return voice.get("id")
    return voice


# As many as OpenAI takes.
Instructions = Annotated[CleanText, Field(max_length=4096)]


class VoiceOptions(RequestModel):
    """Who speaks, and how."""

    model: str = Field(
        max_length=256, description="`tts-1` and the like, or a model of ours: GET /v1/models lists them."
    )
    voice: Annotated[str, BeforeValidator(_id_of)] = Field(
        max_length=600, description='`alloy` and the like, or a voice of ours; also as `{"id": …}`.'
    )
    response_format: AudioFormat = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0, allow_inf_nan=False)
    instructions: Annotated[Instructions | None, AfterValidator(blank_is_none)] = Field(
        None, description="How to say it, for voices that take a style; at most 1,000 characters for those."
    )
    language: LanguageTag | None = Field(None, description="Ours: the text's; else found out.")
    seed: int | None = Field(None, ge=0, le=2**31 - 1, description="Ours.")
    normalize: bool = Field(True, description=f"Ours. {NORMALIZE}")
    lexicon: Lexicon = Field(default_factory=dict)
    priority: Priority = Field("interactive", description="Ours.")


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
    stream_format: Literal["audio", "sse"] = "audio"
    keep: bool = Field(False, description="Ours: go on when the listener has left.")


class SessionConfig(VoiceOptions):
    """The first message on a WebSocket: model and voice may be left out."""

    model: str = Field("oratio", max_length=256)
    voice: Annotated[str, BeforeValidator(_id_of)] = Field(DEFAULT_VOICE, max_length=600)
    response_format: AudioFormat = "pcm"


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
