"""Converts between float32 samples and 16-bit integers."""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32768  # decoders divide by this, so a file that is decoded and encoded again stays the same


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Scale, round and clip samples in [-1, 1] to int16. NaN becomes silence."""
    scaled = np.clip(samples, -1, 1)
    scaled *= np.float32(_FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.minimum(scaled, _FULL_SCALE - 1, out=scaled)
    # A single sum shows whether any sample is NaN, much faster than a search.
    if np.isnan(scaled.sum()):
        np.nan_to_num(scaled, copy=False)
    return scaled.astype(np.int16)


def from_int16(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = pcm.astype(np.float32)
    samples /= np.float32(_FULL_SCALE)
    return samples
