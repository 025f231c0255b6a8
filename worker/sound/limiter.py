"""A look-ahead limiter that keeps the true peak below a ceiling."""

import math

import numpy as np
from numpy.typing import NDArray

from worker.sound.peaks import HIGHEST_GAIN, REACH, true_peaks

CEILING_DBTP = -1.5

_CEILING = np.float32(10 ** (CEILING_DBTP / 20))
_NO_PEAK_BELOW = (
    float(_CEILING) / HIGHEST_GAIN * 0.999
)  # if all samples are below this, so is every point between them
_ATTACK_S = 0.005
_RECOVERY_PER_S = 4.0  # the gain rises from 0.5 to 1.0 in an eighth of a second
_BLOCK = 65536
# Gain reductions are integers, in units of 1 / _UNIT. Their sums are exact in any order, so the output does not depend
# on how the input is split into pieces.
_UNIT = 1 << 30


class Limiter:
    """Limits mono sound in pieces of any length. The output is delayed by `look_ahead` samples.

    Samples below the ceiling pass unchanged. Before a peak the gain falls along two parabolas; after the peak it
    returns linearly.
    """

    def __init__(self, *, sample_rate_hz: int) -> None:
        self._half = 1 << max(0, round(math.log2(_ATTACK_S * sample_rate_hz / 2)))
        self._span = 2 * self._half - 1  # samples in the average for one gain
        self._recovery = round(_RECOVERY_PER_S * _UNIT / sample_rate_hz)
        self.look_ahead = REACH + self._span - 1
        self._sound = np.zeros(0, dtype=np.float32)
        self._around = np.zeros(REACH, dtype=np.float32)
        self._reductions = np.zeros(self._span - 1, dtype=np.int64)
        self._last = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples of shape (n,) and return the samples that are ready."""
        starts = range(0, len(samples), _BLOCK)
        ready = [self._process(samples[start : start + _BLOCK]) for start in starts]
        return np.concatenate([np.zeros(0, dtype=np.float32), *ready])

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, as if silence followed."""
        return self.push(np.zeros(self.look_ahead, dtype=np.float32))

    def _process(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        around = np.concatenate([self._around, samples])
        self._around = around[-2 * REACH :]
        known = np.concatenate([self._reductions, self._apply_recovery(_required_reductions(around))])
        ready = max(0, len(known) - 2 * (self._span - 1))
        self._reductions = known[ready:]
        sound = np.concatenate([self._sound, samples])
        self._sound = sound[ready:]
        if not ready or not known.any():
            return sound[:ready]
        limited: NDArray[np.float32] = (sound[:ready] * self._gains(known)).astype(np.float32)
        return limited

    def _apply_recovery(self, needed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Limit how fast reductions fall: each is at least the previous one minus the recovery per sample."""
        if not len(needed) or not (self._last or needed.any()):
            return needed
        recovered = self._recovery * np.arange(len(needed) + 1)
        held = np.concatenate([[self._last], needed]) + recovered
        reductions: NDArray[np.int64] = (np.maximum.accumulate(held) - recovered)[1:]
        self._last = int(reductions[-1])
        return reductions

    def _gains(self, reductions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the gains: the maximum of the coming reductions, smoothed by two moving averages.

        The averages together look back as far as the maximum looks ahead. So every reduction in the average at a
        sample is at least the one that this sample needs.
        """
        greatest = _sliding_max(reductions, self._span)
        total = _sliding_sum(_sliding_sum(greatest, self._half), self._half)
        gains: NDArray[np.float64] = 1 - total / (_UNIT * self._half**2)
        return gains


def _required_reductions(around: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the reduction that each sample needs. The first and last `REACH` samples are only context."""
    count = max(0, len(around) - 2 * REACH)
    if not count or np.abs(around).max() <= _NO_PEAK_BELOW:
        return np.zeros(count, dtype=np.int64)
    gains = _CEILING / np.maximum(true_peaks(around), _CEILING).astype(np.float64)
    return np.ceil((1 - gains) * _UNIT).astype(np.int64)


def _sliding_max(values: NDArray[np.int64], span: int) -> NDArray[np.int64]:
    """Return the maximum of every `span` consecutive values, by doubling the window."""
    done = 1
    while done < span:
        step = min(done, span - done)
        values = np.maximum(values[:-step], values[step:])
        done += step
    return values


def _sliding_sum(values: NDArray[np.int64], span: int) -> NDArray[np.int64]:
    """Return the sum of every `span` consecutive values; `span` is a power of two."""
    done = 1
    while done < span:
        values = values[:-done] + values[done:]
        done *= 2
    return values
