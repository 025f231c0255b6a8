"""Uncompressed samples: WAV, and raw PCM without a header."""

import struct

import numpy as np
from numpy.typing import NDArray

from worker.encoding.output_sink import OutputSink

PCM_RATE_HZ = 24_000  # raw samples have no header, so clients assume this rate

_HEADER_BYTES = 44
_UNKNOWN = 0xFFFFFFFF  # by convention, a size that is not known yet: players read to the end of the file
_SAMPLE_BYTES = 2


class PcmCodec:
    """Writes 16-bit little-endian mono samples."""

    rate_hz = PCM_RATE_HZ

    def __init__(self, *, out: OutputSink) -> None:
        self._out = out

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._out.write(_little_endian(pcm))

    def finish(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


class WavCodec:
    """Writes a header with unknown sizes, as for a stream, and replaces them at the end.

    Layout: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0".
    """

    def __init__(self, *, sample_rate_hz: int, out: OutputSink) -> None:
        self.rate_hz = sample_rate_hz
        self._out = out
        self._data_bytes = 0
        out.write(_header(sample_rate_hz, data_bytes=None))

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._data_bytes += self._out.write(_little_endian(pcm))

    def finish(self) -> None:
        self._out.seek(0)
        # A size above 4 GB, about a day of speech, does not fit into the header.
        fits = self._data_bytes + _HEADER_BYTES - 8 < _UNKNOWN
        self._out.write(_header(self.rate_hz, data_bytes=self._data_bytes if fits else None))

    def release(self) -> None:
        """Do nothing."""


def _little_endian(pcm: NDArray[np.int16]) -> bytes:
    return pcm.astype("<i2", copy=False).tobytes()


def _header(rate_hz: int, *, data_bytes: int | None) -> bytes:
    whole = _UNKNOWN if data_bytes is None else _HEADER_BYTES - 8 + data_bytes
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", whole, b"WAVE"),
        # Format 1 is PCM; one channel.
        *(b"fmt ", 16, 1, 1, rate_hz, rate_hz * _SAMPLE_BYTES, _SAMPLE_BYTES, _SAMPLE_BYTES * 8),
        *(b"data", _UNKNOWN if data_bytes is None else data_bytes),
    )
