"""A part from text to a file in the store: cut, spoken segment by segment, put into one file by one encoder."""

import hashlib
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass, replace
from typing import IO

import numpy as np

from common import __version__
from common.catalogue import Voice, find_voice, hub_model
from common.formats import MEDIA_TYPES
from common.jobs.lease import Claim, Finished
from common.store import StorageFull, Store, audio_key
from worker.encoding import Encoder, available_formats, open_encoder
from worker.engines.protocol import Engine, EngineError, Speech, TooLong, Utterance
from worker.speakers import Speaker
from worker.stretch import split_speed, stretch
from worker.text.breaks import break_up
from worker.text.language import mismatch_warning
from worker.text.segments import Segment, cut

_DENSE = frozenset({"zh", "ja", "ko", "yue"})
_LETTERS_A_CHARACTER = 3
# Who would hear that a job has begun, when it has ended within this?
SHORT_S = 0.3
SPOOL_BYTES = 8 * 1024 * 1024


class Stopped(Exception):
    """The part is not ours any more, or this process must stop: what was made is dropped."""


@dataclass(frozen=True, slots=True)
class Watch:
    """How the pipeline asks and tells while it works. `go_on` raises Stopped."""

    go_on: Callable[[], None]
    started: Callable[[int], None]
    progressed: Callable[[int, int], None]


@dataclass(slots=True)
class _Clock:
    """Where the time of one job went, in seconds."""

    began: float
    first_audio: float = 0.0
    synthesis: float = 0.0
    encode: float = 0.0


def speak(claim: Claim, *, speaker: Speaker, store: Store, watch: Watch) -> Finished:
    """The file is in the store when this returns, and only then. Raises EngineError and Stopped."""
    clock = _Clock(began=time.perf_counter())
    voice = find_voice(claim.voice_id, allow_fake=True)
    engine = speaker.engine
    language = claim.language or voice.languages[0]
    segments = cut(claim.text, language=language, max_chars=_max_chars(engine, language))
    native, rest = split_speed(claim.speed, native=engine.native_speed)
    utterances = [_utterance(claim, voice, segment, speed=native) for segment in segments]
    spoken = _Sequence(speaker, utterances, lane=claim.priority, watch=watch)
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        sound = _write(spoken, spool, audio_format=claim.format, speed=rest, clock=clock)
        warnings = [*claim.warnings, *_language_warning(claim, voice)]
        if spoken.skipped:
            warnings.append(f"{spoken.skipped} of {len(segments)} passages cannot be spoken by this voice.")
        return _store(
            claim, spool, sound, store=store, clock=clock, segments=len(segments), warnings=warnings
        )


def warm_up() -> None:
    """Load what the first text would: sentence rules and the language model."""
    cut("The first sentence. Another one.", language="en", max_chars=100)
    mismatch_warning("The first sentence of a worker.", asked=None, spoken=("en",))


@dataclass(frozen=True, slots=True)
class _Sound:
    sample_rate_hz: int
    samples: int


def _write(
    spoken: "_Sequence", spool: IO[bytes], *, audio_format: str, speed: float, clock: _Clock
) -> _Sound:
    encoder: Encoder | None = None
    rate, samples = 0, 0
    waited_from = time.perf_counter()
    for speech in spoken:
        clock.synthesis += time.perf_counter() - waited_from
        encoded_from = time.perf_counter()
        if encoder is None:
            rate = speech.sample_rate_hz
            encoder = _open_encoder(audio_format, spool, sample_rate_hz=rate)
            clock.first_audio = encoded_from - clock.began
        elif speech.sample_rate_hz != rate:
            raise EngineError("engine_failed", "The engine changed its sample rate within one text.")
        sound = stretch(speech.samples, sample_rate_hz=rate, speed=speed)
        encoder.write(sound)
        samples += len(sound)
        waited_from = time.perf_counter()
        clock.encode += waited_from - encoded_from
    if encoder is None:
        raise EngineError("unspeakable_text", "This voice can speak nothing of this text.", caller_fault=True)
    closed_from = time.perf_counter()
    encoder.close()
    clock.encode += time.perf_counter() - closed_from
    return _Sound(rate, samples)


def _open_encoder(audio_format: str, spool: IO[bytes], *, sample_rate_hz: int) -> Encoder:
    if audio_format not in available_formats():
        # Another worker may have what it takes.
        raise EngineError("format_unavailable", f"This worker cannot write {audio_format}.", retryable=True)
    return open_encoder(audio_format, sample_rate_hz=sample_rate_hz, out=spool)  # type: ignore[arg-type]


