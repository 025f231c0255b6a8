"""Which phonemes of a passage are of which of its words: a passage is spelled at once, and runs its words together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from worker.engines.phonemes import SILENT_SYMBOLS

_STRESS = frozenset("ˈˌ")
_GAP = " "
# So many of the sounds of the words by themselves must be in the passage, or it is of other words.
_MIN_SIMILARITY = 0.6


@dataclass(frozen=True, slots=True)
class AlignedSpan:
    """Characters [start, end) of a text are phonemes [phoneme_start, phoneme_end)."""

    start: int
    end: int
    phoneme_start: int
    phoneme_end: int


def locate_words(phonemes: str, *, words: Sequence[str]) -> list[tuple[int, int] | None]:
    """Where in a passage's phonemes each of its words is, whose phonemes by themselves these are; None where it isn't.

    The fewest changes from the words in a row to the passage say which sign is which; what the passage has more is
    of the word that it is written together with.
    """
    own = [sign for number, word in enumerate(words) for sign in _symbols(f"{word} ", of=number)]
    theirs = [(sign, at) for at, mark in enumerate(phonemes) for sign, _ in _symbols(mark, of=at)]
    pairs = [(own[left], theirs[right]) for left, right in _align(own, theirs) if own[left][0] != _GAP]
    if sum(left[0] == right[0] for left, right in pairs) < _MIN_SIMILARITY * _count_sounds(own):
        return [None] * len(words)
    found: list[tuple[int, int] | None] = [None] * len(words)
    for (_, number), (_, at) in pairs:
        known = found[number]
        found[number] = (known[0] if known else at, at + 1)
    return list(_widen(phonemes, found))


def _symbols(phonemes: str, *, of: int) -> Iterator[tuple[str, int]]:
    """Without stress, which a word has by itself and loses among others, and every mark as a gap."""
    return ((_GAP if sign in SILENT_SYMBOLS else sign, of) for sign in phonemes if sign not in _STRESS)


def _count_sounds(signs: Sequence[tuple[str, int]]) -> int:
    return sum(sign != _GAP for sign, _ in signs)


def _widen(phonemes: str, found: Sequence[tuple[int, int] | None]) -> Iterator[tuple[int, int] | None]:
    """Each to the ends of what it is written together with, as far as that is no other word's."""
    starts = [place[0] if place else None for place in found]
    nexts = _next_starts(starts, otherwise=len(phonemes))
    before = 0
    for place, limit in zip(found, nexts, strict=True):
        if place is None:
            yield None
            continue
        first, last = place
        while first > before and phonemes[first - 1] not in SILENT_SYMBOLS:
            first -= 1
        while last < limit and phonemes[last] not in SILENT_SYMBOLS:
            last += 1
        # The next word's stress is written at its start.
        while phonemes[last - 1] in _STRESS:
            last -= 1
        before = last
        yield first, last


def _next_starts(starts: Sequence[int | None], *, otherwise: int) -> list[int]:
    """For each of them the next one that is known."""
    backwards = accumulate(
        reversed(starts), lambda later, start: later if start is None else start, initial=otherwise
    )
    return list(backwards)[-2::-1]


def _align(left: Sequence[tuple[str, int]], right: Sequence[tuple[str, int]]) -> list[tuple[int, int]]:
    """Which sign of one became which of the other, equal or not, in the cheapest way from one to the other."""
    rows = [list(range(len(right) + 1))]
    for number, (sign, _) in enumerate(left, start=1):
        above, row = rows[-1], [number]
        for at, (other, _) in enumerate(right):
            row.append(min(above[at] + _substitution_cost(sign, other), above[at + 1] + 1, row[at] + 1))
        rows.append(row)
    return list(_trace_back(rows, left, right))[::-1]


def _substitution_cost(sign: str, other: str) -> int:
    """A sound never becomes a gap."""
    if sign == other:
        return 0
    return 3 if _GAP in (sign, other) else 1


def _trace_back(
    rows: Sequence[Sequence[int]], left: Sequence[tuple[str, int]], right: Sequence[tuple[str, int]]
) -> Iterator[tuple[int, int]]:
    """Backwards from the end of both."""
    row, at = len(left), len(right)
    while row and at:
        if rows[row][at] == rows[row - 1][at - 1] + _substitution_cost(left[row - 1][0], right[at - 1][0]):
            row, at = row - 1, at - 1
            yield row, at
        elif rows[row][at] == rows[row - 1][at] + 1:
            row -= 1
        else:
            at -= 1
