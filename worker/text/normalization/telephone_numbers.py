"""Put telephone, card and serial numbers into words."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule

# With a country code; in the North American form; local numbers that begin with a zero, as in France.
_INTERNATIONAL = re.compile(
    r"(?<![\w.,:/-])\+(\d{1,3}(?:[ .-]?(?:\(\d{1,5}\)|\d{1,12})){1,7})(?![\w/]|[.,]\d)"
)
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.,:/-])((?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[ .-]\d{4})(?![\w/-]|[.,]\d)"
)
_LOCAL = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )((?:0\d{1,4}|\(0\d{1,4}\))(?:[ ./-]\d{2,8}){1,5})(?![\w/-]|[.,]\d)"
)
_CHAIN = re.compile(r"(?<![\w.,:/-])(\d{1,6}(?:-\d{1,8}){2,6})(?![\w/-]|[.,]\d)")
_CARD = re.compile(r"(?<![\w.,:/-])(\d{4}(?:[ -]\d{4}){2,4})(?![\w/-]|[.,]\d)")
_MIN_DIGITS = 7


def telephone_rules(language: Language) -> tuple[Rule, ...]:
    def say_international(match: re.Match[str]) -> str | None:
        digits = sum(char.isdecimal() for char in match[1])
        return f"{language.words['plus']} {say(match)}" if digits >= _MIN_DIGITS else None

    def say(match: re.Match[str]) -> str:
        return language.say_telephone(re.findall(r"\d+", match[1]))

    return (
        Rule(_INTERNATIONAL, say_international, needs="+"),
        Rule(_NORTH_AMERICAN, say, needs="-.("),
        Rule(_LOCAL, say, needs="0"),
        Rule(_CARD, say),
        Rule(_CHAIN, say, needs="-"),
    )
