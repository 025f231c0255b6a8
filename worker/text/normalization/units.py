"""Put measures into words: a number and a unit symbol, with unit names from CLDR."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.units import format_unit

from worker.text.normalization.abbreviations import full_stop
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule
from worker.text.normalization.money import say_scaled_number, scale_pattern
from worker.text.normalization.si_units import (
    GRAMMARS,
    NAMED_BASES,
    PREFIX_SIGNS,
    PREFIXED_UNITS,
    UNNAMED_BASES,
)

_AREAS = {"²": "area-square-", "2": "area-square-", "^2": "area-square-"}
_VOLUMES = {"³": "volume-cubic-", "3": "volume-cubic-", "^3": "volume-cubic-"}
_LENGTHS = {
    "km": "kilometer",
    "m": "meter",
    "dm": "decimeter",
    "cm": "centimeter",
    "mm": "millimeter",
    "µm": "micrometer",
    "μm": "micrometer",
    "nm": "nanometer",
    "mi": "mile",
    "yd": "yard",
    "ft": "foot",
}
UNIT_SYMBOLS: Mapping[str, str] = {
    **{symbol: f"length-{name}" for symbol, name in _LENGTHS.items()},
    **{
        f"{symbol}{power}": f"{kind}{_LENGTHS[symbol]}"
        for symbol in ("km", "m", "cm", "mi", "yd", "ft")
        for kinds in (_AREAS, _VOLUMES)
        for power, kind in kinds.items()
    },
    **{symbol: f"mass-{name}" for symbol, name in (
        ("kg", "kilogram"), ("g", "gram"), ("mg", "milligram"), ("µg", "microgram"), ("μg", "microgram"),
        ("lb", "pound"), ("lbs", "pound"), ("oz", "ounce"), ("t", "tonne"), ("KG", "kilogram"), ("Kg", "kilogram"),
    )},
    **{symbol: f"volume-{name}" for symbol, name in (
        ("l", "liter"), ("L", "liter"), ("dl", "deciliter"), ("cl", "centiliter"), ("ml", "milliliter"),
        ("dL", "deciliter"), ("cL", "centiliter"), ("mL", "milliliter"), ("hl", "hectoliter"), ("gal", "gallon"),
        ("tbsp", "tablespoon"), ("tsp", "teaspoon"), ("cc", "cubic-centimeter"),
    )},
    **{symbol: f"duration-{name}" for symbol, name in (
        ("h", "hour"), ("min", "minute"), ("s", "second"), ("ms", "millisecond"), ("µs", "microsecond"),
        ("μs", "microsecond"), ("ns", "nanosecond"),
    )},
    **{symbol: f"digital-{name}" for symbol, name in (
        ("B", "byte"), ("kB", "kilobyte"), ("KB", "kilobyte"), ("MB", "megabyte"), ("GB", "gigabyte"),
        ("TB", "terabyte"),
        ("PB", "petabyte"), ("Mb", "megabit"), ("Gb", "gigabit"), ("kb", "kilobit"),
    )},
    **{symbol: f"speed-{name}" for symbol, name in (
        ("km/h", "kilometer-per-hour"), ("kph", "kilometer-per-hour"), ("kmh", "kilometer-per-hour"),
        ("km/hr", "kilometer-per-hour"), ("mph", "mile-per-hour"), ("m/s", "meter-per-second"), ("kn", "knot"),
    )},
    **{symbol: f"temperature-{name}" for symbol, name in (
        ("°C", "celsius"), ("° C", "celsius"), ("ºC", "celsius"), ("°F", "fahrenheit"), ("° F", "fahrenheit"),
        ("ºF", "fahrenheit"), ("℃", "celsius"), ("℉", "fahrenheit"),
    )},
    **{symbol: f"electric-{name}" for symbol, name in (
        ("mA", "milliampere"), ("V", "volt"), ("\u03a9", "ohm"), ("\u2126", "ohm"),
    )},
    **{symbol: f"energy-{name}" for symbol, name in (
        ("kWh", "kilowatt-hour"), ("kcal", "kilocalorie"), ("cal", "calorie"), ("kJ", "kilojoule"),
        ("eV", "electronvolt"),
    )},
    **{symbol: f"power-{name}" for symbol, name in (
        ("W", "watt"), ("kW", "kilowatt"), ("MW", "megawatt"), ("GW", "gigawatt"), ("mW", "milliwatt"),
        ("hp", "horsepower"),
    )},
    **{symbol: f"frequency-{name}" for symbol, name in (
        ("Hz", "hertz"), ("kHz", "kilohertz"), ("MHz", "megahertz"), ("GHz", "gigahertz"),
    )},
    **{symbol: f"pressure-{name}" for symbol, name in (
        ("hPa", "hectopascal"), ("kPa", "kilopascal"), ("MPa", "megapascal"), ("Pa", "pascal"), ("mbar", "millibar"),
        ("bar", "bar"), ("psi", "pound-force-per-square-inch"), ("mmHg", "millimeter-ofhg"), ("atm", "atmosphere"),
    )},
    "m/s²": "acceleration-meter-per-square-second", "m/s2": "acceleration-meter-per-square-second",
    "ha": "area-hectare", "ac": "area-acre", "mpg": "consumption-mile-per-gallon", "px": "graphics-pixel",
    "MP": "graphics-megapixel", "dpi": "graphics-dot-per-inch", "ppi": "graphics-pixel-per-inch",
    "N": "force-newton", "Nm": "torque-newton-meter", "lx": "light-lux", "lm": "light-lumen",
    "ppm": "concentr-permillion", "mol": "concentr-mole", "K": "temperature-kelvin", "ly": "length-light-year",
}  # fmt: skip
# These mean something else without a space after the number, as in "5K" and "3B".
_ONLY_WITH_SPACE = frozenset({"K", "B", "N", "ac", "J", "Sv", "Gy", "Bq", "MN", "TW", "kA"})
# These mean something else with a space after the number, as in "5 B" and "2 s".
_ONLY_WITHOUT_SPACE = frozenset({"B", "s"})
_PER_UNITS = {
    "s": "duration-second",
    "sec": "duration-second",
    "min": "duration-minute",
    "h": "duration-hour",
    "hr": "duration-hour",
    "day": "duration-day",
    "kg": "mass-kilogram",
    "g": "mass-gram",
    "l": "volume-liter",
    "L": "volume-liter",
    "dl": "volume-deciliter",
    "dL": "volume-deciliter",
    "ml": "volume-milliliter",
    "mL": "volume-milliliter",
    "m": "length-meter",
    "km": "length-kilometer",
    "m²": "area-square-meter",
    "m2": "area-square-meter",
    "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter",
    "cm²": "area-square-centimeter",
    "cm3": "volume-cubic-centimeter",
    "cm³": "volume-cubic-centimeter",
    "km²": "area-square-kilometer",
    "km2": "area-square-kilometer",
}


def _alternatives(symbols: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, symbols), key=len, reverse=True))


PER_UNIT = _alternatives(_PER_UNITS)
"""A pattern for the unit after the slash, as in "mg/l"."""


def unit_rules(language: Language) -> tuple[Rule, ...]:
    symbols, words = unit_pattern(language), language.words
    per = rf"(?:/(?P<per>{PER_UNIT})(?![\w²³]))?"
    minus = "(?:(?<![\\w.,)\\]])(?P<minus>[-\u2212]) ?)?"
    scale = scale_pattern(language)
    measure = rf"{minus}(?<![\w.,/])(?P<number>{language.number_pattern}){scale}"
    measure += rf"(?P<gap>[ -]?)(?P<unit>{symbols})(?![\w²³^]|'\w|/(?!(?:min|sec|day)\b)\w{{3}}){per}"
    by = re.compile(
        rf"(?<![\w.,])({language.number_pattern}) ?[x×] ?(?={language.number_pattern} ?(?:x|×|(?:{symbols})(?!\w)))"
        r"|(?<![\w.,])(\d{1,5})[x×](?=\d{1,5}(?!\w))|(?<![\w.,])(\d{1,5}) x (?=\d{1,5}(?!\w))"
    )
    return (
        Rule(
            re.compile(rf"(\d ?(?:{symbols})) ?[x×] ?(?=\d)"),
            lambda match: f"{match[1]} {words['by']} ",
            needs="x×",
        ),
        Rule(
            by,
            lambda match: f"{language.say_number(match[1] or match[2] or match[3])} {words['by']} ",
            needs="x×",
        ),
        Rule(re.compile(measure), lambda match: _say_measure(match, language=language)),
    )


def unit_pattern(language: Language) -> str:
    return _alternatives({*UNIT_SYMBOLS, *PREFIXED_UNITS, *language.units} - language.excluded_units)


def unit_name(symbol: str, *, value: Decimal, language: Language, per: str | None = None) -> str:
    """Return the name of a unit in the form that follows the value."""
    if symbol in language.units:
        one, many = language.units[symbol]
        name = one if language.is_singular(abs(value)) else many
    elif symbol in UNIT_SYMBOLS:
        name = _cldr_name(UNIT_SYMBOLS[symbol], value=value, language=language)
    else:
        name = _si_name(symbol, value=value, language=language)
    return f"{name} {_per_name(per, language=language)}" if per else name


def _per_name(per: str, *, language: Language) -> str:
    """Return the words for the unit after the slash, as "per second"."""
    grammar = GRAMMARS[language.code]
    name = _cldr_name(_PER_UNITS[per], value=Decimal(1), language=language)
    return grammar.per_units.get(per) or f"{grammar.per} {name}"


def _si_name(symbol: str, *, value: Decimal, language: Language) -> str:
    """Return the name of a unit that CLDR lacks: of a base unit, or of a prefix and a base unit."""
    grammar = GRAMMARS[language.code]
    if symbol in UNNAMED_BASES:
        one, _, many = grammar.names.split()[UNNAMED_BASES.index(symbol)].partition("/")
        return one if language.is_singular(abs(value)) else many
    if symbol == "Wh":
        kilo = grammar.prefixes.split()[PREFIX_SIGNS.index("k")]
        return _cldr_name(NAMED_BASES[symbol], value=value, language=language).removeprefix(kilo)
    if symbol in NAMED_BASES:
        return _cldr_name(NAMED_BASES[symbol], value=value, language=language)
    prefix = grammar.prefixes.split()[PREFIX_SIGNS.index(symbol[0])]
    return f"{prefix}{_si_name(symbol[1:], value=value, language=language).lower()}"


def _sample_number(value: Decimal, *, locale: str) -> Decimal | int:
    """Return one fixed number with the same plural form, so that few unit names are cached."""
    form = _plural_form(str(abs(value)), locale)
    return {"one": 1, "many": 1_000_000}.get(form, 1 if form == "one" else Decimal("2"))


@lru_cache(maxsize=4096)
def _plural_form(value: str, locale: str) -> str:
    return str(Locale.parse(locale).plural_form(Decimal(value)))


def _cldr_name(unit: str, *, value: Decimal, language: Language) -> str:
    sample = _sample_number(value, locale=language.locale)
    return _format_unit(unit, sample=sample, locale=language.locale)


@lru_cache(maxsize=4096)
def _format_unit(unit: str, *, sample: Decimal | int, locale: str) -> str:
    text = format_unit(sample, unit, "long", locale=locale)
    return " ".join(re.sub(r"[\d.,\u202f]+", "", text).split())


def _say_measure(match: re.Match[str], *, language: Language) -> str | None:
    symbol, gap = match["unit"], match["gap"]
    word_follows = match.string[match.end() : match.end() + 2].strip()[:1].isalpha()
    only_without_space = (
        symbol in _ONLY_WITHOUT_SPACE and not match["per"] and (symbol != "s" or word_follows)
    )
    if (not gap and symbol in _ONLY_WITH_SPACE) or (gap and only_without_space):
        return None
    value = language.parse_number(match["number"])
    words, scale = say_scaled_number(match, language=language)
    # The unit is singular in "a 10-km run".
    counted = Decimal(1) if gap == "-" or language.is_attributive(match) else value
    name = unit_name(symbol, value=counted, language=language, per=match["per"])
    spoken = (
        f"{words} {scale} {language.after_scale(name, scale=scale)}"
        if scale
        else f"{language.agree(words, name)} {name}"
    )
    spoken += full_stop(match, closing=True)
    return f"{language.words['minus']} {spoken}" if match["minus"] else spoken
