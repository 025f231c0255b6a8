"""Splits a segment into subtitles of at most two lines that can be read while they are shown."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from common.markup.ssml import is_ssml
from common.recordings.line_breaks import (
    CLAUSE_ENDS,
    CLOSING,
    LINE_WIDTH,
    OPENING,
    SENTENCE_ENDS,
    Fragment,
    break_cost,
    find_fragments,
    line_text,
)

MAX_LINES = 2
# How fast viewers read, as television stations assume it, and the shortest time in which they notice a subtitle. The
# speech may be faster than that: subtitles then stay during the pause that follows, if there is one.
READING_COLUMNS_PER_S = 17
MIN_SHOWN_S = 1.0

# Stands in for masked characters. It is a control character, so it is never shown.
_MASK = "\0"
_TAG = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SOURCE_MARKS = re.compile(
    r"\[(?P<word>[^\[\]\n]{1,200})\]\([^()\s]{1,300}\)|`{1,3}|^#{1,6}[ \t]+"
    r"|(?<![\w*_])[*_]{1,3}(?=[^\s*_])|(?<=[^\s*_])[*_]{1,3}(?![\w*_])",
    re.MULTILINE,
)
_SILENT_CHARS = "".join((*CLOSING, *SENTENCE_ENDS, *CLAUSE_ENDS, *OPENING, " \n\t"))
# A subtitle stays until the next one when the silence between them is shorter than this.
_MIN_GAP_S = 1.0
# What a subtitle costs, and a column that cannot be read in time, in columns of uneven width.
_SUBTITLE_COST, _UNREAD_COST = 20.0, 2.0


@dataclass(frozen=True, slots=True)
class Subtitle:
    """Fragments in one or two lines. They are spoken from `start_ms`, and shown until `end_ms`."""

    start_ms: int
    end_ms: int
    rows: tuple[tuple[Fragment, ...], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(map(line_text, self.rows))


class Timeline:
    """The times of characters: given at `points` (character, seconds), linearly interpolated between them."""

    def __init__(self, points: Iterable[tuple[int, float]]) -> None:
        ordered = sorted(points)
        self._chars = [char for char, _ in ordered]
        self._seconds = [seconds for _, seconds in ordered]

    def seconds_at(self, char: int) -> float:
        """The later time where a character has two."""
        after = bisect_right(self._chars, char)
        if after in (0, len(self._chars)):
            return self._seconds[max(0, after - 1)]
        left, right = self._chars[after - 1 : after + 1]
        from_s, to_s = self._seconds[after - 1 : after + 1]
        return from_s + (to_s - from_s) * (char - left) / (right - left)


def mask_markup(text: str) -> str:
    """Replace Markdown marks, link targets and phonemes by characters that are not shown. Keeps the length.

    In SSML, replace the tags as well.
    """
    if is_ssml(text):
        text = _TAG.sub(lambda match: _MASK * len(match[0]), text)
        text = _REFERENCE.sub(lambda match: html.unescape(match[0]).ljust(len(match[0]), _MASK), text)
    return _SOURCE_MARKS.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    word = match["word"] or ""
    return f"{_MASK}{word}".ljust(len(match[0]), _MASK) if word else _MASK * len(match[0])


def split_segment(
    text: str, *, start: int, end: int, timeline: Timeline, until_s: float
) -> Iterator[Subtitle]:
    """The subtitles of characters [start, end), in order. None when nothing in them is visible.

    `until_s` is the start of the next segment, or the end of the audio.
    """
    fragments = list(find_fragments(text, start=start, end=end))
    counts = _counts(fragments, starts_s=_starts_s(text, fragments, timeline), until_s=until_s)
    at = 0
    for count in counts:
        shown, rest = fragments[at : at + count], fragments[at + count :]
        first, last = trim_silent(text, start=shown[0].start, end=shown[-1].end)
        start_s = timeline.seconds_at(first)
        if rest:
            end_s = timeline.seconds_at(last)
            next_s = timeline.seconds_at(trim_silent(text, start=rest[0].start, end=end)[0])
            if timeline.seconds_at(rest[0].start) - end_s < _MIN_GAP_S:
                end_s = next_s
        else:
            end_s, next_s = timeline.seconds_at(end), until_s
        end_s = max(end_s, min(next_s, start_s + _reading_s(shown)))
        yield Subtitle(round(1000 * start_s), round(1000 * end_s), _rows(shown))
        at += count


def trim_silent(text: str, *, start: int, end: int) -> tuple[int, int]:
    """The span without punctuation at both ends, which takes no time to speak."""
    span = text[start:end]
    first, last = len(span) - len(span.lstrip(_SILENT_CHARS)), len(span.rstrip(_SILENT_CHARS))
    return (start + first, start + last) if first < last else (start, end)


def _starts_s(text: str, fragments: Sequence[Fragment], timeline: Timeline) -> list[float]:
    return [timeline.seconds_at(trim_silent(text, start=one.start, end=one.end)[0]) for one in fragments]


def _reading_s(fragments: Sequence[Fragment]) -> float:
    """How long a reader needs, rounded up to milliseconds."""
    return max(MIN_SHOWN_S, ceil(1000 * _widths(fragments)[-1] / READING_COLUMNS_PER_S) / 1000)


def _counts(fragments: Sequence[Fragment], *, starts_s: Sequence[float], until_s: float) -> list[int]:
    """How many fragments each subtitle takes.

    Among all ways to split them, it finds the one with the lowest cost: even widths, breaks at ends of sentences and
    clauses, and enough time to read.
    """
    widths = _widths(fragments)
    if not fragments or _fits(fragments, widths, 0, len(fragments)):
        return [len(fragments)] * bool(fragments)
    target = widths[-1] / -(-widths[-1] // (MAX_LINES * LINE_WIDTH))
    ends_s = [*starts_s[1:], until_s]
    # For each number of fragments: the lowest cost to split them, and the size of the last subtitle.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(fragments) + 1):
        break_after = break_cost(*fragments[end - 1 : end + 1]) if end < len(fragments) else 0
        options = []
        for start in range(end - 1, -1, -1):
            width = _span_width(fragments, widths, start, end)
            if width > MAX_LINES * LINE_WIDTH + 1:
                break
            if not _fits(fragments, widths, start, end):
                continue
            unread = max(0.0, width - READING_COLUMNS_PER_S * (ends_s[end - 1] - starts_s[start]))
            cost = abs(width - target) + _SUBTITLE_COST + _UNREAD_COST * unread + break_after
            options.append((best[start][0] + cost, end - start))
        best.append(min(options))
    counts, at = [], len(fragments)
    while at:
        counts.append(best[at][1])
        at -= best[at][1]
    return counts[::-1]


def _span_width(fragments: Sequence[Fragment], widths: Sequence[int], start: int, end: int) -> int:
    """The width of fragments [start, end) in one line."""
    before = widths[start - 1] + fragments[start].space_before if start else 0
    return widths[end - 1] - before


def _fits(fragments: Sequence[Fragment], widths: Sequence[int], start: int, end: int) -> bool:
    """True if two lines hold fragments [start, end)."""
    before = widths[start - 1] + fragments[start].space_before if start else 0
    split = bisect_right(widths, before + LINE_WIDTH, start, end)
    return split == end or _span_width(fragments, widths, split, end) <= LINE_WIDTH


def _rows(fragments: Sequence[Fragment]) -> tuple[tuple[Fragment, ...], ...]:
    """One line where it fits, else two of about equal width."""
    widths = _widths(fragments)
    if widths[-1] <= LINE_WIDTH:
        return (tuple(fragments),)

    def cost(split: int) -> tuple[bool, float]:
        upper, lower = widths[split - 1], _span_width(fragments, widths, split, len(fragments))
        return max(upper, lower) > LINE_WIDTH, break_cost(*fragments[split - 1 : split + 1]) + abs(
            upper - lower
        )

    best = min(range(1, len(fragments)), key=cost)
    return tuple(fragments[:best]), tuple(fragments[best:])


def _widths(fragments: Sequence[Fragment]) -> list[int]:
    """The widths of lines with the first fragment, the first two, and so on."""
    return list(accumulate(one.width + (one.space_before and at > 0) for at, one in enumerate(fragments)))
