"""Masters the sound of one job: gain, pauses and limiter."""

import numpy as np
from numpy.typing import NDArray

from worker.sound.limiter import Limiter

# A silent tail: players cut off the last moment, and Opus extrapolates after the last sample.
_TAIL_S = 0.05


class Master:
    """Takes speech and pauses in order and returns the mastered samples that are ready.

    In total it returns as many samples as it took, plus the tail. If not `enabled`, it returns everything at once and
    unchanged.
    """

    def __init__(self, *, sample_rate_hz: int, enabled: bool = True) -> None:
        self._rate_hz = sample_rate_hz
        self._limiter = Limiter(sample_rate_hz=sample_rate_hz) if enabled else None
        self._position = self._silent = 0

    @property
    def position(self) -> int:
        """The position of the next sound in the output, in samples."""
        return self._position

    def speech(self, samples: NDArray[np.float32], *, gain_db: float = 0.0) -> NDArray[np.float32]:
        """Add the trimmed mono samples, of shape (n,), of a segment. `gain_db` makes all voices equally loud."""
        if len(samples):
            self._silent = 0
        if self._limiter is not None and gain_db:
            samples = samples * np.float32(10 ** (gain_db / 20))
        return self._push(samples)

    def pause(self, duration_s: float) -> NDArray[np.float32]:
        """Add silence."""
        return self._push_silence(round(duration_s * self._rate_hz))

    def end(self) -> NDArray[np.float32]:
        """Return the rest of the sound. It ends with at least 0.05 s of silence."""
        if self._limiter is None:
            return np.zeros(0, dtype=np.float32)
        tail = self._push_silence(round(_TAIL_S * self._rate_hz) - self._silent)
        return np.concatenate([tail, self._limiter.flush()])

    def _push_silence(self, samples: int) -> NDArray[np.float32]:
        self._silent += max(0, samples)
        return self._push(np.zeros(max(0, samples), dtype=np.float32))

    def _push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        self._position += len(samples)
        return samples if self._limiter is None else self._limiter.push(samples)
