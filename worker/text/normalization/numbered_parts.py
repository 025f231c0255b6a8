"""Read the numbers of chapters and other parts: leading zeros and lists of Roman numerals."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule, text_after, text_before
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman

_NOUN_CHARS = 24
_LEADING_ZEROS = re.compile(r"(?<=\w )0{1,2}(?=[1-9]\d?(?!\w|[.,/:-]\d))")
_NUMERAL = re.compile(rf"\b{ROMAN}\b")
_DASH = re.compile(r" ?[-–] ?")  # noqa: RUF001


def numbered_part_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for "Chapter 07" and "Chapters II, III and IV"."""
    noun_before = re.compile(rf"\b({language.part_nouns}) $", re.IGNORECASE)
    between = rf"(?:,? (?:{language.list_words}) |, | ?[-–] ?)"  # noqa: RUF001
    roman_list = re.compile(rf"(?<=\w ){ROMAN}(?:{between}{ROMAN}){{1,8}}(?![\w'-])")
    to = f" {language.words['to']} "

    def find_noun(match: re.Match[str]) -> re.Match[str] | None:
        return noun_before.search(text_before(match, chars=_NOUN_CHARS))

    def say_list(match: re.Match[str]) -> str | None:
        noun = find_noun(match)
        # "Chapters II and I think": the pronoun.
        if noun is None or (match[0].endswith(" I") and re.match(" [a-z]", text_after(match, chars=2))):
            return None
        # "Parts C and D".
        if any(is_letter(numeral, noun=noun[1]) for numeral in re.findall(r"\w+", match[0])):
            return None

        def say_numeral(numeral: re.Match[str]) -> str:
            return language.say_part_number(parse_roman(numeral[0]) or 0, noun=noun[1])

        return _DASH.sub(to, _NUMERAL.sub(say_numeral, match[0]))

    return (
        Rule(_LEADING_ZEROS, lambda match: "" if find_noun(match) else None, needs="0"),
        Rule(roman_list, say_list, needs="IVXLCDM"),
    )
