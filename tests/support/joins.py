"""Finds clicks where sounds are joined, and adds clicks to test the detector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.sound import Master, trim

# A click is a step in the signal or in its slope that is larger than the steps around it.
_AROUND_S, _NEAR_S = 0.02, 0.001
_TIMES_THE_OTHERS = 2.0
_AUDIBLE_STEP = 0.002  # -54 dBFS: a smaller step is inaudible
_PLANTED_S = 0.005


@dataclass(frozen=True, slots=True)
class Joined:
    """Joined sounds. `joins` are the positions of the first sample of each later sound."""

    samples: NDArray[np.float32]
    joins: tuple[int, ...]


def find_clicks(sound: Joined, *, sample_rate_hz: int) -> list[int]:
    """Return the joins with a click."""
    around, near = round(_AROUND_S * sample_rate_hz), round(_NEAR_S * sample_rate_hz)
    # Silence before and after the sound.
    samples = np.pad(sound.samples.astype(np.float64), around)
    return [join for join in sound.joins if _is_click(samples, join + around, around=around, near=near)]


def add_clicks(sound: Joined, *, size: float, sample_rate_hz: int) -> Joined:
    """Return the sound with a step at each join, alternately up and down, that decays within a few milliseconds."""
    length = round(_PLANTED_S * sample_rate_hz)
    step = size * np.exp(-5 * np.arange(length) / length)
    samples = sound.samples.copy()
    for number, join in enumerate(sound.joins):
        samples[join : join + length] += (step if number % 2 else -step).astype(np.float32)
    return Joined(samples, sound.joins)


def master_speech(
    speeches: Sequence[NDArray[np.float32]], *, pauses_s: Sequence[float], gain_db: float, sample_rate_hz: int
) -> Joined:
    """Join segments as a job does, with the given pauses in rotation."""
    master = Master(sample_rate_hz=sample_rate_hz)
    pieces, joins = [], list[int]()
    for number, samples in enumerate(speeches):
        joins.append(master.position)
        pieces.append(master.speech(trim(samples, sample_rate_hz=sample_rate_hz).samples, gain_db=gain_db))
        joins.append(master.position)
        pieces.append(master.pause(pauses_s[number % len(pauses_s)]))
    pieces.append(master.end())
    return Joined(np.concatenate(pieces), tuple(joins))


def _is_click(samples: NDArray[np.float64], join: int, *, around: int, near: int) -> bool:
    piece = samples[join - around : join + around]
    return any(_stands_out(np.abs(np.diff(piece, n=order)), around - order, near) for order in (1, 2))


def _stands_out(steps: NDArray[np.float64], at: int, near: int) -> bool:
    """Return whether a step near `at` is much larger than all others."""
    here = slice(max(0, at - near), at + near + 1)
    highest, others = steps[here].max(initial=0), np.delete(steps, here).max(initial=0)
    return bool(highest > _AUDIBLE_STEP and highest > _TIMES_THE_OTHERS * others)
