"""Rewrite numbers that the other rules would take for something else, such as "1.234,56 €" in English."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule, text_before

_NO_NUMBER_AFTER = r"(?!\w|[.,]\d)"
_SCALE = re.compile(
    rf"(?<![\w.,:])1(?::| : )(\d{{1,3}}(?:[ .,]\d{{3}}){{1,2}}|\d{{4,7}}){_NO_NUMBER_AFTER}(?! \d{{3}})"
)
# Not the dash of direct speech, of a list or around a remark.
_DASH_FOR_MINUS = re.compile(
    r"(?:(?<=[\w:,] )|(?<=[(=])|(?<=[(=] ))(?<![\d%°CF] )–(?=[.,$€£]?\d)(?![^–\n]{1,80}[^\W\d]–)"
    r"|(?<!\S)(?<![\d%°CF] )–(?=\d[\d.,]{0,12} ?[°%])"
)
# An exponent that lost its position in a copied text.
_LOST_EXPONENT = re.compile(r"(?<=\d)( ?[×⋅·x] ?10)[−–-](?=\d{1,2}(?!\w|[.,]\d| ?=))")
# Groups of two digits before the last three: "1,00,000".
_INDIAN = re.compile(r"(?<![\w.,])\d{1,2}(?:,\d\d){1,6},\d{3}(?:\.\d{1,2})?(?!\w|[.,]\d)")
# The hyphen of a standard, as in "ISO-8859-1", is no range.
_STANDARD = re.compile(
    r"\b((?:ISO|IEC|EN|DIN|ANSI|IEEE|ECMA|RFC|BS|NF|UNI|UNE|NBR)(?:[/ -](?:IEC|EN|ISO))?)[ -]?"
    r"(\d{3,5})-(?=\d{1,4}(?!\w))"
)
_VERSION = re.compile(r"(?:version|release) $", re.IGNORECASE)
# In the names of aircraft the hyphen is not read: "Boeing 737-800".
_AIRCRAFT = (
    re.compile(
        r"\b((?:Boeing|Airbus|Embraer|Bombardier|Cessna|Douglas|Tupolev|Antonov|Lockheed|Fokker|ATR|Learjet)"
        r" (?:[A-Z]{1,3}-?)?\d{2,3})-(\d{1,4})(?=[A-Z]{0,3}(?!\w))"
    ),
    re.compile(
        r"\b((?:[Aa]|[Tt]he|[Uu]n[aeo]?|[Ll][ea]|[Ee]ine?|[Dd](?:er|ie)|[Ee]l|[Ii]l|[Uu]ma?) 7[0-8]7)"
        r"-([1-9]00|8|9|10)(?=[A-Z]{0,3}(?!\w))"
    ),
)


def written_number_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for foreign marks, scales of maps and aircraft. They run before all others for numbers."""

    def say_scale(match: re.Match[str]) -> str:
        value = int(re.sub(r"\D", "", match[1]))
        return language.say_scale(value, before=text_before(match, chars=4))

    def say_aircraft(match: re.Match[str]) -> str:
        return f"{match[1]} {language.say_number(match[2])}"

    return (
        *_foreign_mark_rules(language),
        Rule(_DASH_FOR_MINUS, lambda _: "\u2212", needs="–"),
        Rule(_LOST_EXPONENT, lambda match: f"{match[1]}^\u2212", needs="\u2212–-"),
        Rule(_STANDARD, lambda match: f"{match[1]} {match[2]} ", needs="-"),
        Rule(_SCALE, say_scale, needs=":"),
        *(Rule(aircraft, say_aircraft, needs="-") for aircraft in _AIRCRAFT),
    )


def _foreign_mark_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for numbers with the marks of other languages: "1.234,56" in English, "1,234.56" in German."""
    decimal, group = (".", ",") if language.decimal_mark == "." else (",", ".")
    swap = str.maketrans({decimal: group, group: decimal, " ": group})

    def swap_marks(match: re.Match[str]) -> str:
        return match[0].translate(swap)

    def regroup(match: re.Match[str]) -> str:
        whole, mark, cents = match[0].replace(",", "").partition(".")
        return f"{int(whole):,}".replace(",", group) + (decimal if mark else "") + cents

    groups = rf"(?:(?:[{decimal}]\d{{3}}){{1,5}}[{group}]\d{{1,2}}|(?:[{decimal}]\d{{3}}){{2,5}}){_NO_NUMBER_AFTER}"
    rules = [
        Rule(_INDIAN, regroup, needs=","),
        Rule(
            re.compile(rf"(?<![\w.,:/-])\d{{1,3}}{groups}"),
            lambda match: None if _VERSION.search(text_before(match, chars=8)) else swap_marks(match),
            needs=decimal,
        ),
    ]
    if language.decimal_mark == ".":
        amount = r"\d{1,3}(?: \d{3}){0,4},\d\d(?!\w|[.,]\d)"
        pattern = rf"(?<![\w.,])(?<!\d ){amount}(?= ?€)|(?<=€){amount}|(?<=€ ){amount}"
        rules.append(Rule(re.compile(pattern), swap_marks, needs="€"))
    else:
        amount = r"\d{1,9}\.\d\d(?!\w|[.,]\d)"
        pattern = rf"(?:(?<=[$€£])|(?<=[$€£] )){amount}|(?<![\w.,]){amount}(?= ?[$€£])"
        rules.append(Rule(re.compile(pattern), swap_marks, needs="$€£"))
    return tuple(rules)
