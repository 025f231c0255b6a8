"""Normalize French, with the numbers of Belgium and Switzerland if the tag says so."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property

from worker.text.normalization import fr_numbers, fr_rules, fr_tables
from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import Rule

_SCALE_ENDING = re.compile(r"(?:million|milliard|billion)s?$")
_VOWEL = re.compile(r"[aeéèêiouyh]", re.IGNORECASE)
# Words before a number that is a label ("page 80") and not a quantity.
_LABEL_CONTEXT = re.compile(
    r"(?:\b(?:l'an|an|années?|pages?|chapitre|article|numéro|chambre|ligne|été|printemps|automne|hiver|fin|début"
    r"|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre) "
    r"|(?P<since>\b(?:en|de|depuis|dès|avant|après|vers|entre|et|à) ))$",
    re.IGNORECASE,
)
_PLURAL_FOLLOWS = re.compile(
    r" (?!(?:dans|depuis|après|sans|sous|vers|puis|alors|mais|nous|vous|ils|elles)\b)[^\W\d]{2,}[sx](?!\w)"
)
_YEAR = re.compile(r"1[1-9]\d\d|20\d\d")
_COUNTRY = re.compile(r"(?:33|32|41|352|377|1|44|49|39|34|351|31)(?=\d{8,})")


class French(Language):
    code = "fr"
    short_months = {"févr": 2, "fév": 2, "fev": 2, "juill": 7, "sep": 9, "aout": 8, "dec": 12}  # noqa: RUF012
    ordinal_suffixes = "(?<! )(?:[ºª]|ers?|res?|ères?|eres?|nde?s?|es?|[eèé]mes?|i[eè]mes?|è)"
    time_suffix = "(?: ?(?:h|heures?)(?!\\w))?"
    after_date = (
        "à|au|aux|en|dans|chez|par|pour|avec|vers|avant|après|et|ou|mais|quand|le|la|les|un|une"
        "|nous|il|elle|ils|elles|on|je|vous|est|a|sera"
    )
    words = fr_tables.WORDS
    currencies = fr_tables.CURRENCIES
    scales = fr_tables.SCALES
    units = fr_tables.UNITS
    excluded_units = fr_tables.EXCLUDED_UNITS
    abbreviations = fr_tables.ABBREVIATIONS
    part_nouns = (
        "chapitres?|parties?|sections?|épisodes?|saisons?|pistes?|leçons?|volumes?|unités?|actes?|scènes?"
        "|étapes?|niveaux?|pages?|livres?|exercices?|questions?|jours?|semaines?|phases?|articles?|annexes?"
        "|tableaux?|figures?|tomes?|titres?|chants?|alinéas?|paragraphes?|planches?|modules?|classes?|types?"
        "|grades?|groupes?|fascicules?"
    )
    list_words = "et|ou|à"
    word_abbreviations = frozenset({"art.", "ex."})
    final_abbreviations = fr_tables.FINAL_ABBREVIATIONS

    def early_rules(self) -> Iterable[Rule]:
        return fr_rules.early_rules(self)

    def late_rules(self) -> Iterable[Rule]:
        return fr_rules.late_rules()

    # A point is also a decimal mark, as in data and in Canada, unless it can separate thousands.

    @cached_property
    def number_pattern(self) -> str:
        english = r"\d{1,3}(?:,\d{3}){1,6}\.\d{1,24}|\d{1,3}(?:,\d{3}){2,6}"
        return (
            rf"(?:{english}|{self.whole_number_pattern}(?:,\d{{1,24}}|\.(?!\d{{3}}(?!\d))\d{{1,24}})?)(?!\d)"
        )

    def parse_number(self, number: str) -> Decimal:
        if number.isdecimal():
            return Decimal(number)
        whole, mark, fraction = _split_decimal(number)
        return Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}{'.' if mark else ''}{fraction}")

    def say_number(self, number: str) -> str:
        if number.isdecimal():
            return self.say_whole(number)
        whole, mark, fraction = _split_decimal(number)
        if not mark:
            return self.say_whole(whole)
        english = mark == "." and "," not in number
        return f"{self.say_whole(whole)} {'point' if english else self.words['point']} {self.say_decimals(fraction)}"

    def say_decimals(self, digits: str) -> str:
        return fr_numbers.spell_decimals(digits, region=self.region)

    def say_octet(self, digits: str) -> str:
        return self.say_cardinal(int(digits))

    def say_cardinal(self, value: int) -> str:
        return fr_numbers.spell_cardinal(value, region=self.region)

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:
        return fr_numbers.spell_ordinal(value, region=self.region, suffix=suffix)

    def is_singular(self, value: Decimal) -> bool:
        return abs(value) < 2

    def agree(self, words: str, noun: str) -> str:
        if noun == "mille":
            return "" if words == "un" else fr_numbers.to_invariable(words)
        if _SCALE_ENDING.search(words):
            return f"{words} {_partitive(noun)}"
        return fr_numbers.to_feminine(words) if fr_numbers.is_feminine(noun) else words

    def after_scale(self, noun: str, *, scale: str) -> str:
        return noun if scale == "mille" else f"{_partitive(noun)} {noun}"

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        return fr_numbers.spell_fraction(numerator, denominator, region=self.region)

    def say_scale(self, value: int, *, before: str) -> str:
        ordinal = self.say_ordinal(value)
        return ordinal if before.lower().endswith("au ") else f"un {ordinal}"

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        if (numerator, denominator) == (1, 2):
            return f"{self.say_cardinal(whole)} et demi"
        return super().say_mixed_fraction(whole, numerator, denominator)

    # Dates and times.

    def say_bare_year(self, match: re.Match[str]) -> str | None:
        """Return a number that is a label in words, without the plural s: "mille neuf cent", "page quatre-vingt"."""
        digits = match[0].strip()
        if not digits.endswith(("00", "80")):
            return None
        before = match.string[
            max(0, match.start() - 24) : match.start() + len(match[0]) - len(match[0].lstrip())
        ]
        context = _LABEL_CONTEXT.search(before) if digits.isdecimal() else None
        if context is None or (context["since"] and not _YEAR.fullmatch(digits)):
            return None
        if context["since"] and _PLURAL_FOLLOWS.match(match.string, match.end()):
            return None
        return fr_numbers.to_invariable(self.say_whole(digits))

    def say_year(self, value: int) -> str:
        return fr_numbers.to_invariable(self.say_cardinal(value))

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:  # noqa: ARG002
        return f"{self._say_day(day)} {month}{f' {self.say_year(year)}' if year else ''}"

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        return f"{self._say_day(first)} à {self.say_date(day=last, month=month, year=year, month_first=month_first)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        hours = self._say_count(hour, "heure")
        if second is not None:
            return f"{hours} {self._say_count(minute, 'minute')} et {self._say_count(second, 'seconde')}"
        return f"{hours} {fr_numbers.to_feminine(self.say_cardinal(minute))}" if minute else hours

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        if half == "PM" and hour < 12:
            hour += 12
        return self.say_time(hour=0 if half == "AM" and hour == 12 else hour, minute=minute, second=None)

    def _say_count(self, count: int, name: str) -> str:
        return f"{fr_numbers.to_feminine(self.say_cardinal(count))} {name}{'s' * (count > 1)}"

    def _say_day(self, day: int) -> str:
        return "premier" if day == 1 else self.say_cardinal(day)

    # Telephone numbers and money.

    def say_telephone(self, groups: Sequence[str]) -> str:
        if len(groups) == 1 and (country := _COUNTRY.match(groups[0])):
            groups = (country[0], groups[0][country.end() :])
        if len(groups) > 2 and groups[1] == "0":  # "+33 (0)1" is dialled without it
            groups = (groups[0], *groups[2:])
        return ", ".join(fr_numbers.spell_pairs(group, region=self.region) for group in groups)

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        """Return an amount, as "trois euros cinquante". Cents below ten are named, to avoid "trois euros cinq"."""
        name = currency.singular if whole < 2 else currency.plural
        subunits = f"{self.say_cardinal(cents)} {currency.subunit_singular if cents < 2 else currency.subunit_plural}"
        if not whole and cents:
            return subunits
        words = f"{self.agree(self.say_cardinal(whole), name)} {name}"
        if not cents:
            return words
        return f"{words} et {subunits}" if cents < 10 else f"{words} {self.say_cardinal(cents)}"


def _partitive(noun: str) -> str:
    return "d'" if _VOWEL.match(noun) else "de"


def _split_decimal(number: str) -> tuple[str, str, str]:
    """Split a match of `number_pattern` into (whole, mark, fraction)."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+\.\d+", number):
        return number.partition(".")
    if number.count(",") > 1:
        return number, "", ""
    if "," in number:
        return number.partition(",")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number):
        return number, "", ""
    whole, mark, fraction = number.rpartition(".")
    return (whole, mark, fraction) if mark else (number, "", "")
