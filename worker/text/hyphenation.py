"""Mends words that are divided at the end of a line."""

import re

from worker.text.normalization.mapped_text import MappedText

_DIVIDED = re.compile(
    r"(?P<before>-?)(?<![^\W\d_])(?P<first>[^\W\d_]{1,40})(?P<break>[-\u2010\u00ad][ \t]{0,8}\n[ \t]{0,32})"
    r"(?P<second>[^\W\d_]{1,40})(?P<after>-?)"
)
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


def mend_divided_words(mapped: MappedText, *, language: str, context: str) -> MappedText:
    """Join `light-` and `house`. A compound keeps its hyphen. `context`: a text that may have the word undivided."""
    if "\n" not in mapped.text:
        return mapped
    primary = language.partition("-")[0].lower()

    def join(match: re.Match[str]) -> str:
        first, second = match["first"], match["second"]
        joint = _joint(match, primary, context)
        return f"{match['before']}{first}{joint}{second}{match['after']}"

    return mapped.replace(_DIVIDED, join)


def _joint(match: re.Match[str], language: str, context: str) -> str:
    first, second = match["first"], match["second"]
    if match["break"].startswith("\u00ad"):
        return ""
    if second.lower() in _SUSPENDED_BEFORE.get(language, ()):
        return "- "
    if second[0].isupper() and not first.isupper():
        return "-"
    if match["before"] or match["after"] or len(first) == 1 or f"{first}-{second}" in context:
        return "-"
    if f"{first}{second}" in context:
        return ""
    is_compound = first.lower() in _FIRST_PARTS.get(language, ()) or second.lower() in _SECOND_PARTS.get(
        language, ()
    )
    return "-" if is_compound else ""
