"""The sound of one job, in order, as it is going to be heard."""

import numpy as np
from numpy.typing import NDArray

from worker.sound.limiter import Limiter

# Players cut the last moment off, and Opus foretells what follows the last sample: it should be silence.
_TAIL_S = 0.05


class Master:
    """Takes what is put together and gives what is ready; in all as many samples come out as went in, in order.

    Where it is not enabled, everything comes out at once and untouched.
    """

    def __init__(self, *, sample_rate_hz: int, enabled: bool = True) -> None:
        self._rate_hz = sample_rate_hz
        self._limiter = Limiter(sample_rate_hz=sample_rate_hz) if enabled else None
        self._position = self._silent = 0

    @property
    def position(self) -> int:
        """Where the next sound will lie in the output, in samples."""
        return self._position

    def speech(self, samples: NDArray[np.float32], *, gain_db: float = 0.0) -> NDArray[np.float32]:
        """Mono samples of a segment, trimmed; its voice's gain makes voices equally loud."""
        if len(samples):
            self._silent = 0
        if self._limiter is not None and gain_db:
            samples = samples * np.float32(10 ** (gain_db / 20))
        return self._push(samples)

    def pause(self, duration_s: float) -> NDArray[np.float32]:
        """Silence."""
        return self._push_silence(round(duration_s * self._rate_hz))

    def end(self) -> NDArray[np.float32]:
        """What was held back, with silence up to a twentieth of a second."""
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
