"""Spell numbers in words, for models that cannot read digits."""

import re
from decimal import Decimal
from functools import cache
from typing import Any

# A longer number is read digit by digit, because its name would be hard to follow.
_MAX_DIGITS = 15
# In these languages num2words fails at thousands and does not return at millions.
_MAX_DIGITS_BY_LANGUAGE = {"am": 3}
# Languages that write 1,234.5. The others write 1.234,5 or 1 234,5.
_DECIMAL_POINT_LANGUAGES = frozenset({"am", "ar", "bn", "en", "fa", "he", "ja", "kn", "ko", "te", "th"})
_SPACE_CHARACTERS = " \u00a0\u2009\u202f"
_ORDINAL_SUFFIXES = {"en": "st|nd|rd|th", "fr": "er|e|[eè]me"}
# Language codes of BCP 47 for which num2words has another name.
_NUM2WORDS_CODES = {"kk": "kz", "nb": "no", "nn": "no"}


def spell_numbers(text: str, *, language: str) -> str:
    """Return the text with its numbers in words. `language` is a BCP 47 tag; the text is unchanged if num2words
    does not support it.
    """
    converter, code = _find_converter(language), _primary_code(language)
    if converter is None:
        return text
    max_digits = _MAX_DIGITS_BY_LANGUAGE.get(code, _MAX_DIGITS)
    return _number_pattern(code).sub(
        lambda number: _spell_match(number, converter, max_digits=max_digits), text
    )


@cache
def _find_converter(language: str) -> Any:
    """Return the num2words converter of the language, or None."""
    from num2words import CONVERTER_CLASSES

    code = _primary_code(language)
    names = (language.replace("-", "_"), _NUM2WORDS_CODES.get(code, code))
    return next((CONVERTER_CLASSES[name] for name in names if name in CONVERTER_CLASSES), None)


@cache
def _number_pattern(primary: str) -> re.Pattern[str]:
    group, mark = (",", r"\.") if primary in _DECIMAL_POINT_LANGUAGES else (f"[.{_SPACE_CHARACTERS}]", ",")
    ordinal = _ORDINAL_SUFFIXES.get(primary, "(?!)")
    return re.compile(
        r"(?P<minus>(?<![\w.,)\]])[-\u2212])?"
        rf"(?P<whole>\d{{1,3}}(?:{group}\d{{3}})+(?!\d)|\d+)"
        rf"(?:(?P<ordinal>{ordinal})\b|{mark}(?P<fraction>\d+))?"
    )


def _spell_match(number: re.Match[str], converter: Any, *, max_digits: int) -> str:
    """Return the number in words, with spaces between it and adjacent letters, or unchanged if num2words fails."""
    try:
        words = _spell_number(converter, max_digits=max_digits, **number.groupdict())
    except Exception:  # the code of each language raises its own errors
        return number[0]
    before, after = number.string[: number.start()][-1:], number.string[number.end() :][:1]
    return f"{' ' * before.isalnum()}{words}{' ' * after.isalnum()}"


def _spell_number(
    converter: Any,
    *,
    max_digits: int,
    minus: str | None,
    whole: str,
    ordinal: str | None,
    fraction: str | None,
) -> str:
    digits = re.sub(r"\D", "", whole)
    if len(digits) > max_digits or (digits.startswith("0") and len(digits) > 1):
        words = [converter.to_cardinal(int(digit)) for digit in f"{digits}{fraction or ''}"]
        return " ".join(map(str, words))
    sign = "-" if minus else ""
    if fraction:
        return str(converter.to_cardinal(Decimal(f"{sign}{digits}.{fraction}")))
    value = int(f"{sign}{digits}")
    return str(converter.to_ordinal(value) if ordinal else converter.to_cardinal(value))


def _primary_code(language: str) -> str:
    return language.partition("-")[0].lower()
