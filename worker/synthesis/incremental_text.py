"""A text that is spoken while it arrives: each sentence as soon as it is complete, the rest on request."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from common.catalogue import Voice, find_voice
from common.errors import OratioError
from common.jobs.lease import ClaimedPart
from common.markup import MAX_SILENCE_S, Markup, VoiceSpan, parse_markup
from common.messaging.text_stream import Kind
from worker.engines.protocol import EngineError
from worker.synthesis.callbacks import ReadText
from worker.synthesis.segmentation import FIRST_MAX_CHARS, Segment, spoken_language
from worker.text.language_detection import detect_language
from worker.text.splitting import TextSpan, split_text

# How long to wait for a piece before `check` runs again.
CHECK_EVERY_S = 0.5
# Splitting costs as much as there is text waiting. Splits that take longer than this are spaced out, so that most
# of the time belongs to other jobs.
QUICK_S = 0.005
SPACING = 9.0

# The end of a text where a tag may have been cut in two.
_UNFINISHED_TAG = re.compile(
    r"\[(?:p(?:a(?:us?)?)?|v(?:o(?:ic?)?)?|(?:pause|voice)\s*(?::[^\[\]\n]{0,200})?)?\Z", re.IGNORECASE
)
# Stands for a continuation of the last sentence. A sentence that the splitter parts from it is complete.
_CONTINUATION = "x" * 24


class IncrementalText:
    """`text` is what has arrived so far. `check` raises when the work must end."""

    def __init__(
        self, part: ClaimedPart, *, max_chars: int, read_text: ReadText, check: Callable[[], None]
    ) -> None:
        self.text = ""
        self._job = part.job
        self._max_chars = max_chars
        self._read_text = read_text
        self._check = check
        self._own_voice = find_voice(part.job.voice_id, allow_fake=True)
        self._voice_id: str | None = None
        self._last_id = "0-0"
        self._done = 0
        self._count = 0
        self._silence_s = 0.0
        self._split_from = 0.0

    def segments(self) -> Iterator[Segment]:
        """Segments until the text has ended. Raises EngineError for invalid tags, and what `check` raises."""
        ended = waits = False
        flushes: deque[int] = deque()
        while not ended:
            self._check()
            within_s = self._split_from - time.monotonic() if waits else CHECK_EVERY_S
            for piece_id, piece in self._read_text(self._last_id, min(CHECK_EVERY_S, max(0.001, within_s))):
                self._last_id = piece_id
                self.text += piece.text
                waits = True
                ended = piece.kind == "end"
                if piece.kind == "flush":
                    flushes.append(len(self.text))
            while waits and time.monotonic() >= self._split_from:
                waits = bool(flushes)
                if flushes:
                    yield from self._complete("flush", upto=flushes.popleft())
                elif not ended:
                    yield from self._complete("more", upto=len(self.text))
        if flushes:
            yield from self._complete("flush", upto=flushes[-1])
        yield from self._complete("end", upto=len(self.text))

    @property
    def tail_s(self) -> float:
        """The silence that a tag asks for after the whole text."""
        return self._parse(self.text[self._done :]).tail_s

    def _complete(self, kind: Kind, *, upto: int) -> list[Segment]:
        """The segments that can be spoken now.

        A sentence that may go on is spoken only on a flush, an unfinished tag only at the end. Tags without text after
        them are kept for the text that follows.
        """
        began_at = time.thread_time()
        found = self._split(kind, self.text[self._done : upto])
        took_s = time.thread_time() - began_at
        if took_s > QUICK_S:
            self._split_from = time.monotonic() + SPACING * took_s
        return found

    def _split(self, kind: Kind, waiting: str) -> list[Segment]:
        began, found = self._done, []
        bracket = waiting.rfind("[")
        if kind != "end" and bracket >= 0 and _UNFINISHED_TAG.match(waiting, bracket):
            waiting = waiting[:bracket]
        for span in self._parse(waiting).spans:
            voice = self._voice_of(span)
            # Text before a tag is complete.
            may_go_on = kind == "more" and span.end == len(waiting)
            for piece in self._cut(waiting[span.start : span.end], voice, may_go_on=may_go_on):
                found.append(self._segment(piece, span, voice, at=began + span.start))
                self._done = began + span.start + piece.end
                self._voice_id = span.voice_id
        self._check_silence(found)
        return found

    def _check_silence(self, segments: Sequence[Segment]) -> None:
        """Each parse checks its own pauses. Here they add up over many."""
        self._silence_s += sum(segment.lead_s or 0.0 for segment in segments)
        if self._silence_s > MAX_SILENCE_S:
            raise EngineError("invalid_tag", "The pauses add up to more than an hour.", caller_fault=True)

    def _cut(self, text: str, voice: Voice, *, may_go_on: bool) -> list[TextSpan]:
        pieces = split_text(
            text + _CONTINUATION if may_go_on else text,
            language=self._language(voice),
            max_chars=self._max_chars,
            first_max_chars=None if self._count else FIRST_MAX_CHARS,
        )
        return [piece for piece in pieces if piece.end <= len(text)]

    def _segment(self, piece: TextSpan, span: VoiceSpan, voice: Voice, *, at: int) -> Segment:
        self._count += 1
        return Segment(
            index=self._count - 1,
            voice_span=0,
            start=at + piece.start,
            end=at + piece.end,
            text=piece.text,
            voice=voice,
            language=self._language(voice),
            lead_s=span.lead_s if piece.index == 0 else None,
            sentence_end=piece.sentence_end,
            # It is not known yet whether the paragraph goes on.
            paragraph_end=False,
        )

    def _language(self, voice: Voice) -> str:
        return self._job.language or spoken_language(voice, guess=self._detected_language)

    def _detected_language(self) -> str | None:
        found = detect_language(self.text)
        return found[0].partition("-")[0] if found else None

    def _parse(self, text: str) -> Markup:
        with _as_engine_error():
            return parse_markup(text, voice_id=self._voice_id)

    def _voice_of(self, span: VoiceSpan) -> Voice:
        if span.voice_id is None:
            return self._own_voice
        with _as_engine_error():
            voice = find_voice(span.voice_id, allow_fake=True)
        if voice.weights != self._own_voice.weights:
            message = "A text that arrives while it is spoken can only have voices of one model."
            raise EngineError("voice_of_another_model", message, caller_fault=True)
        return voice


@contextmanager
def _as_engine_error() -> Iterator[None]:
    """Turn what is wrong with the text into the reason why the job fails."""
    try:
        yield
    except OratioError as error:
        raise EngineError(error.code, error.message, caller_fault=True) from None
