"""Put units made of other units into words: "mmol/L", "N·m", "m s⁻²", "W/(m²·K)"."""

# This file matches characters that look like others.

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule
from worker.text.normalization.si_units import GRAMMARS, NAMED_BASES, PREFIXED_UNITS, UNNAMED_BASES
from worker.text.normalization.units import UNIT_SYMBOLS, unit_name

_SIGNS = "⁻/·⋅∙"
_FACTOR = re.compile(r"(?P<symbol>[A-Za-zμΩ]+)(?P<power>[\^⁻\u2212\d¹²³⁴-]{0,3})")
# "5 A/B tests" and "2 B/W photos" have no units.
_INITIALS = re.compile("[A-Z][/·][A-Z]")
_QUOTIENTS = frozenset({"J/K", "W/K", "V/A", "N/C", "J/C", "V/K", "J/T", "V·A", "A·V"})
_WATT_HOUR = re.compile("(?<=W)[·⋅∙](?=h)")  # one word in most languages
# "5 m s-1": without a raised sign, only these have a negative power. "A-1" and "B-2" are names.
_PLAIN_BASES = "s|min|h|d|kg|g|mol|K|[Ll]|ha|km|m|dm|cm|mm"
_LENGTHS = frozenset({"km", "m", "dm", "cm", "mm", "μm", "nm"})
# Compounds that are read without a number before them.
_LONE = (
    "km/h|m/s²|m/s|kWh/m²|kWh|km²|cm²|m²|m³|cm³|W/m²|N·m|m?mol/[Ll]|m?g/d?[Ll]|[μn]g/m?[Ll]|k?g/c?m³|[mμ]g/m³"
    "|k?J/mol|g/mol"
)


@dataclass(frozen=True, slots=True)
class _Factor:
    symbol: str
    power: int


def compound_unit_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule for a number and a compound unit. It runs before the rules for powers and other units."""
    minus = "(?:(?<![\\w.,)\\]])(?P<minus>[-\u2212]) ?)?"
    number = rf"{minus}(?<![\w.,/])(?<!\d )(?P<number>{language.number_pattern})(?P<gap>[ -]?)"
    pattern = rf"{number}(?P<unit>{compound_unit_pattern()})(?![\w²³⁻/]|[·⋅∙]\w)"
    plain = rf"{number}(?P<unit>{_plain_power_pattern()})(?![\w²³⁻/-]|[·⋅∙]\w)"

    def say_measure(match: re.Match[str]) -> str | None:
        return _say_measure(match, language=language)

    return (
        Rule(re.compile(pattern), say_measure, needs=_SIGNS),
        Rule(re.compile(plain), say_measure, needs="-\u2212"),
    )


def lone_unit_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule for units without a number, as in "values in mmol/L"."""
    symbol = "[A-Za-zμΩ]{1,3}"
    pattern = (
        rf"(?<![\w/.·⁻])(?<!\d )(?:{_LONE}|(?={symbol}[ ·⋅]{symbol}⁻){compound_unit_pattern()})(?![\w/²³·⁻])"
    )

    def say_unit(match: re.Match[str]) -> str:
        if match[0] in UNIT_SYMBOLS:
            return unit_name(match[0], value=Decimal(2), language=language)
        return compound_unit_name(match[0], one=False, language=language)

    return (Rule(re.compile(pattern), say_unit, needs="⁻/·²³W"),)


@cache
def compound_unit_pattern() -> str:
    """Return a pattern without capturing groups for a unit with a product, a quotient or a negative power."""
    symbol = _symbol_pattern()
    factor = rf"{symbol}(?:[²³]|\^?[23](?!\d))?"
    inverse = rf"{symbol}(?:⁻[¹²³⁴]|\^?[-\u2212][1-4](?!\d))"
    dots = rf"{factor}(?:[·⋅∙](?:{inverse}|{factor})){{1,4}}"
    points = rf"{factor}(?:\.{factor}){{0,2}}(?:\.{inverse}){{1,3}}"
    raised = rf"{symbol}⁻[¹²³⁴]"
    spaces = rf"(?:{factor} (?:{factor} ){{0,2}})?{raised}(?: {raised}){{0,2}}"
    below = rf"(?:\({factor}(?:[·⋅∙ ]{factor}){{1,3}}\)|{factor}(?:[·⋅∙]{factor})?(?:/{factor})?)"
    return rf"(?:(?:{dots}|{factor})/{below}|{dots}|{points}|{spaces})"


