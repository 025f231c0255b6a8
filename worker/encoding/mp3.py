"""MP3 through LAME."""

import lameenc
import numpy as np
from numpy.typing import NDArray

from worker.encoding.mp3_info import Mp3Length, Mp3Shape
from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import allowed_rate
from worker.encoding.tags import Tags, id3_header

_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_QUALITY = 7  # speech sounds the same as at 2, which takes four times as long
_FRAME_HEADER_BYTES = 4


class Mp3Codec:
    """Writes a constant bit rate: with a variable one, players need a table of contents for positions.

    The first frame states the delay and the length. LAME returns whole frames, the first ones after a few blocks.
    """

    def __init__(self, *, sample_rate_hz: int, out: OutputSink, tags: Tags) -> None:
        self.rate_hz = allowed_rate(sample_rate_hz, allowed=_RATES_HZ)
        self._out = out
        self._kbps = 64 if self.rate_hz <= 24000 else 96
        self._samples = self._audio_bytes = 0
        self._info_at = 0
        self._shape: Mp3Shape | None = None
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_channels(1)
        self._lame.set_in_sample_rate(self.rate_hz)
        self._lame.set_out_sample_rate(self.rate_hz)
        self._lame.set_bit_rate(self._kbps)
        self._lame.set_quality(_QUALITY)
        out.write(id3_header(tags))

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._samples += len(pcm)
        self._write(bytes(self._lame.encode(pcm.tobytes())))

    def finish(self) -> None:
        self._write(bytes(self._lame.flush()))
        if self._shape is not None:
            self._out.seek(self._info_at)
            length = Mp3Length(samples=self._samples, audio_bytes=self._audio_bytes)
            self._out.write(self._shape.info_frame(length))

    def release(self) -> None:
        del self._lame

    def _write(self, frames: bytes) -> None:
        if self._shape is None and frames:
            self._shape = Mp3Shape(frames[:_FRAME_HEADER_BYTES], rate_hz=self.rate_hz, kbps=self._kbps)
            self._info_at = self._out.tell()
            self._out.write(self._shape.info_frame(None))
        self._audio_bytes += len(frames)
        self._out.write(frames)
