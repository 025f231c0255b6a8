"""Sentences that are all different and all about as long."""

from collections.abc import Iterator
from itertools import product

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
