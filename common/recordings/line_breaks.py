"""Where the text of captions may break into lines, and how good each place is."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The limit that television stations use. A wide character, such as a Chinese one, counts as two columns.
LINE_WIDTH = 42

_CHUNK = re.compile(r"\S+")
OPENING = "([{«“‘「『（【〈《〔［｛¿¡"  # noqa: RUF001
CLOSING = "\"')]}»”’›」』）】〉》〕］｝"  # noqa: RUF001
SENTENCE_ENDS, CLAUSE_ENDS = tuple(".!?…。！？؟।"), tuple(",;:—–、，；：،")  # noqa: RUF001
_JOINERS = ("\u200d", "\ufe0e", "\ufe0f")
# Rules of Japanese typesetting (JIS X 4051): small kana and marks of repetition or length begin no line.
_NO_LINE_START = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞヽヾ々〻・〜％") | frozenset(  # noqa: RUF001
    (*CLOSING, *SENTENCE_ENDS, *CLAUSE_ENDS)
)
# Vowels of Thai and Lao that are written before the consonant, so a syllable begins with them.
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
# What a break costs in columns of uneven width.
_SENTENCE_COST, _CLAUSE_COST, _WORD_COST, _INSIDE_COST = 0, 20, 44, 60


@dataclass(frozen=True, slots=True)
class Fragment:
    """Characters [start, end), which stay on one line. `text` is how they are shown.

    `space_before`: white space precedes it in the source. `width` is in columns.
    """

    start: int
    end: int
    text: str
    space_before: bool
    width: int


def find_fragments(text: str, *, start: int, end: int) -> Iterator[Fragment]:
    """Split characters [start, end) wherever a line may end. Without spaces, that is between Chinese characters."""
    for chunk in _CHUNK.finditer(text, start, end):
        space_before = True
        for first, last in _split_chunk(text, start=chunk.start(), end=chunk.end()):
            if visible := _visible(text[first:last]):
                yield Fragment(first, last, visible, space_before, display_width(visible))
            space_before = False


def line_text(fragments: Sequence[Fragment]) -> str:
    line = "".join(f"{' ' * fragment.space_before}{fragment.text}" for fragment in fragments)
    return line.removeprefix(" ")


def display_width(text: str) -> int:
    """Columns: 2 for a wide character."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def break_cost(before: Fragment, after: Fragment) -> int:
    """How bad a break between two fragments is, in columns of uneven width: 0 at the end of a sentence."""
    last = before.text.rstrip(CLOSING)[-1:]
    if last in SENTENCE_ENDS:
        return _SENTENCE_COST
    if last in CLAUSE_ENDS:
        return _CLAUSE_COST
    # In Japanese, a word mostly ends with hiragana, and the next one begins with another script.
    if after.space_before or (_is_hiragana(last) and not _is_hiragana(after.text[0])):
        return _WORD_COST
    return _INSIDE_COST


def _columns(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(text: str) -> str:
    """Drop control characters. Replace lone surrogates, which no file can hold."""
    if text.isprintable():
        return text
    kept = (char for char in text if unicodedata.category(char) != "Cc")
    return "".join("\ufffd" if unicodedata.category(char) == "Cs" else char for char in kept)


def _split_chunk(text: str, *, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split a chunk without spaces between its Chinese and Japanese characters, and where it is wider than a line."""
    breaks = () if text[start:end].isascii() else range(start + 1, end)
    first = start
    for at in (*(at for at in breaks if _breaks_before(text, at)), end):
        yield from _split_wide(text, start=first, end=at)
        first = at


def _breaks_before(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if not (_is_ideographic(before) or _is_ideographic(after)):
        return False
    return before not in OPENING and not before.isdecimal() and not _extends_previous(text, at)


def _split_wide(text: str, *, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split what is wider than a line into pieces of about equal width, after punctuation if it has any."""
    while (width := display_width(text[start:end])) > LINE_WIDTH:
        target = width / -(-width // LINE_WIDTH)
        limit, columns, best, best_cost = start + 1, _columns(text[start]), 0, 0.0
        while columns + _columns(text[limit]) <= LINE_WIDTH:
            columns += _columns(text[limit])
            limit += 1
            if _extends_previous(text, limit):
                continue
            cost = abs(columns - target) - 12 * _is_good_split(text, limit)
            if not best or cost < best_cost:
                best, best_cost = limit, cost
        split_at = best or limit
        yield start, split_at
        start = split_at
    yield start, end


def _is_good_split(text: str, at: int) -> bool:
    """True after punctuation, and before a vowel of Thai or Lao that begins a syllable."""
    return text[at - 1] in SENTENCE_ENDS + CLAUSE_ENDS or text[at : at + 1] in _LEADING_VOWELS


def _extends_previous(text: str, at: int) -> bool:
    """True if the character at `at` must not begin a line after the one before it."""
    if at >= len(text):
        return False
    char, before = text[at], text[at - 1]
    combines = char in _JOINERS or before == "\u200d" or unicodedata.category(char)[0] == "M"
    is_skin_tone = "\U0001f3fb" <= char <= "\U0001f3ff"
    return combines or is_skin_tone or char in _NO_LINE_START or before in _LEADING_VOWELS


def _is_ideographic(char: str) -> bool:
    """True for Chinese characters, kana and their punctuation, between which lines may break."""
    return (
        "\u2e80" <= char <= "\u9fff"
        or "\uf900" <= char <= "\ufaff"
        or "\U00020000" <= char <= "\U0003ffff"
        or (
            char in "！？，；：）"  # noqa: RUF001
        )
    )


def _is_hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u309f"
