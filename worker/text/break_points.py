"""Where a sentence that is too long may be broken."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

# Behind these a speaker may pause; a comma in "1,000" or a colon in "12:30" is no such place.
CLAUSE_END = re.compile(r"[,;:][)\]\"'”’»]*(?=\s)|[–-](?=\s)|[—…、，；：。！？،؛؟।]")  # noqa: RUF001
LINE_END = re.compile(r"\n")
_SPACE = re.compile(r"\s")

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_FLAG_HALVES = 64  # looked back at; a row of more flags may be parted inside one
_VIRAMA = 9  # combining class: the consonant after it joins the one before


def split_to_length(text: str, *, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """(start, end) of pieces of about equal length, none above `max_chars`, that together are `text[start:end]`.

    Broken behind clauses, else lines, else at white space, else anywhere but inside a character's marks.
    """
    while end - start > max_chars:
        pieces = -(-(end - start) // max_chars)
        cut = _best(text, start=start, limit=start + max_chars, target=start + -(-(end - start) // pieces))
        yield start, cut
        start = cut
    yield start, end


def find_break_points(pattern: re.Pattern[str], text: str, *, start: int, limit: int) -> list[int]:
    """Offsets in (start, limit] behind what the pattern finds, where the text can be parted."""
    found = (match.end() for match in pattern.finditer(text, start, min(len(text), limit + 1)))
    return [offset for offset in found if start < offset <= limit and _parts(text, offset)]


def _best(text: str, *, start: int, limit: int, target: int) -> int:
    shortest = start + (limit - start) // 4
    for pattern, least in ((CLAUSE_END, shortest), (LINE_END, shortest), (_SPACE, start + 1)):
        offsets = [
            offset for offset in find_break_points(pattern, text, start=start, limit=limit) if offset >= least
        ]
        if offsets:
            return min(offsets, key=lambda offset: abs(offset - target))
    return _hard(text, start=start, limit=limit, target=target)


def _hard(text: str, *, start: int, limit: int, target: int) -> int:
    """The nearest place at or before `target`, else before `limit`; `limit` when marks leave no place at all."""
    descending = chain(range(target, start, -1), range(limit, target, -1))
    return next((offset for offset in descending if _parts(text, offset)), limit)


def _parts(text: str, offset: int) -> bool:
    """False where the characters on both sides are seen as one."""
    if offset >= len(text):
        return True
    before, after = text[offset - 1], text[offset]
    if _extends(after) or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return False
    return not (_is_flag_half(before) and _is_flag_half(after) and _flag_halves_before(text, offset) % 2)


def _extends(char: str) -> bool:
    """True for what is drawn onto the character before it."""
    if unicodedata.category(char)[0] == "M" or char in (_ZWJ, _ZWNJ, "\uff9e", "\uff9f", "\u0e33", "\u0eb3"):
        return True
    code = ord(char)
    # Skin tones, tags of flags, and the vowels and finals of Hangul written in single letters.
    return 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or 0x1160 <= code <= 0x11FF


def _is_flag_half(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _flag_halves_before(text: str, offset: int) -> int:
    earliest = max(0, offset - _FLAG_HALVES)
    first = next(
        (at + 1 for at in range(offset - 1, earliest - 1, -1) if not _is_flag_half(text[at])), earliest
    )
    return offset - first
