"""Read the numbers of chapters and other parts: leading zeros and lists of Roman numerals."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule, text_after
from worker.text.normalization.roman_numerals import ROMAN, parse_roman

_NUMERAL = re.compile(rf"\b{ROMAN}\b")
_DASH = re.compile(r" ?[-–] ?")  # noqa: RUF001


def numbered_part_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for "Chapter 07" and "Chapters II, III and IV"."""
    if not language.part_nouns:
        return ()
    noun = rf"\b(?P<noun>(?i:{language.part_nouns}))"
    between = rf"(?:,? (?:{language.list_words}) |, | ?[-–] ?)"  # noqa: RUF001
    roman_list = re.compile(rf"{noun} (?P<list>{ROMAN}(?:{between}{ROMAN}){{1,8}})(?![\w'-])")
    to = f" {language.words['to']} "

    def say_list(match: re.Match[str]) -> str | None:
        # "Chapters II and I think": the pronoun.
        if match["list"].endswith(" I") and re.match(" [a-z]", text_after(match, chars=2)):
            return None
        noun = match["noun"]

        def say_numeral(numeral: re.Match[str]) -> str:
            return language.say_part_number(parse_roman(numeral[0]) or 0, noun=noun) if numeral[0] else ""

        return f"{noun} {_DASH.sub(to, _NUMERAL.sub(say_numeral, match['list']))}"

    return (
        Rule(re.compile(rf"{noun} 0{{1,2}}(?=[1-9]\d?(?!\w|[.,/:-]\d))"), _drop_zeros, needs=DIGITS),
        Rule(roman_list, say_list, needs="IVXLCDM"),
    )


def _drop_zeros(match: re.Match[str]) -> str:
    return f"{match['noun']} "
