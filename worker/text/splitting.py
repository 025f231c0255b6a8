"""Split a text into spans that an engine speaks in one call each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common.speakable_text import is_speakable
from worker.text.break_points import CLAUSE_END, LINE_END, find_break_points, split_to_length
from worker.text.control_characters import replace_control_characters
from worker.text.hyphenation import Words
from worker.text.line_structure import mend_lines
from worker.text.normalization.mapped_text import MappedText
from worker.text.sentences import split_paragraphs, split_sentences

# Engines speak a single "Ok." or "1." badly, and a call for it costs as much as a call for a sentence.
_SHORT_CHARS = 20


@dataclass(frozen=True, slots=True)
class TextSpan:
    """One or more sentences, or a part of a sentence that is too long.

    `mapped` is the text to speak. A span with neither `sentence_end` nor `paragraph_end` is a part of a sentence that
    is too long.
    """

    index: int
    mapped: MappedText
    sentence_end: bool
    paragraph_end: bool

    @property
    def text(self) -> str:
        return self.mapped.text

    @property
    def start(self) -> int:
        """The first character in the original text."""
        return self.mapped.starts[0]

    @property
    def end(self) -> int:
        """The character after the last one in the original text."""
        return self.mapped.ends[-1]


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    end: int
    has_speech: bool
    sentence_end: bool = True

    @property
    def is_short(self) -> bool:
        return not self.has_speech or self.end - self.start < _SHORT_CHARS


def split_text(
    text: str, *, language: str, max_chars: int, first_max_chars: int | None = 160
) -> list[TextSpan]:
    """Return spans of at most `max_chars` characters, in order. Each speakable character is in exactly one span.

    If a sentence, clause or line ends within `first_max_chars`, the first span ends there, so that audio starts soon.
    Returns an empty list if nothing is speakable. Takes linear time for any text.
    """
    spans = iter_text_spans(
        MappedText.of(text), language=language, max_chars=max_chars, first_max_chars=first_max_chars
    )
    return list(spans)


def iter_text_spans(
    mapped: MappedText,
    *,
    language: str,
    max_chars: int,
    first_max_chars: int | None = 160,
    has_lines: bool = True,
) -> Iterator[TextSpan]:
    """Yield the spans of `split_text` paragraph by paragraph, so that the first is available at once.

    `has_lines`: the lines of a paragraph are joined or end with a pause, as `mend_lines` decides.
    """
    if max_chars < 1:
        raise ValueError(f"max_chars must be at least 1, not {max_chars}")
    cleaned = replace_control_characters(mapped.text)
    mapped = MappedText(cleaned, mapped.starts, mapped.ends)
    known = Words(cleaned)
    count = 0
    for start, end in split_paragraphs(cleaned):
        paragraph = mapped[start:end]
        if has_lines:
            paragraph = mend_lines(paragraph, language=language, known=known)
        limit = None if count else first_max_chars
        chunks = _paragraph_chunks(
            paragraph.text, language=language, max_chars=max_chars, first_max_chars=limit
        )
        yield from _to_spans(paragraph, chunks, first_index=count)
        count += len(chunks)


def _paragraph_chunks(
    text: str, *, language: str, max_chars: int, first_max_chars: int | None
) -> list[_Chunk]:
    sentence_chunks = list(
        _sentence_chunks(text, start=0, end=len(text), language=language, max_chars=max_chars)
    )
    chunks = [chunk for chunk in _merge_short(sentence_chunks, max_chars=max_chars) if chunk.has_speech]
    if chunks and first_max_chars is not None:
        sentence_ends = [chunk.end for chunk in sentence_chunks]
        chunks[:1] = _shorten_first(
            text, chunks[0], sentence_ends=sentence_ends, limit=chunks[0].start + first_max_chars
        )
    return chunks


def _to_spans(paragraph: MappedText, chunks: list[_Chunk], *, first_index: int) -> Iterator[TextSpan]:
    for index, chunk in enumerate(chunks):
        yield TextSpan(
            index=first_index + index,
            mapped=paragraph[chunk.start : chunk.end],
            sentence_end=chunk.sentence_end,
            paragraph_end=index == len(chunks) - 1,
        )


def _sentence_chunks(text: str, *, start: int, end: int, language: str, max_chars: int) -> Iterator[_Chunk]:
    """Yield the sentences, and the parts of long sentences, without surrounding white space."""
    for first, last in split_sentences(text, start=start, end=end, language=language):
        sentence = _trimmed_chunk(text, start=first, end=last)
        for begin, stop in split_to_length(text, start=sentence.start, end=sentence.end, max_chars=max_chars):
            chunk = _trimmed_chunk(text, start=begin, end=stop, sentence_end=stop == sentence.end)
            if chunk.end > chunk.start:
                yield chunk


def _trimmed_chunk(text: str, *, start: int, end: int, sentence_end: bool = True) -> _Chunk:
    body = text[start:end]
    start, end = end - len(body.lstrip()), start + len(body.rstrip())
    return _Chunk(start, max(start, end), has_speech=is_speakable(body), sentence_end=sentence_end)


def _merge_short(sentence_chunks: Iterable[_Chunk], *, max_chars: int) -> list[_Chunk]:
    """Merge each short chunk of a paragraph with the next one, else with the previous one, if `max_chars` allows."""
    merged: list[_Chunk] = []
    for chunk in sentence_chunks:
        if merged and merged[-1].is_short and chunk.end - merged[-1].start <= max_chars:
            merged[-1] = _merge(merged[-1], chunk)
            continue
        _merge_short_last(merged, max_chars=max_chars)
        merged.append(chunk)
    _merge_short_last(merged, max_chars=max_chars)
    return merged


def _merge_short_last(merged: list[_Chunk], *, max_chars: int) -> None:
    """Merge a short last chunk into the previous one."""
    if len(merged) > 1 and merged[-1].is_short and merged[-1].end - merged[-2].start <= max_chars:
        last = merged.pop()
        merged[-1] = _merge(merged[-1], last)


def _merge(first: _Chunk, second: _Chunk) -> _Chunk:
    return _Chunk(
        first.start,
        second.end,
        has_speech=first.has_speech or second.has_speech,
        sentence_end=second.sentence_end,
    )


def _shorten_first(text: str, chunk: _Chunk, *, sentence_ends: list[int], limit: int) -> list[_Chunk]:
    """Split the first chunk at the last sentence, clause or line end before `limit` if it is longer."""
    if chunk.end <= limit:
        return [chunk]
    ends_within_limit = [stop for stop in sentence_ends if chunk.start < stop <= limit]
    clauses = find_break_points(CLAUSE_END, text, start=chunk.start, limit=limit)
    lines = find_break_points(LINE_END, text, start=chunk.start, limit=limit)
    for offsets in (sorted(ends_within_limit + clauses), lines):
        splits = [
            _split_at(text, chunk, offset, sentence_end=offset in ends_within_limit)
            for offset in reversed(offsets)
        ]
        speakable_splits = [split for split in splits if all(half.has_speech for half in split)]
        long_enough = [split for split in speakable_splits if not any(half.is_short for half in split)]
        if speakable_splits:
            return (long_enough or speakable_splits)[0]
    return [chunk]


def _split_at(text: str, chunk: _Chunk, offset: int, *, sentence_end: bool) -> list[_Chunk]:
    return [
        _trimmed_chunk(text, start=chunk.start, end=offset, sentence_end=sentence_end),
        _trimmed_chunk(text, start=offset, end=chunk.end, sentence_end=chunk.sentence_end),
    ]
