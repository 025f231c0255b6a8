"""Joins the lines of hard-wrapped prose, and ends the lines of lists, headings and verse with a pause."""

import re
import unicodedata
from collections.abc import Sequence

from common.speakable_text import is_speakable
from worker.text.hyphenation import Words, joint_of_divided
from worker.text.normalization.mapped_text import MappedText

_BREAK = re.compile(r"[-\u2010\u00ad]?[ \t]{0,64}\n[ \t]{0,64}")
_FENCE = re.compile(r"(?m)^ {0,3}(?:```|~~~)")
# Markdown that needs its line ends: headings, quotations, tables, code, rules, and items of a list.
_MARKDOWN_LINE = re.compile(r"[#>|`~=+*•‣◦_-]|\d{1,3}[.)]\s|[^\n]*\|\Z|\[[^\]\n]{1,200}\]:")
# "[Alice]: Hello", and not a link definition.
_LABEL = re.compile(r"\[[^\]\n]{1,200}\]: ?(?!(?:https?:|ftp:|mailto:|www\.|\.{0,2}/|#|<))\S")
_LIST_ITEM = re.compile(r"[-+*•‣◦]\s|\d{1,3}[.)]\s")
_CLOSING = "\"')]}»”’*_`"  # noqa: RUF001
_PAUSES = ".!?…:;,—–-\u2010\u00ad。！？、，；：؟،؛।/&("  # noqa: RUF001
_HYPHENS = ("-", "\u2010", "\u00ad")
_VERSE_MARKS = (",", ";", "—", "–")  # noqa: RUF001
# No prose is set in columns that are narrower than this.
_MIN_WIDTH = 30
# Lines of this width are prose even without a small letter at the beginning of a line.
_PROSE_WIDTH = 60
_FULL_LINE = 0.8
_FULL_SHARE = 0.7
_SMALL_LETTER_SHARE = 0.25


def mend_lines(paragraph: MappedText, *, language: str, known: Words) -> MappedText:
    """Return the paragraph with words mended, lines joined where prose is wrapped, and other lines ended by a mark.

    `known` are the words of the whole text.
    """
    text = paragraph.text
    if "\n" not in text.strip() or _FENCE.search(text):
        return paragraph
    lines = text.split("\n")
    wrapped = _wrapped_breaks([line.strip() for line in lines])
    is_verse = any(line.rstrip().endswith(_VERSE_MARKS) for line in lines)

    def new_break(number: int) -> str | None:
        before, after = lines[number].strip(), lines[number + 1].strip()
        joint = joint_of_divided(before, after, language=language, known=known)
        if joint is not None:
            return joint
        hyphen = before[-1:] if before.endswith(_HYPHENS) else ""
        if wrapped[number] or _continues_item(before, lines[number + 1]):
            return hyphen + _joint(before, after)
        mark = _mark_after(before, after, is_verse=is_verse)
        return f"{mark}\n" if mark else None

    new_breaks = map(new_break, range(len(lines) - 1))
    return paragraph.replace(_BREAK, lambda _: next(new_breaks))


def _wrapped_breaks(lines: Sequence[str]) -> list[bool]:
    """Return for each line break whether it only wraps a line of prose."""
    widths = [_width(line) for line in lines]
    width, breaks = max(widths), range(len(lines) - 1)
    full = [_is_full(lines[at], widths[at], lines[at + 1], width=width) for at in breaks]
    inner = [at for at in breaks if lines[at] and lines[at + 1]]
    if width < _MIN_WIDTH or not inner or not _is_prose(lines, full, inner, width=width):
        return [False] * len(full)
    return [
        (full[at] or _is_small(lines[at + 1]))
        and not _is_markdown(lines[at + 1])
        and not _is_table(lines[at])
        for at in breaks
    ]


def _is_prose(lines: Sequence[str], full: Sequence[bool], inner: Sequence[int], *, width: int) -> bool:
    full_breaks = [at for at in inner if full[at]]
    if len(full_breaks) < _FULL_SHARE * len(inner):
        return False
    small = sum(_is_small(lines[at + 1]) for at in full_breaks)
    caseless = all(not lines[at + 1][0].isalpha() or _is_caseless(lines[at + 1][0]) for at in full_breaks)
    return (
        small >= max(1, _SMALL_LETTER_SHARE * len(full_breaks))
        or (len(full_breaks) <= 2 and width >= _PROSE_WIDTH)
        or caseless
    )


def _is_full(line: str, line_width: int, following: str, *, width: int) -> bool:
    """True if the first word of the following line has no room in this one, or hardly any is left."""
    if line.endswith(_HYPHENS) and _is_small(following):
        return True
    first_word = following.split(" ", 1)[0]
    return line_width + 1 + _width(first_word) > width or line_width >= _FULL_LINE * width


def _is_small(line: str) -> bool:
    return line.lstrip("\"'“‘«([")[:1].islower()  # noqa: RUF001


def _is_caseless(char: str) -> bool:
    return char.lower() == char.upper()


def _is_markdown(line: str) -> bool:
    return _MARKDOWN_LINE.match(line) is not None


def _is_table(line: str) -> bool:
    return line.startswith(("|", "#", "```", "~~~")) or line.endswith("|")


def _continues_item(before: str, after: str) -> bool:
    """True if an indented line continues an item of a list."""
    return (
        _LIST_ITEM.match(before) is not None
        and after[:2].isspace()
        and bool(after.strip())
        and not _is_markdown(after.strip())
    )


def _joint(before: str, after: str) -> str:
    return "" if _is_cjk(before[-1:]) and _is_cjk(after[:1]) else " "


def _mark_after(before: str, after: str, *, is_verse: bool) -> str:
    """Return the mark to add to a line: a stop, or a dash where the sentence goes on. "" if it needs none."""
    last = before.rstrip(_CLOSING)[-1:]
    if not last or last in _PAUSES or not is_speakable(before) or not after:
        return ""
    if any(_is_markdown(line) and not _LABEL.match(line) for line in (before, after)):
        return ""
    if _is_cjk(last):
        return "。"
    return " —" if is_verse or _is_small(after) else "."


def _is_cjk(char: str) -> bool:
    """True for Chinese and Japanese characters, which are written without spaces."""
    return len(char) == 1 and (
        0x3000 <= ord(char) <= 0x30FF or 0x3400 <= ord(char) <= 0x9FFF or 0xFF00 <= ord(char) <= 0xFF60
    )


def _width(line: str) -> int:
    if line.isascii():
        return len(line)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)
