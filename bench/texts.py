"""Generated English texts: distinct sentences of similar length, and longer texts made of them."""

from collections.abc import Iterator
from itertools import count, product
from random import Random

_SUBJECTS = (
    "The baker",
    "My sister",
    "The captain",
    "Our neighbour",
    "The doctor",
    "A student",
    "The farmer",
)
_VERBS = ("carried", "painted", "repaired", "measured", "described", "collected", "delivered")
_OBJECTS = (
    "seven wooden boxes",
    "the narrow bridge",
    "a silver lantern",
    "twelve old letters",
    "the garden wall",
)
_ENDINGS = ("on a quiet Monday morning.", "before the heavy rain began.", "without a single complaint.")


def sentences() -> Iterator[str]:
    """Yield 735 distinct sentences, ordered so that neighbours share few words."""
    combinations = [" ".join(words) for words in product(_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)]
    step = 263  # coprime with 735, so every sentence is yielded exactly once
    return (combinations[index * step % len(combinations)] for index in range(len(combinations)))


def long_texts(min_chars: int) -> Iterator[str]:
    """Yield texts of at least `min_chars` characters without end, all different, in paragraphs of mixed sentences."""
    for number in count():
        rng = Random(number)
        yield "\n\n".join(_paragraphs(rng, min_chars))


def _paragraphs(rng: Random, min_chars: int) -> Iterator[str]:
    candidates = list(sentences())
    written = 0
    while written < min_chars:
        paragraph = " ".join(_short_or_long_sentence(rng, candidates) for _ in range(6))
        written += len(paragraph) + 2
        yield paragraph


def _short_or_long_sentence(rng: Random, candidates: list[str]) -> str:
    first, second = rng.sample(candidates, 2)
    if rng.random() < 0.5:
        return first
    return f"{first[:-1]}, and {second[0].lower()}{second[1:]}"
