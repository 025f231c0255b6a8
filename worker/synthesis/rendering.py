"""Renders spoken segments into one file: mastered, encoded and captioned."""

import time
from collections.abc import Callable
from typing import IO

import numpy as np
from numpy.typing import NDArray

from common.catalogue.loudness import gain_db
from common.recordings.captions import Caption, TimedWord
from worker.encoding import Encoder, available_formats, open_encoder
from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import Resampler
from worker.engines.protocol import EngineError, Speech
from worker.sound import Master, Trimmed, pause_after_s, trim
from worker.sound.time_stretch import stretch
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment

_OPENING_S = 0.5
_BLOCK_S = 10.0


class Rendering:
    """`stretch_speed` is left for time stretching, `asked_speed` is what the job asked for.

    `level_voices`: bring voices of known loudness to the same level. `eager`: put the pause behind a segment at once,
    not before the next one, because encoders hold the last moment back. `open_live` is called with the first sound;
    what it returns gets the file as it grows.
    """

    def __init__(
        self,
        spool: IO[bytes],
        *,
        audio_format: str,
        mastering: bool,
        stretch_speed: float,
        asked_speed: float,
        open_live: Callable[[], LiveAudioWriter | None],
        eager: bool,
        level_voices: bool,
    ) -> None:
        self.captions: list[Caption] = []
        self.encode_s = 0.0
        self.sample_rate_hz = 0
        # By time.perf_counter.
        self.first_audio_at = 0.0
        self.live: LiveAudioWriter | None = None
        self._format = audio_format
        self._spool = spool
        self._mastering = mastering
        self._stretch_speed = stretch_speed
        self._asked_speed = asked_speed
        self._open_live = open_live
        self._eager = eager
        self._level_voices = level_voices
        self._paused_s = 0.0
        self._encoder: Encoder | None = None
        self._master: Master | None = None
        self._previous: Segment | None = None

    @property
    def duration_s(self) -> float:
        return self._master.position / self.sample_rate_hz if self._master else 0.0

    def add(self, spoken: SynthesizedSegment) -> Caption | None:
        """The caption of the segment. None when it had no sound.

        Raises EngineError, and what writing to the spool raises.
        """
        began = time.perf_counter()
        caption = self._add(spoken)
        if self.live:
            self.live.flush()
        self.encode_s += time.perf_counter() - began
        return caption

    def end(self, *, tail_s: float) -> None:
        """Raises EngineError when nothing was spoken at all."""
        if self._encoder is None or self._master is None:
            message = "This voice cannot speak any of this text."
            raise EngineError("unspeakable_text", message, caller_fault=True)
        began = time.perf_counter()
        self._pause(tail_s - self._paused_s)
        self._encoder.write(self._master.end())
        self._encoder.close()
        if self.live:
            self.live.flush()
        self.encode_s += time.perf_counter() - began

    def _add(self, spoken: SynthesizedSegment) -> Caption | None:
        # Voices of several models have sample rates of their own. The rate of the first one is the file's.
        rate_hz = self.sample_rate_hz or spoken.speech.sample_rate_hz
        trimmed = self._trimmed(spoken.speech, rate_hz=rate_hz)
        if not len(trimmed.samples):
            return None
        if self._encoder is None:
            self._open(rate_hz)
        assert self._encoder is not None  # noqa: S101  # opened right above
        assert self._master is not None  # noqa: S101
        self._pause(self._gap_s(spoken.segment))
        start = self._master.position
        gain = gain_db(spoken.segment.voice) if self._level_voices else 0.0
        for samples in self._opening(trimmed.samples):
            self._encoder.write(self._master.speech(samples, gain_db=gain))
            if self.live:
                self.live.flush()
        caption = self._caption(spoken, start=start, end=self._master.position, head=trimmed.head)
        self.captions.append(caption)
        self._previous = spoken.segment
        self._paused_s = self._pause_after_s() if self._eager else 0.0
        self._pause(self._paused_s)
        return caption

    def _pause(self, duration_s: float) -> None:
        """Write block by block, so that an hour of silence takes no memory for an hour."""
        assert self._encoder is not None  # noqa: S101  # there is sound before it, or after
        assert self._master is not None  # noqa: S101
        while duration_s > 0:
            self._encoder.write(self._master.pause(min(duration_s, _BLOCK_S)))
            duration_s -= _BLOCK_S
            if self.live:
                self.live.flush()

    def _opening(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Mastering a segment takes milliseconds, so a listener gets its first half second before the rest."""
        opening = 0 if self.captions or self.live is None else round(_OPENING_S * self.sample_rate_hz)
        return [samples[:opening], samples[opening:]] if opening else [samples]

    def _open(self, rate_hz: int) -> None:
        if self._format not in available_formats():
            # Another worker may be able to.
            message = f"This worker cannot write {self._format}."
            raise EngineError("format_unavailable", message, retryable=True)
        self.sample_rate_hz = rate_hz
        self.live = self._open_live()
        tape = OutputSink(self._spool, self.live.append if self.live else None)
        self._encoder = open_encoder(self._format, sample_rate_hz=rate_hz, out=tape)
        self._master = Master(sample_rate_hz=rate_hz, enabled=self._mastering)
        self.first_audio_at = time.perf_counter()

    def _trimmed(self, speech: Speech, *, rate_hz: int) -> Trimmed:
        samples = _at_rate(speech.samples, from_hz=speech.sample_rate_hz, to_hz=rate_hz)
        sound = stretch(samples, sample_rate_hz=rate_hz, speed=self._stretch_speed)
        if not self._mastering:
            return Trimmed(sound, 0)
        return trim(sound, sample_rate_hz=rate_hz, speed=self._asked_speed)

    def _gap_s(self, segment: Segment) -> float:
        """The silence before a segment: what a tag asks for or a natural pause, less what was inserted already."""
        wanted_s = self._pause_after_s() if segment.lead_s is None else segment.lead_s
        return max(0.0, wanted_s - self._paused_s)

    def _pause_after_s(self) -> float:
        previous = self._previous
        if previous is None or not self._mastering:
            return 0.0
        return pause_after_s(
            sentence_end=previous.sentence_end, paragraph_end=previous.paragraph_end, speed=self._asked_speed
        )

    def _caption(self, spoken: SynthesizedSegment, *, start: int, end: int, head: int) -> Caption:
        segment, rate = spoken.segment, self.sample_rate_hz
        start_s, end_s = start / rate, end / rate

        def moment(word_s: float) -> float:
            """Where a moment of the engine's sound lies in the file, in seconds."""
            return round(min(end_s, max(start_s, start_s + word_s / self._stretch_speed - head / rate)), 3)

        words = tuple(
            TimedWord(moment(word.start_s), moment(word.end_s), word.start, word.end)
            for word in spoken.speech.words
        )
        voice_id = segment.voice.id
        return Caption(round(start_s, 3), round(end_s, 3), segment.start, segment.end, voice_id, words)


def _at_rate(samples: NDArray[np.float32], *, from_hz: int, to_hz: int) -> NDArray[np.float32]:
    if from_hz == to_hz:
        return samples
    resampler = Resampler(from_hz=from_hz, to_hz=to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])
