"""Mends words that are divided at the end of a line."""

import re
from functools import cached_property

_MAX_CHARS = 42
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FIRST = re.compile(r"(?P<earlier>-?)(?<![^\W\d_])(?P<first>[^\W\d_]{1,40})(?P<hyphen>[-\u2010\u00ad])\Z")
_SECOND = re.compile(r"(?P<second>[^\W\d_]{1,40})(?P<later>-?)")
# Words that keep their hyphen before or after the end of a line.
_FIRST_PARTS = {
    "de": {"nicht", "ex"},
    "en": {"self", "well", "ex", "non", "half", "quasi", "all", "cross", "ill", "mid", "semi"}
    | {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"},
    "es": {"ex"},
    "fr": {
        "demi",
        "mi",
        "semi",
        "vice",
        "ex",
        "non",
        "sous",
        "avant",
        "arrière",
        "grand",
        "au",
        "par",
        "là",
        "ci",
    }
    | {"vingt", "trente", "quarante", "cinquante", "soixante", "quatre"},
    "it": {"ex"},
    "pt": {"ex", "vice", "pós", "pré", "pró", "recém", "além", "sem", "guarda", "bem"},
}
_SECOND_PARTS = {
    "en": {"like", "in", "up", "off", "based"},
    "fr": {"je", "tu", "il", "elle", "on", "nous", "vous", "ils", "elles", "ce", "moi", "toi", "lui", "leur"}
    | {"le", "la", "les", "y", "en", "là", "ci", "même", "mêmes", "être"},
    "pt": {
        "me",
        "te",
        "se",
        "lhe",
        "lhes",
        "nos",
        "vos",
        "lo",
        "la",
        "los",
        "las",
        "no",
        "na",
        "nas",
        "feira",
    },
}
# "Vor- und Nachteile": the hyphen stands for the rest of the word, and the words stay apart.
_SUSPENDED_BEFORE = {"de": {"und", "oder", "bzw", "sowie", "bis"}, "en": {"and", "or", "to"}}


class Words:
    """The words and compounds of a text. They are collected when the first one is looked up."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __contains__(self, word: str) -> bool:
        return word in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self._text))


def joint_of_divided(before: str, after: str, *, language: str, known: Words) -> str | None:
    """Return what stands between the two halves of a word, `light-` and `house`. None if they are no such halves.

    `before` is the line up to the hyphen, with it, and `after` the next line. A compound keeps its hyphen. `known`
    may have the word undivided.
    """
    head, tail = _FIRST.search(before[-_MAX_CHARS:]), _SECOND.match(after)
    if head is None or tail is None:
        return None
    first, second = head["first"], tail["second"]
    primary = language.partition("-")[0].lower()
    if head["hyphen"] == "\u00ad":
        return ""
    if second.lower() in _SUSPENDED_BEFORE.get(primary, ()):
        return "- "
    if (
        (second[0].isupper() and not first.isupper())
        or head["earlier"]
        or tail["later"]
        or len(first) == 1
        or f"{first}-{second}" in known
    ):
        return "-"
    is_compound = first.lower() in _FIRST_PARTS.get(primary, ()) or second.lower() in _SECOND_PARTS.get(
        primary, ()
    )
    return "-" if is_compound and f"{first}{second}" not in known else ""
