"""Speaks the segments of a part in order, with several engine calls in flight."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, replace
from itertools import islice
from threading import Event
from typing import Protocol

from common.catalogue import find_model, hub_model
from common.jobs.lease import ClaimedPart
from common.messaging.queue_names import weights_of
from common.provider_names import STUB
from common.speakable_text import is_speakable
from worker.engines.protocol import EngineError, Speech, TooLong, Utterance, Word
from worker.inference.dispatch import Dispatcher
from worker.sound.time_stretch import split_speed
from worker.synthesis.callbacks import JobCallbacks, SynthesisStopped
from worker.synthesis.mark_pauses import lengthen_pauses
from worker.synthesis.segmentation import Segment
from worker.synthesis.split_speech import concatenate, phonemes_within
from worker.text.break_points import split_to_length
from worker.text.lexicon import Lexicon
from worker.text.normalization import EngineText, normalize
from worker.text.verbatim_text import apply_lexicon, keep_text

# Skip the `started` event for jobs shorter than this.
SHORT_JOB_S = 0.3
# How often `while_waiting` runs while an engine speaks.
WAIT_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class SynthesizedSegment:
    """A segment and its speech. The words of `speech` are spans of the job's text."""

    segment: Segment
    speech: Speech


@dataclass(frozen=True, slots=True)
class _PendingCall:
    """One engine call. Its text starts at character `start` of the engine text."""

    start: int
    utterance: Utterance
    future: Future[Speech]


@dataclass(frozen=True, slots=True)
class _PendingSegment:
    segment: Segment
    engine_text: EngineText
    calls: tuple[_PendingCall, ...]


_StartedSegment = _PendingSegment | SynthesizedSegment


class FinishedSegments(Protocol):
    """Segments that need not be spoken again: those of earlier attempts are found, and new ones added.

    The last segment of a text is not added, because the file of the job follows at once.
    """

    def find(self, segment: Segment) -> SynthesizedSegment | None: ...

    def add(self, spoken: SynthesizedSegment) -> None: ...


class SegmentNormalizer:
    """Normalizes the text of a segment (numbers, symbols, lexicon) as far as the job and the model ask for it."""

    def __init__(self, part: ClaimedPart, lexicon: Lexicon | None) -> None:
        job_lexicon = Lexicon.of(part.job.options.lexicon)
        self._lexicon = lexicon.merged(job_lexicon) if lexicon else job_lexicon
        self._options = part.job.options
        # Not by the provider of the job, because the voices of one text may have several providers.
        self._is_stub = weights_of(part.queue) == STUB

    def normalize(self, segment: Segment) -> EngineText:
        if self._is_stub or find_model(segment.voice.model).verbatim:
            return keep_text(segment.text)
        if not self._options.normalize:
            return apply_lexicon(segment.text, lexicon=self._lexicon, phonemes=segment.phonemes)
        return normalize(
            segment.text, language=segment.language, lexicon=self._lexicon, phonemes=segment.phonemes
        )


