"""Splits a segment into subtitles of at most two lines, at sentence and clause ends where possible."""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from common.markup.ssml import is_ssml

# The limit that television stations use. A wide character, such as a Chinese one, counts as two columns.
LINE_WIDTH = 42
MAX_LINES = 2

_CHUNK = re.compile(r"\S+")
# Stands in for masked characters. It is a control character, so it is never shown.
_MASK = "\0"
_TAG = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>")
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SOURCE_MARKS = re.compile(
    r"\[(?P<word>[^\[\]\n]{1,200})\]\([^()\s]{1,300}\)|`{1,3}|^#{1,6}[ \t]+"
    r"|(?<![\w*_])[*_]{1,3}(?=[^\s*_])|(?<=[^\s*_])[*_]{1,3}(?![\w*_])",
    re.MULTILINE,
)
_CLOSING = "\"')]}»”’›」』）"  # noqa: RUF001
_SENTENCE_ENDS, _CLAUSE_ENDS = tuple(".!?…。！？؟।"), tuple(",;:—–、，；：،")  # noqa: RUF001
_SILENT_CHARS = "".join((_CLOSING, *_SENTENCE_ENDS, *_CLAUSE_ENDS, " \n\t([{«“‘「『（¿¡"))  # noqa: RUF001
# A subtitle stays until the next one when the silence between them is shorter than this.
_MIN_GAP_S = 1.0
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f")


@dataclass(frozen=True, slots=True)
class Subtitle:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class _Fragment:
    """Characters [start, end), which stay on one line. `text` is how they are shown.

    `space_before`: white space precedes it in the source.
    """

    start: int
    end: int
    text: str
    space_before: bool

    @property
    def width(self) -> int:
        return _width(self.text)


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


def split_segment(text: str, *, start: int, end: int, timeline: Timeline) -> Iterator[Subtitle]:
    """The subtitles of characters [start, end), in order. None when nothing in them is visible."""
    fragments = list(_fragments(text, start=start, end=end))
    while fragments:
        count = _count_for_next(fragments)
        shown, fragments = fragments[:count], fragments[count:]
        first, last = _trim_silent(text, start=shown[0].start, end=shown[-1].end)
        end_s = timeline.seconds_at(last if fragments else end)
        if fragments and timeline.seconds_at(fragments[0].start) - end_s < _MIN_GAP_S:
            end_s = timeline.seconds_at(_trim_silent(text, start=fragments[0].start, end=end)[0])
        yield Subtitle(round(1000 * timeline.seconds_at(first)), round(1000 * end_s), _lines(shown))


def _trim_silent(text: str, *, start: int, end: int) -> tuple[int, int]:
    """The span without punctuation at both ends, which takes no time to speak."""
    span = text[start:end]
    first, last = len(span) - len(span.lstrip(_SILENT_CHARS)), len(span.rstrip(_SILENT_CHARS))
    return (start + first, start + last) if first < last else (start, end)


def _fragments(text: str, *, start: int, end: int) -> Iterator[_Fragment]:
    for chunk in _CHUNK.finditer(text, start, end):
        space_before = True
        for first, last in _split_wide(text, start=chunk.start(), end=chunk.end()):
            if visible := _visible(text[first:last]):
                yield _Fragment(first, last, visible, space_before)
            space_before = False


def _visible(text: str) -> str:
    """Drop control characters. Replace lone surrogates, which no file can hold."""
    if text.isprintable():
        return text
    kept = (char for char in text if unicodedata.category(char) != "Cc")
    return "".join("\ufffd" if unicodedata.category(char) == "Cs" else char for char in kept)


def _split_wide(text: str, *, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a chunk that is wider than a line, as in scripts without spaces, after punctuation if it has any."""
    while _width(text[start : min(end, start + LINE_WIDTH + 1)]) > LINE_WIDTH:
        limit = start + 1
        while _width(text[start : limit + 1]) <= LINE_WIDTH:
            limit += 1
        allowed = [at for at in range(start + 1, limit + 1) if not _extends_previous(text, at)]
        after_punctuation = [at for at in allowed if text[at - 1] in _SENTENCE_ENDS + _CLAUSE_ENDS]
        split_at = (after_punctuation or allowed or [limit])[-1]
        yield start, split_at
        start = split_at
    yield start, end


def _extends_previous(text: str, at: int) -> bool:
    """True if the character at `at` combines with the one before it, or is closing punctuation."""
    if at >= len(text):
        return False
    char = text[at]
    combines = char in _JOINERS or text[at - 1] == "\u200d" or unicodedata.category(char)[0] == "M"
    return combines or char in _CLOSING or char in _SENTENCE_ENDS


def _count_for_next(fragments: Sequence[_Fragment]) -> int:
    """How many fragments the next subtitle takes, so that all subtitles are about equally wide."""
    widths = _widths(fragments)
    if _second_line_width(widths) <= LINE_WIDTH:
        return len(fragments)
    target = widths[-1] / -(-widths[-1] // (MAX_LINES * LINE_WIDTH))
    counts = takewhile(
        lambda count: _second_line_width(widths[:count]) <= LINE_WIDTH, range(1, len(fragments))
    )
    return max(counts, key=lambda count: _break_bonus(fragments[count - 1]) - abs(widths[count - 1] - target))


def _lines(fragments: Sequence[_Fragment]) -> tuple[str, ...]:
    """One line where it fits, else two of about equal width."""
    widths = _widths(fragments)
    if widths[-1] <= LINE_WIDTH:
        return (_line(fragments),)

    def quality(count: int) -> tuple[bool, float]:
        upper, lower = widths[count - 1], widths[-1] - widths[count - 1]
        return max(upper, lower) <= LINE_WIDTH, _break_bonus(fragments[count - 1]) - abs(upper - lower)

    best = max(range(1, len(fragments)), key=quality)
    return _line(fragments[:best]), _line(fragments[best:])


def _widths(fragments: Sequence[_Fragment]) -> list[int]:
    """The widths of lines with the first fragment, the first two, and so on."""
    return list(accumulate(one.width + (one.space_before and at > 0) for at, one in enumerate(fragments)))


def _second_line_width(widths: Sequence[int]) -> int:
    """The width of a second line, with the space before it, when the first line takes as much as fits."""
    return widths[-1] - max(width for width in widths if width <= LINE_WIDTH)


def _break_bonus(fragment: _Fragment) -> int:
    """How many columns of uneven width a break after this fragment is worth."""
    last = fragment.text.rstrip(_CLOSING)[-1:]
    return 24 * (last in _SENTENCE_ENDS) or 12 * (last in _CLAUSE_ENDS)


def _line(fragments: Sequence[_Fragment]) -> str:
    line = "".join(f"{' ' * fragment.space_before}{fragment.text}" for fragment in fragments)
    return line.removeprefix(" ")


def _width(text: str) -> int:
    """Columns: 2 for a wide character."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
