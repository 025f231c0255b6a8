"""Estimates the true peak: the peak of the continuous signal, including between the samples.

It follows ITU-R BS.1770-4, annex 2, with four times oversampling. A point between two samples is a sum of the samples
around it, weighted by a Kaiser-windowed sinc.
"""

from functools import reduce

import numpy as np
from numpy.typing import NDArray

REACH = 12  # a point between two samples depends on this many samples on each side
BLOCK = 32  # not less than 2 * REACH, so that a block depends on two blocks of samples at most

_OVERSAMPLING = 4
_ALL_TRUE = np.uint64(0x0101_0101_0101_0101)  # eight booleans
_KAISER_BETA = 3.0  # a steep filter: at a low sample rate, sibilants are close to the Nyquist frequency


def _weights() -> NDArray[np.float32]:
    """Return the weights, of shape (points between two samples, samples around them)."""
    position = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(1 - REACH, REACH + 1)[None, :] - position[:, None]
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / REACH) ** 2))
    weights = np.sinc(distance) * window  # normalized below: the sum for each point is only about 1
    even: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return even


def _step_gain() -> float:
    """Return by how many of the largest step between neighbours a point can exceed the samples on both sides of it.

    A point is the line between these two plus a weighted sum of the samples. The weights of that sum add up to 0, so it
    is also a weighted sum of the steps.
    """
    line = np.zeros((_OVERSAMPLING - 1, 2 * REACH))
    line[:, REACH] = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    line[:, REACH - 1] = 1 - line[:, REACH]
    return float(np.abs(np.cumsum(_WEIGHTS - line, axis=1)).sum(axis=1).max())


_WEIGHTS = _weights()
_STEP_GAIN = _step_gain()
# The largest ratio of a point between samples to the highest sample.
_HIGHEST_GAIN = float(np.abs(_WEIGHTS).sum(axis=1).max())
# For the rounding of sums.
_TOLERANCE = 0.999


def true_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each sample the absolute peak between its two neighbours, without `REACH` samples at both ends.

    Time is the first axis; other axes are independent. The order of the sums is the same for every sample, so the
    result does not depend on the length of `samples`.
    """
    count = max(0, len(samples) - 2 * REACH)
    peaks = np.abs(samples[REACH : REACH + count])
    if peaks.size:
        between = np.abs(_between(samples, count + 1)).max(axis=0)
        np.maximum(peaks, between[:-1], out=peaks)
        np.maximum(peaks, between[1:], out=peaks)
    return peaks


def find_peaks(
    samples: NDArray[np.float32], *, above: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers of the blocks in which a true peak may be above `above`, and their true peaks.

    Block n are the samples from `REACH + n * BLOCK` on, and the peaks have the shape (blocks, BLOCK). The last block
    may end after the last sample that has `REACH` samples behind it; peaks after that are meaningless.
    """
    limit = above * _TOLERANCE
    numbers = _find_loud_blocks(samples, limit=limit / _HIGHEST_GAIN)
    times = np.arange(BLOCK + 2 * REACH)[:, None] + BLOCK * numbers
    # The samples of a block in a column: each step of a sum then runs over memory without gaps.
    windows = samples.take(times, mode="clip")
    nearest = np.abs(windows[REACH - 1 : 1 - REACH]).max(axis=0)
    steps = np.abs(np.diff(windows, axis=0)).max(axis=0)
    near_limit = np.flatnonzero(~(nearest + _STEP_GAIN * steps <= limit))  # also for NaN
    return numbers[near_limit], true_peaks(windows.take(near_limit, axis=1)).T


def _find_loud_blocks(samples: NDArray[np.float32], *, limit: float) -> NDArray[np.int64]:
    """Return the numbers of the blocks that depend on a sample above `limit`."""
    is_quiet = np.abs(samples) <= np.float32(limit)  # False for NaN
    whole = len(samples) // BLOCK
    eights = is_quiet[: whole * BLOCK].view(np.uint64).reshape(-1, BLOCK // 8)
    is_loud = np.empty(1 - (2 * REACH - len(samples)) // BLOCK, dtype=np.bool_)
    is_loud[:whole] = reduce(np.bitwise_and, eights.T) != _ALL_TRUE
    is_loud[whole:] = not is_quiet[whole * BLOCK :].all()
    return np.flatnonzero(is_loud[:-1] | is_loud[1:])


def _between(samples: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the points between samples, of shape (points between two samples, count, ...)."""
    weights = _WEIGHTS.reshape(*_WEIGHTS.shape, *(1 for _ in samples.shape))
    total = np.zeros((len(weights), count, *samples.shape[1:]), dtype=np.float32)
    product = np.empty_like(total)
    for offset in range(2 * REACH):
        np.multiply(samples[offset : offset + count], weights[:, offset], out=product)
        total += product
    return total
