"""Splits the text of a part into segments, each with its voice and language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common.catalogue import Voice, find_voice
from common.jobs.lease import ClaimedPart
from common.markup import Markup, VoiceSpan, parse_markup
from worker.text.language_detection import detect_language
from worker.text.splitting import iter_text_spans

# Languages whose characters each take as long to say as a few letters.
_DENSE = frozenset({"zh", "ja", "ko", "yue"})
_LETTERS_PER_DENSE_CHAR = 3
# The language for a voice without known languages, when the text does not tell.
_FALLBACK = "en"
# A short first segment is heard sooner.
FIRST_MAX_CHARS = 160


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters [start, end) of the job's text, which an engine speaks in one call.

    `voice_span` counts the spans between voice tags, including those of voices in other stages. `lead_s` is the silence
    that a tag asks for before the segment; None leaves the pause to the voice.
    """

    index: int
    voice_span: int
    start: int
    end: int
    text: str
    voice: Voice
    language: str
    lead_s: float | None
    sentence_end: bool
    paragraph_end: bool


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """What one worker speaks of a text. `tail_s`: the silence that a tag asks for after the last segment.

    `segments` come as the text is split, so that the first is spoken before a long text is split to its end.
    """

    segments: Iterator[Segment]
    tail_s: float


def plan_segments(part: ClaimedPart, *, max_chars: int) -> SegmentPlan:
    """`max_chars`: the longest segment that the engine takes.

    If the text has voices of several models, the plan holds the segments of the current stage only.
    """
    markup = parse_markup(part.job.text)
    return SegmentPlan(_segments(part, markup, max_chars=max_chars), markup.tail_s)


def _segments(part: ClaimedPart, markup: Markup, *, max_chars: int) -> Iterator[Segment]:
    job, stage = part.job, len(part.partial_audio)
    voices = {voice_id: find_voice(voice_id, allow_fake=True) for voice_id in markup.voice_ids}
    own = find_voice(job.voice_id, allow_fake=True)
    detected = _DetectedLanguage(job.text)
    count = 0
    for number, place in enumerate(markup.spans):
        voice = voices[place.voice_id] if place.voice_id else own
        if job.options.stage_of_voice.get(voice.id, stage) != stage:
            continue
        language = job.language or spoken_language(voice, guess=detected.language)
        span = _Span(number, place, voice, language)
        for segment in _split(job.text, span, max_chars=max_chars, first_index=count):
            yield segment
            count = segment.index + 1


@dataclass(frozen=True, slots=True)
class _Span:
    number: int
    place: VoiceSpan
    voice: Voice
    language: str


def _split(text: str, span: _Span, *, max_chars: int, first_index: int) -> Iterator[Segment]:
    place = span.place
    pieces = iter_text_spans(
        text[place.start : place.end],
        language=span.language,
        max_chars=_in_letters(max_chars, language=span.language),
        first_max_chars=None if first_index else FIRST_MAX_CHARS,
    )
    for piece in pieces:
        yield Segment(
            index=first_index + piece.index,
            voice_span=span.number,
            start=place.start + piece.start,
            end=place.start + piece.end,
            text=piece.text,
            voice=span.voice,
            language=span.language,
            lead_s=place.lead_s if piece.index == 0 else None,
            sentence_end=piece.sentence_end,
            paragraph_end=piece.paragraph_end,
        )


def spoken_language(voice: Voice, *, guess: Callable[[], str | None]) -> str:
    """The language tag in which a voice reads a text. `guess` is called when the voice speaks several languages."""
    if len(voice.languages) == 1:
        return voice.languages[0]
    found = guess()
    if not voice.languages:
        return found or _FALLBACK
    return next((tag for tag in voice.languages if tag.partition("-")[0] == found), voice.languages[0])


class _DetectedLanguage:
    """The language of a text, detected when it is first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: tuple[str | None] | None = None

    def language(self) -> str | None:
        if self._found is None:
            found = detect_language(self._text)
            self._found = (found[0].partition("-")[0] if found else None,)
        return self._found[0]


def _in_letters(max_chars: int, *, language: str) -> int:
    dense = language.partition("-")[0].lower() in _DENSE
    return max(1, max_chars // _LETTERS_PER_DENSE_CHAR) if dense else max_chars
