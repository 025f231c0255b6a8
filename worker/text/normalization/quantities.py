"""Put ranges, powers, percentages, fractions, ordinals, versions and plain numbers into words."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
import unicodedata
from decimal import Decimal

from worker.text.normalization.compound_units import compound_unit_name, compound_unit_pattern
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule, text_after, text_before
from worker.text.normalization.money import say_scaled_number, scale_pattern
from worker.text.normalization.units import PER_UNIT, unit_name, unit_pattern

_VULGAR = "(?P<whole>(?<![\\d.,/])\\d{1,4} ?)?(?P<part>[¼-¾⅐-⅞])"
_VULGAR_SIGNS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_MIXED = r"(?<![\d.,/:])(?:(?P<whole>\d{1,4})[ -])?(?P<part>\d{1,4}/\d{1,4})(?![\d/]|[.,]\d)"
_CHAPTERS = re.compile(r"(?<![\w.,])(\d{1,4}(?:\.\d{1,6}){2,5})(?![\w]|\.\d)")
_VERSION = re.compile(r"(?<![\w.])(?:v\.? ?|V\.? ?(?=\d{1,4}\.\d))(\d{1,4}(?:\.\d{1,6}){0,5})(?![\w]|\.\d)")
_RATIO = re.compile(r"(?<![\w.,:])(\d{1,4}):((?:\d{1,3}(?:[.,]\d{3}){1,4}|\d{1,4}))(?![\w:]|[.,]\d)")
_EXPONENT = "\\^\\{?([-\u2212]?\\d{1,6})\\}?(?!\\w)"
_SCIENTIFIC = re.compile(r"(?<![\w.,])(\d{1,4}(?:[.,]\d{1,12})?)[eE]([+-]?)(\d{1,3})(?!\w)")
_SUPERSCRIPT = (
    "(?<=[\\w)])(?<!\\b[kcdm]m)(?<!\\bm)(?<!/s)(?<!\\d[kcdm]m)(?<!\\dm)([⁺⁻]?[⁰¹²³⁴-⁹]{1,6})(?!\\w)"
)
_DIFFERENCE = re.compile(
    r"(?<![\w.,/:-])(?<![-–] )(?P<first>\d{1,6}) [-–] (?=(?P<second>\d{1,6})(?:$|[?!.,;)\n](?!\d)| ?=))"
)
# A calculation stands alone, or after such a word.
_CALCULATION = re.compile(
    r"(?:^|[\n=(?!.:]\s?|\b(?:is|equals|calculate|compute|ist|macht|sind|berechne|est|font|calculez?|es|son|calcula"
    r"|è|fa|calcola|é|calcule) )$",
    re.IGNORECASE,
)
_SEASON = re.compile(r"(?<![\w.,/])((?:19|20)\d\d)/(\d\d|(?:19|20)\d\d)(?![\w/]|[.,]\d)")
_FORMULA = re.compile(r" (?=\w{0,10}[a-z\d])(?:[A-Z][a-z]?\d{0,2}){2,6}(?!\w)| K(?:OH|I|F|CN)(?!\w)")
_LETTER_SCALE_LIMIT = 1000
_LONG_DIGITS = re.compile(r"(?<!\d)\d{25,}")
_FIXED_GROUPS = re.compile(
    "(?<![\\w.,:/+-])[1-9]\\d{0,2}(?:[\u00a0\u2009\u202f]\\d{3}){1,6}(?![\\w:/-]|,\\d|\\s\\d)"
)
_GROUPS = r"(?<![\w.,:/+-])(?P<head>[1-9]\d{{0,2}})(?P<tail>(?: \d{{3}}){{{least},6}})(?![\w:/-]| ?\d)"


def thousands_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule that replaces spaces between thousands with the separator of the language, for later rules."""
    mark = language.group_marks[0]
    pattern = re.compile(_GROUPS.format(least=language.min_space_groups))
    return (Rule(pattern, lambda match: f"{match['head']}{match['tail'].replace(' ', mark)}"),)


