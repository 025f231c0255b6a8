"""Changes the speed of speech without changing its pitch."""

from collections.abc import Iterator

import numpy as np
import python_stretch
from numpy.typing import NDArray

# A smaller difference is inaudible, and stretching always costs some clarity.
_UNCHANGED_SPEED_TOLERANCE = 0.001
_BLOCK_S = 60.0
_SEARCH_S = 5.0
_FRAME_S = 0.02
_SEED = 1


def split_speed(speed: float, *, native: tuple[float, float] | None) -> tuple[float, float]:
    """Return (speed for the engine, speed for `stretch`); their product is `speed`.

    `native` is `Engine.native_speed`.
    """
    if native is None:
        return 1.0, speed
    slowest, fastest = native
    native_speed = min(max(speed, slowest), fastest)
    return native_speed, speed / native_speed


def stretch(samples: NDArray[np.float32], *, sample_rate_hz: int, speed: float) -> NDArray[np.float32]:
    """Return mono samples, of shape (n,), at `speed` times the pace: 2.0 returns half as many samples.

    It uses Signalsmith Stretch (https://signalsmith-audio.co.uk/code/stretch/). Peaks may rise slightly above those of
    the input. At a speed of 1 it returns the input itself. Raises ValueError if `speed` is not a positive number.
    """
    if not 0 < speed < np.inf:
        raise ValueError(f"speed must be a positive number, not {speed}")
    if abs(speed - 1) <= _UNCHANGED_SPEED_TOLERANCE or not len(samples):
        return samples
    finite = np.nan_to_num(samples.astype(np.float32, copy=False), posinf=0, neginf=0)
    blocks = [_stretch_block(block, sample_rate_hz, speed) for block in _blocks(finite, sample_rate_hz)]
    return np.concatenate(blocks)


def _stretch_block(block: NDArray[np.float32], sample_rate_hz: int, speed: float) -> NDArray[np.float32]:
    # At low speeds the library uses random phases. The seed makes the output reproducible.
    stretcher = python_stretch.Signalsmith.Stretch(_SEED)
    stretcher.preset(1, sample_rate_hz)
    stretcher.setTimeFactor(speed)
    channels = np.ascontiguousarray(block).reshape(1, -1)
    stretched: NDArray[np.float32] = np.asarray(stretcher.process(channels), dtype=np.float32).reshape(-1)
    return stretched


def _blocks(samples: NDArray[np.float32], sample_rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of about a minute to limit memory. The cuts are at quiet points, where a seam is inaudible."""
    block, search = round(_BLOCK_S * sample_rate_hz), round(_SEARCH_S * sample_rate_hz)
    while len(samples) > block + search:
        cut = (
            block - search + _find_quietest(samples[block - search : block], round(_FRAME_S * sample_rate_hz))
        )
        yield samples[:cut]
        samples = samples[cut:]
    yield samples


def _find_quietest(samples: NDArray[np.float32], frame: int) -> int:
    """Return the position of the middle of the frame with the least energy."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return int(np.square(frames).sum(axis=1).argmin()) * frame + frame // 2
