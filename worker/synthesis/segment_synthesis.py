"""Speaks the segments of a part in order, with a few of them under way at once."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from common.catalogue import find_model, hub_model
from common.jobs.lease import ClaimedPart
from common.messaging.queue_names import weights_of
from common.providers import STUB
from common.speakable import speakable
from worker.engines.protocol import EngineError, Speech, TooLong, Utterance, Word
from worker.inference.dispatch import Dispatcher
from worker.synthesis.callbacks import JobCallbacks, SynthesisStopped
from worker.synthesis.segmentation import Segment
from worker.text.break_points import split_to_length
from worker.text.lexicon import Lexicon
from worker.text.normalization import NormalizedText, normalize
from worker.text.verbatim_text import apply_lexicon, keep_text

# Skip the `started` event for jobs shorter than this.
SHORT_JOB_S = 0.3


@dataclass(frozen=True, slots=True)
class SynthesizedSegment:
    """A segment and its speech. The words of `speech` are characters of the job's text."""

    segment: Segment
    speech: Speech


@dataclass(frozen=True, slots=True)
class _Call:
    """One engine call: characters of the normalized text from `start` on."""

    start: int
    utterance: Utterance
    future: Future[Speech]


@dataclass(frozen=True, slots=True)
class _Pending:
    segment: Segment
    normalized: NormalizedText
    calls: tuple[_Call, ...]


class SegmentNormalizer:
    """Expands numbers, symbols and the like into words, as far as the job asks for it."""

    def __init__(self, part: ClaimedPart, lexicon: Lexicon | None) -> None:
        own = Lexicon.of(part.job.options.lexicon)
        self._lexicon = lexicon.merged(own) if lexicon else own
        self._options = part.job.options
        # The queue decides, not the job's provider: voices of one text may have several providers.
        self._is_stub = weights_of(part.queue) == STUB

    def normalize(self, segment: Segment) -> NormalizedText:
        if self._is_stub or find_model(segment.voice.model).verbatim:
            return keep_text(segment.text)
        if not self._options.normalize:
            return apply_lexicon(segment.text, lexicon=self._lexicon)
        return normalize(segment.text, language=segment.language, lexicon=self._lexicon)


