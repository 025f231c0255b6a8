"""Encodes samples into one audio file per job."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from common.formats import MEDIA_TYPES
from worker.encoding.output_sink import OutputSink
from worker.encoding.pcm import to_int16
from worker.encoding.resampling import Resampler
from worker.encoding.tags import NO_TAGS, Tags
from worker.encoding.uncompressed import PcmCodec, WavCodec

FORMATS: tuple[str, ...] = tuple(MEDIA_TYPES)

_BLOCK_S = 10.0
_SILENCE_S = 0.02


class Encoder(Protocol):
    """Writes one audio file."""

    def write(self, samples: NDArray[np.float32]) -> None:
        """Encode mono samples, of shape (n,), clipped to [-1, 1]. Finished parts of the file are written at once.

        Raises ValueError after `close`, and whatever writing to the file raises. After an error the encoder is closed
        and the file is useless.
        """
        ...

    def close(self) -> None:
        """Finish the file without closing it. Its position is undefined. Further calls do nothing."""
        ...


class Codec(Protocol):
    """The encoder of one format. `encode` takes samples at `rate_hz`."""

    rate_hz: int

    def encode(self, pcm: NDArray[np.int16]) -> None: ...
    def finish(self) -> None:
        """Write the remaining data."""
        ...

    def release(self) -> None:
        """Free memory, whether or not the file is finished. Never raises."""
        ...


def available_formats() -> tuple[str, ...]:
    """Return the formats that this environment can write: aac needs PyAV, which is optional."""
    return tuple(name for name in FORMATS if is_available(name))


def is_available(audio_format: str) -> bool:
    """Return whether this environment can write a format."""
    return audio_format in FORMATS and (audio_format != "aac" or _has_pyav())


@cache
def _has_pyav() -> bool:
    return find_spec("av") is not None


def open_encoder(
    audio_format: str, *, sample_rate_hz: int, out: IO[bytes] | OutputSink, tags: Tags = NO_TAGS
) -> Encoder:
    """Start a file in `out`, which must be empty and open for reading, writing and seeking.

    `sample_rate_hz` is the rate of the samples. The file keeps it if the format allows that rate. `CODEC_DELAY` says
    what decoders add. Input for Opus should end with 20 ms of silence: Opus extrapolates after the last sample, often
    as a spike. `tags` are written to MP3, FLAC and Opus. Raises ValueError if the format is not available.
    """
    if not is_available(audio_format):
        raise ValueError(f"cannot write {audio_format}; available are {', '.join(available_formats())}")
    sink = out if isinstance(out, OutputSink) else OutputSink(out)
    codec = _open_codec(audio_format, sample_rate_hz=sample_rate_hz, out=sink, tags=tags)
    return _FileEncoder(codec, sample_rate_hz=sample_rate_hz)


def _open_codec(audio_format: str, *, sample_rate_hz: int, out: OutputSink, tags: Tags) -> Codec:
    if audio_format == "pcm":
        return PcmCodec(out=out)
    if audio_format == "wav":
        return WavCodec(sample_rate_hz=sample_rate_hz, out=out)
    if audio_format == "mp3":
        from worker.encoding.mp3 import Mp3Codec

        return Mp3Codec(sample_rate_hz=sample_rate_hz, out=out, tags=tags)
    if audio_format == "aac":
        from worker.encoding.aac import AacCodec

        return AacCodec(sample_rate_hz=sample_rate_hz, out=out)
    from worker.encoding.sndfile import SndfileCodec

    return SndfileCodec(audio_format, sample_rate_hz=sample_rate_hz, out=out, tags=tags)


class _FileEncoder:
    def __init__(self, codec: Codec, *, sample_rate_hz: int) -> None:
        self._codec = codec
        self._resampler = (
            Resampler(from_hz=sample_rate_hz, to_hz=codec.rate_hz)
            if codec.rate_hz != sample_rate_hz
            else None
        )
        self._block = max(1, round(_BLOCK_S * sample_rate_hz))
        self._silence = np.zeros(max(1, round(_SILENCE_S * codec.rate_hz)), dtype=np.int16)
        self._empty = True
        self._closed = False

    def write(self, samples: NDArray[np.float32]) -> None:
        if self._closed:
            raise ValueError("the encoder is closed")
        with self._close_on_failure():
            for block in self._blocks(samples):
                self._encode(self._resampler.push(block) if self._resampler else block)

    def close(self) -> None:
        if self._closed:
            return
        with self._close_on_failure():
            if self._resampler:
                self._encode(self._resampler.flush())
            if self._empty:  # FLAC and Ogg files without samples are invalid
                self._codec.encode(self._silence)
            self._codec.finish()
        self._release()

    @contextmanager
    def _close_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        self._closed = True
        self._codec.release()

    def _encode(self, samples: NDArray[np.float32]) -> None:
        if len(samples):
            self._codec.encode(to_int16(samples))
            self._empty = False

    def _blocks(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Yield blocks of a few seconds, so that an hour in one call is not copied as a whole."""
        for start in range(0, len(samples), self._block):
            yield samples[start : start + self._block]
