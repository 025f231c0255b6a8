"""Finds the phonemes of each word in the phonemes of a text, in which espeak-ng runs words together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from worker.engines.phonemes import SILENT_SYMBOLS

_STRESS = frozenset("ˈˌ")
_GAP = " "
# This share of the words' own sounds must occur in the text. Below it, the words do not belong to the text.
_MIN_SIMILARITY = 0.6


@dataclass(frozen=True, slots=True)
class AlignedSpan:
    """Characters [start, end) of a text are phonemes [phoneme_start, phoneme_end)."""

    start: int
    end: int
    phoneme_start: int
    phoneme_end: int


def locate_words(phonemes: str, *, words: Sequence[str]) -> list[tuple[int, int] | None]:
    """Return for each word its [start, end) in the phonemes of a text, or None if the word is not found.

    `phonemes` are those of the whole text; `words` are the phonemes of each word when it is phonemized alone. The
    cheapest edit (Levenshtein distance with the costs of `_substitution_cost`) from the joined words to the text
    decides which symbols correspond. Extra symbols of the text belong to the word that they are written together with.
    """
    word_symbols = [symbol for number, word in enumerate(words) for symbol in _symbols(f"{word} ", of=number)]
    text_symbols = [(symbol, at) for at, mark in enumerate(phonemes) for symbol, _ in _symbols(mark, of=at)]
    pairs = [
        (word_symbols[left], text_symbols[right])
        for left, right in _align(word_symbols, text_symbols)
        if word_symbols[left][0] != _GAP
    ]
    if sum(left[0] == right[0] for left, right in pairs) < _MIN_SIMILARITY * _count_sounds(word_symbols):
        return [None] * len(words)
    found: list[tuple[int, int] | None] = [None] * len(words)
    for (_, number), (_, at) in pairs:
        known = found[number]
        found[number] = (known[0] if known else at, at + 1)
    return list(_widen(phonemes, found))


def _symbols(phonemes: str, *, of: int) -> Iterator[tuple[str, int]]:
    """Yield (symbol, `of`) without stress marks, which a word loses inside a text; punctuation becomes a gap."""
    return (
        (_GAP if symbol in SILENT_SYMBOLS else symbol, of) for symbol in phonemes if symbol not in _STRESS
    )


def _count_sounds(symbols: Sequence[tuple[str, int]]) -> int:
    return sum(symbol != _GAP for symbol, _ in symbols)


def _widen(phonemes: str, found: Sequence[tuple[int, int] | None]) -> Iterator[tuple[int, int] | None]:
    """Extend each range to the gaps around it, but not into the range of another word."""
    starts = [position[0] if position else None for position in found]
    nexts = _next_starts(starts, otherwise=len(phonemes))
    before = 0
    for position, limit in zip(found, nexts, strict=True):
        if position is None:
            yield None
            continue
        first, last = position
        while first > before and phonemes[first - 1] not in SILENT_SYMBOLS:
            first -= 1
        while last < limit and phonemes[last] not in SILENT_SYMBOLS:
            last += 1
        # A stress mark belongs to the start of the next word.
        while phonemes[last - 1] in _STRESS:
            last -= 1
        before = last
        yield first, last


def _next_starts(starts: Sequence[int | None], *, otherwise: int) -> list[int]:
    """Return for each start the next known one, or `otherwise` after the last."""
    backwards = accumulate(
        reversed(starts), lambda later, start: later if start is None else start, initial=otherwise
    )
    return list(backwards)[-2::-1]


def _align(left: Sequence[tuple[str, int]], right: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    """Return pairs of indexes of corresponding symbols, equal or substituted, in the cheapest edit."""
    rows = [list(range(len(right) + 1))]
    for number, (symbol, _) in enumerate(left, start=1):
        above, row = rows[-1], [number]
        for at, (other, _) in enumerate(right):
            row.append(min(above[at] + _substitution_cost(symbol, other), above[at + 1] + 1, row[at] + 1))
        rows.append(row)
    return list(_trace_back(rows, left, right))[::-1]


def _substitution_cost(symbol: str, other: str) -> int:
    """Return the cost. To replace a sound by a gap costs more than to delete the one and insert the other."""
    if symbol == other:
        return 0
    return 3 if _GAP in (symbol, other) else 1


def _trace_back(
    rows: Sequence[Sequence[int]], left: Sequence[tuple[str, int]], right: Sequence[tuple[str, int]]
) -> Iterator[tuple[int, int]]:
    """Yield the substitutions of the cheapest edit, from the end to the start."""
    row, at = len(left), len(right)
    while row and at:
        if rows[row][at] == rows[row - 1][at - 1] + _substitution_cost(left[row - 1][0], right[at - 1][0]):
            row, at = row - 1, at - 1
            yield row, at
        elif rows[row][at] == rows[row - 1][at] + 1:
            row -= 1
        else:
            at -= 1