def fixed_space_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule for fixed spaces between thousands, as in "5\\u00a0000". It runs before they become plain."""
    mark = language.group_marks[0]
    return (
        (Rule(_FIXED_GROUPS, lambda match: re.sub(r"\s", mark, match[0])),)
        if language.min_space_groups > 1
        else ()
    )


def range_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for ranges and for signs before numbers. They run before the second number is changed."""
    minus, to = f" {language.words['minus']} ", f" {language.words['to']} "

    def say_range(match: re.Match[str]) -> str:
        sign = f"{language.words['minus']} " if match["minus"] else ""
        start = language.say_range_start(match["first"], rest=match.string[match.end() : match.end() + 40])
        return f"{sign}{start}"

    def say_difference(match: re.Match[str]) -> str | None:
        """Read a calculation with a minus. Elsewhere "5 - 3" is a score or a range."""
        is_calculation = int(match["first"]) > int(match["second"])
        is_calculation = is_calculation and _CALCULATION.search(text_before(match, chars=16)) is not None
        return f"{match['first']}{minus}" if is_calculation else None

    def say_season(match: re.Match[str]) -> str | None:
        first, second = match.groups()
        follows = (int(first) + 1) % 10 ** len(second) == int(second)
        return f"{language.say_year(int(first))} {language.words['to']} {second}" if follows else None

    return (
        Rule(re.compile(r"(?<!\S)#(?= ?\d)"), lambda _: f"{language.words['#']} ", needs="#"),
        Rule(re.compile("(?<=[\\d)]) ?\u2212 ?(?=[\\d(])"), lambda _: minus, needs="\u2212"),
        Rule(
            re.compile(r"(?<=\d) / (?=\d)|(?<=\d) ?÷ ?(?=\d)"),
            lambda _: f" {language.words['÷']} ",
            needs="/÷",
        ),
        Rule(
            re.compile(r"(?<=\d) [x×*] (?=\d[\d.,]{0,12} ?=)"),
            lambda _: f" {language.words['×']} ",
            needs="x×*",
        ),
        Rule(_SEASON, say_season, needs="/"),
        Rule(_DIFFERENCE, say_difference, needs="-–"),
        Rule(re.compile(r"(?<=\dh)( ?[0-5]?\d ?m)(?![\w²³/])"), lambda match: f"{match[1]}in", needs="h"),
        Rule(
            re.compile(
                r"(?:(?<![\w.,)\]%°/+-])(?P<minus>[-−])|(?<![\w.,/]))"
                rf"(?P<first>{language.number_pattern})(?: ?– ?|-| - )(?=−?\d)(?!\d{{1,4}}/)"
            ),
            say_range,
            needs="-–",
        ),
        Rule(
            re.compile(r"(?<=[\d%°])–(?=\d)|(?<=%) ?[-–] ?(?=\d)|(?<=°[CFK]) ?[-–] ?(?=\d)"),
            lambda _: to,
            needs="-–",
        ),
    )


