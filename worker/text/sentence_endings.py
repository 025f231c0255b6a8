"""Tell a point that ends a sentence from one that belongs to an abbreviation, an initial or an ordinal number."""

import re
from functools import cache

from worker.text.normalization.abbreviations import NUMBER_FOLLOWS
from worker.text.normalization.language import Language
from worker.text.normalization.language_lookup import find_language

_CONTEXT_CHARS = 32  # on each side of the point
_REFERENCE_ABBREVIATION = re.compile(
    r"(?<!\w)(?:nos?|nr|n|núm|vols?|bd|tomo?|ch|chap|cap|kap|pp?|pgs?|págs?|pags?|art|figs?|abb|abs|sec|sect|eq|tab|eds?"
    r"|par|approx|aprox|env|ca|c|tel|ext|apt|rm|op|opp|ll?|vv?|z|s|ss|h)\.$",
    re.IGNORECASE,
)
# "J.-P. Sartre", and "a.C. morì".
_INITIALS = re.compile(r"(?<!\w)(?:[A-ZÀ-ÝŒ][a-z]?\.-?){1,4}$")
_DOTTED_LETTERS = re.compile(r"(?<!\w)(?:\w\.){2,5}$")
_MARKED_END = re.compile(
    r"[.!?…][\"'”’»)]{0,2}(?:\[[^\[\]\s]{1,8}\]|[¹²³⁰⁴-⁹†‡]){1,8}\s(?=[\"'“«‘(¿¡]?\s?[A-ZÀ-Þ])"  # noqa: RUF001
)
_WORD_CHARACTER = re.compile(r"[A-Za-zÀ-ɏ0-9¹²³⁰⁴-⁹†‡-]")


def find_missed_ends(text: str, *, language: str) -> set[int]:
    """Return the ends of sentences that sentencex takes for abbreviations, or that have a footnote mark after them."""
    ends = {match.end() for match in _MARKED_END.finditer(text)}
    rules = find_language(language)
    if rules is not None and rules.word_abbreviations:
        words = _word_pattern(rules).finditer(text)
        ends |= {match.end() for match in words if not NUMBER_FOLLOWS.match(text, match.end() - 1)}
    return ends


def ends_sentence(text: str, end: int, *, language: str) -> bool:
    """Return True if the possible end of a sentence at `end`, after the white space, is a real one."""
    before = text[max(0, end - _CONTEXT_CHARS) : end].rstrip()
    after = text[end : end + _CONTEXT_CHARS]
    if not before.endswith(".") or before.endswith("..") or not after:
        return True
    if not text[end - 1].isspace():
        # Inside a word, as in "J.-C." or an address. A script without spaces may end a sentence here.
        return not _WORD_CHARACTER.match(after)
    if after[0].isdecimal() and _REFERENCE_ABBREVIATION.search(before):
        return False
    rules = find_language(language)
    return rules is None or not _is_abbreviation(before, after, language=rules)


def _is_abbreviation(before: str, after: str, *, language: Language) -> bool:
    """Return True if the point belongs to an abbreviation inside a sentence."""
    if language.point_continues(before, after) or (after[0].islower() and _DOTTED_LETTERS.search(before)):
        return True
    # sentencex handles English initials, and "Plan A." may end a sentence.
    if language.code != "en" and after[0].isupper() and _INITIALS.search(before):
        return True
    pattern = _abbreviation_pattern(language)
    if pattern is None:
        return False
    for match in pattern.finditer(f"{before} {after}"):
        if match.start() < len(before) < match.end():
            return True
        if match.end() == len(before):
            return _sentence_continues(match[0], after, language=language)
    return False


def _sentence_continues(abbreviation: str, after: str, *, language: Language) -> bool:
    if after[0].islower() or after[0].isdecimal() or NUMBER_FOLLOWS.match(f" {after}"):
        return True
    # A title before a name. sentencex handles the English titles, and a shortened English month may end a sentence.
    return (
        abbreviation[0].isupper()
        and abbreviation not in language.final_abbreviations
        and language.code != "en"
    )


@cache
def _word_pattern(language: Language) -> re.Pattern[str]:
    words = "|".join(map(re.escape, sorted(language.word_abbreviations)))
    return re.compile(rf"(?<![\w.])(?:{words}) (?=[A-ZÀ-Þ])")


@cache
def _abbreviation_pattern(language: Language) -> re.Pattern[str] | None:
    names = sorted((name for name in language.abbreviations if name.endswith(".")), key=len, reverse=True)
    alternatives = "|".join(re.escape(name).replace(r"\ ", " ?") for name in names)
    return re.compile(rf"(?<![\w.])(?:{alternatives})(?!\w)") if names else None
