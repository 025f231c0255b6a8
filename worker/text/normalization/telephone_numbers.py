"""Telephone numbers, and other rows of digits that are no quantity."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule

# With a country's code; in the North American form; groups that all begin with a nought as French ones do.
_INTERNATIONAL = re.compile(
    r"(?<![\w.,:/-])\+(\d{1,3}(?:[ .-]?(?:\(\d{1,5}\)|\d{1,12})){1,7})(?![\w/]|[.,]\d)"
)
_AREA = re.compile(r"(?<![\w.,:/-])((?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[ .-]\d{4})(?![\w/-]|[.,]\d)")
_LOCAL = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )((?:0\d{1,4}|\(0\d{1,4}\))(?:[ ./-]\d{2,8}){1,5})(?![\w/-]|[.,]\d)"
)
_CHAIN = re.compile(r"(?<![\w.,:/-])(\d{1,6}(?:-\d{1,8}){2,6})(?![\w/-]|[.,]\d)")
_CARD = re.compile(r"(?<![\w.,:/-])(\d{4}(?:[ -]\d{4}){2,4})(?![\w/-]|[.,]\d)")
_FEWEST_DIGITS = 7


def telephone_rules(language: Language) -> tuple[Rule, ...]:
    def international(match: re.Match[str]) -> str | None:
        digits = sum(char.isdecimal() for char in match[1])
        return f"{language.words['plus']} {said(match)}" if digits >= _FEWEST_DIGITS else None

    def said(match: re.Match[str]) -> str:
        return language.say_telephone(re.findall(r"\d+", match[1]))

    return (
        Rule(_INTERNATIONAL, international, needs="+"),
        Rule(_AREA, said, needs="-.("),
        Rule(_LOCAL, said, needs="0"),
        Rule(_CARD, said),
        Rule(_CHAIN, said, needs="-"),
    )
