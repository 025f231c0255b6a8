"""Sentences of 8 to 22 words, about 9.3 s of speech on average. There are billions, and every run has new ones.

A service may answer two equal requests with one job, so a text must not occur twice. The words are long ones without
digits, so that an engine says the same with and without the normalization of the service.
"""

from collections.abc import Iterator
from random import Random

_ADJECTIVES = (
    "experienced",
    "independent",
    "extraordinary",
    "mysterious",
    "international",
    "responsible",
    "considerable",
    "enthusiastic",
    "agricultural",
    "imaginary",
    "unfamiliar",
    "magnificent",
)
_PEOPLE = (
    "librarian",
    "photographer",
    "mathematician",
    "administrator",
    "archaeologist",
    "entrepreneur",
    "veterinarian",
    "politician",
    "electrician",
    "interpreter",
    "commissioner",
    "correspondent",
)
_THINGS = (
    "documentation",
    "laboratory",
    "constellation",
    "encyclopedia",
    "manufacturer",
    "neighbourhood",
    "examination",
    "observatory",
    "celebration",
    "organization",
    "temperature",
    "investigation",
)
_ADVERBS = (
    "unexpectedly",
    "enthusiastically",
    "occasionally",
    "immediately",
    "deliberately",
    "automatically",
    "independently",
    "systematically",
)
_VERBS = (
    "investigated",
    "illustrated",
    "reorganized",
    "accompanied",
    "anticipated",
    "discovered",
    "remembered",
    "exaggerated",
)
_LINKS = ("before the", "despite the", "concerning the", "throughout the", "alongside the")
# Each adds four words, or five, to a sentence of eight.
_CLAUSES = ((), (4,), (4,), (5,), (4, 4), (4, 5), (4, 5, 5))


def new_sentences(seed: str) -> Iterator[str]:
    """Yield sentences without end, all different. Equal seeds give equal sentences."""
    random = Random(seed)
    seen: set[str] = set()
    while True:
        sentence = _sentence(random)
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def _sentence(random: Random) -> str:
    subject = f"The {random.choice(_ADJECTIVES)} {random.choice(_PEOPLE)}"
    action = f"{random.choice(_ADVERBS)} {random.choice(_VERBS)}"
    clauses = (_clause(random, words=words) for words in random.choice(_CLAUSES))
    return " ".join((subject, action, f"the {_noun(random)}", *clauses)) + "."


def _clause(random: Random, *, words: int) -> str:
    if words == 4:
        return f"{random.choice(_LINKS)} {_noun(random)}"
    return f"and {random.choice(_VERBS)} the {_noun(random)}"


def _noun(random: Random) -> str:
    return f"{random.choice(_ADJECTIVES)} {random.choice(_THINGS)}"
