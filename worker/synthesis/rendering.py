"""The sound of one job on its way into a file: segments are mastered, put into one encoder, and captioned."""

import time
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from common.catalogue.loudness import gain_db
from worker.encoding import Encoder, available_formats, open_encoder
from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import Resampler
from worker.engines.protocol import EngineError, Speech, Word
from worker.sound import Master, Trimmed, pause_after_s, trim
from worker.sound.time_stretch import stretch
from worker.synthesis.live_audio import Live
from worker.synthesis.segment_synthesis import Said
from worker.synthesis.segmentation import Cue

_SOON_S = 0.5
_BLOCK_S = 10.0


class Rendering:
    """`speed` is what is left to stretch, `pace` what was asked for. `cues` are stored captions.

    A `plain` sound is no voice whose loudness is known. An `eager` one rests behind a segment at once, rather than
    before the next: encoders hold the last moment back. `open_live` is asked with the first sound; what it gives
    hears the file grow.
    """

    def __init__(
        self,
        spool: IO[bytes],
        *,
        audio_format: str,
        mastering: bool,
        speed: float,
        pace: float,
        open_live: Callable[[], Live | None],
        eager: bool,
        plain: bool,
        on_first_audio: Callable[[], None],
    ) -> None:
        self.cues: list[Any] = []
        self.encode_s = 0.0
        self.sample_rate_hz = 0
        self._format = audio_format
        self._spool = spool
        self._mastering = mastering
        self._speed = speed
        self._pace = pace
        self.live: Live | None = None
        self._open_live = open_live
        self._eager = eager
        self._plain = plain
        self._rested_s = 0.0
        self._on_first_audio = on_first_audio
        self._encoder: Encoder | None = None
        self._master: Master | None = None
        self._before: Cue | None = None

    @property
    def duration_s(self) -> float:
        return self._master.position / self.sample_rate_hz if self._master else 0.0

    def add(self, said: Said) -> bool:
        """False when there was nothing to hear in it. Raises EngineError, and what writing to the spool raises."""
        began = time.perf_counter()
        heard = self._add(said)
        if self.live:
            self.live.flush()
        self.encode_s += time.perf_counter() - began
        return heard

    def end(self, *, tail_s: float) -> None:
        """Raises EngineError when nothing was spoken at all."""
        if self._encoder is None or self._master is None:
            message = "This voice can speak nothing of this text."
            raise EngineError("unspeakable_text", message, caller_fault=True)
        began = time.perf_counter()
        self._pause(tail_s - self._rested_s)
        self._encoder.write(self._master.end())
        self._encoder.close()
        if self.live:
            self.live.flush()
        self.encode_s += time.perf_counter() - began

    def _add(self, said: Said) -> bool:
        # Voices of several models in one text speak at rates of their own; the first one's is everybody's.
        rate_hz = self.sample_rate_hz or said.speech.sample_rate_hz
        trimmed = self._trimmed(said.speech, rate_hz=rate_hz)
        if not len(trimmed.samples):
            return False
        if self._encoder is None:
            self._open(rate_hz)
        assert self._encoder is not None  # noqa: S101  # opened right above
        assert self._master is not None  # noqa: S101
        gap_s = self._gap_s(said.cue)
        self._pause(gap_s)
        start = self._master.position
        gain = 0.0 if self._plain else gain_db(said.cue.voice)
        for samples in self._opening(trimmed.samples):
            self._encoder.write(self._master.speech(samples, gain_db=gain))
            if self.live:
                self.live.flush()
        self.cues.append(self._caption(said, start=start, end=self._master.position, head=trimmed.head))
        self._before = said.cue
        self._rested_s = self._rest_s() if self._eager else 0.0
        self._pause(self._rested_s)
        return True

    def _pause(self, duration_s: float) -> None:
        """Block by block: an hour of silence must not cost the memory of an hour."""
        assert self._encoder is not None  # noqa: S101  # there is sound before it, or after
        assert self._master is not None  # noqa: S101
        while duration_s > 0:
            self._encoder.write(self._master.pause(min(duration_s, _BLOCK_S)))
            duration_s -= _BLOCK_S
            if self.live:
                self.live.flush()

    def _opening(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Mastering a segment takes milliseconds: who waits for the first sound gets a moment of it before the rest."""
        soon = 0 if self.cues or self.live is None else round(_SOON_S * self.sample_rate_hz)
        return [samples[:soon], samples[soon:]] if soon else [samples]

    def _open(self, rate_hz: int) -> None:
        if self._format not in available_formats():
            # Another worker may have what it takes.
            message = f"This worker cannot write {self._format}."
            raise EngineError("format_unavailable", message, retryable=True)
        self.sample_rate_hz = rate_hz
        self.live = self._open_live()
        sink = OutputSink(self._spool, self.live.take if self.live else None)
        self._encoder = open_encoder(self._format, sample_rate_hz=rate_hz, out=sink)
        self._master = Master(sample_rate_hz=rate_hz, enabled=self._mastering)
        self._on_first_audio()

    def _trimmed(self, speech: Speech, *, rate_hz: int) -> Trimmed:
        samples = _at_rate(speech.samples, from_hz=speech.sample_rate_hz, to_hz=rate_hz)
        sound = stretch(samples, sample_rate_hz=rate_hz, speed=self._speed)
        if not self._mastering:
            return Trimmed(sound, 0)
        return trim(sound, sample_rate_hz=rate_hz, speed=self._pace)

    def _gap_s(self, cue: Cue) -> float:
        """The silence before a segment: what a tag asks for, else as long as a reader takes; less what was rested."""
        wanted_s = self._rest_s() if cue.lead_s is None else cue.lead_s
        return max(0.0, wanted_s - self._rested_s)

    def _rest_s(self) -> float:
        before = self._before
        if before is None or not self._mastering:
            return 0.0
        return pause_after_s(
            sentence_end=before.sentence_end, paragraph_end=before.paragraph_end, speed=self._pace
        )

    def _caption(self, said: Said, *, start: int, end: int, head: int) -> list[Any]:
        cue, rate = said.cue, self.sample_rate_hz
        start_s, end_s = start / rate, end / rate

        def moment(word_s: float) -> float:
            """Where what the engine's sound had there lies now."""
            return round(min(end_s, max(start_s, start_s + word_s / self._speed - head / rate)), 3)

        words = [_timed(word, moment) for word in said.speech.words]
        return [round(start_s, 3), round(end_s, 3), cue.start, cue.end, cue.voice.id, words]


def _timed(word: Word, moment: Callable[[float], float]) -> list[Any]:
    return [moment(word.start_s), moment(word.end_s), word.start, word.end]


def _at_rate(samples: NDArray[np.float32], *, from_hz: int, to_hz: int) -> NDArray[np.float32]:
    if from_hz == to_hz:
        return samples
    resampler = Resampler(from_hz=from_hz, to_hz=to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])
