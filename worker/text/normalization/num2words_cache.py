"""Whole numbers in words, by num2words, remembered: a book has few different ones."""

from functools import cache, lru_cache
from typing import Any

# The name of a longer number is no help to anybody; its digits one by one are.
MAX_DIGITS = 15


@lru_cache(maxsize=8192)
def spell_cardinal(value: int, *, language: str) -> str:
    return _without_commas(_get_converter(language).to_cardinal(value))


@lru_cache(maxsize=2048)
def spell_ordinal(value: int, *, language: str) -> str:
    return _without_commas(_get_converter(language).to_ordinal(value))


@lru_cache(maxsize=2048)
def spell_year(value: int, *, language: str) -> str:
    return _without_commas(_get_converter(language).to_year(value))


def spell_digits(text: str, *, language: str) -> str:
    """Each digit by its name; what is not a digit is left out."""
    return " ".join(spell_cardinal(int(char), language=language) for char in text if char in "0123456789")


def _without_commas(words: Any) -> str:
    """Without the commas of "one thousand, two hundred": at those an engine would pause."""
    return " ".join(str(words).replace(",", "").split())


@cache
def _get_converter(language: str) -> Any:
    from num2words import CONVERTER_CLASSES

    return CONVERTER_CLASSES[language]
