"""Which words of a text are heard when, where an engine tells it of the text that it made of it to read."""

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from common.speakable import speakable
from worker.engines.protocol import Word

# What parts words beside white space, and what stands around them.
_PARTING = frozenset("—–…、。，！？；：")  # noqa: RUF001
_AROUND = frozenset(".,;:!?\"'*_`~|¡¿")
# Words that are one in time; of more it helps nobody to know.
_MOST_TOGETHER = 4
_AROUND_KINDS = frozenset(("Ps", "Pe", "Pi", "Pf", "Pd"))


def word_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of what a reader takes for words, without the marks around them."""
    return [trimmed for start, end in _chunks(text) if (trimmed := _trimmed(text, start, end)) is not None]


def align(text: str, *, read: str, heard: Sequence[Word]) -> tuple[Word, ...]:
    """The words of `text` that are heard; `heard` are characters of `read`, which is how the engine read it.

    Where both differ by more than one word for one, as in "7kg 3cm", it is one for all of them, up to a few.
    """
    own, theirs = word_spans(text), list(_read_words(read, heard))
    if not theirs:
        return ()
    keys = [_key(text[start:end]) for start, end in own], [_key(read[w.start : w.end]) for w in theirs]
    return tuple(_paired(own, theirs, SequenceMatcher(None, *keys, autojunk=False)))


def _paired(
    own: Sequence[tuple[int, int]], theirs: Sequence[Word], matcher: "SequenceMatcher[str]"
) -> Iterator[Word]:
    for kind, from_own, to_own, from_read, to_read in matcher.get_opcodes():
        if kind not in ("equal", "replace"):
            continue
        step, read_step = to_own - from_own, to_read - from_read
        if step == read_step:
            step = read_step = 1
        elif step > _MOST_TOGETHER:
            continue
        starts = zip(range(from_own, to_own, step), range(from_read, to_read, read_step), strict=True)
        for at, read_at in starts:
            first, last = theirs[read_at], theirs[read_at + read_step - 1]
            yield Word(own[at][0], own[at + step - 1][1], first.start_s, last.end_s)


def _read_words(read: str, heard: Sequence[Word]) -> Iterator[Word]:
    """The words of what was read, each from its first sound to its last; those that share a sound are one."""
    held: Word | None = None
    pieces = iter(heard)
    piece = next(pieces, None)
    for start, end in word_spans(read):
        while piece is not None and piece.end <= start:
            piece = next(pieces, None)
        if held is not None and held.end > start:
            held = Word(held.start, max(held.end, end), held.start_s, held.end_s)
        elif held is not None:
            yield held
            held = None
        while piece is not None and piece.start < end:
            first = held or Word(start, end, piece.start_s, piece.end_s)
            held = Word(first.start, max(first.end, piece.end), first.start_s, piece.end_s)
            piece = next(pieces, None)
    if held is not None:
        yield held


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for at, char in enumerate(text):
        if char.isspace() or char in _PARTING:
            if at > start:
                yield start, at
            start = at + 1
    if start < len(text):
        yield start, len(text)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and _is_around(text[start]):
        start += 1
    while start < end and _is_around(text[end - 1]):
        end -= 1
    return (start, end) if speakable(text[start:end]) else None


def _is_around(char: str) -> bool:
    return char in _AROUND or unicodedata.category(char) in _AROUND_KINDS


def _key(word: str) -> str:
    """What two spellings of a word have in common."""
    return "".join(filter(str.isalnum, word.casefold())) or word