def _store(
    claim: Claim,
    spool: IO[bytes],
    sound: _Sound,
    *,
    store: Store,
    clock: _Clock,
    segments: int,
    warnings: Sequence[str],
) -> Finished:
    key = audio_key(claim.job_id, attempt=claim.attempt, extension=MEDIA_TYPES[claim.format][1])
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
    try:
        size = store.put(key, spool)
    except StorageFull as error:
        raise EngineError(
            "storage_full", "The store is full; make room and retry.", retryable=True
        ) from error
    return Finished(
        key=key,
        sha256=digest,
        recipe=_recipe(claim),
        format=claim.format,
        sample_rate_hz=sound.sample_rate_hz,
        duration_s=sound.samples / sound.sample_rate_hz,
        size_bytes=size,
        segments=segments,
        first_audio_ms=clock.first_audio * 1000,
        synthesis_ms=clock.synthesis * 1000,
        encode_ms=clock.encode * 1000,
        warnings=tuple(warnings),
    )


def _max_chars(engine: Engine, language: str) -> int:
    """One character of Chinese, Japanese or Korean takes as long to say as a few letters."""
    dense = language.partition("-")[0].lower() in _DENSE
    return max(1, engine.max_chars // _LETTERS_A_CHARACTER) if dense else engine.max_chars


class _Sequence:
    """The speeches of a job in order, a few segments under way at once; passages without sound are left out."""

    def __init__(self, speaker: Speaker, utterances: Sequence[Utterance], *, lane: str, watch: Watch) -> None:
        self.skipped = 0
        self._speaker = speaker
        self._lane = lane
        self._utterances = utterances
        self._watch = watch
        self._pending: deque[Future[Speech]] = deque()

    def __iter__(self) -> Iterator[Speech]:
        total = len(self._utterances)
        try:
            for done in range(total):
                self._fill(begun=done)
                if done == 0:
                    self._tell_start(self._pending[0], total)
                speech = self._result(self._pending.popleft(), self._utterances[done])
                if speech is not None:
                    yield speech
                if done + 1 < total:
                    self._watch.go_on()
                    self._watch.progressed(done + 1, total)
        finally:
            for future in self._pending:
                future.cancel()

    def _tell_start(self, first: Future[Speech], total: int) -> None:
        """One sentence on a fast engine is over before anyone could hear that it began, and telling slows it."""
        if total > 1 or not wait([first], timeout=SHORT_S).done:
            self._watch.started(total)

    def _fill(self, *, begun: int) -> None:
        upto = min(begun + self._speaker.window, len(self._utterances))
        for index in range(begun + len(self._pending), upto):
            self._pending.append(self._submit(self._utterances[index], first=index == 0))

    def _submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]:
        return self._speaker.submit(utterance, first=first, lane=self._lane)

    def _result(self, future: Future[Speech], utterance: Utterance) -> Speech | None:
        try:
            speech = future.result()
        except CancelledError as error:
            raise Stopped from error
        except TooLong:
            return self._in_pieces(utterance)
        except EngineError as error:
            # One passage in a script that the voice doesn't know must not cost the whole text.
            if not error.caller_fault:
                raise
            self.skipped += 1
            return None
        return speech if len(speech.samples) else None

    def _in_pieces(self, utterance: Utterance) -> Speech | None:
        """Some texts take more of a model's room than their letters say; half of one may fit."""
        text = utterance.text
        places = list(break_up(text, start=0, end=len(text), max_chars=(len(text) + 1) // 2))
        if len(places) < 2:
            self.skipped += 1
            return None
        found: list[Speech] = []
        for start, end in places:
            piece = replace(utterance, text=text[start:end])
            self._watch.go_on()
            if speech := self._result(self._submit(piece, first=utterance.opens), piece):
                found.append(speech)
        return _joined(found)


def _joined(speeches: Sequence[Speech]) -> Speech | None:
    if not speeches:
        return None
    return Speech(np.concatenate([one.samples for one in speeches]), speeches[0].sample_rate_hz)


def _utterance(claim: Claim, voice: Voice, segment: Segment, *, speed: float) -> Utterance:
    return Utterance(
        text=segment.text,
        voice=voice.engine_voice,
        model_id=hub_model(voice),
        language=claim.language or voice.languages[0],
        speed=speed,
        style=claim.style,
        seed=(claim.seed + segment.index) % 2**31,
        seed_given=claim.seed_given,
        opens=segment.index == 0,
    )


def _language_warning(claim: Claim, voice: Voice) -> list[str]:
    # The gateway has compared a language that was named; an unnamed one is found here.
    if claim.language or claim.provider == "stub":
        return []
    warning = mismatch_warning(claim.text, asked=None, spoken=voice.languages)
    return [warning] if warning else []


def _recipe(claim: Claim) -> str:
    """Everything that changes the sound."""
    what = [
        __version__,
        claim.provider,
        claim.voice_id,
        claim.text,
        claim.language,
        claim.speed,
        claim.style,
        claim.format,
        claim.seed,
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
