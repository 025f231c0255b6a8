"""Decodes the audio that hosted inference returns."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO

import numpy as np
import soundfile
from numpy.typing import NDArray

_BLOCK_FRAMES = 65536
_EXCERPT_CHARS = 200
_EXCERPT_BYTES = 1024
# FFmpeg also opens playlists and fetches the URLs in them. An answer must not make the worker do that.
_PLAIN_CONTAINERS = "aac,mp3,ogg,wav,flac,aiff,au,caf,amr,mov,mp4,m4a,matroska,webm"


@dataclass(frozen=True, slots=True)
class DecodedAudio:
    """Mono samples in [-1, 1]."""

    samples: NDArray[np.float32]
    sample_rate_hz: int


def decode(data: bytes) -> DecodedAudio:
    """Decode any format of libsndfile (WAV, FLAC, MP3, Ogg, …), or of PyAV if it is installed, and mix down to mono.

    Raises ValueError if the data is not audio. Its message quotes the text that came instead.
    """
    if data.lstrip()[:1] in (b"{", b"[", b"<", b""):
        raise ValueError(f"expected audio, got {_excerpt(data)}")
    decoded = _decode_with_sndfile(data) or _decode_with_pyav(data)
    if decoded is None:
        raise ValueError(f"expected audio, got {_excerpt(data)}")
    if not len(decoded.samples):
        raise ValueError("the audio holds no samples")
    return decoded


def _decode_with_sndfile(data: bytes) -> DecodedAudio | None:
    try:
        with soundfile.SoundFile(BytesIO(data)) as file:
            return DecodedAudio(samples=_join(_blocks(file)), sample_rate_hz=file.samplerate)
    except soundfile.LibsndfileError:
        return None


def _blocks(file: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Yield mono blocks. It reads until the end, because the length in the header of a streamed file is not valid."""
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block.mean(axis=1, dtype=np.float32)


def _decode_with_pyav(data: bytes) -> DecodedAudio | None:
    if not find_spec("av"):
        return None
    import av

    try:
        with av.open(BytesIO(data), "r", options={"format_whitelist": _PLAIN_CONTAINERS}) as container:
            if not container.streams.audio:
                return None
            rate = container.streams.audio[0].rate
            mono = av.AudioResampler(format="fltp", layout="mono")
            frames = (out for frame in container.decode(audio=0) for out in mono.resample(frame))
            return DecodedAudio(samples=_join(frame.to_ndarray()[0] for frame in frames), sample_rate_hz=rate)
    except av.FFmpegError:
        return None


def _join(blocks: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    joined = np.concatenate([np.zeros(0, dtype=np.float32), *blocks])
    finite: NDArray[np.float32] = np.nan_to_num(joined, posinf=0, neginf=0)
    return finite


def _excerpt(data: bytes) -> str:
    """Return a readable description of data that is not audio."""
    text = data[:_EXCERPT_BYTES].decode("utf-8", errors="replace").strip()
    if not text:
        return "nothing"
    readable = text.isprintable() or all(char.isprintable() or char.isspace() for char in text)
    return (
        repr(text[:_EXCERPT_CHARS])
        if readable and "\ufffd" not in text
        else f"{len(data)} bytes of an unknown format"
    )
