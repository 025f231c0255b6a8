"""Match and parse Roman numerals."""

import re

from worker.text.normalization.mapped_text import Replacement, Rule, text_after

ROMAN = r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
"""A pattern for I to MMMCMXCIX. It has no word boundaries; the pattern around it must add them."""
_LONG_PARTS = re.compile(
    r"chap|chapt|kapitel|cap[ií]t|book|buch|libr|livre|psalm|cant|verse|vers", re.IGNORECASE
)
_WORTH = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_WHOLE = re.compile(ROMAN)


def is_letter(numeral: str, *, noun: str) -> bool:
    """Return True if a numeral after a noun is a letter, as in "Appendix C", and not 50, 100, 500 or 1,000."""
    return numeral in ("C", "D", "L", "M") and _LONG_PARTS.match(noun) is None


def second_numeral_rule(pattern: re.Pattern[str], say: Replacement, *, words: str) -> Rule:
    """Return the rule for "Charles I and II": `pattern` and `say` are those for "Charles I"."""
    pair = re.compile(
        rf"{pattern.pattern}(?P<joiner> (?:{words}) )(?P<second>{ROMAN}\.?)(?![\w'-])", pattern.flags
    )

    def say_pair(match: re.Match[str]) -> str | None:
        head = match[0][: match.start("joiner") - match.start()]
        name = head.rpartition(" ")[0]
        tail = match["second"] if head.endswith(".") else match["second"].rstrip(".")
        found = [pattern.search(single) for single in (head, f"{name} {tail}")]
        said = [say(single) if single else None for single in found]
        if not said[0] or not said[1]:
            return None
        first, second = (words.rstrip(".") for words in said if words)
        stop = "." if match["second"].endswith(".") and not text_after(match, chars=4).strip() else ""
        return f"{first}{match['joiner']}{second.removeprefix(name).lstrip()}{stop}"

    return Rule(pair, say_pair, needs="IVXLCDM")


def parse_roman(numeral: str) -> int | None:
    """Return the value of a Roman numeral, or None if it is not one."""
    if not numeral or not _WHOLE.fullmatch(numeral):
        return None
    worths = [_WORTH[letter] for letter in numeral]
    following = [*worths[1:], 0]
    return sum(-worth if worth < after else worth for worth, after in zip(worths, following, strict=True))
