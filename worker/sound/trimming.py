"""Removes the silence that engines produce before and after a segment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FRAME_S = 0.01
# Frames below both levels are silence. A breath is about 35 dB below the loudest vowel, so it stays.
_BELOW_LOUDEST_DB = 50.0
_FLOOR_DBFS = -65.0
# Margins: the start and the end of a consonant are too soft to distinguish from silence.
_BEFORE_S, _AFTER_S = 0.03, 0.06
_FADE_S = 0.004


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The trimmed samples. `head` is the number of samples removed from the start."""

    samples: NDArray[np.float32]
    head: int


def trim(samples: NDArray[np.float32], *, sample_rate_hz: int, speed: float = 1.0) -> Trimmed:
    """Remove leading and trailing silence from mono samples, of shape (n,), except for a margin, and fade both ends.

    Returns no samples if all is silent. `speed` is the speed of the speech: fast speech has short consonants and needs
    shorter margins.
    """
    frame = max(1, round(_FRAME_S * sample_rate_hz))
    audible_frames = np.flatnonzero(_find_audible_frames(samples, frame))
    if not len(audible_frames):
        return Trimmed(samples[:0], 0)
    start = max(0, int(audible_frames[0]) * frame - round(_BEFORE_S / speed * sample_rate_hz))
    end = min(len(samples), (int(audible_frames[-1]) + 1) * frame + round(_AFTER_S / speed * sample_rate_hz))
    return Trimmed(_fade_edges(samples[start:end], round(_FADE_S * sample_rate_hz)), start)


def _find_audible_frames(samples: NDArray[np.float32], frame: int) -> NDArray[np.bool_]:
    """Return a flag for each frame. The last frame may be shorter."""
    if not len(samples):
        return np.zeros(0, dtype=np.bool_)
    whole = len(samples) // frame * frame
    frames, rest = samples[:whole].reshape(-1, frame), samples[whole:]
    power = np.einsum("ij,ij->i", frames, frames) / frame
    if len(rest):
        power = np.append(power, np.square(rest).mean())
    threshold = max(_power(_FLOOR_DBFS), power.max() * _power(-_BELOW_LOUDEST_DB))
    audible: NDArray[np.bool_] = power > threshold
    return audible


def _fade_edges(samples: NDArray[np.float32], fade: int) -> NDArray[np.float32]:
    """Return a copy with a half-cosine fade at both ends. A step there would be an audible click."""
    faded = samples.copy()
    length = min(fade, len(faded) // 2)
    slope = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / max(1, length))).astype(np.float32)
    faded[:length] *= slope
    faded[len(faded) - length :] *= slope[::-1]
    return faded


def _power(level_db: float) -> np.float64:
    return np.float64(10 ** (level_db / 10))
