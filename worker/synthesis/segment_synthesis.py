"""The segments of a job spoken in their order, a few under way at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from common.catalogue import find_model, hub_model
from common.jobs.lease import Claim
from common.providers import STUB
from common.speakable import speakable
from worker.engines.protocol import EngineError, Speech, TooLong, Utterance, Word
from worker.inference.dispatch import Speaker
from worker.synthesis.incremental_text import Listen
from worker.synthesis.segmentation import Cue
from worker.text.breaks import break_up
from worker.text.lexicon import Lexicon
from worker.text.normalization import Spoken, normalise
from worker.text.verbatim import as_written, untouched

# Who would hear that a job has begun, when it has ended within this?
SHORT_S = 0.3


class Stopped(Exception):
    """The part is not ours any more, or this process must stop: what was made is dropped."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How the pipeline asks and tells while it works.

    `go_on` raises Stopped; `listen` is to a text that still comes. `spoke` hears what was put into the sound, as
    `common.recordings.captions` stores it, before `progressed` hears how far that is.
    """

    go_on: Callable[[], None]
    started: Callable[[int], None]
    progressed: Callable[[int, int], None]
    listen: Listen = lambda _after, _within_s: []
    spoke: Callable[[list[Any]], None] = lambda _cue: None


@dataclass(frozen=True, slots=True)
class Said:
    """A segment and its sound. The words of `speech` are characters of the job's text."""

    cue: Cue
    speech: Speech


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one call of the engine says of a segment: its reading from `start` on."""

    start: int
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class _Pending:
    cue: Cue
    reading: Spoken
    pieces: tuple[tuple[_Piece, Future[Speech]], ...]


class Reader:
    """A segment as it is said: numbers, marks and the like put into words, as the job wants it."""

    def __init__(self, claim: Claim, lexicon: Lexicon | None) -> None:
        own = Lexicon.of(claim.options.lexicon)
        self._lexicon = lexicon.merged(own) if lexicon else own
        self._options = claim.options
        # By its queue, because voices of one text may be spoken by several providers.
        self._stub = claim.queue.rpartition(".")[0] == STUB

    def read(self, cue: Cue) -> Spoken:
        if self._stub or find_model(cue.voice.model).verbatim:
            return untouched(cue.text)
        if not self._options.normalize:
            return as_written(cue.text, lexicon=self._lexicon)
        return normalise(cue.text, language=cue.language, lexicon=self._lexicon)


class Recital:
    """The cues of one part as one speaker says them. Passages without sound are left out and counted in `skipped`.

    `total` is how many cues there are, when the first has been said.
    """

    def __init__(self, speaker: Speaker, claim: Claim, *, reader: Reader, speed: float, watch: Watch) -> None:
        self.skipped = 0
        self.total = 0
        self._speaker = speaker
        self._claim = claim
        self._reader = reader
        self._speed = speed
        self._watch = watch

    def speak(self, cues: Iterable[Cue]) -> Iterator[Said]:
        """Tells and asks the watch between segments. Raises EngineError and Stopped.

        The engine has the first cue before the others are looked for.
        """
        coming = iter(cues)
        pending = deque(self._begin(cue, first=True) for cue in islice(coming, 1))
        try:
            rest = deque(coming)
            self.total = total = len(pending) + len(rest)
            for done in range(total):
                while rest and len(pending) < self._room(done):
                    pending.append(self._begin(rest.popleft(), first=False))
                if done == 0:
                    self._tell_start(pending[0], total)
                said = self._finish(pending.popleft())
                if said is not None:
                    yield said
                if done + 1 < total:
                    self._watch.go_on()
                    self._watch.progressed(done + 1, total)
        finally:
            for one in pending:
                _cancel(one)

    def follow(self, cues: Iterator[Cue]) -> Iterator[Said]:
        """The same for cues that come one by one, of which nobody knows how many there will be."""
        for done, cue in enumerate(cues):
            if said := self._finish(self._begin(cue, first=done == 0)):
                yield said
            self._watch.go_on()

    def _room(self, done: int) -> int:
        """How many cues may be under way.

        Of a text that somebody listens to there are few at first, so that others' first and second ones come before
        its tenth; and only one until that is handed over, which spelling the next would delay.
        """
        window = self._speaker.window
        return min(window, max(1, 2 * done)) if self._claim.options.streamed else window

    def _tell_start(self, first: _Pending, total: int) -> None:
        """One sentence on a fast engine is over before anyone could hear that it began, and telling slows it."""
        futures = [future for _, future in first.pieces]
        if total > 1 or wait(futures, timeout=SHORT_S).not_done:
            self._watch.started(total)

    def _begin(self, cue: Cue, *, first: bool) -> _Pending:
        reading = self._reader.read(cue)
        pieces = [
            _Piece(start, self._utterance(cue, reading, start=start, end=end))
            for start, end in self._places(reading.text)
        ]
        return _Pending(
            cue, reading, tuple((piece, self._submit(piece.utterance, first=first)) for piece in pieces)
        )

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """What is put into words may be longer than what an engine takes."""
        places = break_up(text, start=0, end=len(text), max_chars=max(1, self._speaker.engine.max_chars))
        return ((start, end) for start, end in places if speakable(text[start:end]))

    def _submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]:
        return self._speaker.submit(utterance, first=first, lane=self._claim.priority)

    def _finish(self, pending: _Pending) -> Said | None:
        found = [(piece.start, self._result(future, piece.utterance)) for piece, future in pending.pieces]
        speech = _joined([(start, one) for start, one in found if one is not None])
        if speech is None:
            self.skipped += 1
            return None
        return Said(pending.cue, _in_job(speech, pending))

    def _result(self, future: Future[Speech], utterance: Utterance) -> Speech | None:
        try:
            speech = future.result()
        except CancelledError as error:
            raise Stopped from error
        except TooLong:
            return self._in_halves(utterance)
        except EngineError as error:
            # One passage in a script that the voice doesn't know must not cost the whole text.
            if not error.caller_fault:
                raise
            return None
        return speech if len(speech.samples) else None

    def _in_halves(self, utterance: Utterance) -> Speech | None:
        """Some texts take more of a model's room than their letters say; half of one may fit."""
        text = utterance.text
        places = list(break_up(text, start=0, end=len(text), max_chars=(len(text) + 1) // 2))
        if len(places) < 2:
            return None
        found: list[tuple[int, Speech]] = []
        for start, end in places:
            piece = replace(
                utterance, text=text[start:end], phonemes=_within(utterance.phonemes, start=start, end=end)
            )
            self._watch.go_on()
            if speech := self._result(self._submit(piece, first=utterance.is_first), piece):
                found.append((start, speech))
        return _joined(found)

    def _utterance(self, cue: Cue, reading: Spoken, *, start: int, end: int) -> Utterance:
        claim = self._claim
        return Utterance(
            text=reading.text[start:end],
            voice=cue.voice.engine_voice,
            model_id=hub_model(cue.voice),
            language=cue.language,
            speed=self._speed,
            style=claim.style,
            seed=(claim.seed + cue.index) % 2**31,
            seed_given=claim.seed_given,
            is_first=cue.index == 0,
            phonemes=_within(
                [(one.start, one.end, one.phonemes) for one in reading.phonemes], start=start, end=end
            ),
        )


def _within(
    phonemes: Sequence[tuple[int, int, str]], *, start: int, end: int
) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (first - start, last - start, said)
        for first, last, said in phonemes
        if start <= first and last <= end
    )


def _joined(speeches: Sequence[tuple[int, Speech]]) -> Speech | None:
    """One speech of those that begin at these characters; None of none."""
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


def _in_job(speech: Speech, pending: _Pending) -> Speech:
    """With its words as characters of the job's text."""
    first = pending.cue.start
    words = []
    for word in speech.words:
        start, end = pending.reading.source(word.start, word.end)
        words.append(replace(word, start=first + start, end=first + end))
    return replace(speech, words=tuple(words))


def _cancel(pending: _Pending) -> None:
    for _, future in pending.pieces:
        future.cancel()
