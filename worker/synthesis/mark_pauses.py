"""Lengthens the pauses at dashes and ellipses, which engines often make too short to hear."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from worker.engines.protocol import Speech, Word

MIN_PAUSE_S = 0.15
_MARK = re.compile(r"…|\.{3}|[—–]|(?<=\s)-{1,3}(?=\s)|--")  # noqa: RUF001
_FRAME_S = 0.01
# Frames this far below the loudest are silent. A pause is heard at 50 dB, and the limiter takes some dB of the loudest.
_BELOW_LOUDEST_DB = 55.0
_FADE_S = 0.008


def lengthen_pauses(speech: Speech, *, text: str, speed: float = 1.0) -> Speech:
    """Return the speech with at least `MIN_PAUSE_S` of silence at each mark between two words whose times are known.

    The words of `speech` are spans of `text`. Faster speech has shorter pauses.
    """
    if _MARK.search(text) is None:
        return speech
    frame = max(1, round(_FRAME_S * speech.sample_rate_hz))
    power = _frame_power(speech.samples, frame)
    insertions = [
        (
            number,
            *_insertion(power, before, after, rate_hz=speech.sample_rate_hz, pause_s=MIN_PAUSE_S / speed),
        )
        for number, (before, after) in enumerate(pairwise(speech.words), start=1)
        if _MARK.search(text, before.end, after.start)
    ]
    return _insert(speech, [one for one in insertions if one[2] > 0])


def _insertion(
    power: NDArray[np.float32], before: Word, after: Word, *, rate_hz: int, pause_s: float
) -> tuple[int, int]:
    """Return where to insert silence and how much, in samples."""
    frame = max(1, round(_FRAME_S * rate_hz))
    # The times of words are rough.
    first = int((before.start_s + before.end_s) / 2 * rate_hz) // frame
    last = max(first + 1, int((after.start_s + after.end_s) / 2 * rate_hz) // frame)
    window = power[first:last]
    if not len(window):
        return 0, 0
    silent = window <= power.max() * 10 ** (-_BELOW_LOUDEST_DB / 10)
    start, length = max(_runs(silent), key=lambda run: run[1], default=(int(window.argmin()), 0))
    # One frame more, because frames do not begin where the silence does.
    missing = round(pause_s * rate_hz) + frame - length * frame
    return (first + start) * frame + (length or 1) * frame // 2, max(0, missing)


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield (start, length) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end - start)


def _insert(speech: Speech, insertions: list[tuple[int, int, int]]) -> Speech:
    """`insertions` are (number of the first word after it, sample, number of samples)."""
    if not insertions:
        return speech
    pieces: list[NDArray[np.float32]] = []
    words = list(speech.words)
    fade = round(_FADE_S * speech.sample_rate_hz)
    at = 0
    for number, wanted, count in insertions:
        sample = max(at, wanted)
        pieces += [
            _faded(speech.samples[at:sample], fade, ends=True, starts=bool(pieces)),
            np.zeros(count, np.float32),
        ]
        shift_s = count / speech.sample_rate_hz
        words[number:] = [
            replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s)
            for word in words[number:]
        ]
        at = sample
    pieces.append(_faded(speech.samples[at:], fade, ends=False, starts=True))
    return Speech(np.concatenate(pieces), speech.sample_rate_hz, tuple(words))


def _faded(samples: NDArray[np.float32], fade: int, *, starts: bool, ends: bool) -> NDArray[np.float32]:
    """Return a copy that fades in at its start and out at its end, as asked, so that the cut does not click."""
    faded = samples.copy()
    length = min(fade, len(faded) // 2)
    slope = np.linspace(0, 1, length, dtype=np.float32)
    if starts:
        faded[:length] *= slope
    if ends:
        faded[len(faded) - length :] *= slope[::-1]
    return faded


def _frame_power(samples: NDArray[np.float32], frame: int) -> NDArray[np.float32]:
    whole = len(samples) // frame * frame
    frames = samples[:whole].reshape(-1, frame)
    power: NDArray[np.float32] = np.einsum("ij,ij->i", frames, frames) / frame
    return power
