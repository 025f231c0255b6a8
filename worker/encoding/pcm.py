"""Samples as 16-bit integers."""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = (
    32768  # what decoders divide by, so that a file that is decoded and encoded again stays the same
)


def to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Rounds and clips [-1, 1] to the range of int16; NaN becomes silence."""
    scaled = np.clip(np.nan_to_num(samples), -1, 1) * np.float32(_FULL_SCALE)
    pcm: NDArray[np.int16] = np.minimum(np.rint(scaled), _FULL_SCALE - 1).astype(np.int16)
    return pcm
