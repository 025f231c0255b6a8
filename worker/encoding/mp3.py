"""MP3 through LAME."""

import lameenc
import numpy as np
from numpy.typing import NDArray

from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import allowed_rate
from worker.encoding.tags import Tags, id3_header

_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_QUALITY = 7  # speech sounds the same as at 2, which takes four times as long


class Mp3Codec:
    """Writes a constant bit rate: with a variable one, players need a table of contents for position and length."""

    def __init__(self, *, sample_rate_hz: int, out: OutputSink, tags: Tags) -> None:
        self.rate_hz = allowed_rate(sample_rate_hz, allowed=_RATES_HZ)
        self._out = out
        self._lame = lameenc.Encoder()
        self._lame.silence()
        self._lame.set_channels(1)
        self._lame.set_in_sample_rate(self.rate_hz)
        self._lame.set_out_sample_rate(self.rate_hz)
        self._lame.set_bit_rate(64 if self.rate_hz <= 24000 else 96)
        self._lame.set_quality(_QUALITY)
        out.write(id3_header(tags))

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._out.write(bytes(self._lame.encode(pcm.tobytes())))

    def finish(self) -> None:
        self._out.write(bytes(self._lame.flush()))

    def release(self) -> None:
        del self._lame
