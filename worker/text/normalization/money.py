"""Put amounts of money into words, with the currency before or after the number."""

import re

from babel.numbers import get_currency_name

from worker.text.normalization import num2words_cache
from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import Replacement, Rule

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
    "₦": "NGN",
    "₱": "PHP",
    "₡": "CRC",
    "₲": "PYG",
    "₵": "GHS",
    "₸": "KZT",
    "₮": "MNT",
    "₭": "LAK",
    "₼": "AZN",
    "₾": "GEL",
    "৳": "BDT",
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
_INDIAN_SCALES = {name: (name, name) for name in ("lakh", "lakhs", "crore", "crores")}
_AMOUNT_LIMIT = 10**num2words_cache.MAX_DIGITS
_MINUS = "(?:(?<![\\w.,)\\]])(?P<minus>[-\u2212]) ?)?"


def money_rules(language: Language) -> tuple[Rule, ...]:
    signs = "".join(_SIGN_CODES)
    prefix = rf"(?<![A-Z])(?:{'|'.join(_COUNTRIES)}|US )?[{signs}]|(?<!\w)(?:{_CODES})(?= ?\d)"
    suffix = rf"(?P<sign>[{signs}]|(?:{_CODES})(?!\w))"
    scale = scale_pattern(language, money=True)
    say: Replacement = lambda match: _say_signed_amount(match, language=language)  # noqa: E731
    number = rf"(?P<number>{language.number_pattern})"
    code = rf"(?: (?P<code>{_CODES})(?!\w))?"
    return (
        Rule(
            re.compile(rf"{_MINUS}(?P<sign>{prefix}) ?(?P<second>[-\u2212]?){number}{scale}{code}(?!\w)"), say
        ),
        Rule(re.compile(rf"{_MINUS}(?<![\w.,/]){number}{scale} ?{suffix}"), say),
    )


def money_range_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule for ranges of amounts. The currency is said once, after the second amount."""
    sign, scale = f"[{''.join(_SIGN_CODES)}]", scale_pattern(language, money=True)
    pattern = rf"(?P<sign>{sign})(?P<number>{language.number_pattern}){scale} ?[-–] ?(?P<again>{sign}?)(?=\d)"  # noqa: RUF001

    def say_first(match: re.Match[str]) -> str | None:
        if match["again"] not in ("", match["sign"]):
            return None
        words = " ".join(filter(None, say_scaled_number(match, language=language)))
        return f"{words} {language.words['to']} {match['sign']}"

    return (Rule(re.compile(pattern), say_first),)


def scale_pattern(language: Language, *, money: bool = False) -> str:
    scales = {**language.scales, **(_INDIAN_SCALES | dict(language.money_scales) if money else {})}
    names = "|".join(sorted(map(re.escape, scales), key=len, reverse=True))
    return rf"(?: ?(?P<scale>{names})(?!\w))?" if names else "(?P<scale>(?!))?"


def scale_name(match: re.Match[str], *, language: Language) -> str:
    """Return the scale in words, in the singular or plural."""
    scale = match["scale"]
    one, many = language.scales.get(scale) or language.money_scales.get(scale) or _INDIAN_SCALES[scale]
    return one if language.is_singular(language.parse_number(match["number"])) else many


def say_scaled_number(match: re.Match[str], *, language: Language) -> tuple[str, str]:
    """Return the words of the number, and of the scale after it or an empty string."""
    words = language.say_number(match["number"])
    if not match["scale"]:
        return words, ""
    name = scale_name(match, language=language)
    return language.agree(words, name), name


def find_currency(sign: str, *, language: Language) -> Currency:
    """Return the currency from the table of the language, else from CLDR."""
    code = _COUNTRIES.get(sign[:-1].strip()) if len(sign) > 1 and sign[-1] in _SIGN_CODES else None
    code = code or sign
    if currency := language.currencies.get(code):
        return currency
    code = _SIGN_CODES.get(code, code)
    if currency := language.currencies.get(code):
        return currency
    return Currency(*(get_currency_name(code, count, locale=language.locale) for count in (1, 2)))


def _say_signed_amount(match: re.Match[str], *, language: Language) -> str:
    currency = find_currency(match.groupdict().get("code") or match["sign"], language=language)
    minus = match["minus"] or match.groupdict().get("second")
    words = _say_amount(match, currency=currency, language=language)
    return f"{language.words['minus']} {words}" if minus else words


def _say_amount(match: re.Match[str], *, currency: Currency, language: Language) -> str:
    value = language.parse_number(match["number"])
    if match["scale"]:
        words, scale = say_scaled_number(match, language=language)
        return f"{words} {scale} {language.after_scale(currency.plural, scale=scale)}"
    cents = value * 100 % 100
    if cents % 1 or (cents and not currency.subunit_singular) or value >= _AMOUNT_LIMIT:
        return f"{language.say_number(match['number'])} {currency.plural}"
    return language.say_money(int(value), int(cents), currency=currency)
