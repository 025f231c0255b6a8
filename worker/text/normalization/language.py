"""The interface of a language: the tables and methods that the shared rules use."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from worker.text.normalization import num2words_cache
from worker.text.normalization.mapped_text import Rule

# A number without separators and with this many digits is read digit by digit: it is a code or a telephone number.
_CODE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Currency:
    """The everyday names of a currency and of its hundredth part. Some currencies have no hundredth part."""

    singular: str
    plural: str
    subunit_singular: str = ""
    subunit_plural: str = ""


class Language:
    """The tables and wording of a language. A subclass fills the tables and overrides methods."""

    code: ClassVar[str]
    """The primary subtag. num2words uses the same code."""
    num2words_code: str
    """The num2words code of the language in its region."""
    locale: str
    """The CLDR locale of the language in its region."""
    decimal_mark: str = ","
    group_marks: str = "."
    """The characters that separate thousands. Spaces do too."""
    min_space_groups: int = 1
    """A space is a thousands separator if at least this many groups of three digits follow the first digits."""
    day_first: bool = True
    """True if the day comes before the month in a numeric date."""
    month_first: ClassVar[bool] = False
    """True if "May 5" is a date."""
    day_article: ClassVar[str] = ""
    """A pattern for an article before "5 May". `say_date` adds the article itself."""
    month_connector: ClassVar[str] = ""
    """A pattern for a word between day, month and year, as "of" in English."""
    short_months: ClassVar[Mapping[str, int]] = {}
    """Short month names that CLDR does not have, in lower case without a point."""
    ambiguous_months: ClassVar[frozenset[str]] = frozenset()
    """Month names that are also other words in this spelling, as "may" is."""

    words: ClassVar[Mapping[str, str]]
    """The names of signs, by the keys that `symbols`, `addresses` and others use. A sign without a name stays."""
    currencies: ClassVar[Mapping[str, Currency]]
    """Currencies by sign ("$") or ISO 4217 code. CLDR has names for the other codes."""
    scales: ClassVar[Mapping[str, tuple[str, str]]]
    """Words that multiply the number before them ("M", "million"), to their singular and plural."""
    money_scales: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Scales that apply only to amounts of money. Elsewhere "5B" may be a room number."""
    units: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Units that CLDR lacks or names differently: symbol to singular and plural."""
    excluded_units: ClassVar[frozenset[str]] = frozenset()
    """Symbols of CLDR units that are ordinary words in the language."""
    abbreviations: ClassVar[Mapping[str, str]] = {}
    """Abbreviations as written, with their points, to words."""
    word_abbreviations: ClassVar[frozenset[str]] = frozenset()
    """Abbreviations that are also words. At the end of a sentence they are the word."""
    final_abbreviations: ClassVar[frozenset[str]] = frozenset()
    """Abbreviations that may end a sentence. Before a capital letter their point is also a full stop."""
    part_nouns: ClassVar[str] = ""
    """A pattern for nouns before the number of a part, as "chapters?". Upper and lower case match."""
    list_words: ClassVar[str] = ""
    """A pattern for the words between the numerals of a list, as "and"."""
    after_date: ClassVar[str] = "(?!)"
    """A pattern for words that are never counted, so that "24" is a year in "12 Jan 24 in Paris"."""
    ordinal_suffixes: str = "(?!)"
    """A pattern for the suffix after the digits of an ordinal number."""
    time_suffix: str = ""
    """A pattern for a word after "14:30" that `say_time` already says."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.region = tag.replace("_", "-").partition("-")[2].upper()
        self.num2words_code = self.code
        self.locale = self.code

    def early_rules(self) -> Iterable[Rule]:
        """Return the language's own rules that run before the shared rules for numbers."""
        return ()

    def late_rules(self) -> Iterable[Rule]:
        """Return the language's own rules that run after the shared rules for numbers."""
        return ()

    def point_continues(self, before: str, after: str) -> bool:  # noqa: ARG002
        """Return True if the language has a reason why the point at the end of `before` is no full stop."""
        return False

    def is_word(self, name: str, match: re.Match[str]) -> bool:  # noqa: ARG002
        """Return True if the abbreviation `name`, at the end of a sentence, is a word that ends it."""
        return name in self.word_abbreviations

    # Numbers.

    @cached_property
    def number_pattern(self) -> str:
        """A pattern without capturing groups for a number without sign and letters."""
        return rf"{self.whole_number_pattern}(?:[{self.decimal_mark}]\d{{1,24}})?(?!\d)"

    @cached_property
    def whole_number_pattern(self) -> str:
        """The pattern of a number without a decimal part."""
        return rf"(?:\d{{1,3}}(?:[{self.group_marks}]\d{{3}}){{1,6}}(?!\d)|\d{{1,24}})"

    def parse_number(self, number: str) -> Decimal:
        """Return the value of a match of `number_pattern`."""
        whole, mark, fraction = number.partition(self.decimal_mark)
        return Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}{'.' if mark else ''}{fraction}")

    def say_number(self, number: str) -> str:
        """Return a match of `number_pattern` in words."""
        whole, mark, fraction = number.partition(self.decimal_mark)
        if mark:
            return f"{self.say_whole(whole)} {self.words['point']} {self.say_decimals(fraction)}"
        return self.say_whole(whole)

    def say_whole(self, whole: str) -> str:
        """Return a whole number in words. Codes, very long numbers and leading zeros are read digit by digit."""
        digits = re.sub("[^0-9]", "", whole)
        is_code = len(digits) >= _CODE_DIGITS and len(digits) == len(whole)
        if (
            is_code
            or len(digits) > num2words_cache.MAX_DIGITS
            or (digits.startswith("0") and len(digits) > 1)
        ):
            return self.say_digits(digits)
        return self.say_cardinal(int(digits or "0"))

    def say_decimals(self, digits: str) -> str:
        """Return the digits after the decimal mark in words."""
        return self.say_digits(digits)

    def say_digits(self, digits: str) -> str:
        return num2words_cache.spell_digits(digits, language=self.num2words_code)

    def say_octet(self, digits: str) -> str:
        """Return one number of an IP address in words."""
        return self.say_digits(digits)

    def say_cardinal(self, value: int) -> str:
        return num2words_cache.spell_cardinal(value, language=self.num2words_code)

    def agree(self, words: str, noun: str) -> str:  # noqa: ARG002
        """Return the words of a number in the form that the noun requires, as "veintiún" for "veintiuno"."""
        return words

    def after_scale(self, noun: str, *, scale: str) -> str:  # noqa: ARG002
        """Return the noun as it follows a scale such as "million", as "de dólares" in Spanish."""
        return noun

    def is_singular(self, value: Decimal) -> bool:
        """Return True if a noun after the number is singular."""
        return value == 1

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:  # noqa: ARG002
        """Return an ordinal number in words. `suffix` is the text after the digits and may show the gender."""
        return num2words_cache.spell_ordinal(value, language=self.num2words_code)

    def say_part_number(self, value: int, *, noun: str) -> str:  # noqa: ARG002
        """Return the number of a part, which `noun` names, in words."""
        return self.say_cardinal(value)

    def say_scale(self, value: int, *, before: str) -> str:  # noqa: ARG002
        """Return the words for the scale 1:`value` of a map. `before` is the text before it."""
        ratio = self.words.get("ratio", self.words["to"])
        return f"{self.say_cardinal(1)} {ratio} {self.say_cardinal(value)}"

    def say_fraction(self, numerator: int, denominator: int) -> str | None:  # noqa: ARG002
        """Return a fraction in words, as "three quarters", or None to read it as two numbers."""
        return None

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        """Return a mixed fraction in words, as "two and a half", or None to read it as numbers."""
        part = self.say_fraction(numerator, denominator)
        return part and f"{self.say_cardinal(whole)} {self.words['and']} {part}"

    def is_attributive(self, match: re.Match[str]) -> bool:  # noqa: ARG002
        """Return True if a number and its unit modify a noun, so that the unit is singular: "a 5 km run"."""
        return False

    def say_power(self, exponent: int, *, negative: bool) -> str:
        """Return the words for an exponent, with a space before them."""
        sign = f"{self.words['minus']} " if negative else ""
        special_word = "" if negative else self.words.get(f"power {exponent}", "")
        return f" {special_word or self.words['to the power of'] + ' ' + sign + self.say_cardinal(exponent)}"

    def say_range_start(self, first: str, *, rest: str) -> str:
        """Return the first number of a range and the dash in words. `rest` is the text from the second number on."""
        connector = self.words["minus" if re.match(r"[\d.,]{1,20} ?=", rest) else "to"]
        is_year_range = re.fullmatch(r"1[1-9]\d\d|20\d\d", first) and re.match(
            r"(?:1[1-9]\d\d|20\d\d|\d\d)(?![\d.,]\d|\d)", rest
        )
        return f"{self.say_year(int(first)) if is_year_range else self.say_number(first)} {connector} "

    # Dates and times.

    def say_bare_year(self, match: re.Match[str]) -> str | None:  # noqa: ARG002
        """Return a plain number in words if the context shows that it is a year, else None."""
        return None

    def say_year(self, value: int) -> str:
        return self.say_cardinal(value)

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:
        """Return a date in words. `month` is the CLDR name; `month_first` is True if the month was written first."""
        raise NotImplementedError

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        """Return a range of days within one month in words."""
        until = self.say_date(day=last, month=month, year=year, month_first=month_first)
        return f"{self.say_cardinal(first)} {self.words['to']} {until}"

    def say_month_year(self, *, month: str, year: int) -> str:
        return f"{month} {self.say_year(year)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        """Return a time of the 24-hour clock in words."""
        raise NotImplementedError

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        """Return a time of the 12-hour clock in words. `half` is "AM" or "PM"."""
        words = (
            f"{self.say_cardinal(hour)} {self.say_cardinal(minute)}" if minute else self.say_cardinal(hour)
        )
        return f"{words} {half}"

    # Telephone numbers and money.

    def say_telephone(self, groups: Sequence[str]) -> str:
        """Return a telephone number in words, with a pause between the groups of digits as written."""
        return ", ".join(map(self.say_digits, groups))

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        """Return an amount of money in words."""
        name = currency.singular if self.is_singular(Decimal(whole)) else currency.plural
        subunit = currency.subunit_singular if cents == 1 else currency.subunit_plural
        parts = [f"{self.agree(self.say_cardinal(whole), name)} {name}"] if whole or not cents else []
        if cents:
            parts.append(f"{self.agree(self.say_cardinal(cents), subunit)} {subunit}")
        return f" {self.words['with cents']} ".join(parts)