def power_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for exponents: superscript digits, "10^3", and scientific notation ("1e3")."""

    def say_power(match: re.Match[str]) -> str:
        plain = unicodedata.normalize("NFKC", match[1])
        words = language.say_power(int(re.sub("[^0-9]", "", plain)), negative=plain[0] in "-\u2212")
        if not match["unit"]:
            return words
        return f"{words} {unit_name(match['unit'], value=Decimal(2), language=language, per=match['per'])}"

    def say_power_of_compound(match: re.Match[str]) -> str:
        unit = compound_unit_name(match["compound"], one=False, language=language)
        return f"{say_power(match)} {unit}"

    compound = rf" (?P<compound>{compound_unit_pattern()})(?![\w²³⁻/])(?P<unit>)(?P<per>)"
    unit = rf"(?: (?P<unit>{unit_pattern(language)})(?![\w²³])(?:/(?P<per>{PER_UNIT})(?![\w²³]))?)?"

    def say_scientific(match: re.Match[str]) -> str:
        ten = f" {language.words['×']} {language.say_cardinal(10)}"
        return f"{match[1]}{ten}{language.say_power(int(match[3]), negative=match[2] == '-')}"

    return (
        Rule(_SCIENTIFIC, say_scientific, needs="eE"),
        Rule(
            re.compile(r"(?<=\d) ?[×x*⋅] ?(?=10(?:\^|[⁰¹²³⁴-⁹⁻]))"),
            lambda _: f" {language.words['×']} ",
            needs="×x*⋅",
        ),
        Rule(
            re.compile(r"\^\{?([A-Za-z])\}?(?!\w)"),
            lambda match: f" {language.words['to the power of']} {match[1]}",
            needs="^",
        ),
        Rule(re.compile(_EXPONENT + compound), say_power_of_compound, needs="^"),
        Rule(re.compile(_SUPERSCRIPT + compound), say_power_of_compound, needs="⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"),
        Rule(re.compile(_EXPONENT + unit), say_power, needs="^"),
        Rule(re.compile(_SUPERSCRIPT + unit), say_power, needs="⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"),
    )


def quantity_rules(language: Language) -> tuple[Rule, ...]:
    number, words = language.number_pattern, language.words
    to = f" {words['to']} "
    minus = words["minus"]
    scale = scale_pattern(language)
    signed = r"(?P<minus>(?<![\w.,)\]%°])[-\u2212] ?(?=\d)|(?<![\d)]) ?\u2212(?=\d))?"
    suffix = language.ordinal_suffixes

    grouped = re.compile(rf"\d{{1,3}}(?:[{language.group_marks}]\d{{3}})+")

    def say_version(match: re.Match[str]) -> str:
        return _say_version(match[1], language=language)

    def say_plain_number(match: re.Match[str]) -> str:
        if not match["scale"] and (year := language.say_bare_year(match)):
            return _pad_with_spaces(match, year)
        words = _pad_with_spaces(match, " ".join(filter(None, say_scaled_number(match, language=language))))
        is_letter = len(match["scale"] or "") == 1 and (
            text_before(match).isalpha()
            or language.parse_number(match["number"]) >= _LETTER_SCALE_LIMIT
            or _FORMULA.match(text_after(match, chars=12))
        )
        if is_letter:
            # In "Y2K", "9700K" and "2 M NaOH" it is a letter, not a scale.
            words = _pad_with_spaces(match, f"{language.say_number(match['number'])} {match['scale']}")
        if not match["minus"]:
            return words
        space = " " if match[0][0].isspace() or text_before(match).isalnum() else ""
        return f"{space}{minus} {words.lstrip()}"

    # A point between digits in a language with a decimal comma: "USB 3.0".
    pointed = (
        r"(?<![\w.,])(\d{1,9})\.(\d{1,2}|\d{4,9})(?![\w.,]?\d|\w)" if language.decimal_mark == "," else "(?!)"
    )

    def say_pointed_number(match: re.Match[str]) -> str:
        return f"{language.say_whole(match[1])} {words['dot']} {language.say_decimals(match[2])}"

    return (
        Rule(re.compile(pointed), say_pointed_number, needs="."),
        Rule(_VERSION, lambda match: f"{words['version']} {say_version(match)}", needs="vV"),
        Rule(_CHAPTERS, lambda match: None if grouped.fullmatch(match[1]) else say_version(match), needs="."),
        Rule(_RATIO, lambda match: f"{match[1]}{to}{match[2]}", needs=":"),
        Rule(
            re.compile(
                rf"(?<![\w.,])(?P<number>{language.whole_number_pattern}) ?(?P<suffix>{suffix})(?!\w)"
            ),
            lambda match: _say_ordinal(match, language=language),
        ),
        Rule(re.compile(r"(?<=\d) ?%"), lambda _: f" {words['percent']}", needs="%"),
        Rule(re.compile(r"(?<=\d) ?‰"), lambda _: f" {words['permille']}", needs="‰"),
        Rule(re.compile(rf"{signed}(?<![\d])(?P<number>{number}){scale}"), say_plain_number),
        Rule(_LONG_DIGITS, lambda match: _pad_with_spaces(match, language.say_digits(match[0]))),
    )


def _say_version(version: str, *, language: Language) -> str:
    # In a language with a decimal comma, the point of a version has the same name as in an address.
    point = language.words["point" if language.decimal_mark == "." else "dot"]
    return f" {point} ".join(language.say_whole(part) for part in version.split("."))


def fraction_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for fractions and the unit after them."""
    unit = rf"(?: ?(?P<unit>{unit_pattern(language)})(?!\w))?"
    return tuple(
        Rule(re.compile(pattern + unit), lambda match: _say_fraction(match, language=language), needs=needs)
        for pattern, needs in ((_VULGAR, _VULGAR_SIGNS), (_MIXED, "/"))
    )


def _say_fraction(match: re.Match[str], *, language: Language) -> str | None:
    part = unicodedata.normalize("NFKC", match["part"]).replace("\u2044", "/")
    numerator, denominator = map(int, part.split("/"))
    if not denominator:
        return None
    if match["whole"]:
        words = language.say_mixed_fraction(int(match["whole"]), numerator, denominator)
    else:
        words = language.say_fraction(numerator, denominator)
    if words and match["unit"]:
        value = Decimal(int(match["whole"] or 0)) + Decimal(numerator) / denominator
        name = unit_name(match["unit"], value=Decimal(1) if value <= 1 else Decimal(2), language=language)
        words = f"{words} {name}"
    return words and _pad_with_spaces(match, words)


def _say_ordinal(match: re.Match[str], *, language: Language) -> str | None:
    value = language.parse_number(match["number"])
    return language.say_ordinal(int(value), suffix=match["suffix"]) if value < 10**12 else None


def _pad_with_spaces(match: re.Match[str], words: str) -> str:
    """Return the words with spaces between them and adjacent letters."""
    front, back = text_before(match), text_after(match, chars=2)
    plural = back[:1] == "s" and not back[1:].isalnum()
    return f"{' ' * front.isalnum()}{words}{' ' * (back[:1].isalnum() and not plural)}"
