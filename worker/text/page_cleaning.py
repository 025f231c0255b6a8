"""Removes page numbers and running heads from a text that was copied from pages."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.text.normalization.mapped_text import MappedText

_LINE = re.compile(r"[^\n\f]*(?:\n|\f|\Z)")
_PAGE_WORD = "(?i:page|p|pg|seite|s|página|pág|pagina|pag)"
# Pages before the first chapter have small Roman numerals.
_ROMAN = "(?=[ivxl])l?x{0,3}(?:ix|iv|v?i{0,3})"
_NUMBERED = re.compile(
    rf"(?:[-–—|[(]\s?)?(?:(?:{_PAGE_WORD})\.?\s)?(?:\d{{1,4}}|{_ROMAN})"  # noqa: RUF001
    r"(?:\s?(?:/|of|von|sur|de|di)\s?\d{1,4})?(?:\s?[-–—|\])])?"  # noqa: RUF001
)
_BARE = re.compile(r"[ivxl\d]+")
_HEAD_NUMBER = re.compile(r"^\d{1,4}\s+|\s+\d{1,4}$")
# The number of "Chapter 2" is not that of a page.
_CHAPTER = re.compile(
    "chapter|chapitre|kapitel|capítulo|capitolo|part|partie|teil|parte|book|livre|buch|libro|livro"
)
_MAX_HEAD_CHARS = 80
# A head stands this many lines with text from the edge of its page.
_HEAD_LINES = 2
_MIN_HEAD_CHARS = 3
_CONTEXT_CHARS = 300
_SENTENCE_ENDS = (".", "!", "?", "…", '."', '!"', '?"', ".”", "!”", "?”", ".»", "!»", "?»")
_DIVIDED = re.compile(r"[^\W\d_][-\u2010\u00ad]\s*\Z")


@dataclass(frozen=True, slots=True)
class _Line:
    """`start` and `end` are those of the visible text. `ends_page`: a form feed follows."""

    start: int
    end: int
    text: str
    ends_page: bool


def clean_pages(mapped: MappedText) -> MappedText:
    """Return the text without page numbers and running heads. A paragraph that they divide is one again.

    A page ends at a form feed and at a line with only its number. A head is a line that stands next to the ends of at
    least two pages, apart from its number. Its first line stays if it may be a title.
    """
    lines = _lines(mapped.text)
    dropped = _dropped(lines)
    kept = [at for at, line in enumerate(lines) if line.text and at not in dropped]
    cuts = [
        (lines[before].end, lines[after].start)
        for before, after in pairwise(kept)
        if lines[before].ends_page
        or any(at in dropped or lines[at].ends_page for at in range(before + 1, after))
    ]
    first, last = (lines[kept[0]].start, lines[kept[-1]].end) if kept else (0, 0)
    return _cut(mapped, cuts, start=first, end=last)


def count_left_out(text: str) -> int:
    """How many lines `clean_pages` leaves out."""
    return len(_dropped(_lines(text)))


def _lines(text: str) -> list[_Line]:
    return [_line(found) for found in _LINE.finditer(text) if found[0]]


def _dropped(lines: Sequence[_Line]) -> set[int]:
    numbers = {at for at in range(len(lines)) if _is_page_number(lines, at)}
    return numbers | _running_heads(lines, numbers)


def _line(found: re.Match[str]) -> _Line:
    body = found[0]
    start = found.start() + len(body) - len(body.lstrip())
    return _Line(start, start + len(body.strip()), body.strip(), body.endswith("\f"))


def _is_page_number(lines: Sequence[_Line], at: int) -> bool:
    """A number without a word or dashes counts only next to a blank line or at the edge of a page."""
    text = lines[at].text
    if len(text) > _MAX_HEAD_CHARS or not _NUMBERED.fullmatch(text):
        return False
    before, after = lines[at - 1] if at else None, lines[at + 1] if at + 1 < len(lines) else None
    is_first = before is None or not before.text or before.ends_page
    is_last = after is None or not after.text or lines[at].ends_page
    return is_first or is_last or not _BARE.fullmatch(text)


def _running_heads(lines: Sequence[_Line], numbers: set[int]) -> set[int]:
    texts = [at for at, line in enumerate(lines) if line.text and at not in numbers]
    page_ends = sorted({-1} | numbers | {at for at, line in enumerate(lines) if line.ends_page})
    edges = {
        at
        for page_end in page_ends
        for position in [bisect_right(texts, page_end)]
        for at in texts[max(0, position - _HEAD_LINES) : position + _HEAD_LINES]
        if len(lines[at].text) <= _MAX_HEAD_CHARS
    }
    heads = {at: _head(lines[at].text) for at in edges}
    counts = Counter(heads.values())
    repeated = {at: head for at, head in heads.items() if len(head) >= _MIN_HEAD_CHARS and counts[head] > 1}
    return repeated.keys() - set(_titles(lines, texts, repeated))


def _titles(lines: Sequence[_Line], texts: Sequence[int], repeated: Mapping[int, str]) -> Iterator[int]:
    """The first line of each head, unless it has a page number or divides a sentence."""
    seen: set[str] = set()
    in_sentence = False
    for at in texts:
        if (head := repeated.get(at)) is None:
            in_sentence = not lines[at].text.endswith(_SENTENCE_ENDS)
        elif head not in seen:
            seen.add(head)
            if not in_sentence and head == lines[at].text.casefold():
                yield at


def _head(line: str) -> str:
    """The line without its page number, for comparison."""
    line = line.casefold()
    head = _HEAD_NUMBER.sub("", line)
    return line if _CHAPTER.fullmatch(head) else head


def _cut(mapped: MappedText, cuts: Sequence[tuple[int, int]], *, start: int, end: int) -> MappedText:
    """Replace the cuts by a line end, or by a blank line where a paragraph may end."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cut_start, cut_end in [*cuts, (end, end)]:
        kept = mapped[start:cut_start]
        joint = (
            _joint(kept.text, mapped.text[cut_end : cut_end + _CONTEXT_CHARS]) if cut_end > cut_start else ""
        )
        source_start, source_end = mapped.source(cut_start, cut_end)
        pieces += [kept.text, joint]
        starts += [*kept.starts, *[source_start] * len(joint)]
        ends += [*kept.ends, *[source_end] * len(joint)]
        start = cut_end
    return MappedText("".join(pieces), starts, ends)


def _joint(before: str, after: str) -> str:
    if _DIVIDED.search(before[-3:]):
        return "\n"
    if not after[:1].islower() or before.endswith(_SENTENCE_ENDS):
        return "\n\n"
    # A line that wraps stays a line, so that its width counts.
    earlier = before[-_CONTEXT_CHARS:].rpartition("\f")[2].split("\n")[:-1]
    following = after.partition("\f")[0].split("\n")[1:]
    is_wrapped = any(lines and lines[at].strip() for lines, at in ((earlier, -1), (following, 0)))
    return "\n" if is_wrapped else " "
