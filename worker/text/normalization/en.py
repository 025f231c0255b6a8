"""Normalize English: American, or British if the tag says so."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Iterable

from worker.text.normalization import en_tables, num2words_cache
from worker.text.normalization.abbreviations import ends_with_no
from worker.text.normalization.en_name_rules import name_rules
from worker.text.normalization.en_number_rules import number_rules
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule, text_after, text_before

_DECADE = re.compile(r"(?<![\w.,$€£])(['’]?)(\d|[12]\d{2})0(?:'|’)?s(?!\w)")
_BEFORE_YEAR = re.compile(
    r"\b(?:in|since|by|from|until|till|before|after|during|year|years|circa|around|c\.|ca\.|early|late|mid|of|to|and|through"
    r"|spring|summer|autumn|fall|winter|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|copyright|born|died|flourished|ad|election|class|vintage|©|\()[ -]?[(]?$",
    re.IGNORECASE,
)
_AFTER_YEAR = re.compile(r" ?(?:BC|AD|BCE|CE|B\.C\.|A\.D\.)(?!\w)")
# A plural noun after a number: the number is a count, not a year.
_PLURAL_NOUN = re.compile(
    r" (?!(?:was|is|his|has|does|this|as|its|us|thus|always|perhaps|[a-z]{1,20}ss|[a-z]{1,20}us)\b)(?:[a-z]{1,20} )?"
    r"(?:[a-z]{2,30}s|people|men|women|children|percent|feet)\b"
)
_PER = re.compile(
    r"(?<=[a-z])/(years?|yr|months?|mo|weeks?|wk|days?|nights?|hours?|hr|h|person|miles?|mi|min|minutes?|sec|second|kg|lb|pound"
    r"|gallon|gal|units?|users?|seat|item|page|word|dozen|share|student|capita|head|room|ton)(?!\w)"
)
_PER_NAMES = {
    "yr": "year",
    "mo": "month",
    "wk": "week",
    "hr": "hour",
    "h": "hour",
    "mi": "mile",
    "min": "minute",
    "sec": "second",
    "kg": "kilogram",
    "lb": "pound",
    "gal": "gallon",
}
_ARTICLE = re.compile(r"\b(?:an?|this|that|each|every) $", re.IGNORECASE)
_NOUN = re.compile(r" (?!(?:of|or|and|to|in|on|at|for|per|from|with|away|above|below|is|was|by)\b)[a-z]{3,}")
_HALF_DAY = re.compile(r"[ap]\.m\.$")
_AFTER_HALF_DAY = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|[A-Z]{1,2}T\b|GMT|UTC|[Oo]n\b|[a-z]"
)
_REFERENCE = re.compile(
    r"\b(pp?|ch|chaps?|figs?|vols?|sec|art|eq|ll?|tab|part|v|nn?|par|rm|apt|bldg|fl|ext|nos?)\. ?"
    r"(?=\d|(?P<roman>[IVXLC]+)\b)",
    re.IGNORECASE,
)
# "She said no. 5 people left." and "That is art. I like it."
_WORDS_TOO = frozenset({"no", "sec", "art", "tab", "part", "par"})
_REFERENCES = {
    "p": "page", "pp": "pages", "ch": "chapter", "chap": "chapter", "chaps": "chapters",
    "fig": "figure", "figs": "figures", "vol": "volume", "vols": "volumes",
    "sec": "section", "art": "article", "eq": "equation", "l": "line", "ll": "lines", "tab": "table", "part": "part",
    "v": "version", "n": "note", "nn": "notes", "par": "paragraph", "rm": "room", "apt": "apartment",
    "bldg": "building",
    "fl": "floor", "ext": "extension", "no": "number", "nos": "numbers",
}  # fmt: skip


def _expand_reference(match: re.Match[str]) -> str | None:
    name, numeral = match[1], match["roman"]
    is_word = name.islower() and name in _WORDS_TOO
    if numeral and (not numeral.isupper() or (len(numeral) == 1 and (is_word or numeral == "I"))):
        pronoun = is_word or text_after(match, chars=3)[1:].lstrip()[:1].islower()
        return None if pronoun else f"{_REFERENCES[name.lower()]} "
    if name == "no" and ends_with_no(text_before(match, chars=32) + match[0].rstrip()):
        return None
    return f"{_REFERENCES[name.lower()]} "


# These run before the rules for numbers and names.
_SHORT_FORM_RULES = (
    # A year, not a floor: "fl. 1850".
    Rule(
        re.compile(
            r"\bfl\. ?(?=(?:c\. ?)?1\d{3}(?!\d|[,.]\d))|(?<=\()fl\. ?(?=(?:c\. ?)?[3-9]\d\d(?!\d|[,.]\d))"
        ),
        lambda _: "flourished ",
        needs=".",
    ),
    # "Act V. 3" and "George V. 3 years later" are no volumes.
    Rule(
        re.compile(r"(?:^|(?<=[,;:(] )|(?<=\b[Ss]ee )|(?<=\b[Ii]n )|(?<=\()|(?<=\b[Cc]f\. ))V\. ?(?=\d)"),
        lambda _: "volume ",
        needs=".",
    ),
    Rule(_REFERENCE, _expand_reference, needs="."),
    Rule(re.compile(r"\b([CFJ])#(?!\w)"), lambda match: f"{match[1]} sharp", needs="#"),
    Rule(re.compile(r"\bC\+\+(?!\w)"), lambda _: "C plus plus", needs="+"),
    Rule(re.compile(r"\bN[º°] ?(?=\d)"), lambda _: "number ", needs="º°"),
    Rule(re.compile(r"(?<=, )etc(?![\w.])|(?<=\band )etc(?![\w.])"), lambda _: "et cetera"),
    Rule(re.compile(r"\bc\. ?(?=\d)"), lambda _: "circa ", needs="."),
    Rule(re.compile(r"\b([Nn])o\. (?=of\b)"), lambda match: f"{match[1]}umber ", needs="."),
    Rule(re.compile(r"(?<!\w)c/o(?!\w)"), lambda _: "care of", needs="/"),
    Rule(
        re.compile(r"\b([Hh]e|[Hh]is|[Hh]im|[Yy]es)/(?=she\b|hers?\b|no\b)"),
        lambda match: f"{match[1]} or ",
        needs="/",
    ),
    Rule(re.compile(r"(?<=\w)\(s\)(?!\w)"), lambda _: "s", needs="("),
    Rule(re.compile(r"\b(and|And)/or\b"), lambda match: f"{match[1]} or", needs="/"),
    Rule(re.compile(r"(?<!\w)w/(?= ?[a-z])(?!o\b)"), lambda _: "with ", needs="/"),
)
_DENOMINATORS = {2: "half", 4: "quarter"}


class English(Language):
    code = "en"
    decimal_mark = "."
    group_marks = ","
    min_space_groups = 2
    month_first = True
    day_article = "the"
    month_connector = "of"
    ambiguous_months = frozenset({"may", "march", "mar", "MAY", "dec", "mar.", "jun"})
    short_months = {"sept": 9}  # noqa: RUF012
    ordinal_suffixes = "(?:st|nd|rd|th|ST|ND|RD|TH)"
    time_suffix = "(?: ?o'clock)?"
    after_date = (
        "in|at|on|to|by|from|for|with|until|till|near|as|and|or|but|when|while|after|before|because"
        "|the|a|an|we|he|she|they|it|I|you|was|is|had|has|will|my|our|his|her|their"
    )
    words = en_tables.WORDS
    currencies = en_tables.CURRENCIES
    scales = en_tables.SCALES
    money_scales = en_tables.MONEY_SCALES
    excluded_units = frozenset({"in"})
    units = en_tables.UNITS
    abbreviations = en_tables.ABBREVIATIONS
    final_abbreviations = en_tables.FINAL_ABBREVIATIONS
    word_abbreviations = frozenset({"max.", "temp.", "no."})
    part_nouns = en_tables.PART_NOUNS
    list_words = "and|or|to|through|&"

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.day_first = self.region not in {"", "US", "PH", "CA"}

    def early_rules(self) -> Iterable[Rule]:
        return (
            *_SHORT_FORM_RULES,
            Rule(re.compile(r"(?<=\d0s) ?[-–] ?'?(?=\d{2,4}s)"), lambda _: " to ", needs=DIGITS),
            Rule(_DECADE, self._say_decade, needs=DIGITS),
            Rule(re.compile(r"(?<![\w.,])\.(?=\d)"), lambda _: "0.", needs=DIGITS),
            *number_rules(self),
            *name_rules(self),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (
            Rule(re.compile(r"(?<=\w) ?[°º](?!\w)"), lambda _: " degrees", needs="°º"),
            Rule(_PER, lambda match: f" per {_PER_NAMES.get(match[1], match[1])}", needs="/"),
            Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " ", needs="/"),
        )

    def point_continues(self, before: str, after: str) -> bool:
        return bool(_HALF_DAY.search(before) and _AFTER_HALF_DAY.match(after))

    def is_word(self, name: str, match: re.Match[str]) -> bool:
        after_article = text_before(match, chars=4).lower() == "the "
        return name in self.word_abbreviations or (name == "Sun." and after_article)

    def say_bare_year(self, match: re.Match[str]) -> str | None:
        digits = match[0].lstrip()
        if not re.fullmatch(r"[12]\d{3}", digits) or int(digits) > 2099:
            return None
        before, after = (
            match.string[max(0, match.start() - 24) : match.start()],
            match.string[match.end() : match.end() + 32],
        )
        if _AFTER_YEAR.match(after):
            return self.say_year(int(digits))
        if _PLURAL_NOUN.match(after) or after[:1].isalpha() or before[-1:].isalpha():
            return None
        if int(digits) >= 1900 or _BEFORE_YEAR.search(before):
            return self.say_year(int(digits))
        return None

    def is_attributive(self, match: re.Match[str]) -> bool:
        return bool(
            _ARTICLE.search(match.string[max(0, match.start() - 8) : match.start()])
            and _NOUN.match(match.string[match.end() : match.end() + 20])
        )

    def say_year(self, value: int) -> str:
        if value < 1000 or value > 2999 or 2000 <= value <= 2009:
            return self.say_cardinal(value)
        return num2words_cache.spell_year(value, language=self.num2words_code)

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator in (10, 100) and numerator <= denominator:
            return f"{self.say_cardinal(numerator)} out of {self.say_cardinal(denominator)}"
        if numerator + denominator == 100 and numerator >= 50:
            return f"{self.say_cardinal(numerator)} {self.say_cardinal(denominator)}"
        if denominator < 2 or denominator > 100:
            return f"{self.say_cardinal(numerator)} over {self.say_cardinal(denominator)}"
        name = _DENOMINATORS.get(denominator) or self.say_ordinal(denominator)
        if numerator != 1:
            name = "halves" if denominator == 2 else f"{name}s"
        return f"{self.say_cardinal(numerator)} {name}"

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        if denominator < 2 or denominator > 100:
            return None
        part = (
            "a half"
            if (numerator, denominator) == (1, 2)
            else "a quarter"
            if (numerator, denominator) == (1, 4)
            else self.say_fraction(numerator, denominator)
        )
        return f"{self.say_cardinal(whole)} and {part}"

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:
        if month_first:
            return f"{month} {self.say_ordinal(day)}{f', {self.say_year(year)}' if year else ''}"
        return f"the {self.say_ordinal(day)} of {month}{f' {self.say_year(year)}' if year else ''}"

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        until = f" {self.say_year(year)}" if year else ""
        if month_first:
            return (
                f"{month} {self.say_ordinal(first)} to {self.say_ordinal(last)}{',' if until else ''}{until}"
            )
        return f"the {self.say_ordinal(first)} to the {self.say_ordinal(last)} of {month}{until}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        if not minute and not second:
            return (
                "midnight"
                if hour in (0, 24)
                else f"{self.say_cardinal(hour)} {'hundred' if hour > 12 else chr(111) + chr(39) + 'clock'}"
            )
        words = f"{self.say_cardinal(hour)} {self._say_minutes(minute)}"
        return (
            words
            if second is None
            else f"{words} and {self.say_cardinal(second)} second{'s' * (second != 1)}"
        )

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        return f"{self.say_cardinal(hour)} {self._say_minutes(minute) + ' ' if minute else ''}{half}"

    def _say_minutes(self, minute: int) -> str:
        return f"oh {self.say_cardinal(minute)}" if minute < 10 else self.say_cardinal(minute)

    def _say_decade(self, match: re.Match[str]) -> str:
        years = int(f"{match[2]}0")
        if years < 100:
            return f"{_plural(self.say_cardinal(years))}" if years >= 20 else match[0]
        if years % 1000 == 0:
            return f"{_plural(self.say_cardinal(years))}"
        return _plural(num2words_cache.spell_year(years, language=self.num2words_code))


def _plural(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}es" if words.endswith("x") else f"{words}s"
