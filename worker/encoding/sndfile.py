"""FLAC and Ogg Opus through libsndfile."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from worker.encoding.output_sink import OutputSink
from worker.encoding.resampling import allowed_rate
from worker.encoding.tags import Tags

_KINDS = {"flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}
_OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)
_OPUS_PAGE_MS = 100.0  # libsndfile's default is a second, which delays live listeners
_SET_OGG_PAGE_LATENCY_MS = 0x1302  # from libsndfile's sndfile.h; soundfile has no constant for it

T = TypeVar("T")


class SndfileCodec:
    def __init__(self, audio_format: str, *, sample_rate_hz: int, out: OutputSink, tags: Tags) -> None:
        kind, subtype = _KINDS[audio_format]
        opus = audio_format == "opus"
        self.rate_hz = allowed_rate(sample_rate_hz, allowed=_OPUS_RATES_HZ) if opus else sample_rate_hz
        self._out = _ErrorKeepingFile(out)
        self._file = soundfile.SoundFile(
            self._out, "w", samplerate=self.rate_hz, channels=1, format=kind, subtype=subtype
        )
        for name, value in tags.items():
            setattr(self._file, name, value)
        if opus:
            _shorten_pages(self._file)

    def encode(self, pcm: NDArray[np.int16]) -> None:
        self._file.write(pcm)
        self._out.raise_failure()

    def finish(self) -> None:
        self._file.close()
        self._out.raise_failure()

    def release(self) -> None:
        with suppress(soundfile.SoundFileError):  # the original failure is already being raised
            self._file.close()


def _shorten_pages(file: soundfile.SoundFile) -> None:
    """Set the page latency through `sf_command` of libsndfile, which soundfile does not wrap."""
    latency_ms = soundfile._ffi.new("double *", _OPUS_PAGE_MS)
    size = soundfile._ffi.sizeof("double")
    soundfile._snd.sf_command(file._file, _SET_OGG_PAGE_LATENCY_MS, latency_ms, size)


class _ErrorKeepingFile:
    """A file for libsndfile that stores the first exception of a callback instead of raising it.

    libsndfile calls back from C, through which an exception cannot propagate: it would only be printed, and a full
    disk would end in a complete job with half a file. `raise_failure` raises it after the call.
    """

    def __init__(self, out: OutputSink) -> None:
        self._out = out
        self._failure: Exception | None = None

    def write(self, data: bytes) -> int:
        self._try(lambda: self._out.write(data), otherwise=0)
        return len(data)

    def read(self, size: int) -> bytes:
        return self._try(lambda: self._out.read(size), otherwise=b"")

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(lambda: self._out.seek(offset, whence), otherwise=0)

    def tell(self) -> int:
        return self._try(self._out.tell, otherwise=0)

    def raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _try(self, call: Callable[[], T], *, otherwise: T) -> T:
        if self._failure is None:
            try:
                return call()
            except Exception as error:
                self._failure = error
        return otherwise
