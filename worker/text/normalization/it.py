"""Normalize Italian."""

import re
from collections.abc import Iterable

from worker.text.normalization import it_tables
from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import DIGITS, Rule
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman, second_numeral_rule

_FRACTIONS = {2: "mezzo", 3: "terzo", 4: "quarto"}
_SCALE_ENDING = re.compile(r"(?:milion|miliard|bilion)[eio]$")
_UNO_SOUND = re.compile(r"(?:z|s[^aeiou]|gn|ps|x|y)", re.IGNORECASE)
_MASCULINE_PARTS = "capitolo|tomo|libro|atto|volume|articolo|titolo|canto|paragrafo|secolo|quadro"
_FEMININE_PARTS = "parte|scena|sezione|fase|serie|appendice|classe|edizione|guerra"
_QUEENS = "Elisabetta|Caterina|Maria|Vittoria|Margherita|Isabella|Cristina|Anna|Giovanna|Cleopatra"
_ROMAN_BEFORE = re.compile(
    rf"(?<![\w.])({ROMAN}) (?=(?:(sec\.|secol[oi]\b|millennio\b|capitolo\b)"
    r"|(guerra\b|Guerra\b|Repubblica\b|edizione\b)))"
)
_ROMAN_AFTER = re.compile(
    rf"\b(?:((?i:{_MASCULINE_PARTS})|sec\.)|((?i:{_FEMININE_PARTS})|{_QUEENS})"
    rf"|([A-ZÀÈÉÌÒÙ][a-zàèéìòù]{{2,20}})) ({ROMAN})"
    r"(?![\w'-]|\.\w)"
)
_CLOCK_TIME = re.compile(
    r"\b((?:[Oo]re|[Aa]lle|[Dd]alle|[Ll]e|[Vv]erso le|[Hh]) )(\d{1,2})[.,](\d{2})(?![\w%€]|[.,]\d| ?[€%])"
)
_HOURS = re.compile(r"(?<![\w.,:])(\d{1,2}) ?h(?: ?(\d{2}))?(?![\w/])")
# In "1º, 2º" it is an ordinal.
_DEGREES = re.compile(
    r"(?<=\d)(?!º, \d{1,2}[ºª]) ?[°º](?= ?(?:[.;:!?)]|,|$)| (?:di|e|a|all|in|nord|sud|est|ovest)\b)"
)
_BEFORE_ORDINAL = re.compile(r"\b(?:il|la|al|alla|del|della|nel|nella|dal|dalla|è|e|,) $", re.IGNORECASE)
_SHORT_YEAR = re.compile(r"(?<!\w)'(\d{2,3})(?![\w.,]\d|\w)")
_MOBILE = re.compile(r"(?<![\w.,/+-])(3\d\d[ .-]?\d{3}[ .-]?\d{3,4}|0\d{1,3}[ /.-]\d{5,8})(?![\w/-]|[.,]\d)")
_ONE = re.compile(r"(?<![\w.,:/-])1 (?=(?P<noun>[a-zàèéìòù]{3,30})(?!\w))")
_NOT_COUNTED = re.compile(r"\b(?:numero|pagina|capitolo|articolo|volume|figura) $", re.IGNORECASE)
_NOT_NOUNS = it_tables.MONTHS | {"come", "che", "della", "delle", "alla", "sulla", "fino", "sono"}
_HEIGHT = re.compile(r"(?<![\w.,])([1-9]\d?)(?:,(\d{2}) ?m(?![\w²³'/])|m(\d{2})(?!\w))")
_FEMININE = re.compile(r"(?:a|ione|tà|tù|udine|^(?:milli|micro|nano)?mole|ice|trice)$")
_MASCULINE = frozenset({"problema", "programma", "sistema", "tema", "milione", "clima", "dramma", "campione"})
_NUMBERED = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(map(re.escape, it_tables.NUMBERED), key=len, reverse=True))}) ?"
    rf"(?=\d|{ROMAN}(?![\w'.]))"
)
_SAINT = re.compile(r"(?<![\w.'])S\. (?=[A-Z][a-zàèéìòù])")
_FEMALE_SAINTS = re.compile(
    r"(?:Maria|Lucia|Chiara|Caterina|Teresa|Rita|Anna|Barbara|Cecilia|Marta|Elisabetta|Agata|Rosa|Croce)\b"
)


