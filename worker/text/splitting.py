"""Cutting a text into segments: what an engine speaks in one call."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common.speakable import speakable
from worker.text.break_points import CLAUSE_END, LINE_END, find_break_points, split_to_length
from worker.text.control_characters import replace_control_characters
from worker.text.sentences import split_paragraphs, split_sentences

# Engines speak a bare "Ok." or "1." badly, and a call for it costs as much as one for a sentence.
_LONELY_CHARS = 20


@dataclass(frozen=True, slots=True)
class TextSpan:
    """`start` and `end` are offsets into the text that was cut; `text` is as long as they are apart.

    One that ends neither a sentence nor a paragraph is a part of a sentence that was too long.
    """

    index: int
    start: int
    end: int
    text: str
    sentence_end: bool
    paragraph_end: bool


@dataclass(frozen=True, slots=True)
class _Chunk:
    start: int
    end: int
    spoken: bool
    sentence_end: bool = True

    @property
    def lonely(self) -> bool:
        return not self.spoken or self.end - self.start < _LONELY_CHARS


def split_text(
    text: str, *, language: str, max_chars: int, first_max_chars: int | None = 160
) -> list[TextSpan]:
    """Sentences in their order, none above `max_chars`; every speakable character is in exactly one segment.

    The first segment stays within `first_max_chars` where a sentence, clause or line ends there, so that audio
    starts soon. Empty when nothing is speakable. Takes time in proportion to the text, whatever the text.
    """
    return list(
        iter_text_spans(text, language=language, max_chars=max_chars, first_max_chars=first_max_chars)
    )


def iter_text_spans(
    text: str, *, language: str, max_chars: int, first_max_chars: int | None = 160
) -> Iterator[TextSpan]:
    """The same, paragraph by paragraph: the first can be spoken while the others are still to be cut."""
    if max_chars < 1:
        raise ValueError(f"max_chars must be at least 1, not {max_chars}")
    cleaned = replace_control_characters(text)
    count = 0
    for start, end in split_paragraphs(cleaned):
        atoms = list(_atoms(cleaned, start=start, end=end, language=language, max_chars=max_chars))
        pieces = [piece for piece in _joined(atoms, max_chars=max_chars) if piece.spoken]
        if pieces and not count and first_max_chars is not None:
            stops = [atom.end for atom in atoms]
            pieces[:1] = _opened(cleaned, pieces[0], stops=stops, limit=pieces[0].start + first_max_chars)
        yield from _segments(cleaned, pieces, first_index=count)
        count += len(pieces)


def _segments(text: str, pieces: list[_Chunk], *, first_index: int) -> Iterator[TextSpan]:
    for index, piece in enumerate(pieces):
        yield TextSpan(
            index=first_index + index,
            start=piece.start,
            end=piece.end,
            text=text[piece.start : piece.end],
            sentence_end=piece.sentence_end,
            paragraph_end=index == len(pieces) - 1,
        )


def _atoms(text: str, *, start: int, end: int, language: str, max_chars: int) -> Iterator[_Chunk]:
    """Sentences, and the parts of those that are too long, without white space around them."""
    for first, last in split_sentences(text, start=start, end=end, language=language):
        whole = _piece(text, start=first, end=last)
        for begin, stop in split_to_length(text, start=whole.start, end=whole.end, max_chars=max_chars):
            piece = _piece(text, start=begin, end=stop, sentence_end=stop == whole.end)
            if piece.end > piece.start:
                yield piece


def _piece(text: str, *, start: int, end: int, sentence_end: bool = True) -> _Chunk:
    body = text[start:end]
    start, end = end - len(body.lstrip()), start + len(body.rstrip())
    return _Chunk(start, max(start, end), spoken=speakable(body), sentence_end=sentence_end)


def _joined(atoms: Iterable[_Chunk], *, max_chars: int) -> list[_Chunk]:
    """The atoms of a paragraph; a lonely one goes with the next, else with the one before, if there is room."""
    done: list[_Chunk] = []
    for atom in atoms:
        if done and done[-1].lonely and atom.end - done[-1].start <= max_chars:
            done[-1] = _both(done[-1], atom)
            continue
        _settle(done, max_chars=max_chars)
        done.append(atom)
    _settle(done, max_chars=max_chars)
    return done


def _settle(done: list[_Chunk], *, max_chars: int) -> None:
    """Gives a lonely last piece to the one before it."""
    if len(done) > 1 and done[-1].lonely and done[-1].end - done[-2].start <= max_chars:
        last = done.pop()
        done[-1] = _both(done[-1], last)


def _both(first: _Chunk, second: _Chunk) -> _Chunk:
    return _Chunk(
        first.start, second.end, spoken=first.spoken or second.spoken, sentence_end=second.sentence_end
    )


def _opened(text: str, piece: _Chunk, *, stops: list[int], limit: int) -> list[_Chunk]:
    """The first piece, cut at the last natural place before `limit` when it reaches beyond."""
    if piece.end <= limit:
        return [piece]
    sentence_ends = [stop for stop in stops if piece.start < stop <= limit]
    clauses = find_break_points(CLAUSE_END, text, start=piece.start, limit=limit)
    lines = find_break_points(LINE_END, text, start=piece.start, limit=limit)
    for offsets in (sorted(sentence_ends + clauses), lines):
        ways = [
            _halves(text, piece, offset, sentence_end=offset in sentence_ends) for offset in reversed(offsets)
        ]
        spoken = [way for way in ways if all(half.spoken for half in way)]
        whole = [way for way in spoken if not any(half.lonely for half in way)]
        if spoken:
            return (whole or spoken)[0]
    return [piece]


def _halves(text: str, piece: _Chunk, offset: int, *, sentence_end: bool) -> list[_Chunk]:
    return [
        _piece(text, start=piece.start, end=offset, sentence_end=sentence_end),
        _piece(text, start=offset, end=piece.end, sentence_end=piece.sentence_end),
    ]
