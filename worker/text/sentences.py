"""Split a text into paragraphs and sentences."""

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from worker.text.sentence_endings import ends_sentence, find_missed_ends

# Blank lines, and each Markdown heading and list item, so that they get a pause.
_PARAGRAPH_BREAK = re.compile(
    r"\n[^\S\n]*\n|\u2029|\n(?=[ \t]{0,16}(?:[-*+•‣◦][ \t]|\d{1,3}[.)][ \t]|#{1,6}[ \t]))"
    r"|(?:(?<=\n)|^) {0,3}#{1,6}[ \t][^\n]*(?P<heading_end>\n)"
)
# sentencex takes time that grows with the square of the number of unclosed quotation marks in its input.
_BLOCK_CHARS = 8192


def split_paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each paragraph. Some may be blank.

    Paragraphs end at blank lines, paragraph separators, headings and list items.
    """
    start = 0
    for found in _PARAGRAPH_BREAK.finditer(text):
        stop = found.start("heading_end") if found["heading_end"] else found.start()
        yield start, stop
        start = found.end()
    yield start, len(text)


def split_sentences(text: str, *, start: int, end: int, language: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the sentences in `text[start:end]`, without gaps.

    `text` must not contain lone surrogates. An unknown language is split like English.
    """
    primary = language.partition("-")[0].lower() or "en"
    while start < end:
        block = text[start : min(end, start + _BLOCK_CHARS)]
        lengths = _sentence_lengths(block, language=primary)
        if start + len(block) < end:
            lengths = _drop_incomplete(lengths, block=block)
        for length in lengths:
            yield start, start + length
            start += length


def _sentence_lengths(block: str, *, language: str) -> list[int]:
    """Return the lengths of the sentences in the block. They add up to its length."""
    boundaries = {boundary["end_index"] for boundary in get_sentence_boundaries(language, block)}
    ends = {end for end in boundaries if ends_sentence(block, end, language=language)} | {len(block)}
    ends |= find_missed_ends(block, language=language)
    offsets = sorted(ends - {0})
    return [after - before for before, after in zip([0, *offsets], offsets, strict=False)]


def _drop_incomplete(lengths: list[int], *, block: str) -> list[int]:
    """Return the lengths without the last sentence, which the end of the block may cut off.

    The caller reads that sentence again in the next block. If it fills more than half of the block, it is cut at its
    last white space instead.
    """
    if lengths[-1] <= len(block) // 2:
        return lengths[:-1]
    last_start = len(block) - lengths[-1]
    last_space = max(block.rfind(" ", last_start + 1), block.rfind("\n", last_start + 1))
    return [*lengths[:-1], last_space - last_start] if last_space > 0 else lengths