class Italian(Language):
    code = "it"
    month_connector = "(?:di|del)"
    ordinal_suffixes = r"(?:[°ºª]|(?<! )(?:mo|ma|esimo|esima))"
    short_months = {"sett": 9, "gen": 1, "genn": 1, "febb": 2, "magg": 5, "lugl": 7}  # noqa: RUF012
    ambiguous_months = frozenset({"set", "mar", "gen", "dic"})
    after_date = "a|ad|al|alla|in|nel|nella|con|per|da|dal|e|o|ma|quando|il|la|lo|i|gli|un|una|ci|si|è|era|ha"
    words = it_tables.WORDS
    currencies = it_tables.CURRENCIES
    scales = it_tables.SCALES
    units = it_tables.UNITS
    excluded_units = frozenset(
        {"B", "K", "N", "ac", "mi", "ft", "yd", "oz", "kn", "cc", "ly", "cal", "tsp", "tbsp", "MP"}
    )
    abbreviations = it_tables.ABBREVIATIONS
    part_nouns = (
        "capitol[oi]|part[ei]|sezion[ei]|episodi[o]?|stagion[ei]|tracc(?:ia|e)|lezion[ei]|volum[ei]|unità"
        "|att[oi]|scen[ae]|pass[oi]|livell[oi]|pagin[ae]|libr[oi]|esercizi[o]?|domand[ae]|giorn[oi]"
        "|settiman[ae]|fas[ei]|articol[oi]|allegat[oi]|tabell[ae]|figur[ae]|tom[oi]|titol[oi]|secol[oi]"
        "|cant[oi]"
    )
    list_words = "e|o|a"
    final_abbreviations = it_tables.FINAL_ABBREVIATIONS

    def early_rules(self) -> Iterable[Rule]:
        return (
            Rule(
                _SAINT,
                lambda match: "Santa " if _FEMALE_SAINTS.match(match.string, match.end()) else "San ",
                needs="S",
            ),
            Rule(_NUMBERED, lambda match: f"{it_tables.NUMBERED[match[1]]} ", needs=DIGITS + "IVXLCDM"),
            Rule(
                _ROMAN_BEFORE,
                lambda match: self._say_roman(match[1], feminine=bool(match[3]), tail=" "),
                needs="IVXLCDM",
            ),
            second_numeral_rule(_ROMAN_AFTER, self._say_roman_after, words=self.list_words),
            Rule(_ROMAN_AFTER, self._say_roman_after, needs="IVXLCDM"),
            Rule(
                _CLOCK_TIME,
                lambda match: f"{match[1]}{match[2]}:{match[3]}" if int(match[3]) < 60 else None,
                needs=DIGITS,
            ),
            Rule(_HOURS, self._say_hours, needs=DIGITS),
            Rule(_HEIGHT, self._say_height, needs=DIGITS),
            Rule(_DEGREES, self._say_degrees, needs="°º"),
            Rule(_SHORT_YEAR, lambda match: self.say_cardinal(int(match[1])), needs="'"),
            Rule(_MOBILE, lambda match: self.say_telephone(re.findall(r"\d+", match[1])), needs=DIGITS),
            Rule(_ONE, self._say_one, needs="1"),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (
            Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " "),
            Rule(re.compile(r"\buna (?=ora\b)"), lambda _: "un'"),
        )

    def say_decimals(self, digits: str) -> str:
        rest = digits.lstrip("0")
        if len(rest) > 3:
            return self.say_digits(digits)
        zeros = ["zero"] * (len(digits) - len(rest))
        return " ".join([*zeros, *([self.say_cardinal(int(rest))] if rest else [])])

    def agree(self, words: str, noun: str) -> str:
        if _SCALE_ENDING.search(words):
            return f"{words} di"
        if words != "uno":
            return words
        return "una" if _is_feminine(noun) else "uno" if _UNO_SOUND.match(noun) else "un"

    def after_scale(self, noun: str, *, scale: str) -> str:
        return noun if scale in ("mila", "mille") else f"di {noun}"

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:
        words = super().say_ordinal(value)
        return f"{words[:-1]}a" if suffix.endswith(("ª", "a")) else words

    def say_part_number(self, value: int, *, noun: str) -> str:
        return self.say_ordinal(value, suffix="a" if noun.lower().endswith(("e", "a", "ni")) else "o")

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator < 2 or denominator > 100:
            return f"{self.say_cardinal(numerator)} su {self.say_cardinal(denominator)}"
        name = _FRACTIONS.get(denominator) or self.say_ordinal(denominator)
        return f"un {name}" if numerator == 1 else f"{self.say_cardinal(numerator)} {name[:-1]}i"

    # Dates and times.

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:  # noqa: ARG002
        return f"{self._say_day(day)} {month}{f' {self.say_year(year)}' if year else ''}"

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        return f"{self._say_day(first)} a {self.say_date(day=last, month=month, year=year, month_first=month_first)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        hours = "una" if hour == 1 else self.say_cardinal(hour)
        if second is not None:
            return f"{hours}, {self._say_count(minute, 'minut')} e {self._say_count(second, 'second')}"
        return f"{hours} e {self.say_cardinal(minute)}" if minute else hours

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        if half == "PM" and hour < 12:
            hour += 12
        return self.say_time(hour=0 if half == "AM" and hour == 12 else hour, minute=minute, second=None)

    def _say_day(self, day: int) -> str:
        return "primo" if day == 1 else self.say_cardinal(day)

    def _say_count(self, count: int, stem: str) -> str:
        return f"un {stem}o" if count == 1 else f"{self.say_cardinal(count)} {stem}i"

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        name = currency.singular if whole == 1 else currency.plural
        subunits = currency.subunit_singular if cents == 1 else currency.subunit_plural
        if not whole and cents:
            return f"{self.agree(self.say_cardinal(cents), subunits)} {subunits}"
        words = f"{self.agree(self.say_cardinal(whole), name)} {name}"
        if not cents:
            return words
        tail = f" {subunits}" if cents < 10 else ""
        number = self.say_cardinal(cents)
        return f"{words} e {self.agree(number, subunits) if tail else number}{tail}"

    # Rules.

    def _say_roman(self, letters: str, *, feminine: bool, tail: str = "") -> str | None:
        value = parse_roman(letters)
        return f"{self.say_ordinal(value, suffix='a' if feminine else 'o')}{tail}" if value else None

    def _say_roman_after(self, match: re.Match[str]) -> str | None:
        masculine, feminine, name, letters = match.groups()
        if is_letter(letters, noun=match[0]):
            return None
        if name and len(letters) == 1 and letters not in "IVX":
            return None
        if name and (not re.fullmatch("[IVX]+", letters) or (letters == "I" and name.endswith(("e", "i")))):
            return None
        ordinal = self._say_roman(letters, feminine=bool(feminine))
        return ordinal and f"{masculine or feminine or name} {ordinal}"

    def _say_hours(self, match: re.Match[str]) -> str:
        hour, minute = int(match[1]), match[2]
        words = "una ora" if hour == 1 else f"{self.say_cardinal(hour)} ore"
        return f"{words} e {self.say_cardinal(int(minute))}" if minute else words

    def _say_height(self, match: re.Match[str]) -> str | None:
        metres, hundredths = int(match[1]), int(match[2] or match[3])
        if hundredths < 10:
            return None
        words = "un metro" if metres == 1 else f"{self.say_cardinal(metres)} metri"
        return f"{words} e {self.say_cardinal(hundredths)}"

    def _say_degrees(self, match: re.Match[str]) -> str | None:
        before = re.sub(r"\d+$", "", match.string[max(0, match.start() - 16) : match.start()])
        return None if _BEFORE_ORDINAL.search(before) else " gradi"

    def _say_one(self, match: re.Match[str]) -> str | None:
        before = match.string[max(0, match.start() - 12) : match.start()]
        noun = match["noun"]
        if _NOT_COUNTED.search(before) or noun in _NOT_NOUNS or not noun.endswith(tuple("aeoà")):
            return None
        return f"{self.agree('uno', noun)} "


def _is_feminine(noun: str) -> bool:
    word = noun.split(maxsplit=1)[0].lower() if noun.strip() else ""
    return word not in _MASCULINE and _FEMININE.search(word) is not None
