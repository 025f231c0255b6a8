"""Expand abbreviations."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule

_CAPITAL = re.compile(r"[\"'(]?[^\W\d_]")


def abbreviation_rules(language: Language) -> tuple[Rule, ...]:
    if not language.abbreviations:
        return ()
    names = sorted(language.abbreviations, key=len, reverse=True)
    pattern = "|".join(re.escape(name).replace(r"\ ", " ?") for name in names)
    by_compact_form = {name.replace(" ", ""): name for name in names}

    def expand(match: re.Match[str]) -> str:
        name = by_compact_form[match[0].replace(" ", "")]
        return (
            f"{language.abbreviations[name]}{full_stop(match, closing=name in language.final_abbreviations)}"
        )

    return (Rule(re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)"), expand),)


def full_stop(match: re.Match[str], *, closing: bool) -> str:
    """Return a point if the point of the abbreviation also ends the sentence, else an empty string."""
    if not match[0].endswith("."):
        return ""
    rest = match.string[match.end() : match.end() + 4]
    if not rest.strip(" \"')"):
        return "."
    first = _CAPITAL.match(rest.lstrip())
    return "." if closing and rest[0].isspace() and first and first[0][-1].isupper() else ""