class SegmentSynthesis:
    """Speaks segments through one dispatcher. Segments without sound are left out and counted in `skipped`.

    `total` is the number of segments. It is known when the first one has been spoken.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        part: ClaimedPart,
        *,
        normalizer: SegmentNormalizer,
        speed: float,
        callbacks: JobCallbacks,
    ) -> None:
        self.skipped = 0
        self.total = 0
        self._dispatcher = dispatcher
        self._job = part.job
        self._normalizer = normalizer
        self._speed = speed
        self._callbacks = callbacks

    def speak(self, segments: Iterable[Segment]) -> Iterator[SynthesizedSegment]:
        """Reports progress between segments. Raises EngineError and SynthesisStopped.

        The engine gets the first segment before the rest of the text is split.
        """
        coming = iter(segments)
        pending = deque(self._begin(segment, first=True) for segment in islice(coming, 1))
        try:
            rest = deque(coming)
            self.total = total = len(pending) + len(rest)
            for done in range(total):
                while rest and len(pending) < self._window(done):
                    pending.append(self._begin(rest.popleft(), first=False))
                if done == 0:
                    self._report_start(pending[0], total)
                spoken = self._finish(pending.popleft())
                if spoken is not None:
                    yield spoken
                if done + 1 < total:
                    self._callbacks.check()
                    self._callbacks.progressed(done + 1, total)
        finally:
            for one in pending:
                _cancel(one)

    def follow(self, segments: Iterator[Segment]) -> Iterator[SynthesizedSegment]:
        """Speak segments one by one as they arrive. Their number is not known before the end."""
        for done, segment in enumerate(segments):
            if spoken := self._finish(self._begin(segment, first=done == 0)):
                yield spoken
            self._callbacks.check()

    def _window(self, done: int) -> int:
        """How many segments may be under way.

        A job that somebody listens to starts with few, so that the first segments of other jobs come before its tenth.
        It starts with one only until that one is handed over, because preparing the next would delay it.
        """
        window = self._dispatcher.window
        return min(window, max(1, 2 * done)) if self._job.options.streamed else window

    def _report_start(self, first: _Pending, total: int) -> None:
        futures = [call.future for call in first.calls]
        if total > 1 or wait(futures, timeout=SHORT_JOB_S).not_done:
            self._callbacks.started(total)

    def _begin(self, segment: Segment, *, first: bool) -> _Pending:
        normalized = self._normalizer.normalize(segment)
        calls = []
        for start, end in self._split(normalized.text):
            utterance = self._utterance(segment, normalized, start=start, end=end)
            calls.append(_Call(start, utterance, self._submit(utterance, first=first)))
        return _Pending(segment, normalized, tuple(calls))

    def _split(self, text: str) -> Iterator[tuple[int, int]]:
        """Normalized text may be longer than the engine takes in one call."""
        places = split_to_length(
            text, start=0, end=len(text), max_chars=max(1, self._dispatcher.engine.max_chars)
        )
        return ((start, end) for start, end in places if speakable(text[start:end]))

    def _submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]:
        return self._dispatcher.submit(utterance, first=first, lane=self._job.priority)

    def _finish(self, pending: _Pending) -> SynthesizedSegment | None:
        found = [(call.start, self._result(call.future, call.utterance)) for call in pending.calls]
        speech = _concatenated([(start, one) for start, one in found if one is not None])
        if speech is None:
            self.skipped += 1
            return None
        return SynthesizedSegment(pending.segment, _with_words_of_job(speech, pending))

    def _result(self, future: Future[Speech], utterance: Utterance) -> Speech | None:
        """None for a text that this voice cannot speak."""
        try:
            speech = future.result()
        except CancelledError as error:
            raise SynthesisStopped from error
        except TooLong:
            return self._in_halves(utterance)
        except EngineError as error:
            # One segment in a script that the voice does not know must not cost the whole text.
            if not error.caller_fault:
                raise
            return None
        return speech if len(speech.samples) else None

    def _in_halves(self, utterance: Utterance) -> Speech | None:
        """Some texts need more of the model's input than their length suggests. One half may fit."""
        text = utterance.text
        places = list(split_to_length(text, start=0, end=len(text), max_chars=(len(text) + 1) // 2))
        if len(places) < 2:
            return None
        found: list[tuple[int, Speech]] = []
        for start, end in places:
            half = replace(
                utterance, text=text[start:end], phonemes=_within(utterance.phonemes, start=start, end=end)
            )
            self._callbacks.check()
            if speech := self._result(self._submit(half, first=utterance.is_first), half):
                found.append((start, speech))
        return _concatenated(found)

    def _utterance(self, segment: Segment, normalized: NormalizedText, *, start: int, end: int) -> Utterance:
        job = self._job
        return Utterance(
            text=normalized.text[start:end],
            voice=segment.voice.engine_voice,
            model_id=hub_model(segment.voice),
            language=segment.language,
            speed=self._speed,
            style=job.style,
            seed=(job.seed + segment.index) % 2**31,
            seed_given=job.seed_given,
            is_first=segment.index == 0,
            phonemes=_within(
                [(one.start, one.end, one.phonemes) for one in normalized.phonemes], start=start, end=end
            ),
        )


def _within(
    phonemes: Sequence[tuple[int, int, str]], *, start: int, end: int
) -> tuple[tuple[int, int, str], ...]:
    """Those that lie in characters [start, end), counted from `start`."""
    return tuple(
        (first - start, last - start, signs)
        for first, last, signs in phonemes
        if start <= first and last <= end
    )


def _concatenated(speeches: Sequence[tuple[int, Speech]]) -> Speech | None:
    """One speech from (first character, speech) pairs. None for an empty sequence."""
    if not speeches:
        return None
    rate = speeches[0][1].sample_rate_hz
    words: list[Word] = []
    before = 0
    for at, speech in speeches:
        words += [
            Word(at + word.start, at + word.end, before / rate + word.start_s, before / rate + word.end_s)
            for word in speech.words
        ]
        before += len(speech.samples)
    return Speech(np.concatenate([one.samples for _, one in speeches]), rate, tuple(words))


def _with_words_of_job(speech: Speech, pending: _Pending) -> Speech:
    """Map the words from characters of the normalized text to characters of the job's text."""
    first = pending.segment.start
    words = []
    for word in speech.words:
        start, end = pending.normalized.source(word.start, word.end)
        words.append(replace(word, start=first + start, end=first + end))
    return replace(speech, words=tuple(words))


def _cancel(pending: _Pending) -> None:
    for call in pending.calls:
        call.future.cancel()
