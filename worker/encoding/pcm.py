"""Converts between float32 samples and 16-bit integers."""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32768  # decoders divide by this, so a file that is decoded and encoded again stays the same


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Scale, round and clip samples in [-1, 1] to int16. NaN becomes silence."""
    with np.errstate(over="ignore"):  # infinite samples are clipped
        scaled = samples * np.float32(_FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    # The maximum is NaN if any sample is, and is found much faster than the sample.
    if len(scaled) and np.isnan(scaled.max()):
        np.nan_to_num(scaled, copy=False)
    return scaled.astype(np.int16)


def from_int16(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = pcm.astype(np.float32)
    samples /= np.float32(_FULL_SCALE)
    return samples
