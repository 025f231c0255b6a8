"""Splits and joins what several engine calls speak of one segment."""

from collections.abc import Sequence

import numpy as np

from worker.engines.protocol import Speech, Word


def phonemes_within(
    phonemes: Sequence[tuple[int, int, str]], *, start: int, end: int
) -> tuple[tuple[int, int, str], ...]:
    """The (start, end, phonemes) within characters [start, end) of the text, relative to `start`."""
    return tuple(
        (span_start - start, span_end - start, symbols)
        for span_start, span_end, symbols in phonemes
        if start <= span_start and span_end <= end
    )


def concatenate(speeches: Sequence[tuple[int, Speech]]) -> Speech | None:
    """Join (first character, speech) pairs into one speech. None for an empty sequence."""
    if not speeches:
        return None
    if len(speeches) == 1 and speeches[0][0] == 0:
        return speeches[0][1]
    rate = speeches[0][1].sample_rate_hz
    words: list[Word] = []
    samples_before = 0
    for offset, speech in speeches:
        start_s = samples_before / rate
        words += [
            Word(offset + word.start, offset + word.end, start_s + word.start_s, start_s + word.end_s)
            for word in speech.words
        ]
        samples_before += len(speech.samples)
    return Speech(np.concatenate([speech.samples for _, speech in speeches]), rate, tuple(words))
