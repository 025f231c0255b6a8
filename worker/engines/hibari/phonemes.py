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
class Breath:
    """What the model says in one call. `owners`: for each phoneme the piece of the text that it is of."""

    phonemes: str
    owners: tuple[int, ...]


@dataclass(slots=True)
class Reading:
    """`text` is what was read, with numbers and the like in words; `pieces` are characters [start, end) of it."""

    text: str = ""
    pieces: list[tuple[int, int]] = field(default_factory=list)
    breaths: list[Breath] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text, and how it is said where that is given."""

    text: str
    phonemes: str | None = None


def read(speaker: Hibari, passages: Sequence[Passage]) -> Reading:
    """As the library reads them in a row. Raises whatever it raises."""
    reading = Reading()
    for sentence in _sentences(speaker, passages):
        tokens = speaker.g2p.phonemize_tokens(list(_tokens(speaker.g2p, sentence)))
        phonemes, owners = _spoken(tokens, reading)
        for part in _parted(phonemes):
            breath = Breath("".join(phonemes[at] for at in part), tuple(owners[at] for at in part))
            # A comma that is left of one in another script would be a third of a second of breath.
            if any(map(str.isalpha, breath.phonemes)):
                reading.breaths.append(breath)
    return reading


def _sentences(speaker: Hibari, passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    """A passage that is said in a given way is not parted."""
    shown = "".join(_masked(passage) for passage in passages)
    end = 0
    for sentence in speaker.split_sentences(shown):
        start = shown.index(sentence, end)
        end = start + len(sentence)
        yield list(_cut(passages, start=start, end=end))


def _masked(passage: Passage) -> str:
    if passage.phonemes is None:
        return passage.text
    return "".join(char if char.isalnum() else "x" for char in passage.text)


def _cut(passages: Sequence[Passage], *, start: int, end: int) -> Iterator[Passage]:
    at = 0
    for passage in passages:
        first, last = max(start - at, 0), min(end - at, len(passage.text))
        if first < last:
            yield Passage(passage.text[first:last], passage.phonemes)
        at += len(passage.text)


def _tokens(g2p: Any, sentence: Sequence[Passage]) -> Iterator[Any]:
    for at, passage in enumerate(sentence):
        if passage.phonemes is None:
            tokens = g2p.tokenize(normalize(passage.text))
        else:
            tokens = [Tok(passage.text, "NN", phonemes=passage.phonemes, rating=5)]
        if tokens and at + 1 < len(sentence):
            parted = passage.text[-1].isspace() or sentence[at + 1].text[0].isspace()
            tokens[-1].whitespace = " " if parted else ""
        yield from tokens


def _spoken(tokens: Sequence[Any], reading: Reading) -> tuple[str, list[int]]:
    """The phonemes of a sentence as the library joins them, and the pieces they are of, which go to the reading."""
    phonemes, owners = "", []
    for token in tokens:
        said = (token.phonemes or "") + (" " if token.whitespace else "")
        phonemes += said
        owners += [len(reading.pieces)] * len(said)
        reading.pieces.append((len(reading.text), len(reading.text) + len(token.text)))
        reading.text += token.text + token.whitespace
    reading.text += "\n"
    start, end = len(phonemes) - len(phonemes.lstrip()), len(phonemes.rstrip())
    return phonemes[start:end], owners[start:end]


def _parted(phonemes: str) -> Iterator[list[int]]:
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
