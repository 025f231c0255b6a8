"""Splits a text that arrives while it is spoken: each sentence when it is complete, the rest on a flush."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from common.catalogue import Voice, find_voice
from common.errors import OratioError
from common.jobs.lease import ClaimedPart
from common.markup import MAX_SILENCE_S, Markup, VoiceSpan, check_voices, parse_markup
from common.messaging.text_stream import Kind
from worker.engines.protocol import EngineError
from worker.synthesis.callbacks import ReadText
from worker.synthesis.segmentation import FIRST_MAX_CHARS, Segment, spoken_language
from worker.text.language_detection import detect_language
from worker.text.normalization.mapped_text import MappedText
from worker.text.splitting import TextSpan, iter_text_spans

# The longest wait for an update before `check` runs again.
CHECK_EVERY_S = 0.5
# Each split takes time in proportion to the pending text. After a split that took longer than this, the next one waits
# nine times as long, so that other jobs get most of the processor.
CHEAP_SPLIT_S = 0.005
SPACING_FACTOR = 9.0

# The start of a tag at the end of a text: its other half may arrive later.
_UNFINISHED_TAG = re.compile(
    r"\[(?:p(?:a(?:us?)?)?|v(?:o(?:ic?)?)?|(?:pause|voice)\s*(?::[^\[\]\n]{0,200})?)?\Z", re.IGNORECASE
)
# A placeholder for text that may follow. A sentence that the splitter separates from it is complete.
_CONTINUATION = "x" * 24


class IncrementalText:
    """`text` is the text that has arrived so far. `check` raises when the work must end."""

    def __init__(
        self, part: ClaimedPart, *, max_chars: int, read_text: ReadText, check: Callable[[], None]
    ) -> None:
        self.text = ""
        self._job = part.job
        self._max_chars = max_chars
        self._read_text = read_text
        self._check = check
        self._job_voice = find_voice(part.job.voice_id, allow_fake=True)
        self._voice_id: str | None = None
        self._tagged_voice_ids: set[str] = set()
        self._last_id = "0-0"
        self._segmented_to = 0
        self._segment_count = 0
        self._silence_s = 0.0
        self._next_split_at = 0.0

    def segments(self) -> Iterator[Segment]:
        """Yield segments until the text has ended. Raises EngineError for an invalid tag, and exceptions of `check`."""
        ended = must_split = False
        # Positions in `text` up to which a flush asks for everything.
        flushes: deque[int] = deque()
        while not ended:
            self._check()
            wait_s = self._next_split_at - time.monotonic() if must_split else CHECK_EVERY_S
            for update_id, update in self._read_text(self._last_id, min(CHECK_EVERY_S, max(0.001, wait_s))):
                self._last_id = update_id
                self.text += update.text
                must_split = True
                ended = update.kind == "end"
                if update.kind == "flush":
                    flushes.append(len(self.text))
            while must_split and time.monotonic() >= self._next_split_at:
                must_split = bool(flushes)
                if flushes:
                    yield from self._ready_segments("flush", up_to=flushes.popleft())
                elif not ended:
                    yield from self._ready_segments("more", up_to=len(self.text))
        if flushes:
            yield from self._ready_segments("flush", up_to=flushes[-1])
        yield from self._ready_segments("end", up_to=len(self.text))

    @property
    def tail_s(self) -> float:
        """The silence in seconds that pause tags ask for at the end of the text."""
        return self._parse(self.text[self._segmented_to :]).tail_s

    def _ready_segments(self, kind: Kind, *, up_to: int) -> list[Segment]:
        """The segments up to position `up_to` that can be spoken now.

        A sentence that may continue is spoken only on a flush, and an unfinished tag only at the end. Tags at the end
        apply to the text that follows.
        """
        began_at = time.thread_time()
        segments = self._split(kind, self.text[self._segmented_to : up_to])
        took_s = time.thread_time() - began_at
        if took_s > CHEAP_SPLIT_S:
            self._next_split_at = time.monotonic() + SPACING_FACTOR * took_s
        return segments

    def _split(self, kind: Kind, pending: str) -> list[Segment]:
        offset, segments = self._segmented_to, []
        bracket = pending.rfind("[")
        if kind != "end" and bracket >= 0 and _UNFINISHED_TAG.match(pending, bracket):
            pending = pending[:bracket]
        for voice_span in self._parse(pending).spans:
            voice = self._voice_of(voice_span)
            # A tag completes the text before it.
            may_continue = kind == "more" and voice_span.end == len(pending)
            start = offset + voice_span.start
            text = pending[voice_span.start : voice_span.end]
            for span in self._text_spans(text, voice, offset=start, may_continue=may_continue):
                segments.append(self._segment(span, voice_span, voice))
                self._segmented_to = span.end
                self._voice_id = voice_span.voice_id
        self._check_silence(segments)
        return segments

    def _check_silence(self, segments: Sequence[Segment]) -> None:
        """Each parse checks its own pauses. This checks their sum over the whole text."""
        self._silence_s += sum(segment.lead_s or 0.0 for segment in segments)
        if self._silence_s > MAX_SILENCE_S:
            raise EngineError(
                "invalid_tag", "The pauses add up to more than an hour. Shorten them.", caller_fault=True
            )

    def _text_spans(self, text: str, voice: Voice, *, offset: int, may_continue: bool) -> list[TextSpan]:
        """`offset` is the place of the text in the whole text."""
        extended = text + _CONTINUATION if may_continue else text
        length = len(extended)
        spans = iter_text_spans(
            MappedText(extended, range(offset, offset + length), range(offset + 1, offset + length + 1)),
            language=self._language(voice),
            max_chars=self._max_chars,
            first_max_chars=None if self._segment_count else FIRST_MAX_CHARS,
            has_lines=self._job.options.normalize,
        )
        return [span for span in spans if span.end <= offset + len(text)]

    def _segment(self, span: TextSpan, voice_span: VoiceSpan, voice: Voice) -> Segment:
        self._segment_count += 1
        return Segment(
            index=self._segment_count - 1,
            voice_span=0,
            start=span.start,
            end=span.end,
            text=span.text,
            voice=voice,
            language=self._language(voice),
            lead_s=voice_span.lead_s if span.index == 0 else None,
            sentence_end=span.sentence_end,
            # Whether the paragraph continues is not known yet.
            paragraph_end=False,
            mapped=span.mapped,
        )

    def _language(self, voice: Voice) -> str:
        return self._job.language or spoken_language(voice, detect=self._detected_language)

    def _detected_language(self) -> str | None:
        detected = detect_language(self.text)
        return detected[0].partition("-")[0] if detected else None

    def _parse(self, text: str) -> Markup:
        with _as_engine_error():
            return parse_markup(text, voice_id=self._voice_id)

    def _voice_of(self, span: VoiceSpan) -> Voice:
        if span.voice_id is None:
            return self._job_voice
        self._tagged_voice_ids.add(span.voice_id)
        with _as_engine_error():
            check_voices(self._tagged_voice_ids)
            voice = find_voice(span.voice_id, allow_fake=True)
        if voice.weights != self._job_voice.weights:
            message = "This text is spoken while it arrives, so all its voices must be of one model."
            raise EngineError("voice_of_another_model", message, caller_fault=True)
        return voice


@contextmanager
def _as_engine_error() -> Iterator[None]:
    """Turn an error in the text into an EngineError that is the caller's fault."""
    try:
        yield
    except OratioError as error:
        raise EngineError(error.code, error.message, caller_fault=True) from None
