"""Sums of money, with the sign before or behind them."""

import re
from collections.abc import Callable

from babel.numbers import get_currency_name

from worker.text.normalising import counting
from worker.text.normalising.language import Coin, Language
from worker.text.normalising.mapped import Rule

_CODES = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|HKD|SGD|INR|KRW|BRL|MXN|SEK|NOK|DKK|PLN|CZK|HUF|RUB|TRY|ZAR|ILS|THB|UAH"
_SIGN_CODES = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₫": "VND",
    "₪": "ILS",
    "฿": "THB",
    "₴": "UAH",
    "₿": "XBT",
}
_COUNTRIES = {
    "US": "USD",
    "CA": "CAD",
    "C": "CAD",
    "A": "AUD",
    "AU": "AUD",
    "NZ": "NZD",
    "HK": "HKD",
    "S": "SGD",
    "R": "BRL",
}
_TOO_MUCH = 10**counting.MOST_DIGITS
_MINUS = "(?:(?<![\\w.,)\\]])(?P<minus>[-\u2212]) ?)?"


def money_rules(language: Language) -> tuple[Rule, ...]:
    signs = "".join(_SIGN_CODES)
    sign = rf"(?P<sign>(?:(?<![A-Z])(?:{'|'.join(_COUNTRIES)}))?[{signs}]|(?<!\w)(?:{_CODES})(?= ?\d))"
    behind = rf"(?P<sign>[{signs}]|(?:{_CODES})(?!\w))"
    scale = scale_pattern(language)
    say: Callable[[re.Match[str]], str | None] = lambda match: _said(match, language=language)  # noqa: E731
    number = rf"(?P<number>{language.number})"
    same = re.compile(rf"([{signs}])({language.number}) ?[-–] ?(?=\1\d)")  # noqa: RUF001
    return (
        Rule(same, lambda match: f"{language.say_number(match[2])} {language.words['to']} "),
        Rule(re.compile(rf"{_MINUS}{sign} ?{_MINUS_BEHIND}{number}{scale}(?!\w)"), say),
        Rule(re.compile(rf"{_MINUS}(?<![\w.,]){number}{scale} ?{behind}"), say),
    )


_MINUS_BEHIND = "(?P<minus_behind>[-\u2212]?)"


def scale_pattern(language: Language) -> str:
    names = "|".join(sorted(map(re.escape, language.scales), key=len, reverse=True))
    return rf"(?: ?(?P<scale>{names})(?!\w))?" if names else "(?P<scale>(?!))?"


def scaled_number(match: re.Match[str], *, language: Language) -> tuple[str, str]:
    """Words of a number, and of the scale behind it or nothing."""
    number, scale = match["number"], match["scale"]
    words = language.say_number(number)
    if not scale:
        return words, ""
    one, many = language.scales[scale]
    name = one if language.is_one(language.value(number)) else many
    return language.counted(words, name), name


def coin_of(sign: str, *, language: Language) -> Coin:
    """By the language's table, else by CLDR's names."""
    code = _COUNTRIES.get(sign[:-1]) if len(sign) > 1 and sign[-1] in _SIGN_CODES else None
    code = code or sign
    if known := language.coins.get(code):
        return known
    code = _SIGN_CODES.get(code, code)
    if known := language.coins.get(code):
        return known
    return Coin(*(get_currency_name(code, count, locale=language.locale) for count in (1, 2)))


def _said(match: re.Match[str], *, language: Language) -> str:
    coin = coin_of(match["sign"], language=language)
    minus = match["minus"] or match.groupdict().get("minus_behind")
    said = _sum(match, coin=coin, language=language)
    return f"{language.words['minus']} {said}" if minus else said


def _sum(match: re.Match[str], *, coin: Coin, language: Language) -> str:
    value = language.value(match["number"])
    if match["scale"]:
        words, scale = scaled_number(match, language=language)
        return f"{words} {scale} {language.scaled(coin.many, scale=scale)}"
    cents = value * 100 % 100
    if cents % 1 or (cents and not coin.small_one) or value >= _TOO_MUCH:
        return f"{language.say_number(match['number'])} {coin.many}"
    return language.money(int(value), int(cents), coin=coin)
