"""A segment as subtitles: of two lines at most, broken where a reader would, each for as long as it is heard."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

# The most that television stations allow, for letters of which a line holds twice as many as of Chinese ones.
LINE_WIDTH = 42
LINES = 2

_CHUNK = re.compile(r"\S+")
# A control character: those are not shown.
_BLOT = "\0"
_SOURCE_MARKS = re.compile(
    r"\[(?P<word>[^\[\]\n]{1,200})\]\([^()\s]{1,300}\)|`{1,3}|^#{1,6}[ \t]+"
    r"|(?<![\w*_])[*_]{1,3}(?=[^\s*_])|(?<=[^\s*_])[*_]{1,3}(?![\w*_])",
    re.MULTILINE,
)
_CLOSING = "\"')]}»”’›」』）"  # noqa: RUF001
_SENTENCE_ENDS, _CLAUSE_ENDS = tuple(".!?…。！？؟।"), tuple(",;:—–、，；：،")  # noqa: RUF001
_MUTE = "".join((_CLOSING, *_SENTENCE_ENDS, *_CLAUSE_ENDS, " \n\t([{«“‘「『（¿¡"))  # noqa: RUF001
# A shorter silence is no reason to take a subtitle away before the next one comes.
_SHORT_S = 1.0
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f")


@dataclass(frozen=True, slots=True)
class Subtitle:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


class Timeline:
    """When characters are heard: known at `points`, (character, seconds), and in between by how many lie between."""

    def __init__(self, points: Iterable[tuple[int, float]]) -> None:
        known = sorted(points)
        self._chars = [char for char, _ in known]
        self._seconds = [seconds for _, seconds in known]

    def at(self, char: int) -> float:
        """Seconds; of a character where two moments are known, the later one."""
        after = bisect_right(self._chars, char)
        if after in (0, len(self._chars)):
            return self._seconds[max(0, after - 1)]
        left, right = self._chars[after - 1 : after + 1]
        from_s, to_s = self._seconds[after - 1 : after + 1]
        return from_s + (to_s - from_s) * (char - left) / (right - left)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is not broken. `said` is how it's shown, `spaced` that white space stands before it."""

    start: int
    end: int
    said: str
    spaced: bool

    @property
    def width(self) -> int:
        return _width(self.said)


def mask_markup(text: str) -> str:
    """Of the same length, but what is only for readers of the source is blotted out.

    That is marks of markdown, where a link leads, and how a word is said.
    """
    return _SOURCE_MARKS.sub(_blotted, text)


def _blotted(mark: re.Match[str]) -> str:
    word = mark["word"] or ""
    return f"{_BLOT}{word}".ljust(len(mark[0]), _BLOT) if word else _BLOT * len(mark[0])


def split_segment(text: str, *, start: int, end: int, moments: Timeline) -> Iterator[Subtitle]:
    """Of characters [start, end), in order; none where there is nothing to see."""
    pieces = list(_pieces(text, start=start, end=end))
    while pieces:
        count = _break(pieces)
        shown, pieces = pieces[:count], pieces[count:]
        first, last = _voiced(text, start=shown[0].start, end=shown[-1].end)
        ends_s = moments.at(last if pieces else end)
        if pieces and moments.at(pieces[0].start) - ends_s < _SHORT_S:
            ends_s = moments.at(_voiced(text, start=pieces[0].start, end=end)[0])
        yield Subtitle(round(1000 * moments.at(first)), round(1000 * ends_s), _lines(shown))


def _voiced(text: str, *, start: int, end: int) -> tuple[int, int]:
    """Without the marks at both ends, which take up room but no time."""
    said = text[start:end]
    first, last = len(said) - len(said.lstrip(_MUTE)), len(said.rstrip(_MUTE))
    return (start + first, start + last) if first < last else (start, end)


def _pieces(text: str, *, start: int, end: int) -> Iterator[_Piece]:
    for chunk in _CHUNK.finditer(text, start, end):
        spaced = True
        for first, last in _cut(text, start=chunk.start(), end=chunk.end()):
            if said := _visible(text[first:last]):
                yield _Piece(first, last, said, spaced)
            spaced = False


def _visible(text: str) -> str:
    """Without control characters; halves of characters, which no file can hold, are marked."""
    if text.isprintable():
        return text
    kept = (char for char in text if unicodedata.category(char) != "Cc")
    return "".join("\ufffd" if unicodedata.category(char) == "Cs" else char for char in kept)


def _cut(text: str, *, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What is wider than a line, as in a script without spaces, in several: behind its marks, if it has any."""
    while _width(text[start : min(end, start + LINE_WIDTH + 1)]) > LINE_WIDTH:
        limit = start + 1
        while _width(text[start : limit + 1]) <= LINE_WIDTH:
            limit += 1
        whole = [at for at in range(start + 1, limit + 1) if not _extends(text, at)]
        marked = [at for at in whole if text[at - 1] in _SENTENCE_ENDS + _CLAUSE_ENDS]
        cut = (marked or whole or [limit])[-1]
        yield start, cut
        start = cut
    yield start, end


def _extends(text: str, at: int) -> bool:
    """The character there is drawn onto the one before it, or is of one mark with it."""
    if at >= len(text):
        return False
    after = text[at]
    joined = after in _JOINERS or text[at - 1] == "\u200d" or unicodedata.category(after)[0] == "M"
    return joined or after in _CLOSING or after in _SENTENCE_ENDS


def _break(pieces: Sequence[_Piece]) -> int:
    """How many of them the next subtitle takes: so that all are even, and rather behind a sentence or a clause."""
    widths = _widths(pieces)
    if _lower(widths) <= LINE_WIDTH:
        return len(pieces)
    target = widths[-1] / -(-widths[-1] // (LINES * LINE_WIDTH))
    counts = takewhile(lambda count: _lower(widths[:count]) <= LINE_WIDTH, range(1, len(pieces)))
    return max(counts, key=lambda count: _worth(pieces[count - 1]) - abs(widths[count - 1] - target))


def _lines(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    """One where it is enough, else two, as even as may be, and rather broken behind a sentence or a clause."""
    widths = _widths(pieces)
    if widths[-1] <= LINE_WIDTH:
        return (_set(pieces),)

    def quality(count: int) -> tuple[bool, float]:
        upper, lower = widths[count - 1], widths[-1] - widths[count - 1]
        return max(upper, lower) <= LINE_WIDTH, _worth(pieces[count - 1]) - abs(upper - lower)

    best = max(range(1, len(pieces)), key=quality)
    return _set(pieces[:best]), _set(pieces[best:])


def _widths(pieces: Sequence[_Piece]) -> list[int]:
    """Of a line of the first piece, of the first two, and so on."""
    return list(accumulate(piece.width + (piece.spaced and at > 0) for at, piece in enumerate(pieces)))


def _lower(widths: Sequence[int]) -> int:
    """How wide a second line is, white space before it and all, when the first one takes as much as it can."""
    return widths[-1] - max(width for width in widths if width <= LINE_WIDTH)


def _worth(piece: _Piece) -> int:
    """How much less even two halves may be for a break behind this piece."""
    last = piece.said.rstrip(_CLOSING)[-1:]
    return 24 * (last in _SENTENCE_ENDS) or 12 * (last in _CLAUSE_ENDS)


def _set(pieces: Sequence[_Piece]) -> str:
    line = "".join(f"{' ' * piece.spaced}{piece.said}" for piece in pieces)
    return line.removeprefix(" ")


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
