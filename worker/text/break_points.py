"""Find where to split a sentence that is too long."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain

# A speaker may pause after these. The comma in "1,000" and the colon in "12:30" do not match.
CLAUSE_END = re.compile(r"[,;:][)\]\"'”’»]*(?=\s)|(?:–|(?<!\w)-)(?=\s)|[—…、，；：。！？،؛؟।]")  # noqa: RUF001
LINE_END = re.compile(r"\n")
_SPACE = re.compile(r"\s")

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_MAX_FLAG_HALVES = 64  # how far to look back; a longer row of flags may be split inside a flag
_VIRAMA = 9  # combining class: the consonant after a virama joins the one before


def split_to_length(text: str, *, start: int, end: int, max_chars: int) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of pieces of about equal length that together are `text[start:end]`.

    No piece is longer than `max_chars`. Pieces end after a clause if possible, else after a line, else after white
    space, else between any two characters that a reader sees as separate.
    """
    while end - start > max_chars:
        count = -(-(end - start) // max_chars)
        break_point = _best_break_point(
            text, start=start, limit=start + max_chars, target=start + -(-(end - start) // count)
        )
        yield start, break_point
        start = break_point
    yield start, end


def find_break_points(pattern: re.Pattern[str], text: str, *, start: int, limit: int) -> list[int]:
    """Return the offsets in (start, limit] after each match of the pattern where the text can be split."""
    offsets = (match.end() for match in pattern.finditer(text, start, min(len(text), limit + 1)))
    return [offset for offset in offsets if start < offset <= limit and _can_break(text, offset)]


def _best_break_point(text: str, *, start: int, limit: int, target: int) -> int:
    min_offset = start + (limit - start) // 4
    for pattern, min_for_pattern in ((CLAUSE_END, min_offset), (LINE_END, min_offset), (_SPACE, start + 1)):
        offsets = [
            offset
            for offset in find_break_points(pattern, text, start=start, limit=limit)
            if offset >= min_for_pattern
        ]
        if offsets:
            return min(offsets, key=lambda offset: abs(offset - target))
    return _hard_break_point(text, start=start, limit=limit, target=target)


def _hard_break_point(text: str, *, start: int, limit: int, target: int) -> int:
    """Return the last offset up to `target` where the text can be split, else the last up to `limit`, else `limit`."""
    candidates = chain(range(target, start, -1), range(limit, target, -1))
    return next((offset for offset in candidates if _can_break(text, offset)), limit)


def _can_break(text: str, offset: int) -> bool:
    """Return False if a reader sees the characters on both sides as one."""
    if offset >= len(text):
        return True
    before, after = text[offset - 1], text[offset]
    if _joins_previous(after) or before == _ZWJ or unicodedata.combining(before) == _VIRAMA:
        return False
    return not (
        _is_regional_indicator(before)
        and _is_regional_indicator(after)
        and _count_regional_indicators_before(text, offset) % 2
    )


def _joins_previous(char: str) -> bool:
    """Return True if the character is drawn as part of the one before it."""
    if unicodedata.category(char)[0] == "M" or char in (_ZWJ, _ZWNJ, "\uff9e", "\uff9f", "\u0e33", "\u0eb3"):
        return True
    code = ord(char)
    # Skin tones, flag tags, and the vowels and final consonants of Hangul in conjoining jamo.
    return 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or 0x1160 <= code <= 0x11FF


def _is_regional_indicator(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _count_regional_indicators_before(text: str, offset: int) -> int:
    earliest = max(0, offset - _MAX_FLAG_HALVES)
    first = next(
        (at + 1 for at in range(offset - 1, earliest - 1, -1) if not _is_regional_indicator(text[at])),
        earliest,
    )
    return offset - first
