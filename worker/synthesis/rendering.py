"""Renders synthesized segments into one mastered and encoded file, with captions."""

import time
from collections.abc import Callable
from typing import IO

import numpy as np
from numpy.typing import NDArray

from common.catalogue.loudness import gain_db
from common.recordings.captions import Caption, TimedWord
from worker.encoding import Encoder, is_available, open_encoder
from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import Resampler
from worker.encoding.tags import NO_TAGS, Tags
from worker.engines.protocol import EngineError
from worker.sound import Master, Trimmed, pause_after_s, trim
from worker.sound.time_stretch import split_speed, stretch
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment

_FIRST_CHUNK_S = 0.5
_BLOCK_S = 10.0


class Rendering:
    """`asked_speed` is the speed of the job. `native_speed` is that of the engine; time stretching does the rest.

    `level_voices`: bring voices of known loudness to the same level. `eager`: write the pause after a segment at once,
    not before the next segment, because encoders hold back the last moment of sound. `open_live` is called with the
    first sound. If it returns a writer, that gets the file as it grows. `sample_rate_hz` 0 is the rate of the first
    segment. `trims`: trim segments even without mastering.
    """

    trims = False

    def __init__(
        self,
        spool: IO[bytes],
        *,
        audio_format: str,
        mastering: bool,
        native_speed: tuple[float, float] | None,
        asked_speed: float,
        open_live: Callable[[], LiveAudioWriter | None],
        eager: bool,
        level_voices: bool,
        tags: Tags = NO_TAGS,
        sample_rate_hz: int = 0,
    ) -> None:
        self.captions: list[Caption] = []
        self.encode_s = 0.0
        self.sample_rate_hz = sample_rate_hz
        # A reading of time.perf_counter.
        self.first_audio_at = 0.0
        self.live: LiveAudioWriter | None = None
        self._format = audio_format
        self._spool = spool
        self._mastering = mastering
        self._native_speed = native_speed
        self._asked_speed = asked_speed
        self._open_live = open_live
        self._eager = eager
        self._level_voices = level_voices
        self._tags = tags
        self._pause_written_s = 0.0
        self._output: _Output | None = None
        self._previous: Segment | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """For the job."""
        return ()

    @property
    def duration_s(self) -> float:
        return self._output.position / self.sample_rate_hz if self._output else 0.0

    def add(self, spoken: SynthesizedSegment) -> Caption | None:
        """Append a segment. Returns its caption, or None if it has no sound.

        Raises EngineError, and errors of writing to the spool.
        """
        began_at = time.perf_counter()
        caption = self._add(spoken)
        self.encode_s += time.perf_counter() - began_at
        return caption

    def end(self, *, tail_s: float) -> None:
        """Finish the file. `tail_s` 0 is the natural pause. Raises EngineError if no segment had sound."""
        if self._output is None:
            message = "This voice cannot speak any of this text. Choose a voice of the text's language."
            raise EngineError("unspeakable_text", message, caller_fault=True)
        began_at = time.perf_counter()
        self._output.add_pause((tail_s or self._closing_pause_s()) - self._pause_written_s)
        self._output.close()
        self.encode_s += time.perf_counter() - began_at

    def _add(self, spoken: SynthesizedSegment) -> Caption | None:
        # Voices of several models may have different sample rates. All are brought to one.
        rate_hz = self.sample_rate_hz or spoken.speech.sample_rate_hz
        trimmed = self._trimmed(spoken, rate_hz=rate_hz)
        if not len(trimmed.samples):
            return None
        output = self._output or self._open(rate_hz)
        output.add_pause(self._gap_s(spoken.segment))
        start = output.position
        gain = gain_db(spoken.segment.voice) if self._level_voices else 0.0
        *first, rest = self._chunks(trimmed.samples)
        for samples in first:
            output.add_speech(samples, gain_db=gain)
            output.publish()
        output.add_speech(rest, gain_db=gain)
        caption = self._caption(spoken, start=start, end=output.position, head=trimmed.head)
        self.captions.append(caption)
        self._previous = spoken.segment
        self._pause_written_s = self._pause_after_s() if self._eager else 0.0
        output.add_pause(self._pause_written_s)
        output.publish()
        return caption

    def _chunks(self, samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Split off the first half second for a listener, because mastering the whole segment takes milliseconds."""
        first = 0 if self.captions or self.live is None else round(_FIRST_CHUNK_S * self.sample_rate_hz)
        return [samples[:first], samples[first:]] if first else [samples]

    def _open(self, rate_hz: int) -> "_Output":
        if not is_available(self._format):
            # A retry may reach another worker.
            message = f"This worker cannot write {self._format}. Choose another format."
            raise EngineError("format_unavailable", message, retryable=True)
        self.sample_rate_hz = rate_hz
        self.live = self._open_live()
        sink = OutputSink(self._spool, self.live.append if self.live else None)
        encoder = open_encoder(self._format, sample_rate_hz=rate_hz, out=sink, tags=self._tags)
        master = Master(sample_rate_hz=rate_hz, enabled=self._mastering)
        self._output = _Output(encoder, master, self.live)
        self.first_audio_at = time.perf_counter()
        return self._output

    def _trimmed(self, spoken: SynthesizedSegment, *, rate_hz: int) -> Trimmed:
        speech, rate = spoken.speech, spoken.segment.rate
        samples = at_rate(speech.samples, from_hz=speech.sample_rate_hz, to_hz=rate_hz)
        sound = stretch(samples, sample_rate_hz=rate_hz, speed=self._stretch_speed(spoken.segment))
        if not (self._mastering or self.trims):
            return Trimmed(sound, 0)
        return trim(sound, sample_rate_hz=rate_hz, speed=self._asked_speed * rate)

    def _stretch_speed(self, segment: Segment) -> float:
        return split_speed(self._asked_speed * segment.rate, native=self._native_speed)[1]

    def _gap_s(self, segment: Segment) -> float:
        """The silence before a segment: the tagged or natural pause, minus the pause that is already written."""
        wanted_s = self._pause_after_s() if segment.lead_s is None else segment.lead_s
        return max(0.0, wanted_s - self._pause_written_s)

    def _pause_after_s(self) -> float:
        previous = self._previous
        if previous is None or not self._mastering:
            return 0.0
        return pause_after_s(
            sentence_end=previous.sentence_end,
            paragraph_end=previous.paragraph_end,
            speed=self._asked_speed * previous.rate,
        )

    def _closing_pause_s(self) -> float:
        """The pause of a sentence: clients that read sentence by sentence play the recordings one after the other."""
        return (
            pause_after_s(sentence_end=True, paragraph_end=False, speed=self._asked_speed)
            if self._mastering
            else 0.0
        )

    def _caption(self, spoken: SynthesizedSegment, *, start: int, end: int, head: int) -> Caption:
        segment, rate = spoken.segment, self.sample_rate_hz
        start_s, end_s = start / rate, end / rate
        stretch_speed = self._stretch_speed(segment)

        def moment(word_s: float) -> float:
            """Map a time in the engine's speech to a time in the file, in seconds."""
            return round(min(end_s, max(start_s, start_s + word_s / stretch_speed - head / rate)), 3)

        words = tuple(
            TimedWord(moment(word.start_s), moment(word.end_s), word.start, word.end)
            for word in spoken.speech.words
        )
        voice_id = segment.voice.id
        return Caption(round(start_s, 3), round(end_s, 3), segment.start, segment.end, voice_id, words)


class _Output:
    """The file of a rendering: mastered, encoded, and published while it grows if there is a `live` writer.

    Each publication costs a call to Redis, so a pause is published with the speech after it.
    """

    def __init__(self, encoder: Encoder, master: Master, live: LiveAudioWriter | None) -> None:
        self._encoder = encoder
        self._master = master
        self._live = live

    @property
    def position(self) -> int:
        """The position of the next sound, in samples."""
        return self._master.position

    def add_speech(self, samples: NDArray[np.float32], *, gain_db: float) -> None:
        self._encoder.write(self._master.speech(samples, gain_db=gain_db))

    def add_pause(self, duration_s: float) -> None:
        """Write a pause in blocks, so that an hour of silence does not take the memory of an hour."""
        while duration_s > 0:
            self._encoder.write(self._master.pause(min(duration_s, _BLOCK_S)))
            duration_s -= _BLOCK_S
            if duration_s > 0:
                self.publish()

    def close(self) -> None:
        self._encoder.write(self._master.end())
        self._encoder.close()
        self.publish()

    def publish(self) -> None:
        if self._live:
            self._live.flush()


def at_rate(samples: NDArray[np.float32], *, from_hz: int, to_hz: int) -> NDArray[np.float32]:
    """Mono samples, of shape (n,), at another rate."""
    if from_hz == to_hz:
        return samples
    resampler = Resampler(from_hz=from_hz, to_hz=to_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])
