"""Expand abbreviations."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule, text_after, text_before
from worker.text.normalization.roman_numerals import ROMAN

# "She said no. 5 people left." Elsewhere "no." before a digit is "number".
_SPOKEN_NO = re.compile(
    r"\b(?:sa(?:id|ys?|ying)|answer(?:ed|s|ing)?|answer (?:is|was)|repl(?:y|ied|ies)|whisper(?:ed|s)|shout(?:ed|s)"
    r"|yes or|told (?:him|her|them|me|us)|vot(?:ed?|es)|thought),? [\"']?no\.[\"']?$"
)
NUMBER_FOLLOWS = re.compile(rf" (?:{ROMAN}(?!\w| [a-zß-ÿ]|')|[B-HJ-NP-XZ](?![\w']))")
"""A Roman numeral, or a letter with the number of an article of law."""
_CAPITAL = re.compile(r"[\"'(]?[^\W\d_]")


def abbreviation_rules(language: Language) -> tuple[Rule, ...]:
    if not language.abbreviations:
        return ()
    names = sorted(language.abbreviations, key=len, reverse=True)
    pattern = "|".join(re.escape(name).replace(r"\ ", " ?") for name in names)
    slash = f"{language.words['slash']} "  # before a name in a path, as in "/etc/hosts"
    by_compact_form = {name.replace(" ", ""): name for name in names}

    def expand(match: re.Match[str]) -> str | None:
        name = by_compact_form[match[0].replace(" ", "")]
        if text_before(match, chars=len(slash)) == slash or (
            _ends_sentence(match)
            and language.is_word(name, match)
            and not NUMBER_FOLLOWS.match(match.string, match.end())
        ):
            return None
        return (
            f"{language.abbreviations[name]}{full_stop(match, closing=name in language.final_abbreviations)}"
        )

    return (Rule(re.compile(rf"(?<![\w.])(?:{pattern})(?!\w)"), expand),)


def ends_with_no(text: str) -> bool:
    """Return True if an English text ends with the answer "no.", not with the short form of "number"."""
    return _SPOKEN_NO.search(text) is not None


def full_stop(match: re.Match[str], *, closing: bool) -> str:
    """Return a point if the point of the abbreviation also ends the sentence, else an empty string."""
    if not match[0].endswith("."):
        return ""
    text_ends = not text_after(match, chars=4).strip(" \"')")
    return "." if text_ends or (closing and _ends_sentence(match)) else ""


def _ends_sentence(match: re.Match[str]) -> bool:
    """Return True if the text ends after the match, or a capital letter follows."""
    rest = text_after(match, chars=4)
    if not rest.strip(" \"')"):
        return True
    first = _CAPITAL.match(rest.lstrip())
    return rest[0].isspace() and first is not None and first[0][-1].isupper()
