"""French rules for Roman numerals: monarchs, centuries, chapters and years."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule
from worker.text.normalization.roman_numerals import ROMAN, parse_roman

_LETTERS = "IVXLCDM"
_CAPITAL = "[A-ZÀÂÇÉÈÊËÎÏÔÙÛŒ]"
# This excludes the letters that begin words such as "ces", "de" and "Mme".
_ROMAN_ORDINAL = re.compile(
    rf"(?<![\w.'])(?P<letters>I(?=ers?\b|re\b|ère\b)|(?=[IVXL]{{2}}|[VX])(?=[IVXL]{{1,8}}[eènd]){ROMAN})"
    r"(?P<suffix>(?<=I)(?<![IVX]I)(?:ers?|re|ère)|es?|è|[èe]mes?|nde?)(?![\w'])(?P<century> ?s\.(?=[ ,;)]|$))?"
)
_REGNAL_NAMES = (
    "Albert|Alexandre|Alphonse|Amédée|Auguste|Baudouin|Benoît|Boniface|Catherine|Charles|Christian|Clément|[ÉE]douard"
    "|[ÉE]lisabeth|Ferdinand|François|Frédéric|Georges|Grégoire|Guillaume|Gustave|Hassan|Henri|Innocent|Ivan|Jacques|Jean"
    "|Jules|Léon|Léopold|Louis|Mohammed|Napoléon|Nicolas|Othon|Paul|Philippe|Pie|Pierre|Ptolémée|Rainier|Ramsès|Richard"
    "|Robert|Sixte|Urbain|Victor|Emmanuel"
)
_COUNTED = (
    "chapitre|tome|livre|acte|scène|partie|volume|article|titre|section|annexe|phase|chant|niveau|groupe|classe|catégorie"
    "|type|paragraphe|figure|tableau|planche|module|étape|appendice|leçon|épisode|saison|division|round|numéro|page|alinéa"
    "|colonne|an|guerre|grade|stade"
)
_NOT_IN_NAME = r"(?![\w'-]|\.\w)"
_ROMAN_KING = re.compile(rf"\b((?:{_REGNAL_NAMES})[ -])({ROMAN})(?:( (?:et|à|ou) )({ROMAN}))?{_NOT_IN_NAME}")
_ROMAN_COUNTED = re.compile(rf"\b((?i:{_COUNTED})s? )({ROMAN})(?:( (?:et|à|ou) )({ROMAN}))?(?![\w'])")
# Years on buildings and in film credits.
_ROMAN_YEAR = re.compile(rf"(?<![\w.'-])(?=M[IVXLCDM]{{3}})({ROMAN})(?![\w'-])")
_ROMAN_NAME = re.compile(
    rf"\b({_CAPITAL}[\w'-]{{1,40}} )(X{{0,3}}(?:IX|IV|V?I{{1,3}}|V)|X{{2,3}}){_NOT_IN_NAME}"
)


def roman_rules(language: Language) -> tuple[Rule, ...]:
    def say_number(letters: str) -> str:
        value = parse_roman(letters) or 0
        return language.say_cardinal(value)

    def say_named(match: re.Match[str]) -> str | None:
        return f"{match[1]}{say_number(match[2])}" if len(match[2]) > 1 else None

    def say_king(match: re.Match[str]) -> str:
        more = f"{match[3]}{say_number(match[4])}" if match[4] else ""
        return f"{match[1]}{say_number(match[2])}{more}"

    def say_counted(match: re.Match[str]) -> str | None:
        more = f"{match[3]}{say_number(match[4])}" if match[4] else ""
        return f"{match[1]}{say_number(match[2])}{more}" if match[2] not in "LCDM" else None

    return (
        Rule(_ROMAN_ORDINAL, lambda match: _say_roman_ordinal(match, language=language), needs=_LETTERS),
        Rule(_ROMAN_KING, say_king, needs=_LETTERS),
        Rule(_ROMAN_COUNTED, say_counted, needs=_LETTERS),
        Rule(_ROMAN_NAME, say_named, needs="IVX"),
        Rule(_ROMAN_YEAR, lambda match: language.say_year(parse_roman(match[1]) or 0), needs="M"),
    )


def _say_roman_ordinal(match: re.Match[str], *, language: Language) -> str | None:
    value = parse_roman(match["letters"])
    if value is None:
        return None
    words = language.say_ordinal(value, suffix=match["suffix"])
    if not match["century"]:
        return words
    rest = match.string[match.end() : match.end() + 4]
    return f"{words} siècle{'.' if not rest.strip() else ''}"
