"""AAC in ADTS through PyAV, whose wheel contains GPL codecs. This module is imported only for aac."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import av
import numpy as np
from numpy.typing import NDArray

from worker.encoding.adts_fill import ConstantBitRate
from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import allowed_rate

_RATES_HZ = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_MIN_BIT_RATE, _MAX_BIT_RATE, _BITS_PER_SAMPLE = 32_000, 96_000, 3
# The encoder meets a target on average. A frame may be twice as long, so the target is lower while frames exceed the
# rate of the file. The encoder's own strict mode (a tolerance of 0) never returns for some sounds, such as clicks.
_TARGET, _MIN_TARGET, _TARGET_PER_FRAME_OF_DEBT = 0.75, 0.3, 1.5
_MAX_CUTOFF_HZ = 16_000
_FRAME = 1024
_SILENT = 32  # -60 dB
_TAIL = 2 * _FRAME


class AacCodec:
    """Writes a constant bit rate: what some frames exceed it by, the next ones save.

    The encoder delays the sound by a frame and rounds up to whole frames. As much of the silence at the end is left
    out, so that the file is as long as the sound.
    """

    def __init__(self, *, sample_rate_hz: int, out: OutputSink) -> None:
        self.rate_hz = allowed_rate(sample_rate_hz, allowed=_RATES_HZ)
        bit_rate = min(_MAX_BIT_RATE, max(_MIN_BIT_RATE, _BITS_PER_SAMPLE * self.rate_hz))
        self._container = av.open(out, "w", format="adts", options={"flush_packets": "1"})
        # Replacing hiss by other noise (PNS) saves little here. The bandwidth must not follow the target.
        options = {"aac_pns": "0", "cutoff": str(min(_MAX_CUTOFF_HZ, self.rate_hz // 2))}
        self._stream = self._container.add_stream("aac", rate=self.rate_hz, layout="mono", options=options)
        self._bit_rate = bit_rate
        self._stream.bit_rate = round(_TARGET * bit_rate)
        self._filling = ConstantBitRate(bit_rate / 8 * _FRAME / self.rate_hz)
        self._samples = self._frames = 0
        self._pending = self._tail = np.zeros(0, dtype=np.int16)

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._samples += len(pcm)
        self._tail = np.concatenate([self._tail, pcm[-_TAIL:]])[-_TAIL:]
        self._pending = np.concatenate([self._pending, pcm])
        whole = len(self._pending) // _FRAME * _FRAME
        for start in range(0, whole, _FRAME):
            self._write(self._encode_frame(self._pending[start : start + _FRAME]))
        self._pending = self._pending[whole:]

    def finish(self) -> None:
        last = self._encode_frame(self._pending) if len(self._pending) else []
        self._set_target()
        last += self._stream.encode(None)
        self._write(last[: len(last) - self._count_silent(len(last))])
        self._container.close()

    def release(self) -> None:
        with suppress(Exception):  # the original failure is already being raised
            self._container.close()

    def _encode_frame(self, pcm: NDArray[np.int16]) -> "list[av.Packet[av.AudioStream]]":
        self._set_target()
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate = self.rate_hz
        return self._stream.encode(frame)

    def _set_target(self) -> None:
        share = max(_MIN_TARGET, 1 - _TARGET_PER_FRAME_OF_DEBT * self._filling.debt_frames)
        self._stream.bit_rate = round(_TARGET * share * self._bit_rate)

    def _count_silent(self, last: int) -> int:
        """Return how many of the last frames hold nothing but silence and are more than the sound needs."""
        frames = self._frames + last
        surplus = frames - max(1, round(self._samples / _FRAME))
        # A frame completes the samples of the frame before it.
        silent = frames - 1 - -(-(self._samples - self._silent_samples()) // _FRAME)
        return min(last, surplus, max(0, silent))

    def _silent_samples(self) -> int:
        heard = np.flatnonzero(np.abs(self._tail.astype(np.int32)) > _SILENT)
        return len(self._tail) - 1 - int(heard[-1]) if len(heard) else len(self._tail)

    def _write(self, packets: "list[av.Packet[av.AudioStream]]") -> None:
        self._frames += len(packets)
        for packet in packets:
            filled = av.Packet(self._filling.fill(bytes(packet)))
            filled.stream, filled.time_base = self._stream, packet.time_base
            filled.pts, filled.dts = packet.pts, packet.dts
            self._container.mux(filled)


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
