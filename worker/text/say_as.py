"""Puts the text of a `<say-as>` element of SSML into words."""

import re
import unicodedata

from worker.text.normalization.dates import month_name
from worker.text.normalization.language import Language
from worker.text.normalization.language_lookup import find_language
from worker.text.normalization.num2words_cache import MAX_DIGITS

_DIGITS = re.compile(r"[0-9]+")
_SIGNED = re.compile(r"(?P<sign>[+\u2212-]?)\s?(?P<number>\d[^\s]{0,40}?)")
_MAX_CHARS = 500
_CENTURY_PIVOT = 50  # two-digit years below this are in the 2000s
_DATE_FORMATS = frozenset({"mdy", "dmy", "ymd", "ydm", "md", "dm", "ym", "my", "d", "m", "y"})


def say_as(text: str, *, kind: str, form: str = "", language: str) -> str:
    """Return the words of `text`, or `text` itself if it is not of this kind. `form` is the `format` of a date.

    `kind` is "cardinal", "ordinal", "digits", "characters", "date" or "telephone".
    """
    rules = find_language(language)
    if kind == "characters":
        return _say_characters(text[:_MAX_CHARS], rules)
    if rules is None:
        return text
    say = {
        "cardinal": _say_cardinal,
        "ordinal": _say_ordinal,
        "digits": _say_digits,
        "telephone": _say_telephone,
    }.get(kind)
    words = say(text, rules) if say else _say_date(text, form, rules)
    return words or text


def _say_characters(text: str, rules: Language | None) -> str:
    names = (_say_character(char, rules) for char in unicodedata.normalize("NFC", text))
    return ", ".join(name for name in names if name)


def _say_character(char: str, rules: Language | None) -> str:
    if char.isalpha():
        # A lower-case "a" is a word in many languages.
        return char.upper() if len(char.upper()) == 1 else char
    if rules is None:
        return "" if char.isspace() else char
    if char in "0123456789":
        return rules.say_cardinal(int(char))
    return rules.words.get(char, "")


def _say_cardinal(text: str, rules: Language) -> str | None:
    found = _SIGNED.fullmatch(text.strip())
    if found is None or not re.fullmatch(rules.number_pattern, found["number"]):
        return None
    number = found["number"]
    whole = number.isdecimal() and len(number) <= MAX_DIGITS
    words = rules.say_cardinal(int(number)) if whole else rules.say_number(number)
    return f"{rules.words['minus']} {words}" if found["sign"] in ("-", "\u2212") else words


def _say_ordinal(text: str, rules: Language) -> str | None:
    found = re.fullmatch(r"(\d{1,15})([^\d\s]{0,4})", text.strip())
    return rules.say_ordinal(int(found[1]), suffix=found[2]) if found else None


def _say_digits(text: str, rules: Language) -> str | None:
    return ", ".join(map(rules.say_digits, _DIGITS.findall(text[:_MAX_CHARS]))) or None


def _say_telephone(text: str, rules: Language) -> str | None:
    groups = _DIGITS.findall(text[:_MAX_CHARS])
    if not groups:
        return None
    plus = f"{rules.words['plus']} " if text.strip().startswith("+") else ""
    return f"{plus}{rules.say_telephone(groups)}"


def _say_date(text: str, form: str, rules: Language) -> str | None:
    """Return None for the normalizer to read the date, if there is no format or it does not fit."""
    numbers = _DIGITS.findall(text[:_MAX_CHARS])
    if form not in _DATE_FORMATS or len(numbers) != len(form) or any(len(number) > 4 for number in numbers):
        return None
    given = dict(zip(form, map(int, numbers), strict=True))
    day, month, year = given.get("d"), given.get("m"), given.get("y")
    if not 1 <= (month or 1) <= 12 or not 1 <= (day or 1) <= 31:
        return None
    if year is not None and len(numbers[form.index("y")]) == 2:
        year += 2000 if year < _CENTURY_PIVOT else 1900
    name = month_name(month, language=rules) if month else ""
    if day and month:
        return rules.say_date(day=day, month=name, year=year, month_first=form.find("m") < form.find("d"))
    if month and year is not None:
        return rules.say_month_year(month=name, year=year)
    return name or (rules.say_year(year) if year is not None else rules.say_cardinal(day or 0))
