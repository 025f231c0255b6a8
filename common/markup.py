"""Parses tags in a text: `[pause:0.8s]` inserts silence, `[voice:af_heart]` changes the voice."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from common.errors import InvalidRequest
from common.speakable_text import is_speakable

MAX_PAUSE_S = 60.0
MAX_SILENCE_S = 3600.0
# Each voice may need weights and memory of its own.
MAX_VOICES = 32
# `[voice:default]` returns to the voice of the job.
JOB_VOICE = "default"

_TAG = re.compile(r"\[(?P<kind>pause|voice)\s*:(?P<value>[^\[\]\n]{0,200})\]", re.IGNORECASE)
_DURATION = re.compile(r"(?P<number>\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(?P<unit>ms|s|)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """Characters [start, end) of a text, without tags. `voice_id` is None for the voice of the job.

    `lead_s` is the silence that tags insert before the span, None without such a tag.
    """

    start: int
    end: int
    voice_id: str | None
    lead_s: float | None


@dataclass(frozen=True, slots=True)
class Markup:
    """The spans of a text that a voice speaks. `tail_s` is the silence after the last one."""

    spans: tuple[VoiceSpan, ...]
    tail_s: float

    @property
    def voice_ids(self) -> tuple[str, ...]:
        """The voices that tags name, in the order of their first span."""
        return tuple(dict.fromkeys(one.voice_id for one in self.spans if one.voice_id is not None))


def parse_markup(text: str, *, voice_id: str | None = None) -> Markup:
    """Find the spans that a voice can speak. Raises InvalidRequest for an invalid tag.

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
    if silence_s > MAX_SILENCE_S:
        raise _invalid_tag(
            f"The pauses add up to more than {MAX_SILENCE_S:.0f} s. Shorten them or remove some."
        )
    return Markup(tuple(spans), lead_s or 0.0)


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
        value = tag["value"].strip()
        if tag["kind"].lower() == "pause":
            pause_s = _duration_s(value)
        else:
            voice_id = _voice_id(value)
    yield start, len(text), voice_id, pause_s


def _voice_id(value: str) -> str | None:
    if not value:
        raise _invalid_tag("A voice tag must name a voice, as in [voice:af_heart].")
    return None if value.lower() == JOB_VOICE else value


def _duration_s(value: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise _invalid_tag("A pause tag must give a duration, as in [pause:0.8s] or [pause:300ms].")
    duration_s = float(match["number"]) / (1000 if match["unit"].lower() == "ms" else 1)
    if duration_s > MAX_PAUSE_S:
        raise _invalid_tag(f"A pause must not be longer than {MAX_PAUSE_S:.0f} s.")
    return duration_s


def _invalid_tag(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="invalid_tag", param="text")
