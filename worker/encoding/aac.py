"""AAC in ADTS through PyAV, whose wheel contains GPL codecs. This module is imported only for aac."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray

from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import allowed_rate

_RATES_HZ = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_MIN_BIT_RATE, _MAX_BIT_RATE, _BITS_PER_SAMPLE = 32_000, 96_000, 3


class AacCodec:
    def __init__(self, *, sample_rate_hz: int, out: OutputSink) -> None:
        self.rate_hz = allowed_rate(sample_rate_hz, allowed=_RATES_HZ)
        self._container = av.open(out, "w", format="adts", options={"flush_packets": "1"})
        self._stream = self._container.add_stream("aac", rate=self.rate_hz, layout="mono")
        self._stream.bit_rate = min(_MAX_BIT_RATE, max(_MIN_BIT_RATE, _BITS_PER_SAMPLE * self.rate_hz))

    def encode(self, pcm: NDArray[np.int16]) -> None:
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = self.rate_hz
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def release(self) -> None:
        with suppress(Exception):  # the original failure is already being raised
            self._container.close()


@contextmanager
def open_aac(file: IO[bytes]) -> Iterator[tuple[int, Iterator[NDArray[np.float32]]]]:
    """Yield (sample rate, iterator of mono frames).

    Raises ValueError if the file is not AAC, possibly only while the frames are read.
    """
    try:
        with av.open(file, "r", format="aac") as container:
            yield container.streams.audio[0].rate, _frames(container)
    except av.FFmpegError as error:
        raise ValueError(str(error)) from error


def _frames(container: av.container.InputContainer) -> Iterator[NDArray[np.float32]]:
    for frame in container.decode(audio=0):
        yield frame.to_ndarray()[0].astype(np.float32, copy=False)