class SegmentSynthesis:
    """Speaks segments through one dispatcher. Skips segments without sound and counts them in `skipped`.

    `speed` is that of the job. `total` is the number of segments. It is set when the first one is returned.
    `while_waiting` runs from time to time while an engine speaks a segment for long. Segments of `finished` are not
    spoken again.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        part: ClaimedPart,
        *,
        normalizer: SegmentNormalizer,
        speed: float,
        callbacks: JobCallbacks,
        while_waiting: Callable[[], None] = lambda: None,
        finished: FinishedSegments | None = None,
    ) -> None:
        self.skipped = 0
        self.total = 0
        # True if the job ended before its last segment, because the user stopped it.
        self.ended_early = False
        self._dispatcher = dispatcher
        self._job = part.job
        self._normalizer = normalizer
        self._speed = speed
        self._callbacks = callbacks
        self._while_waiting = while_waiting
        self._finished = finished
        self._is_isolated = part.isolated
        self._newly_started = 0

    def speak(self, segments: Iterable[Segment]) -> Iterator[SynthesizedSegment]:
        """Speak segments in order and report progress between them. Raises EngineError and SynthesisStopped.

        The engine gets the first segment before the rest of the text is split.
        """
        unsplit = iter(segments)
        pending = deque(self._start(segment) for segment in islice(unsplit, 1))
        try:
            rest = deque(unsplit)
            self.total = total = len(pending) + len(rest)
            # Segments spoken behind the last kept one. There an earlier attempt held `max_in_flight` at most.
            newly_spoken = 0
            for done in range(total):
                while rest and len(pending) < self._max_in_flight(done):
                    pending.append(self._start(rest.popleft()))
                if done == 0:
                    self._report_start(pending[0], total)
                started = pending.popleft()
                spoken = self._await(started)
                if spoken is not None:
                    if self._finished and done + 1 < total and spoken is not started:
                        self._finished.add(spoken)
                    yield spoken
                newly_spoken = 0 if spoken is started else newly_spoken + 1
                if done + 1 < total:
                    if newly_spoken >= self._dispatcher.max_in_flight:
                        newly_spoken = 0
                        self._callbacks.outlived()
                    self._callbacks.check()
                    if self._callbacks.progressed(done + 1, total):
                        self.ended_early = True
                        return
        finally:
            for segment in pending:
                _cancel(segment)

    def follow(self, segments: Iterator[Segment]) -> Iterator[SynthesizedSegment]:
        """Speak segments one by one as they arrive. `total` stays unknown."""
        for segment in segments:
            if spoken := self._await(self._start(segment)):
                yield spoken
            self._callbacks.check()

    def _max_in_flight(self, done: int) -> int:
        """How many segments may be in flight after `done` were spoken.

        A streamed job starts with one, because preparing the next would delay the first sound. It then grows slowly,
        so that the first segments of other jobs run before its tenth.
        """
        limit = self._dispatcher.max_in_flight
        return min(limit, max(1, 2 * done)) if self._job.options.streamed else limit

    def _report_start(self, first: _StartedSegment, total: int) -> None:
        if total == 1 and self._job.options.streamed:  # its listener waits for the audio, not for events
            return
        futures = [call.future for call in _calls_of(first)]
        if total > 1 or wait(futures, timeout=SHORT_JOB_S).not_done:
            self._callbacks.started(total)

    def _start(self, segment: Segment) -> _StartedSegment:
        if self._finished and (finished := self._finished.find(segment)):
            return finished
        engine_text = self._normalizer.normalize(segment)
        calls = []
        self._newly_started += 1
        # The segments that end the isolation of this part.
        is_urgent = self._is_isolated and self._newly_started <= self._dispatcher.max_in_flight
        for start, end in self._split(engine_text.text):
            utterance = self._utterance(segment, engine_text, start=start, end=end)
            calls.append(_PendingCall(start, utterance, self._submit(utterance, is_urgent=is_urgent)))
        return _PendingSegment(segment, engine_text, tuple(calls))

    def _split(self, text: str) -> Iterator[tuple[int, int]]:
        """The (start, end) of each engine call. Normalized text may be longer than one call takes."""
        spans = split_to_length(
            text, start=0, end=len(text), max_chars=max(1, self._dispatcher.engine.max_chars)
        )
        return ((start, end) for start, end in spans if is_speakable(text[start:end]))

    def _submit(self, utterance: Utterance, *, is_urgent: bool = False) -> Future[Speech]:
        return self._dispatcher.submit(utterance, lane=self._job.priority, is_urgent=is_urgent)

    def _await(self, pending: _StartedSegment) -> SynthesizedSegment | None:
        if isinstance(pending, SynthesizedSegment):
            return pending
        results = [(call.start, self._result(call.future, call.utterance)) for call in pending.calls]
        speech = concatenate([(start, speech) for start, speech in results if speech is not None])
        if speech is None:
            self.skipped += 1
            return None
        if self._job.options.mastering:
            speed = pending.calls[0].utterance.speed
            speech = lengthen_pauses(speech, text=pending.engine_text.text, speed=speed)
        return SynthesizedSegment(pending.segment, _map_words_to_job(speech, pending))

    def _result(self, future: Future[Speech], utterance: Utterance) -> Speech | None:
        """Wait for the speech. None for a text that this voice cannot speak."""
        ended = (
            Event()
        )  # `concurrent.futures.wait` does not return for a future that was cancelled while it waited
        future.add_done_callback(lambda _: ended.set())
        while not ended.wait(WAIT_STEP_S):
            self._while_waiting()
        try:
            speech = future.result()
        except CancelledError as error:
            raise SynthesisStopped from error
        except TooLong:
            return self._speak_halves(utterance)
        except EngineError as error:
            # One segment in a script that the voice does not know must not fail the whole text.
            if not error.caller_fault:
                raise
            return None
        return speech if len(speech.samples) else None

    def _speak_halves(self, utterance: Utterance) -> Speech | None:
        """Speak a text in two halves. Some texts need more of the model's input than their length suggests."""
        text = utterance.text
        spans = list(split_to_length(text, start=0, end=len(text), max_chars=(len(text) + 1) // 2))
        if len(spans) < 2:
            return None
        speeches: list[tuple[int, Speech]] = []
        for start, end in spans:
            half = replace(
                utterance,
                text=text[start:end],
                phonemes=phonemes_within(utterance.phonemes, start=start, end=end),
            )
            self._callbacks.check()
            if speech := self._result(self._submit(half), half):
                speeches.append((start, speech))
        return concatenate(speeches)

    def _utterance(self, segment: Segment, engine_text: EngineText, *, start: int, end: int) -> Utterance:
        job = self._job
        return Utterance(
            text=engine_text.text[start:end],
            voice=segment.voice.engine_voice,
            model_id=hub_model(segment.voice),
            language=segment.language,
            speed=split_speed(self._speed * segment.rate, native=self._dispatcher.engine.native_speed)[0],
            style=job.style,
            seed=(job.seed + segment.index) % 2**31,
            seed_given=job.seed_given,
            is_first=segment.index == 0,
            phonemes=phonemes_within(
                [(span.start, span.end, span.phonemes) for span in engine_text.phonemes], start=start, end=end
            ),
            job_id=job.id,
        )


def _map_words_to_job(speech: Speech, pending: _PendingSegment) -> Speech:
    """Map word spans of the engine text to spans of the job's text."""
    source, job_source = pending.engine_text.source, pending.segment.source
    spans = [job_source(*source(word.start, word.end)) for word in speech.words]
    words = tuple(
        Word(start, end, word.start_s, word.end_s)
        for word, (start, end) in zip(speech.words, spans, strict=True)
    )
    return Speech(speech.samples, speech.sample_rate_hz, words)


def _calls_of(started: _StartedSegment) -> tuple[_PendingCall, ...]:
    return started.calls if isinstance(started, _PendingSegment) else ()


def _cancel(started: _StartedSegment) -> None:
    for call in _calls_of(started):
        call.future.cancel()
