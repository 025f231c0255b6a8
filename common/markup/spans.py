"""What a voice speaks of a text with markup, and the limits of markup."""

from collections.abc import Collection
from dataclasses import dataclass

from common.errors import InvalidRequest

MAX_PAUSE_S = 60.0
MAX_SILENCE_S = 3600.0
# Each voice may need weights and memory of its own.
MAX_VOICES = 32
# The name of the voice of the job.
JOB_VOICE = "default"


@dataclass(frozen=True, slots=True)
class Run:
    """`text` is spoken for characters [start, end) of the source.

    If it is as long as they are, each character stands for one of them. `say_as` is the value of `interpret-as` in
    SSML, and `say_as_format` its format. `phonemes` are IPA.
    """

    text: str
    start: int
    end: int
    say_as: str = ""
    say_as_format: str = ""
    phonemes: str = ""


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """Characters [start, end) of a text, without tags. `voice_id` is None for the voice of the job.

    `lead_s` is the silence that tags insert before the span, None without such a tag. `language` is None for the
    language of the job. `rate` multiplies the speed of the job. `runs` are what is spoken, None for the text as it
    stands. `paragraph_end` is False if the paragraph may continue in the next span.
    """

    start: int
    end: int
    voice_id: str | None
    lead_s: float | None
    language: str | None = None
    rate: float = 1.0
    runs: tuple[Run, ...] | None = None
    paragraph_end: bool = True


@dataclass(frozen=True, slots=True)
class Markup:
    """The spans of a text that a voice speaks. `tail_s` is the silence after the last one.

    `warnings` say which markup has no effect.
    """

    spans: tuple[VoiceSpan, ...]
    tail_s: float
    warnings: tuple[str, ...] = ()

    @property
    def voice_ids(self) -> tuple[str, ...]:
        """The voices that tags name, in the order of their first span."""
        return tuple(dict.fromkeys(one.voice_id for one in self.spans if one.voice_id is not None))


def check_silence(silence_s: float) -> None:
    """Raises InvalidRequest if the pauses of a text add up to too much."""
    if silence_s > MAX_SILENCE_S:
        raise invalid_tag(
            f"The pauses add up to more than {MAX_SILENCE_S:.0f} s. Shorten them or remove some."
        )


def check_voices(voice_ids: Collection[str]) -> None:
    """Raises InvalidRequest if tags name too many different voices."""
    if len(voice_ids) > MAX_VOICES:
        raise InvalidRequest(
            f"The tags of this text name more than {MAX_VOICES} voices. Use fewer, or split the text.",
            code="too_many_voices",
            param="text",
        )


def invalid_tag(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="invalid_tag", param="text")
