"""Tags in a text: `[pause:0.8s]` is silence, `[voice:af_heart]` hands over to another voice until the next such tag."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from common.errors import InvalidRequest
from common.speakable_text import is_speakable

MAX_PAUSE_S = 60.0
MAX_SILENCE_S = 3600.0
# Back to the voice that the request names.
JOB_VOICE = "default"

_TAG = re.compile(r"\[(?P<kind>pause|voice)\s*:(?P<value>[^\[\]\n]{0,200})\]", re.IGNORECASE)
_DURATION = re.compile(r"(?P<number>\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(?P<unit>ms|s|)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """Characters [start, end) of a text, without tags in them. `voice_id` is None for the job's own.

    `lead_s` is the silence that a tag asks for before it; None when no tag stands there.
    """

    start: int
    end: int
    voice_id: str | None
    lead_s: float | None


@dataclass(frozen=True, slots=True)
class Markup:
    """`tail_s` is the silence after the last span."""

    spans: tuple[VoiceSpan, ...]
    tail_s: float

    @property
    def voice_ids(self) -> tuple[str, ...]:
        """Those named by tags, in the order of their first span."""
        return tuple(dict.fromkeys(one.voice_id for one in self.spans if one.voice_id is not None))


def parse_markup(text: str, *, voice_id: str | None = None) -> Markup:
    """The spans that hold something to speak. Raises InvalidRequest for a tag that cannot be followed.

    `voice_id` is who speaks before the first tag, in the middle of a text. Of pauses without speech between them the
    sum counts.
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
        raise _invalid_tag(f"The pauses add up to more than {MAX_SILENCE_S:.0f} s.")
    return Markup(tuple(spans), lead_s or 0.0)


def _tagged_spans(text: str, voice_id: str | None) -> Iterator[tuple[int, int, str | None, float | None]]:
    """(start, end, voice, pause before) of what stands between tags."""
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
        raise _invalid_tag("A voice tag names a voice, as in [voice:af_heart].")
    return None if value.lower() == JOB_VOICE else value


def _duration_s(value: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise _invalid_tag("A pause tag says how long, as in [pause:0.8s] or [pause:300ms].")
    duration_s = float(match["number"]) / (1000 if match["unit"].lower() == "ms" else 1)
    if duration_s > MAX_PAUSE_S:
        raise _invalid_tag(f"A pause lasts at most {MAX_PAUSE_S:.0f} s.")
    return duration_s


def _invalid_tag(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="invalid_tag", param="text")
