"""Checks the samples of an engine, and makes tones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.engines.protocol import EngineError, Speech

_FADE_S = 0.01
_AMPLITUDE = 0.2


def check_samples(samples: NDArray[Any], *, sample_rate_hz: int) -> Speech:
    """Return the samples as float32 speech, clipped to [-1, 1].

    Raises EngineError `unspeakable_text` without samples, and `engine_failed` if a sample is not finite.
    """
    if samples.size == 0:
        raise EngineError(
            "unspeakable_text", "The engine found nothing in the text that it can say.", caller_fault=True
        )
    if not np.isfinite(samples).all():
        raise EngineError("engine_failed", "The engine returned samples that are not finite numbers.")
    return Speech(np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False), sample_rate_hz)


def make_tone(frequency_hz: float, *, duration_s: float, sample_rate_hz: int) -> Speech:
    """Return a sine that fades in and out, so that consecutive tones do not click."""
    seconds = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    ramp = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / _FADE_S)
    wave = _AMPLITUDE * ramp * np.sin(2 * np.pi * frequency_hz * seconds)
    return Speech(wave.astype(np.float32), sample_rate_hz)
