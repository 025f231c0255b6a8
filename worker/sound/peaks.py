"""Estimates the true peak: the peak of the continuous signal, including between the samples.

It follows ITU-R BS.1770-4, annex 2, with four times oversampling. A point between two samples is a sum of the samples
around it, weighted by a Kaiser-windowed sinc.
"""

import numpy as np
from numpy.typing import NDArray

REACH = 12  # a point between two samples depends on this many samples on each side

_OVERSAMPLING = 4
_KAISER_BETA = 3.0  # a steep filter: at a low sample rate, sibilants are close to the Nyquist frequency


def _weights() -> NDArray[np.float32]:
    """Return the weights, of shape (points between two samples, samples around them)."""
    position = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(1 - REACH, REACH + 1)[None, :] - position[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / REACH) ** 2))
    weights = np.sinc(distance) * window  # normalized below: the sum for each point is only about 1
    even: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return even


_WEIGHTS = _weights()
# The largest ratio of a point between samples to the highest sample.
HIGHEST_GAIN = float(np.abs(_WEIGHTS).sum(axis=1).max())


def true_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each sample the absolute peak between its two neighbours, without `REACH` samples at both ends.

    The order of the sums is the same for every sample, so the result does not depend on the length of `samples`.
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
