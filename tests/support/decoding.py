"""Decodes files with another decoder than the worker's, and makes test tones."""

import io

import av
import numpy as np
from numpy.typing import NDArray

# Formats that FFmpeg does not recognize in short files, or, for raw samples, at all.
_DEMUXERS = {"mp3": "mp3", "aac": "aac", "pcm": "s16le"}


def by_pyav(data: bytes, audio_format: str, *, pcm_rate_hz: int = 24_000) -> tuple[NDArray[np.float32], int]:
    """Return (mono samples, sample rate)."""
    options = {"sample_rate": str(pcm_rate_hz)} if audio_format == "pcm" else {}
    with av.open(io.BytesIO(data), "r", format=_DEMUXERS.get(audio_format), options=options) as container:
        rate = container.streams.audio[0].rate
        to_float = av.AudioResampler(format="fltp", layout="mono")
        frames = [out.to_ndarray() for frame in container.decode(audio=0) for out in to_float.resample(frame)]
    return np.concatenate(frames, axis=1)[0], rate


def tags_of(data: bytes, audio_format: str) -> dict[str, str]:
    """Return the title, artist and date that another reader finds."""
    with av.open(io.BytesIO(data), "r", format=_DEMUXERS.get(audio_format)) as container:
        found = {**container.metadata, **container.streams.audio[0].metadata}
    # In Ogg and FLAC, names are in any case.
    found = {name.lower(): value for name, value in found.items()}
    return {name: found[name] for name in ("title", "artist", "date") if name in found}


def tone(duration_s: float, *, rate_hz: int, pitch_hz: float = 220) -> NDArray[np.float32]:
    moments = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * pitch_hz * moments)).astype(np.float32)
