"""A worker's way from a text to a file with an engine whose sound is known to the sample, without a process."""

import io
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO

import numpy as np
import soundfile
from numpy.typing import NDArray

from common.db.database import Database
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.messaging.redis_link import RedisLink
from common.messaging.text_stream import Piece
from common.settings import Settings
from common.store import Store
from worker.engines.protocol import ANY_VOICE, Speech, Utterance, Word
from worker.inference.dispatch import DirectDispatcher
from worker.synthesis import pipeline
from worker.synthesis.callbacks import JobCallbacks
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.partial_audio import PartialAudio
from worker.synthesis.word_timings import word_spans


@dataclass
class ToneEngine:
    """Silence, a tone of a tenth of a second for each word, silence; the words are told. "mute" has no sound."""

    alias: str = "hibari"
    executor: str = "hibari"
    max_batch: int = 1
    max_chars: int = 300
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0
    pinned: bool = False
    rate_hz: int = 24_000
    before_s: float = 0.2
    after_s: float = 0.3
    word_s: float = 0.1
    spoken: list[Utterance] = field(default_factory=list)
    sounds: list[NDArray[np.float32]] = field(default_factory=list)

    def load(self) -> None:
        """It is ready."""

    def voices(self) -> tuple[str, ...]:
        return (ANY_VOICE,)

    def memory_bytes(self) -> int:
        return 0

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        """It holds nothing."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.spoken += batch
        return [self._spoken(utterance.text) for utterance in batch]

    def _spoken(self, text: str) -> Speech:
        spans = word_spans(text)
        level = 0.0 if "mute" in text else 0.25
        sound = level * np.sin(
            2 * np.pi * 440 * np.arange(round(self.word_s * len(spans) * self.rate_hz)) / self.rate_hz
        )
        silences = [np.zeros(round(lasts_s * self.rate_hz)) for lasts_s in (self.before_s, self.after_s)]
        samples = np.concatenate([silences[0], sound, silences[1]]).astype(np.float32)
        self.sounds.append(samples)
        return Speech(samples, self.rate_hz, tuple(self._words(spans)))

    def _words(self, spans: Sequence[tuple[int, int]]) -> Iterator[Word]:
        for number, (start, end) in enumerate(spans):
            begins_s = self.before_s + number * self.word_s
            yield Word(start, end, begins_s, begins_s + self.word_s)


class Booth:
    """Speaks claims; what is made lies in a real store, and listeners could hear it."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.store)
        self.database = Database(settings.database, role="worker")
        self.redis_link = RedisLink(settings)

    def speak(self, claim: ClaimedPart, engine: ToneEngine, *pieces: Piece) -> SynthesisResult:
        """`pieces` are of a text that comes while it is spoken."""
        made = self.work(claim, engine, *pieces)
        assert isinstance(made, SynthesisResult)
        return made

    def pass_on(self, claim: ClaimedPart, engine: ToneEngine) -> str:
        """The key of what was spoken of a text that goes on elsewhere."""
        made = self.work(claim, engine)
        assert isinstance(made, PartialAudio)
        return made.key

    def work(self, claim: ClaimedPart, engine: ToneEngine, *pieces: Piece) -> SynthesisResult | PartialAudio:
        coming = [[(f"{number}-0", piece)] for number, piece in enumerate(pieces, start=1)]
        callbacks = JobCallbacks(
            check=lambda: None,
            started=lambda _total: None,
            progressed=lambda _done, _total: None,
            read_text=lambda _after, _within_s: coming.pop(0),
        )

        def open_live(spool: IO[bytes]) -> LiveAudioWriter:
            return LiveAudioWriter(claim, redis_link=self.redis_link, store=self.store, spool=spool)

        return pipeline.speak(
            claim,
            dispatcher=DirectDispatcher(engine),
            store=self.store,
            callbacks=callbacks,
            open_live=open_live,
        )

    def sound(self, made: SynthesisResult) -> "Sound":
        samples, rate_hz = soundfile.read(io.BytesIO(b"".join(self.store.read(made.key))), dtype="float32")
        return Sound(samples, rate_hz)

    def close(self) -> None:
        self.redis_link.close()
        self.database.close()


@contextmanager
def open_booth(settings: Settings) -> Iterator[Booth]:
    booth = Booth(settings)
    try:
        yield booth
    finally:
        booth.close()


@dataclass(frozen=True)
class Sound:
    samples: NDArray[np.float32]
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    def heard(self, *, above: float = 1e-3) -> list[tuple[float, float]]:
        """(start, end) in seconds of what is louder; silences of less than 20 ms part nothing."""
        heard = np.flatnonzero(np.abs(self.samples) > above)
        parted = np.flatnonzero(np.diff(heard) > 0.02 * self.rate_hz)
        places = zip(heard[[0, *(parted + 1)]], heard[[*parted, -1]], strict=True)
        return [(float(start) / self.rate_hz, float(end) / self.rate_hz) for start, end in places]

    @property
    def gaps_s(self) -> list[float]:
        """The silences between."""
        return [after[0] - before[1] for before, after in pairwise(self.heard())]
