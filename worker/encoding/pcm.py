"""Samples as 16-bit integers."""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = (
    32768  # what decoders divide by, so that a file that is decoded and encoded again stays the same
)


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Rounds and clips [-1, 1] to the range of int16; NaN becomes silence."""
    scaled = np.clip(samples, -1, 1)
    scaled *= np.float32(_FULL_SCALE)
    np.rint(scaled, out=scaled)
    np.minimum(scaled, _FULL_SCALE - 1, out=scaled)
    # One sum tells whether any is NaN, for a fraction of what looking for them costs.
    if np.isnan(scaled.sum()):
        np.nan_to_num(scaled, copy=False)
    return scaled.astype(np.int16)


def from_int16(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = pcm.astype(np.float32)
    samples /= np.float32(_FULL_SCALE)
    return samples
