"""Turns a text into the phonemes that hibari's library would use, and maps each phoneme to its word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hibari import Hibari
from hibari.g2p.normalize import normalize
from hibari.g2p.token import Tok
from hibari.tts import MAX_PHONEMES

# Where the library splits a sentence that is too long for one call.
_CLAUSE = re.compile(r"(?<=[,;:—])\s+")


@dataclass(frozen=True, slots=True)
class PhonemeChunk:
    """The phonemes of one call of the model, and for each phoneme the index of its token."""

    phonemes: str
    token_indexes: tuple[int, ...]


@dataclass(slots=True)
class Phonemization:
    """A phonemized text.

    `text` is the normalized text, in which numbers and the like are words. `token_spans` are characters [start, end) of
    it, one per token. `chunks` are the calls of the model, in order.
    """

    text: str = ""
    token_spans: list[tuple[int, int]] = field(default_factory=list)
    chunks: list[PhonemeChunk] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InputSpan:
    """A stretch of a text, with its phonemes if the caller gave them."""

    text: str
    phonemes: str | None = None


def phonemize(model: Hibari, spans: Sequence[InputSpan]) -> Phonemization:
    """Phonemize consecutive spans as the library does a whole text. Raises whatever the library raises."""
    phonemization = Phonemization()
    for sentence in _split_sentences(model, spans):
        tokens = model.g2p.phonemize_tokens(list(_tokenize(model.g2p, sentence)))
        phonemes, token_indexes = _join_phonemes(tokens, phonemization)
        for part in _split_calls(phonemes):
            chunk = PhonemeChunk(
                "".join(phonemes[at] for at in part), tuple(token_indexes[at] for at in part)
            )
            # Without this check, a lone comma of a text in another script would become a breath of 0.3 s.
            if any(map(str.isalpha, chunk.phonemes)):
                phonemization.chunks.append(chunk)
    return phonemization


def _split_sentences(model: Hibari, spans: Sequence[InputSpan]) -> Iterator[list[InputSpan]]:
    """Split the spans into sentences, but never inside a span with given phonemes."""
    masked = "".join(_mask(span) for span in spans)
    end = 0
    for sentence in model.split_sentences(masked):
        start = masked.index(sentence, end)
        end = start + len(sentence)
        yield list(_slice(spans, start=start, end=end))


def _mask(span: InputSpan) -> str:
    """Replace what could end a sentence inside a span with given phonemes."""
    if span.phonemes is None:
        return span.text
    return "".join(char if char.isalnum() else "x" for char in span.text)


def _slice(spans: Sequence[InputSpan], *, start: int, end: int) -> Iterator[InputSpan]:
    at = 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span.text))
        if first < last:
            yield InputSpan(span.text[first:last], span.phonemes)
        at += len(span.text)


def _tokenize(g2p: Any, sentence: Sequence[InputSpan]) -> Iterator[Any]:
    for at, span in enumerate(sentence):
        if span.phonemes is None:
            tokens = g2p.tokenize(normalize(span.text))
        else:
            tokens = [Tok(span.text, "NN", phonemes=span.phonemes, rating=5)]
        if tokens and at + 1 < len(sentence):
            has_space = span.text[-1].isspace() or sentence[at + 1].text[0].isspace()
            tokens[-1].whitespace = " " if has_space else ""
        yield from tokens


def _join_phonemes(tokens: Sequence[Any], phonemization: Phonemization) -> tuple[str, list[int]]:
    """Join the phonemes of a sentence as the library does, and add its tokens to `phonemization`.

    Returns the phonemes and for each of them the index of its token.
    """
    phonemes, token_indexes = "", []
    for token in tokens:
        added = (token.phonemes or "") + (" " if token.whitespace else "")
        phonemes += added
        token_indexes += [len(phonemization.token_spans)] * len(added)
        phonemization.token_spans.append((len(phonemization.text), len(phonemization.text) + len(token.text)))
        phonemization.text += token.text + token.whitespace
    phonemization.text += "\n"
    start, end = len(phonemes) - len(phonemes.lstrip()), len(phonemes.rstrip())
    return phonemes[start:end], token_indexes[start:end]


def _split_calls(phonemes: str) -> Iterator[list[int]]:
    """Yield the positions of the phonemes of each call: all of them, or as many clauses as fit into one call."""
    if len(phonemes) <= MAX_PHONEMES:
        yield list(range(len(phonemes)))
        return
    starts = [0, *(space.end() for space in _CLAUSE.finditer(phonemes))]
    ends = [*(space.start() for space in _CLAUSE.finditer(phonemes)), len(phonemes)]
    held: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        if held and len(held) + end - start + 1 > MAX_PHONEMES:
            yield held
            held = []
        # Keep a single space between two clauses.
        held += list(range(start - bool(held), end))
    yield held
