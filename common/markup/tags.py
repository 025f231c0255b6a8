"""Parses tags in a text: `[pause:0.8s]` inserts silence, `[voice:af_heart]` changes the voice.

A bracket that is no tag is text.
"""

import re
from collections.abc import Iterator

from common.markup.spans import JOB_VOICE, MAX_PAUSE_S, Markup, VoiceSpan, check_silence, invalid_tag
from common.speakable_text import is_speakable

# The silence of `[pause]`.
DEFAULT_PAUSE_S = 0.5

_GAP = r"[^\S\n]{0,8}"
_DURATION = rf"(?P<number>\d{{1,12}}(?:\.\d{{0,6}})?|\.\d{{1,6}}){_GAP}(?P<unit>ms|s|)"
# Any word can be the name of a voice. One that does not exist is reported as such.
_TAG = re.compile(
    rf"\[(?:pause{_GAP}(?::{_GAP}{_DURATION}{_GAP})?|voice{_GAP}:{_GAP}(?P<voice>[^\s\[\]]{{1,200}}){_GAP})\]",
    re.IGNORECASE,
)
# A bracket that somebody may have meant as a tag: one word, or a name and a value. Not a link, and not `[x]`.
_TAG_LIKE = re.compile(
    r"\[[^\S\n]{0,8}(?:[^\W\d_][\w-]{1,40}|[^\W\d_][\w-]{0,40}\s?:[^\[\]\n]{0,200})\](?![(\[:])"
)
_MAX_NAMED = 5
_NAMED_CHARS = 40


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
    named = [
        one if len(one) <= _NAMED_CHARS else f"{one[:_NAMED_CHARS]}…" for one in list(found)[:_MAX_NAMED]
    ]
    more = f" and {len(found) - _MAX_NAMED} others" if len(found) > _MAX_NAMED else ""
    return (f"These brackets are no tags and are read as text: {', '.join(named)}{more}.",)


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
        raise invalid_tag(f"A pause must not be longer than {MAX_PAUSE_S:.0f} s.")
    return duration_s
