"""A look-ahead limiter that keeps the true peak below a ceiling."""

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.sound.peaks import BLOCK, REACH, find_peaks

CEILING_DBTP = -1.5

_CEILING = np.float32(10 ** (CEILING_DBTP / 20))
_ATTACK_S = 0.005
_RECOVERY_PER_S = 4.0  # the gain rises from 0.5 to 1.0 in an eighth of a second
_STRETCH = 64 * BLOCK
# Gain reductions are integers, in units of 1 / _UNIT. Their sums are exact in any order, so the output does not depend
# on how the input is split into pieces.
_UNIT = 1 << 30


class Limiter:
    """Limits mono sound in pieces of any length. The output is delayed by `look_ahead` samples.

    Samples below the ceiling pass unchanged. Before a peak the gain falls along two parabolas; after the peak it
    returns linearly. Gains are computed only around peaks, because most speech stays below the ceiling.
    """

    def __init__(self, *, sample_rate_hz: int) -> None:
        self._half = 1 << max(0, round(math.log2(_ATTACK_S * sample_rate_hz / 2)))
        self._span = 2 * self._half - 1  # samples in the average for one gain
        self._recovery = round(_RECOVERY_PER_S * _UNIT / sample_rate_hz)
        self.look_ahead = REACH + self._span - 1
        self._skip = self.look_ahead  # the silence that the delay starts with is not part of the output
        self._held = np.zeros(REACH + self.look_ahead, dtype=np.float32)
        self._reductions = np.zeros(2 * (self._span - 1), dtype=np.int64)
        self._last = 0
        self._is_idle = True

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples of shape (n,) and return the samples that are ready."""
        count = len(samples)
        sound = np.concatenate([self._held, samples])
        delayed = sound[REACH : REACH + count]
        needed = _required_reductions(sound[-(count + 2 * REACH) :])
        self._held = sound[count:].copy()
        self._limit(delayed, needed)
        skipped = min(self._skip, count)
        self._skip -= skipped
        return delayed[skipped:]

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, as if silence followed."""
        return self.push(np.zeros(self.look_ahead, dtype=np.float32))

    def _limit(self, delayed: NDArray[np.float32], needed: "_SparseReductions") -> None:
        """Apply the gains in place, and skip what is not near a peak."""
        start = needed.next_block(0) if self._is_idle else 0
        while start < len(delayed):
            stretch = delayed[start : start + _STRETCH]
            self._limit_stretch(stretch, needed.within(start, start + len(stretch)))
            start += _STRETCH
            if self._is_idle:
                start = needed.next_block(start)

    def _limit_stretch(self, delayed: NDArray[np.float32], needed: NDArray[np.int64]) -> None:
        known = np.concatenate([self._reductions, self._apply_recovery(needed)])
        self._reductions = known[len(needed) :]
        self._is_idle = not self._last and not self._reductions.any()
        if known.any():
            np.multiply(delayed, self._gains(known), out=delayed, casting="unsafe")

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


@dataclass(frozen=True, slots=True)
class _SparseReductions:
    """The reductions that samples need, for the blocks in which any sample needs one.

    `starts`, of shape (blocks,), are the first samples of these blocks. `blocks` has the shape (blocks, BLOCK).
    """

    starts: NDArray[np.int64]
    blocks: NDArray[np.int64]

    def next_block(self, start: int) -> int:
        """Return where the first block from `start` on starts."""
        later = self.starts[np.searchsorted(self.starts, start) :]
        return int(later[0]) if len(later) else sys.maxsize

    def within(self, start: int, end: int) -> NDArray[np.int64]:
        """Return the reductions of all samples in [start, end)."""
        first, last = np.searchsorted(self.starts, (start, end))
        reductions = np.zeros((-(-(end - start) // BLOCK), BLOCK), dtype=np.int64)
        reductions[(self.starts[first:last] - start) // BLOCK] = self.blocks[first:last]
        return reductions.reshape(-1)[: end - start]


def _required_reductions(around: NDArray[np.float32]) -> _SparseReductions:
    """Return the reductions that samples need. The first and last `REACH` samples are only context."""
    numbers, peaks = find_peaks(around, above=float(_CEILING))
    gains = _CEILING / np.maximum(peaks, _CEILING).astype(np.float64)
    reductions = np.ceil((1 - gains) * _UNIT).astype(np.int64)
    loud = reductions.any(axis=1)
    return _SparseReductions(numbers[loud] * BLOCK, reductions[loud])


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
