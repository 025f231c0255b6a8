"""Splits the text of a part into segments, each with its voice and language."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from common.catalogue import Voice, find_voice
from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.markup import Markup, VoiceSpan, parse_input, without_ssml_tags
from common.markup.ssml_spans import CLOSING, SENTENCE_STOPS
from worker.text.language_detection import detect_language
from worker.text.normalization.mapped_text import MappedText
from worker.text.page_cleaning import clean_pages
from worker.text.splitting import TextSpan, iter_text_spans
from worker.text.spoken_text import SpokenText, spoken_text

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

    `text` is what is spoken for them, and `mapped` has the places of its characters, None if it stands in the job's
    text as it is. `phonemes` are (start, end, phonemes) for characters of `text`. `rate` multiplies the job's speed.

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
    rate: float = 1.0
    # Needed only until the segment is spoken, so partial audio does not have them.
    mapped: MappedText | None = field(default=None, compare=False)
    phonemes: tuple[tuple[int, int, str], ...] = field(default=(), compare=False)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return (start, end) in the job's text of `text[start:end]`."""
        if self.mapped is None:
            return self.start + start, self.start + end
        return self.mapped.source(start, end)


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
    markup = parse_input(part.job.text, input_type=part.job.options.input_type)
    return SegmentPlan(_segments(part, markup, max_chars=max_chars), markup.tail_s)


def _segments(part: ClaimedPart, markup: Markup, *, max_chars: int) -> Iterator[Segment]:
    job, stage = part.job, len(part.partial_audio)
    voices = {voice_id: find_voice(voice_id, allow_fake=True) for voice_id in markup.voice_ids}
    job_voice = find_voice(job.voice_id, allow_fake=True)
    detected = _DetectedLanguage(without_ssml_tags(job.text, input_type=job.options.input_type))
    count = 0
    for number, voice_span in enumerate(markup.spans):
        voice = voices[voice_span.voice_id] if voice_span.voice_id else job_voice
        if job.options.stage_of_voice.get(voice.id, stage) != stage:
            continue
        language = voice_span.language or job.language or spoken_language(voice, detect=detected.language)
        span = _LocalizedSpan(number, voice_span, voice, language)
        for segment in _split(job.text, span, job.options, max_chars=max_chars, first_index=count):
            yield segment
            count = segment.index + 1


@dataclass(frozen=True, slots=True)
class _LocalizedSpan:
    number: int
    voice_span: VoiceSpan
    voice: Voice
    language: str


def _split(
    text: str, span: _LocalizedSpan, options: Options, *, max_chars: int, first_index: int
) -> Iterator[Segment]:
    voice_span = span.voice_span
    is_ssml = voice_span.runs is not None
    spoken = spoken_text(text, voice_span, language=span.language)
    text_spans = iter_text_spans(
        clean_pages(spoken.mapped) if options.clean_pages and not is_ssml else spoken.mapped,
        language=span.language,
        max_chars=_max_chars_in(span.language, max_letters=max_chars),
        first_max_chars=None if first_index else FIRST_MAX_CHARS,
        has_lines=options.normalize and not is_ssml,
    )
    for text_span in text_spans:
        yield _segment(text_span, span, spoken, index=first_index + text_span.index)


def _segment(text_span: TextSpan, span: _LocalizedSpan, spoken: SpokenText, *, index: int) -> Segment:
    voice_span = span.voice_span
    # Only the last segment of a span is affected by the text after the span.
    continues = text_span.paragraph_end and not voice_span.paragraph_end and text_span.end >= spoken.last_end
    return Segment(
        index=index,
        voice_span=span.number,
        start=text_span.start,
        end=text_span.end,
        text=text_span.text,
        voice=span.voice,
        language=span.language,
        lead_s=voice_span.lead_s if text_span.index == 0 else None,
        sentence_end=text_span.text.rstrip(CLOSING).endswith(SENTENCE_STOPS)
        if continues
        else text_span.sentence_end,
        paragraph_end=text_span.paragraph_end and not continues,
        rate=voice_span.rate,
        mapped=text_span.mapped,
        phonemes=_phonemes_in(text_span.mapped, spoken.phonemes),
    )


def _phonemes_in(
    mapped: MappedText, phonemes: Sequence[tuple[int, int, str]]
) -> tuple[tuple[int, int, str], ...]:
    """Return the (start, end, phonemes) within a segment. Those of `phonemes` are places in the job's text."""
    first = bisect_left(phonemes, (mapped.starts[0], 0, "")) if phonemes else 0
    found = []
    for start, end, symbols in phonemes[first:]:
        if end > mapped.ends[-1]:
            break
        found.append((bisect_left(mapped.starts, start), bisect_right(mapped.ends, end), symbols))
    return tuple(found)


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
