"""Word timings, mapped from the engine's normalized text back to the original."""

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from common.speakable_text import is_speakable
from worker.engines.protocol import Word

# Characters that separate words, besides white space, and characters around a word that do not belong to it.
_SEPARATORS = frozenset("—–…、。，！？；：")  # noqa: RUF001
_OUTER_MARKS = frozenset(".,;:!?\"'*_`~|¡¿")
_OUTER_CATEGORIES = frozenset(("Ps", "Pe", "Pi", "Pf", "Pd"))
# The most words that share one time. A longer stretch without times of its own is left out.
_MAX_GROUPED = 4


def word_spans(text: str) -> list[tuple[int, int]]:
    """The (start, end) of each word as a reader sees it, without the marks around it."""
    return [trimmed for start, end in _chunks(text) if (trimmed := _trimmed(text, start, end)) is not None]


def align_words(text: str, *, normalized: str, timings: Sequence[Word]) -> tuple[Word, ...]:
    """The words of `text` with their times.

    `normalized` is the text as the engine read it. `timings` are times of its characters: letters, tokens or words, in
    order. Where both texts differ by more than one word for one, as in "7kg 3cm", up to four words share one time.
    """
    words, timed = word_spans(text), list(_timed_words(normalized, timings))
    if not timed:
        return ()
    keys = (
        [_comparison_key(text[start:end]) for start, end in words],
        [_comparison_key(normalized[word.start : word.end]) for word in timed],
    )
    return tuple(_paired(words, timed, SequenceMatcher(None, *keys, autojunk=False)))


def _paired(
    words: Sequence[tuple[int, int]], timed: Sequence[Word], matcher: "SequenceMatcher[str]"
) -> Iterator[Word]:
    for kind, words_from, words_to, timed_from, timed_to in matcher.get_opcodes():
        if kind not in ("equal", "replace"):
            continue
        step, timed_step = words_to - words_from, timed_to - timed_from
        if step == timed_step:
            step = timed_step = 1
        elif step > _MAX_GROUPED:
            continue
        indices = zip(range(words_from, words_to, step), range(timed_from, timed_to, timed_step), strict=True)
        for index, timed_index in indices:
            first, last = timed[timed_index], timed[timed_index + timed_step - 1]
            yield Word(words[index][0], words[index + step - 1][1], first.start_s, last.end_s)


def _timed_words(normalized: str, timings: Sequence[Word]) -> Iterator[Word]:
    """The words of the normalized text, each from its first timing to its last. Words that share a timing are one."""
    current: Word | None = None
    remaining = iter(timings)
    timing = next(remaining, None)
    for start, end in word_spans(normalized):
        while timing is not None and timing.end <= start:
            timing = next(remaining, None)
        if current is not None and current.end > start:
            current = Word(current.start, max(current.end, end), current.start_s, current.end_s)
        elif current is not None:
            yield current
            current = None
        while timing is not None and timing.start < end:
            first = current or Word(start, end, timing.start_s, timing.end_s)
            current = Word(first.start, max(first.end, timing.end), first.start_s, timing.end_s)
            timing = next(remaining, None)
    if current is not None:
        yield current


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for position, char in enumerate(text):
        if char.isspace() or char in _SEPARATORS:
            if position > start:
                yield start, position
            start = position + 1
    if start < len(text):
        yield start, len(text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The chunk without outer marks. None if nothing in it can be spoken."""
    while start < end and _is_outer_mark(text[start]):
        start += 1
    while start < end and _is_outer_mark(text[end - 1]):
        end -= 1
    return (start, end) if is_speakable(text[start:end]) else None


def _is_outer_mark(char: str) -> bool:
    return char in _OUTER_MARKS or unicodedata.category(char) in _OUTER_CATEGORIES


def _comparison_key(word: str) -> str:
    """Equal for two spellings of a word that differ in case and marks only."""
    return "".join(filter(str.isalnum, word.casefold())) or word
