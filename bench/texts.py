"""Sentences that are all different and all about as long, and texts made of them."""

from collections.abc import Iterator
from itertools import count, product
from random import Random

_WHO = ("The baker", "My sister", "The captain", "Our neighbour", "The doctor", "A student", "The farmer")
_DID = ("carried", "painted", "repaired", "measured", "described", "collected", "delivered")
_WHAT = (
    "seven wooden boxes",
    "the narrow bridge",
    "a silver lantern",
    "twelve old letters",
    "the garden wall",
)
_WHEN = ("on a quiet Monday morning.", "before the heavy rain began.", "without a single complaint.")


def sentences() -> Iterator[str]:
    """735 of them, neighbours as unlike as can be."""
    every = [" ".join(words) for words in product(_WHO, _DID, _WHAT, _WHEN)]
    step = 263  # no divisor of 735, so that every sentence comes once
    return (every[index * step % len(every)] for index in range(len(every)))


def stories(chars: int) -> Iterator[str]:
    """Texts of at least `chars` characters, short and long sentences in paragraphs, all different, without an end."""
    for number in count():
        rng = Random(number)
        yield "\n\n".join(_paragraphs(rng, chars))


def _paragraphs(rng: Random, chars: int) -> Iterator[str]:
    every = list(sentences())
    written = 0
    while written < chars:
        paragraph = " ".join(_sentence(rng, every) for _ in range(6))
        written += len(paragraph) + 2
        yield paragraph


def _sentence(rng: Random, every: list[str]) -> str:
    first, second = rng.sample(every, 2)
    if rng.random() < 0.5:
        return first
    return f"{first[:-1]}, and {second[0].lower()}{second[1:]}"
