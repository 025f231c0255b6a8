"""The body of POST /synthesize."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from api.schemas.base import RequestModel
from api.schemas.history import Title
from api.schemas.job import Priority
from common.catalogue import DEFAULT_VOICE

AudioFormat = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]

# An idempotency key in a header or a body: printable ASCII.
KEY_PATTERN = r"^[\x20-\x7e]{1,128}$"


def _clean(text: object) -> object:
    """Replace half surrogate pairs, which are not characters, and remove NULs, which databases reject."""
    if not isinstance(text, str):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _not_blank(word: str) -> str:
    if not word.strip():
        raise ValueError("must not be blank")
    return word


def blank_is_none(text: str | None) -> str | None:
    return text.strip() or None if text is not None else None


CleanText = Annotated[str, BeforeValidator(_clean)]
LanguageTag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$", max_length=16)]
LexiconWord = Annotated[str, BeforeValidator(_clean), AfterValidator(_not_blank), Field(max_length=100)]
Lexicon = Annotated[
    dict[LexiconWord, LexiconWord],
    Field(
        max_length=500,
        description="Pronunciations of words: a respelling, or phonemes between slashes.",
    ),
]
InputType = Annotated[
    Literal["text", "ssml"] | None,
    Field(description="`text` or `ssml`. If it is left out, a text that begins with `<speak>` is SSML."),
]
TimedInputType = Annotated[
    Literal["text", "ssml", "srt", "vtt"] | None,
    Field(
        description="If it is left out, a text that begins with `<speak>` is SSML. `srt` and `vtt`: `text` is SubRip "
        "or WebVTT, and each cue is spoken at its time."
    ),
]
CLEAN_PAGES = "Leave out page numbers and running heads of a text that was copied from pages."
NORMALIZE = "Convert numbers, dates, units, links and Markdown to words first."


class SynthesisRequest(RequestModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Hello there."},
                {
                    "text": "Hello there, slowly.",
                    "voice_id": DEFAULT_VOICE,
                    "speed": 0.8,
                    "format": "mp3",
                    "seed": 7,
                    "priority": "bulk",
                },
                {
                    "text": "[voice:hibari_heart] Nguyen owes me $5. [pause:0.8s] Still.",
                    "lexicon": {"Nguyen": "win"},
                },
            ]
        }
    )

    text: CleanText = Field(
        description="At most ORATIO_MAX_TEXT_CHARS characters, with at least one letter or digit."
    )
    input_type: TimedInputType = None
    voice_id: str = Field(DEFAULT_VOICE, description="GET /voices lists them.")
    speed: float = Field(
        1.0, ge=0.25, le=4.0, allow_inf_nan=False, description="1 is the normal speed of the voice."
    )
    style: Annotated[CleanText | None, AfterValidator(blank_is_none)] = Field(
        None, max_length=1000, description="Style, for voices with `style`."
    )
    format: AudioFormat = "wav"
    language: LanguageTag | None = Field(
        None, description="A BCP 47 tag such as `en` or `pt-BR`. Detected from the text if it is left out."
    )
    seed: int | None = Field(None, ge=0, le=2**31 - 1, description="The same seed makes the same audio.")
    normalize: bool = Field(True, description=NORMALIZE)
    clean_pages: bool = Field(False, description=CLEAN_PAGES)
    lexicon: Lexicon = Field(default_factory=dict)
    mastering: bool = Field(
        True,
        description="Trim silence, set pauses and level the loudness. False keeps the audio of the model.",
    )
    title: Title | None = Field(None, description="Of the recording. Taken from the text if it is left out.")
    priority: Priority = "interactive"
    webhook: Any = Field(None, description="Not supported by this service. Values are rejected.")
    idempotency_key: str | None = Field(
        None, pattern=KEY_PATTERN, description="Requests with the same key and the same body are one job."
    )
    use_cache: bool = Field(True, description="Accepted, but nothing is cached yet.")
