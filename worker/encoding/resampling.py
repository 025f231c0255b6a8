"""Changes the sample rate, for formats that do not support the engine's rate.

It is a polyphase filter: output sample n is at the input time n * rate_in / rate_out. It is the sum of the input
weighted by a Kaiser-windowed sinc around that time (J. O. Smith, "Digital Audio Resampling",
https://ccrma.stanford.edu/~jos/resample). The weights repeat with the period of the reduced ratio, so a block of output
is one matrix product.
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_ZERO_CROSSINGS = 32  # of the sinc, on each side
_KAISER_BETA = 9.0  # about 90 dB of attenuation, below the resolution of 16 bits
_PASSBAND = 0.945  # as a fraction of the lower Nyquist frequency
_LARGEST_PERIOD = 1000  # of the ratio; an odd rate such as 22,051 Hz is approximated within one millionth
_LEAST_BLOCK = 64  # input samples per matrix row; shorter rows spend most time on the edges of the filter


def allowed_rate(rate_hz: int, *, allowed: Iterable[int]) -> int:
    """Return the lowest allowed rate that is at least `rate_hz`, or else the highest allowed rate."""
    rates = sorted(allowed)
    return next((rate for rate in rates if rate >= rate_hz), rates[-1])


class Resampler:
    """Resamples mono samples in pieces of any length. The result does not depend on how the input is split."""

    def __init__(self, *, from_hz: int, to_hz: int) -> None:
        self._ratio = Fraction(to_hz, from_hz)
        self._period, self._weights = _filter(from_hz, to_hz)
        self._reach = (len(self._weights) - self._period) // 2
        self._held = np.zeros(self._reach, dtype=np.float32)  # silence before the first sample
        self._input_count = self._output_count = 0

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples of shape (n,) and return the output so far. The last samples wait for those after them."""
        self._input_count += len(samples)
        return self._advance(samples)

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, so that the total output has the duration of the input."""
        remaining = round(self._input_count * self._ratio) - self._output_count
        silence = np.zeros(len(self._weights) + self._period, dtype=np.float32)
        return self._advance(silence)[:remaining]

    def _advance(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        held = np.concatenate([self._held, samples])
        rows = max(0, (len(held) - 2 * self._reach) // self._period)
        self._held = held[rows * self._period :]
        if not rows:
            return np.zeros(0, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, len(self._weights))[:: self._period][:rows]
        # In double precision, because the order of the sums depends on the number of rows.
        sums = np.ascontiguousarray(windows, dtype=np.float64) @ self._weights
        resampled: NDArray[np.float32] = sums.reshape(-1).astype(np.float32)
        self._output_count += len(resampled)
        return resampled


@lru_cache(maxsize=8)
def _filter(from_hz: int, to_hz: int) -> tuple[int, NDArray[np.float64]]:
    """Return (period, weights): input samples per period, and weights of shape (inputs, output samples per period).

    `inputs` is the period plus the reach of the filter on both sides.
    """
    step = Fraction(from_hz, to_hz).limit_denominator(_LARGEST_PERIOD)
    repeat = -(-_LEAST_BLOCK // step.numerator)
    inputs, outputs = step.numerator * repeat, step.denominator * repeat
    slope = min(1.0, float(1 / step))  # below 1, the input has frequencies that the output cannot represent
    reach = int(np.ceil(_ZERO_CROSSINGS / slope))
    output_times = np.arange(outputs) * float(step)
    distances = np.arange(-reach, inputs + reach)[:, None] - output_times[None, :]
    inside = np.sqrt(np.clip(1 - (distances / reach) ** 2, 0, None))
    window = np.where(np.abs(distances) < reach, np.i0(_KAISER_BETA * inside), 0)
    weights = np.sinc(slope * _PASSBAND * distances) * window
    return inputs, weights / weights.sum(axis=0)
