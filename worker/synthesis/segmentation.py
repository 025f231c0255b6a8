"""Splits the text of a part into segments, each with its voice and language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common.catalogue import Voice, find_voice
from common.jobs.lease import ClaimedPart
from common.markup import Markup, VoiceSpan, parse_markup
from worker.text.language_detection import detect_language
from worker.text.splitting import iter_text_spans

# Languages in which a character takes as long to say as several letters.
_DENSE = frozenset({"zh", "ja", "ko", "yue"})
_LETTERS_PER_DENSE_CHAR = 3
# The language for a voice without known languages, if detection fails.
_FALLBACK_LANGUAGE = "en"
# A short first segment shortens the time to the first sound.
FIRST_MAX_CHARS = 160


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters [start, end) of the job's text, to be spoken in one engine call.

    `index` counts the segments of this stage. `voice_span` is the number of the span between voice tags, counted over
    all stages. `lead_s` is the silence that pause tags ask for before the segment. If None, the pause is a natural one.
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
    """The segments that one worker speaks. `tail_s`: the silence that pause tags ask for after the last segment.

    `segments` is lazy, so that the first segment can be spoken before a long text is completely split.
    """

    segments: Iterator[Segment]
    tail_s: float


def plan_segments(part: ClaimedPart, *, max_chars: int) -> SegmentPlan:
    """Plan the segments of a part. If its text has voices of several models, plan only the current stage.

    `max_chars`: the longest segment that the engine takes.
    """
    markup = parse_markup(part.job.text)
    return SegmentPlan(_segments(part, markup, max_chars=max_chars), markup.tail_s)


def _segments(part: ClaimedPart, markup: Markup, *, max_chars: int) -> Iterator[Segment]:
    job, stage = part.job, len(part.partial_audio)
    voices = {voice_id: find_voice(voice_id, allow_fake=True) for voice_id in markup.voice_ids}
    job_voice = find_voice(job.voice_id, allow_fake=True)
    detected = _DetectedLanguage(job.text)
    count = 0
    for number, voice_span in enumerate(markup.spans):
        voice = voices[voice_span.voice_id] if voice_span.voice_id else job_voice
        if job.options.stage_of_voice.get(voice.id, stage) != stage:
            continue
        language = job.language or spoken_language(voice, detect=detected.language)
        span = _LocalizedSpan(number, voice_span, voice, language)
        for segment in _split(job.text, span, max_chars=max_chars, first_index=count):
            yield segment
            count = segment.index + 1


@dataclass(frozen=True, slots=True)
class _LocalizedSpan:
    number: int
    voice_span: VoiceSpan
    voice: Voice
    language: str


def _split(text: str, span: _LocalizedSpan, *, max_chars: int, first_index: int) -> Iterator[Segment]:
    voice_span = span.voice_span
    text_spans = iter_text_spans(
        text[voice_span.start : voice_span.end],
        language=span.language,
        max_chars=_max_chars_in(span.language, max_letters=max_chars),
        first_max_chars=None if first_index else FIRST_MAX_CHARS,
    )
    for text_span in text_spans:
        yield Segment(
            index=first_index + text_span.index,
            voice_span=span.number,
            start=voice_span.start + text_span.start,
            end=voice_span.start + text_span.end,
            text=text_span.text,
            voice=span.voice,
            language=span.language,
            lead_s=voice_span.lead_s if text_span.index == 0 else None,
            sentence_end=text_span.sentence_end,
            paragraph_end=text_span.paragraph_end,
        )


def spoken_language(voice: Voice, *, detect: Callable[[], str | None]) -> str:
    """The language tag in which a voice reads a text. Calls `detect` unless the voice has exactly one language."""
    if len(voice.languages) == 1:
        return voice.languages[0]
    detected = detect()
    if not voice.languages:
        return detected or _FALLBACK_LANGUAGE
    return next((tag for tag in voice.languages if tag.partition("-")[0] == detected), voice.languages[0])


class _DetectedLanguage:
    """Detects the language of a text once, when it is first needed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._result: tuple[str | None] | None = None

    def language(self) -> str | None:
        if self._result is None:
            detected = detect_language(self._text)
            self._result = (detected[0].partition("-")[0] if detected else None,)
        return self._result[0]


def _max_chars_in(language: str, *, max_letters: int) -> int:
    dense = language.partition("-")[0].lower() in _DENSE
    return max(1, max_letters // _LETTERS_PER_DENSE_CHAR) if dense else max_letters
