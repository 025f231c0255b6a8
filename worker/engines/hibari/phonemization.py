"""What hibari reads of a text: the library's phonemes, sign by sign as it joins them, each with the word it is of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hibari import Hibari
from hibari.g2p.normalize import normalize
from hibari.g2p.token import Tok
from hibari.tts import MAX_PHONEMES

# Where the library parts what is too long for one call.
_CLAUSE = re.compile(r"(?<=[,;:—])\s+")


@dataclass(frozen=True, slots=True)
class PhonemeChunk:
    """What the model says in one call. `owners`: for each phoneme the piece of the text that it is of."""

    phonemes: str
    token_indexes: tuple[int, ...]


@dataclass(slots=True)
class Phonemization:
    """`text` is what was read, with numbers and the like in words; `pieces` are characters [start, end) of it."""

    text: str = ""
    token_spans: list[tuple[int, int]] = field(default_factory=list)
    chunks: list[PhonemeChunk] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InputSpan:
    """A part of a text, and how it is said where that is given."""

    text: str
    phonemes: str | None = None


def phonemize(speaker: Hibari, spans: Sequence[InputSpan]) -> Phonemization:
    """As the library reads them in a row. Raises whatever it raises."""
    phonemization = Phonemization()
    for sentence in _split_sentences(speaker, spans):
        tokens = speaker.g2p.phonemize_tokens(list(_tokenize(speaker.g2p, sentence)))
        phonemes, token_indexes = _join_phonemes(tokens, phonemization)
        for part in _split_calls(phonemes):
            chunk = PhonemeChunk(
                "".join(phonemes[at] for at in part), tuple(token_indexes[at] for at in part)
            )
            # A comma that is left of one in another script would be a third of a second of breath.
            if any(map(str.isalpha, chunk.phonemes)):
                phonemization.chunks.append(chunk)
    return phonemization


def _split_sentences(speaker: Hibari, spans: Sequence[InputSpan]) -> Iterator[list[InputSpan]]:
    """A passage that is said in a given way is not parted."""
    shown = "".join(_mask(span) for span in spans)
    end = 0
    for sentence in speaker.split_sentences(shown):
        start = shown.index(sentence, end)
        end = start + len(sentence)
        yield list(_slice(spans, start=start, end=end))


def _mask(span: InputSpan) -> str:
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
            parted = span.text[-1].isspace() or sentence[at + 1].text[0].isspace()
            tokens[-1].whitespace = " " if parted else ""
        yield from tokens


def _join_phonemes(tokens: Sequence[Any], phonemization: Phonemization) -> tuple[str, list[int]]:
    """The phonemes of a sentence as the library joins them, and the pieces they are of, which go to the reading."""
    phonemes, token_indexes = "", []
    for token in tokens:
        said = (token.phonemes or "") + (" " if token.whitespace else "")
        phonemes += said
        token_indexes += [len(phonemization.token_spans)] * len(said)
        phonemization.token_spans.append((len(phonemization.text), len(phonemization.text) + len(token.text)))
        phonemization.text += token.text + token.whitespace
    phonemization.text += "\n"
    start, end = len(phonemes) - len(phonemes.lstrip()), len(phonemes.rstrip())
    return phonemes[start:end], token_indexes[start:end]


def _split_calls(phonemes: str) -> Iterator[list[int]]:
    """Places of the phonemes of each call: all of them, or as many clauses as go into one."""
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
        # One space between two clauses, however many there were.
        held += list(range(start - bool(held), end))
    yield held