@cache
def _plain_power_pattern() -> str:
    """Return a pattern for a unit such as "m s-1", whose exponents are not raised."""
    factor = rf"{_symbol_pattern()}(?:[²³]|\^?[23](?!\d))?"
    inverse = rf"(?:{_PLAIN_BASES})[-\u2212][1-4](?!\d)"
    return rf"{factor}(?: {factor})?(?: {inverse}){{1,3}}"


@cache
def _symbol_pattern() -> str:
    symbols = {*UNIT_SYMBOLS, *NAMED_BASES, *PREFIXED_UNITS, *UNNAMED_BASES}
    names = sorted((symbol for symbol in symbols if _FACTOR.fullmatch(symbol)), key=len, reverse=True)
    return f"(?:{'|'.join(names)})(?![A-Za-zμΩ])"


@lru_cache(maxsize=1024)
def compound_unit_name(text: str, *, one: bool, language: Language) -> str:
    """Return the name of a compound unit, singular if `one` is True."""
    above, below = _parse_factors(_WATT_HOUR.sub("", text))
    words = [_product_name(above, one=one, language=language)] if above else []
    if below:
        words.append(_denominator_name(below, language=language))
    return " ".join(words)


def _say_measure(match: re.Match[str], *, language: Language) -> str | None:
    unit = match["unit"]
    if (
        unit in UNIT_SYMBOLS
        or unit in language.units
        or (_INITIALS.fullmatch(unit) and unit not in _QUOTIENTS)
    ):
        return None
    one = (
        match["gap"] == "-"
        or language.is_attributive(match)
        or language.is_singular(abs(language.parse_number(match["number"])))
    )
    name = compound_unit_name(unit, one=one, language=language)
    words = f"{language.agree(language.say_number(match['number']), name)} {name}"
    return f"{language.words['minus']} {words}" if match["minus"] else words


def _parse_factors(text: str) -> tuple[list[_Factor], list[_Factor]]:
    """Return the factors above and below the fraction line, all with positive powers."""
    above: list[_Factor] = []
    below: list[_Factor] = []
    numerator, _, denominator = text.partition("/")
    for part, target in ((numerator, above), (denominator, below)):
        for found in _FACTOR.finditer(part):
            power = unicodedata.normalize("NFKC", found["power"]).replace("\u2212", "-").lstrip("^") or "1"
            factor = _Factor(found["symbol"], abs(int(power)))
            (below if power.startswith("-") else target).append(factor)
    return above, below


def _product_name(factors: list[_Factor], *, one: bool, language: Language) -> str:
    grammar = GRAMMARS[language.code]
    plural_from = 0 if grammar.all_plural else len(factors) - 1
    names = [
        _factor_name(factor, one=one or index < plural_from, language=language)
        for index, factor in enumerate(factors)
    ]
    if grammar.joined:
        return names[0] + "".join(name.lower() for name in names[1:])
    return " ".join(names)


def _denominator_name(factors: list[_Factor], *, language: Language) -> str:
    grammar = GRAMMARS[language.code]
    if len(factors) == 1 and factors[0].power < 3:
        fixed = grammar.per_units.get(f"{factors[0].symbol}{'²' * (factors[0].power == 2)}")
        if fixed:
            return fixed
    names = grammar.and_per.join(_factor_name(factor, one=True, language=language) for factor in factors)
    return f"{grammar.per} {names}"


def _factor_name(factor: _Factor, *, one: bool, language: Language) -> str:
    grammar = GRAMMARS[language.code]
    value = Decimal(1 if one else 2)
    name = unit_name(factor.symbol, value=value, language=language)
    if factor.power == 1:
        return name
    if factor.power > 3:
        return f"{name}{language.say_power(factor.power, negative=False)}"
    if factor.symbol in _LENGTHS:
        form = (grammar.square if factor.power == 2 else grammar.cubic)[not one]
    else:
        form = grammar.squared if factor.power == 2 else grammar.cubed
    return form.format(name if form.startswith("{") or " " in form else name.lower())
