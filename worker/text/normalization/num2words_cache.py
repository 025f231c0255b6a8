"""Whole numbers in words by num2words, cached because a book has few different ones."""

from functools import cache, lru_cache
from typing import Any

# A longer number is read digit by digit, because its name would be hard to follow.
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
    """Return the digits one by one in words. Other characters are left out."""
    return " ".join(spell_cardinal(int(char), language=language) for char in text if char in "0123456789")


def _without_commas(words: Any) -> str:
    """Remove the commas of "one thousand, two hundred", because an engine would pause there."""
    return " ".join(str(words).replace(",", "").split())


@cache
def _get_converter(language: str) -> Any:
    from num2words import CONVERTER_CLASSES

    return CONVERTER_CLASSES[language]
