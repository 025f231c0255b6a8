"""What a language must say about itself so that the shared rules can read a text in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from worker.text.normalization import num2words_cache
from worker.text.normalization.mapped_text import Rule

# A number without marks that has as many digits is a code or a telephone, and read as one.
_CODE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as it is called in conversation, and its hundredth part, which some have not."""

    singular: str
    plural: str
    subunit_singular: str = ""
    subunit_plural: str = ""


class Language:
    """Tables and habits of a language. Subclasses fill the tables and override what is said otherwise."""

    code: ClassVar[str]
    """Its primary subtag, which is also num2words' name for it."""
    num2words_code: str
    """num2words' name for it and its region."""
    locale: str
    """CLDR's name for it and its region."""
    decimal_mark: str = ","
    group_marks: str = "."
    """Characters that stand between thousands, beside spaces."""
    min_space_groups: int = 1
    """With as many groups of three digits, a space between them is taken for a thousands mark."""
    day_first: bool = True
    """Of a date in digits."""
    month_first: ClassVar[bool] = False
    """Whether "May 5" is a date."""
    day_article: ClassVar[str] = ""
    """A pattern for an article before "5 May" that `date` says by itself."""
    month_connector: ClassVar[str] = ""
    """A pattern for a word between day, month and year."""
    short_months: ClassVar[Mapping[str, int]] = {}
    """Beside those of CLDR, in lower case without a point."""
    ambiguous_months: ClassVar[frozenset[str]] = frozenset()
    """Words that are other words as well, written so: "may"."""

    words: ClassVar[Mapping[str, str]]
    """What signs are called, by the keys that `symbols`, `addresses` and others look up; what is missing stays."""
    currencies: ClassVar[Mapping[str, Currency]]
    """By sign ("$") or ISO 4217 code; CLDR knows the other codes."""
    scales: ClassVar[Mapping[str, tuple[str, str]]]
    """What may stand behind a number and multiplies it, "M" or "million": for one, for many."""
    money_scales: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Those that only sums of money have: after a number alone "5B" is a room."""
    units: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Units that CLDR does not know or calls otherwise: symbol to name for one, for many."""
    excluded_units: ClassVar[frozenset[str]] = frozenset()
    """Symbols of CLDR's units that are ordinary words in the language."""
    abbreviations: ClassVar[Mapping[str, str]] = {}
    """As written, with their points, to words."""
    final_abbreviations: ClassVar[frozenset[str]] = frozenset()
    """Abbreviations behind which a sentence may end, so that a capital after them makes their point a full stop."""
    ordinal_suffixes: str = "(?!)"
    """A pattern for what is written behind the digits of an ordinal number."""
    time_suffix: str = ""
    """A pattern for what may stand behind "14:30" and is said by `time` already."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.region = tag.replace("_", "-").partition("-")[2].upper()
        self.num2words_code = self.code
        self.locale = self.code

    # What a language's own rules are: before all shared ones that deal with numbers, and after them.

    def early_rules(self) -> Iterable[Rule]:
        return ()

    def late_rules(self) -> Iterable[Rule]:
        return ()

    def point_continues(self, before: str, after: str) -> bool:  # noqa: ARG002
        """Whether a point between these, at the end of `before`, is no full stop for a reason of the language."""
        return False

    # Numbers.

    @cached_property
    def number_pattern(self) -> str:
        """A pattern, without groups of its own, for a number with neither sign nor letters."""
        return rf"{self.whole_number_pattern}(?:[{self.decimal_mark}]\d{{1,24}})?(?!\d)"

    @cached_property
    def whole_number_pattern(self) -> str:
        """The same without a decimal part."""
        return rf"(?:\d{{1,3}}(?:[{self.group_marks}]\d{{3}}){{1,6}}(?!\d)|\d{{1,24}})"

    def parse_number(self, number: str) -> Decimal:
        """What `number` is worth, written as the pattern of that name finds it."""
        whole, mark, fraction = number.partition(self.decimal_mark)
        return Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}{'.' if mark else ''}{fraction}")

    def say_number(self, number: str) -> str:
        """A number as the pattern finds it, in words."""
        whole, mark, fraction = number.partition(self.decimal_mark)
        if mark:
            return f"{self.say_whole(whole)} {self.words['point']} {self.say_decimals(fraction)}"
        return self.say_whole(whole)

    def say_whole(self, whole: str) -> str:
        """Digits with or without marks of thousands; what is no quantity is said digit by digit."""
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
        """What stands behind the decimal mark."""
        return self.say_digits(digits)

    def say_digits(self, digits: str) -> str:
        return num2words_cache.spell_digits(digits, language=self.num2words_code)

    def say_octet(self, digits: str) -> str:
        """A part of a machine's address."""
        return self.say_digits(digits)

    def say_cardinal(self, value: int) -> str:
        return num2words_cache.spell_cardinal(value, language=self.num2words_code)

    def agree(self, words: str, noun: str) -> str:  # noqa: ARG002
        """The words of a number as they are said before the noun: "veintiún" for "veintiuno"."""
        return words

    def after_scale(self, noun: str, *, scale: str) -> str:  # noqa: ARG002
        """A noun behind "million": "de dólares" where the language says so."""
        return noun

    def is_singular(self, value: Decimal) -> bool:
        """Whether a noun behind the number stands in the singular."""
        return value == 1

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:  # noqa: ARG002
        """`suffix` is what was written behind the digits and may tell the gender."""
        return num2words_cache.spell_ordinal(value, language=self.num2words_code)

    def say_fraction(self, numerator: int, denominator: int) -> str | None:  # noqa: ARG002
        """Three quarters; None where it is better left to be said as two numbers."""
        return None

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        """Two and a half."""
        part = self.say_fraction(numerator, denominator)
        return part and f"{self.say_cardinal(whole)} {self.words['and']} {part}"

    def is_attributive(self, match: re.Match[str]) -> bool:  # noqa: ARG002
        """Whether a number and its unit stand before a noun and the unit has no plural: "a 5 km run"."""
        return False

    def say_power(self, exponent: int, *, negative: bool) -> str:
        """What is said behind the number that is raised, without a space before it."""
        sign = f"{self.words['minus']} " if negative else ""
        special_word = "" if negative else self.words.get(f"power {exponent}", "")
        return f" {special_word or self.words['to the power of'] + ' ' + sign + self.say_cardinal(exponent)}"

    def say_range_start(self, first: str, *, rest: str) -> str:
        """A number and the dash behind it; `rest` is the text from the second number on."""
        connector = self.words["minus" if re.match(r"[\d.,]{1,20} ?=", rest) else "to"]
        is_year_range = re.fullmatch(r"1[1-9]\d\d|20\d\d", first) and re.match(
            r"(?:1[1-9]\d\d|20\d\d|\d\d)(?![\d.,]\d|\d)", rest
        )
        return f"{self.say_year(int(first)) if is_year_range else self.say_number(first)} {connector} "

    # Calendar and clock.

    def say_bare_year(self, match: re.Match[str]) -> str | None:  # noqa: ARG002
        """A number that stands alone and is a year by what is around it, in words; else None."""
        return None

    def say_year(self, value: int) -> str:
        return self.say_cardinal(value)

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:
        """`month` is CLDR's name; `month_first` tells how it was written."""
        raise NotImplementedError

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        """From a day to another one of the same month."""
        until = self.say_date(day=last, month=month, year=year, month_first=month_first)
        return f"{self.say_cardinal(first)} {self.words['to']} {until}"

    def say_month_year(self, *, month: str, year: int) -> str:
        return f"{month} {self.say_year(year)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        """A time of the day on the 24-hour clock."""
        raise NotImplementedError

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        """A time on the 12-hour clock; `half` is "AM" or "PM"."""
        words = (
            f"{self.say_cardinal(hour)} {self.say_cardinal(minute)}" if minute else self.say_cardinal(hour)
        )
        return f"{words} {half}"

    # Telephones and money.

    def say_telephone(self, groups: Sequence[str]) -> str:
        """The groups of digits as they were written; a pause stands between them."""
        return ", ".join(map(self.say_digits, groups))

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        """A sum to the hundredth."""
        name = currency.singular if self.is_singular(Decimal(whole)) else currency.plural
        subunit = currency.subunit_singular if cents == 1 else currency.subunit_plural
        parts = [f"{self.agree(self.say_cardinal(whole), name)} {name}"] if whole or not cents else []
        if cents:
            parts.append(f"{self.agree(self.say_cardinal(cents), subunit)} {subunit}")
        return f" {self.words['with cents']} ".join(parts)
