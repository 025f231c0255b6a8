"""The true peak: how high the curve through the samples rises, between them too.

As ITU-R BS.1770-4, annex 2, estimates it: at four times the rate. Between two samples the curve is the sum of the
samples around, weighted by a Kaiser-windowed sinc.
"""

import numpy as np
from numpy.typing import NDArray

REACH = 12  # samples on each side that a point between two of them depends on

_OVERSAMPLING = 4
_KAISER_BETA = 3.0  # a steep filter: sibilants at a low rate lie close below half of it


def _weights() -> NDArray[np.float32]:
    """(points between two samples, samples around them)."""
    position = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(1 - REACH, REACH + 1)[None, :] - position[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / REACH) ** 2))
    weights = np.sinc(distance) * window  # those of a point add up to about 1, and then to just that
    even: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return even


_WEIGHTS = _weights()
# The most that a point between samples can be higher than the highest of them.
HIGHEST_GAIN = float(np.abs(_WEIGHTS).sum(axis=1).max())


def true_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """At each sample the highest point from the one before it to the one after it, but for `REACH` at both ends.

    Sample by sample in the same order of sums, so that the result does not depend on what it is asked for together.
    """
    count = max(0, len(samples) - 2 * REACH)
    peaks = np.abs(samples[REACH : REACH + count])
    for weights in _WEIGHTS if count else ():
        between = np.abs(_weighted(samples, weights, count + 1))
        np.maximum(peaks, between[:-1], out=peaks)
        np.maximum(peaks, between[1:], out=peaks)
    return peaks


def _weighted(samples: NDArray[np.float32], weights: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    total = np.zeros(count, dtype=np.float32)
    product = np.empty(count, dtype=np.float32)
    for offset, weight in enumerate(weights):
        np.multiply(samples[offset : offset + count], weight, out=product)
        total += product
    return total
