"""English rules for names: monarchs and chapters with Roman numerals, saints and streets."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman, second_numeral_rule

_REGNAL = (
    "Adolf|Albert|Alexander|Alexandra|Alfonso|Andrew|Anne|Augustus|Baldwin|Benedict|Boniface|Casimir|Catherine|Charles"
    "|Christian|Clement|Constantine|Constantius|Cosimo|Darius|Edgar|Edmund|Edward|Elizabeth|Eric|Ethelred|Eugene"
    "|Ferdinand|Francis|Franz|Frederick|Friedrich|Gaius|George|Gregory|Gustav|Haakon|Harald|Harold|Henri|Henry|Innocent"
    "|Isabella|Ivan|James|Jean|Joan|Joao|John|Joseph|Juan|Julius|Justinian|Karl|Kenneth|Leo|Leopold|Louis|Ludwig|Magnus"
    "|Margaret|Maria|Mary|Matthias|Maximilian|Mehmed|Michael|Murad|Napoleon|Nicholas|Nikolai|Olaf|Oscar|Otto|Paul"
    "|Pedro|Peter|Philip|Philippe|Pius|Ptolemy|Rainier|Rama|Ramesses|Ramses|Amenhotep|Seti|Cyrus|Artaxerxes|Antiochus|Sancho|Wenceslaus|Vladislaus|Bayezid|Ahmed|Mustafa|Richard|Robert|Roger|Rudolf|Selim|Sigismund|Sixtus"
    "|Stephen|Suleiman|Theodosius|Thutmose|Umberto|Urban|Valdemar|Victor|Victoria|Vittorio|Emmanuel|Emanuel|Wilhelm"
    "|William|Xerxes"
)
_COUNTED = (
    "Act|Album|Annex|Appendix|Apollo|Article|Book|Canto|Chapter|Class|Column|Division|Episode|Exhibit|Factor|Figure"
    "|Gemini|Grade|Group|Item|Lesson|Level|Mark|Module|Mach|Note|Number|Page|Paragraph|Part|Phase|Plate|Psalm|Quarter"
    "|Region|Round|Saturn|Scene|Schedule|Season|Section|Series|Stage|Step|Table|Tier|Title|Tome|Topic|Type|Unit|Verse"
    "|Volume|War|Bowl|WrestleMania|(?i:chapter|article|part|volume|section|act|scene|book|phase|type|appendix|figure|table|level)"
)
# Words after "I" that make it the pronoun, not a numeral after the name of a monarch.
_PRONOUN = "(?! (?:am|have|think|thought|know|knew|do|want|like|love|believe|feel|mean|guess|hope|don't)\\b|'(?!s\\b))"
_REGNAL_NAME = re.compile(rf"\b({_REGNAL}) ({ROMAN})(?![\w-]|\.\w){_PRONOUN}")
_COUNTED_NAME = re.compile(rf"\b((?:{_COUNTED})s?) ({ROMAN})(?![\w-]|'(?!s\b))")
_SEQUEL = re.compile(r"(?<=[a-z]) (X{0,3}(?:IX|IV|V?I{1,3}|V)|X{2,3})(?![\w-]|'(?!s\b))")
_CENTURY = re.compile(rf"\b({ROMAN})(?:th|st|nd|rd)?(?= (?:century|centuries|[Dd]ynasty|Olympi))")
_ROMAN_TEN = re.compile(r"(?:(?<=\biPhone )|(?<=\bOS )|(?<=\bSpace ))X(?!\w)")
_ROMAN_YEAR = re.compile(r"\bM{1,2}[DCLXVI]{3,12}(?!\w)")
_CAPITALISED = re.compile(r"\b[A-Z][\w'-]*$")
# "St." before a name means Saint, after a name Street. Between two names it means Street if a house number is there.
_STREET = re.compile(
    r"(?P<name>\b(?:[A-Z][\w'-]{0,40}|\d{1,4}(?:st|nd|rd|th))) "
    r"(?P<kind>St|Dr|Ave|Rd|Ln|Blvd|Pl|Ct|Sq|Hwy|Pkwy)\b(?P<point>\.?)"
)
_STREETS = {
    "St": "Street",
    "Dr": "Drive",
    "Ave": "Avenue",
    "Rd": "Road",
    "Ln": "Lane",
    "Blvd": "Boulevard",
    "Pl": "Place",
    "Ct": "Court",
    "Sq": "Square",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
}
_HOUSE = re.compile(r"\d[A-Za-z]? (?:[A-Z][\w'.-]{0,40} ){0,3}$")
_NAME_FOLLOWS = re.compile(r" [A-Z]")


def name_rules(language: Language) -> tuple[Rule, ...]:
    def say_ordinal(numeral: str) -> str | None:
        value = parse_roman(numeral)
        return language.say_ordinal(value) if value and value < 40 else None

    def say_regnal_name(match: re.Match[str]) -> str | None:
        words = say_ordinal(match[2])
        return words and f"{match[1]} the {words.title()}"

    def say_counted_name(match: re.Match[str]) -> str | None:
        value = None if is_letter(match[2], noun=match[1]) else parse_roman(match[2])
        return f"{match[1]} {language.say_cardinal(value)}" if value else None

    def say_sequel(match: re.Match[str]) -> str | None:
        """Read the numeral of "Rocky II", but not of "Then I". The word before it must have a capital letter."""
        named = _CAPITALISED.search(match.string[max(0, match.start() - 40) : match.start()])
        value = parse_roman(match[1])
        return f" {language.say_cardinal(value)}" if named and value and value not in (1, 5) else None

    def say_year(match: re.Match[str]) -> str | None:
        value = parse_roman(match[0])
        return language.say_year(value) if value else None

    return (
        Rule(_CENTURY, lambda match: say_ordinal(match[1]), needs="IVX"),
        second_numeral_rule(_REGNAL_NAME, say_regnal_name, words="and|or|to"),
        Rule(_REGNAL_NAME, say_regnal_name, needs="IVX"),
        Rule(_COUNTED_NAME, say_counted_name, needs="IVXLCDM"),
        Rule(_SEQUEL, say_sequel, needs="IVX"),
        Rule(_ROMAN_TEN, lambda _: "ten", needs="X"),
        Rule(_ROMAN_YEAR, say_year, needs="M"),
        Rule(_STREET, _expand_street),
    )


def _expand_street(match: re.Match[str]) -> str | None:
    rest = match.string[match.end() : match.end() + 3]
    named = _NAME_FOLLOWS.match(rest) is not None
    house = _HOUSE.search(match.string[max(0, match.start() - 80) : match.start()])
    if match["kind"] in ("St", "Dr") and named and match["name"][0].isalpha() and not house:
        return None
    stop = "." if match["point"] and (named or not rest.strip()) else ""
    return f"{match['name']} {_STREETS[match['kind']]}{stop}"
