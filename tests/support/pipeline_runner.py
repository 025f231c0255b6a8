"""Runs the synthesis pipeline in this process, with an engine whose samples are known exactly."""

import io
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO, Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from common.db.database import Database
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.messaging.redis_link import RedisLink
from common.messaging.text_stream import TextUpdate
from common.settings import Settings
from common.store import Store
from worker.engines.protocol import ANY_VOICE, Speech, Utterance, Word
from worker.engines.word_timings import word_spans
from worker.inference.dispatch import DirectDispatcher
from worker.synthesis import pipeline
from worker.synthesis.callbacks import JobCallbacks
from worker.synthesis.kept_segments import KeptSegments
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.partial_audio import PartialAudio


@dataclass
class ToneEngine:
    """Speaks silence, one tone per word, and silence, and reports the word times. A text with "mute" is silent."""

    alias: str = "hibari"
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
    samples: list[NDArray[np.float32]] = field(default_factory=list)

    def load(self) -> None:
        """Nothing to load."""

    def voices(self) -> tuple[str, ...]:
        return (ANY_VOICE,)

    def memory_bytes(self) -> int:
        return 0

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        """Nothing to unload."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.spoken += batch
        return [self._speech(utterance.text) for utterance in batch]

    def _speech(self, text: str) -> Speech:
        spans = word_spans(text)
        level = 0.0 if "mute" in text else 0.25
        tone = level * np.sin(
            2 * np.pi * 440 * np.arange(round(self.word_s * len(spans) * self.rate_hz)) / self.rate_hz
        )
        before, after = (
            np.zeros(round(duration_s * self.rate_hz)) for duration_s in (self.before_s, self.after_s)
        )
        samples = np.concatenate([before, tone, after]).astype(np.float32)
        self.samples.append(samples)
        return Speech(samples, self.rate_hz, tuple(self._words(spans)))

    def _words(self, spans: Sequence[tuple[int, int]]) -> Iterator[Word]:
        for number, (start, end) in enumerate(spans):
            start_s = self.before_s + number * self.word_s
            yield Word(start, end, start_s, start_s + self.word_s)


class PipelineRunner:
    """Synthesizes claimed parts into a real store, with live audio in a real Redis."""

    def __init__(self, settings: Settings) -> None:
        self.data_dir = settings.data_dir
        self.store_url = settings.store
        self.store = Store(self.store_url)
        self.database = Database(settings.database, role="worker")
        self.redis_link = RedisLink(settings)

    def speak(
        self, part: ClaimedPart, engine: ToneEngine, *updates: TextUpdate, **changes: Any
    ) -> SynthesisResult:
        """`updates` are those of a text that arrives while it is spoken, `changes` as for `run`."""
        result = self.run(part, engine, *updates, **changes)
        assert isinstance(result, SynthesisResult)
        return result

    def speak_stage(self, part: ClaimedPart, engine: ToneEngine) -> str:
        """Speak one stage of a text with voices of several models. Returns the key of the partial audio."""
        result = self.run(part, engine)
        assert isinstance(result, PartialAudio)
        return result.key

    def run(
        self,
        part: ClaimedPart,
        engine: ToneEngine,
        *updates: TextUpdate,
        check: Callable[[], None] = lambda: None,
        progressed: Callable[[int, int], bool] = lambda _done, _total: False,
        store_wait_s: float = 0.0,
        kept: KeptSegments | None = None,
    ) -> SynthesisResult | PartialAudio:
        batches = [[(f"{number}-0", update)] for number, update in enumerate(updates, start=1)]
        callbacks = JobCallbacks(
            check=check,
            started=lambda _total: None,
            progressed=progressed,
            read_text=lambda _after, _within_s: batches.pop(0),
        )

        def open_live(spool: IO[bytes]) -> LiveAudioWriter:
            return LiveAudioWriter(part, redis_link=self.redis_link, store=self.store, spool=spool)

        return pipeline.speak(
            part,
            dispatcher=DirectDispatcher(engine),
            store=self.store,
            callbacks=callbacks,
            open_live=open_live,
            data_dir=self.data_dir,
            store_wait_s=store_wait_s,
            kept=kept,
        )

    def decode(self, result: SynthesisResult) -> "DecodedAudio":
        """Read the file of a result from the store."""
        samples, rate_hz = soundfile.read(io.BytesIO(b"".join(self.store.read(result.key))), dtype="float32")
        return DecodedAudio(samples, rate_hz)

    def close(self) -> None:
        self.redis_link.close()
        self.database.close()


@contextmanager
def open_pipeline_runner(settings: Settings) -> Iterator[PipelineRunner]:
    runner = PipelineRunner(settings)
    try:
        yield runner
    finally:
        runner.close()


@dataclass(frozen=True)
class DecodedAudio:
    samples: NDArray[np.float32]
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    def audible_spans(self, *, above: float = 1e-3) -> list[tuple[float, float]]:
        """The (start, end) in seconds of each stretch louder than `above`. Gaps up to 20 ms belong to a stretch."""
        loud = np.flatnonzero(np.abs(self.samples) > above)
        breaks = np.flatnonzero(np.diff(loud) > 0.02 * self.rate_hz)
        spans = zip(loud[[0, *(breaks + 1)]], loud[[*breaks, -1]], strict=True)
        return [(float(start) / self.rate_hz, float(end) / self.rate_hz) for start, end in spans]

    @property
    def gaps_s(self) -> list[float]:
        """The silences between audible spans."""
        return [after[0] - before[1] for before, after in pairwise(self.audible_spans())]
