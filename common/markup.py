"""Parses tags in a text: `[pause:0.8s]` inserts silence, `[voice:af_heart]` changes the voice.

A bracket that is no tag is text.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from common.errors import InvalidRequest
from common.speakable_text import is_speakable

MAX_PAUSE_S = 60.0
# The silence of `[pause]`.
DEFAULT_PAUSE_S = 0.5
MAX_SILENCE_S = 3600.0
# Each voice may need weights and memory of its own.
MAX_VOICES = 32
# `[voice:default]` returns to the voice of the job.
JOB_VOICE = "default"

# Ids are `[a-z0-9_-]`; other characters are for a voice that does not exist, which is reported as such.
_TAG = re.compile(
    r"\[(?:pause[^\S\n]{0,8}(?::[^\S\n]{0,8}(?P<number>\d{1,12}(?:\.\d{0,6})?|\.\d{1,6})[^\S\n]{0,8}(?P<unit>ms|s|)[^\S\n]{0,8})?"
    r"|voice[^\S\n]{0,8}:[^\S\n]{0,8}(?P<voice>[^\s\[\]]{1,200})[^\S\n]{0,8})\]",
    re.IGNORECASE,
)
# A bracket that somebody may have meant as a tag: one word, or a name and a value. Not a link, and not `[x]`.
_TAG_LIKE = re.compile(r"\[[^\S\n]{0,8}(?:[^\W\d_][\w-]{1,40}|[^\W\d_][\w-]{0,40}\s?:[^\[\]\n]{0,200})\](?![(\[:])")
_MAX_NAMED = 5
_NAMED_CHARS = 40


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


def parse_markup(text: str, *, voice_id: str | None = None) -> Markup:
    """Find the spans that a voice can speak. Raises InvalidRequest for pauses that are too long.

    `voice_id` speaks before the first tag; it is needed when `text` continues an earlier text. Pauses without speech
    between them add up.
    """
    spans: list[VoiceSpan] = []
    lead_s: float | None = None
    silence_s = 0.0
    for start, end, span_voice_id, pause_s in _tagged_spans(text, voice_id):
        if pause_s is not None:
            lead_s = (lead_s or 0.0) + pause_s
            silence_s += pause_s
        if is_speakable(text[start:end]):
            spans.append(VoiceSpan(start, end, span_voice_id, lead_s))
            lead_s = None
    check_silence(silence_s)
    return Markup(tuple(spans), lead_s or 0.0, bracket_warnings(text))


def check_silence(silence_s: float) -> None:
    """Raises InvalidRequest if the pauses of a text add up to too much."""
    if silence_s > MAX_SILENCE_S:
        raise _invalid_tag(
            f"The pauses add up to more than {MAX_SILENCE_S:.0f} s. Shorten them or remove some."
        )


def bracket_warnings(text: str) -> tuple[str, ...]:
    """Return a warning that names the brackets that look like tags and are read as text."""
    if "[" not in text:
        return ()
    found: dict[str, None] = {}
    for bracket in _TAG_LIKE.finditer(text):
        if _TAG.fullmatch(bracket[0]) is None:
            found[bracket[0]] = None
    if not found:
        return ()
    named = [one if len(one) <= _NAMED_CHARS else f"{one[:_NAMED_CHARS]}…" for one in list(found)[:_MAX_NAMED]]
    more = f" and {len(found) - _MAX_NAMED} others" if len(found) > _MAX_NAMED else ""
    return (f"These brackets are no tags and are read as text: {', '.join(named)}{more}.",)


def check_voices(voice_ids: Collection[str]) -> None:
    """Raises InvalidRequest if tags name too many different voices."""
    if len(voice_ids) > MAX_VOICES:
        raise InvalidRequest(
            f"The tags of this text name more than {MAX_VOICES} voices. Use fewer, or split the text.",
            code="too_many_voices",
            param="text",
        )


def _tagged_spans(text: str, voice_id: str | None) -> Iterator[tuple[int, int, str | None, float | None]]:
    """Yield (start, end, voice, pause before in seconds) of the text between tags."""
    start, pause_s = 0, None
    for tag in _TAG.finditer(text):
        yield start, tag.start(), voice_id, pause_s
        start, pause_s = tag.end(), None
        if tag["voice"] is None:
            pause_s = _duration_s(tag)
        else:
            voice_id = None if tag["voice"].lower() == JOB_VOICE else tag["voice"]
    yield start, len(text), voice_id, pause_s


def _duration_s(tag: re.Match[str]) -> float:
    if tag["number"] is None:
        return DEFAULT_PAUSE_S
    duration_s = float(tag["number"]) / (1000 if tag["unit"].lower() == "ms" else 1)
    if duration_s > MAX_PAUSE_S:
        raise _invalid_tag(f"A pause must not be longer than {MAX_PAUSE_S:.0f} s.")
    return duration_s


def _invalid_tag(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="invalid_tag", param="text")
