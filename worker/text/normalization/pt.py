"""Normalize Portuguese: Brazilian, or European if the tag says so."""

import re
from collections.abc import Iterable
from decimal import Decimal

from worker.text.normalization import pt_tables
from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import DIGITS, Rule
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman, second_numeral_rule

_SCALE_ENDING = re.compile(r"(?:milh|bilh|trilh)(?:ão|ões)$")
_FRACTIONS = {3: "terço"}
# Monarchs, centuries and chapters have ordinal numbers up to ten, and cardinal numbers above.
_MAX_ROMAN_ORDINAL = 10
_MASCULINE_PARTS = "século|séculos|capítulo|tomo|livro|ato|volume|artigo|título|canto|parágrafo|inciso|anexo"
_FEMININE_PARTS = "parte|cena|seção|secção|fase|série|guerra|Guerra|etapa|divisão"
_QUEENS = "Isabel|Elizabeth|Elisabete|Catarina|Maria|Vitória|Margarida|Cristina|Ana|Joana|Cleópatra"
_ROMAN_AFTER = re.compile(
    rf"\b(?:((?i:{_MASCULINE_PARTS}))|((?i:{_FEMININE_PARTS})|{_QUEENS})|([A-ZÁÂÃÉÊÍÓÔÚÇ][a-záâãéêíóôõúç]{{1,20}}))"
    rf" ({ROMAN})(?![\w'-]|\.\w)"
)
_ROMAN_BEFORE = re.compile(
    rf"(?<![\w.])({ROMAN}) (?=(?:(século\b|Congresso\b|Encontro\b|Concurso\b)"
    r"|(Guerra\b|guerra\b|República\b|Semana\b)))"
)
_TIME_OF_DAY = re.compile(
    r"(?<![\w.,:/])(\d{1,2}) ?[hH](?:s?(?!\w)| ?([0-5]\d)(?: ?min\b| ?m\b)?(?: ?([0-5]?\d) ?s\b)?(?!\w))(?!/)"
)
_DOM_OR_DONA = re.compile(r"(?<![\w.])D\. (?=[A-ZÁÂÉÍÓÚ][a-záâãéêíóôõúç])")
_STREET = re.compile(r"(?<![\w.])R\. (?=[A-ZÁÂÉÍÓÚ][a-záâãéêíóôõúç])")
_FEMALE_NAMES = re.compile(r"(?:Isabel|Inês|Beatriz|[A-Z][a-zéêíóôú]{1,20}a)\b")
_TELEPHONE = re.compile(
    r"(?<![\w.,/-])(?!(?:1\d|20)\d\d-(?:1\d|20)\d\d)((?:\(?0?\d{2}\)? )?(?:9 ?)?\d{4}-\d{4}"
    r"|9\d\d \d{3} \d{3}|2\d\d \d{3} \d{3})(?![\w/-]|[.,]\d)"
)
_GENDERED = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )((?:\d{1,3}(?:[ .]\d{3}){1,3}|\d{1,6})) (?=(?P<noun>[a-záâãéêíóôõúç]{3,30})(?!\w))"
)
_NUMBERED = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(map(re.escape, pt_tables.NUMBERED), key=len, reverse=True))}) ?"
    rf"(?=\d|{ROMAN}(?![\w'.]))"
)
_LABEL_CONTEXT = re.compile(r"\b(?:número|página|capítulo|artigo|volume|figura|em|de|n[oa]) $", re.IGNORECASE)
_HEIGHT = re.compile(r"(?<![\w.,])([1-9]\d?)(?:,(\d{2}) ?m(?![\w²³'/])|m(\d{2})(?!\w))")
_FEMININE = re.compile(
    r"(?:as?|ãs?|ções|ção|sões|são|dades?|gens?|vez|vezes|mulheres|mães?|luz|luzes|noites?|partes?|tardes?|flores|cores)$"
)
_MASCULINE = re.compile(r"(?:^dia|gram[ao]|ema|mapa|cinema|colega|artista|clima|idioma|planeta|pijama)s?$")
_NOT_NOUNS = frozenset(
    {"para", "mas", "pela", "pelas", "nas", "das", "uma", "umas", "cada", "ela", "elas", "era"}
)
# Without a noun after it, the sign is a degree sign, not an ordinal mark.
_DEGREES = re.compile(r"(?<=\d) ?°(?= ?(?:[.,;:!?)]|$)| (?:de|e|em|a|à|no|na)\b)")


class Portuguese(Language):
    code = "pt"
    month_connector = "de"
    ordinal_suffixes = r"(?:\.?[ºª°]|(?<! )\.?[oa]s?)"
    short_months = {"sept": 9}  # noqa: RUF012
    ambiguous_months = frozenset({"set", "mar", "out", "fev", "ago"})
    after_date = "em|no|na|a|ao|à|às|com|por|para|desde|até|e|ou|mas|quando|o|os|as|um|uma|nos|se|é|foi"
    words = pt_tables.WORDS
    currencies = pt_tables.CURRENCIES
    scales = pt_tables.SCALES
    units = pt_tables.UNITS
    excluded_units = frozenset(
        {"B", "K", "N", "ac", "mi", "ft", "yd", "oz", "kn", "cc", "ly", "tsp", "tbsp", "MP"}
    )
    abbreviations = pt_tables.ABBREVIATIONS
    part_nouns = (
        "capítulos?|partes?|seç(?:ão|ões)|secç(?:ão|ões)|episódios?|temporadas?|faixas?|liç(?:ão|ões)"
        "|volumes?|unidades?|atos?|cenas?|passos?|nív(?:el|eis)|páginas?|livros?|exercícios?|perguntas?|dias?"
        "|semanas?|fases?|artigos?|anexos?|tabelas?|figuras?|tomos?|títulos?|séculos?|cantos?"
    )
    list_words = "e|ou|a"
    word_abbreviations = frozenset({"set.", "out.", "ex."})
    final_abbreviations = pt_tables.FINAL_ABBREVIATIONS

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self._european = self.region not in ("", "BR")
        self.num2words_code = "pt" if self._european else "pt_BR"
        self.locale = "pt_PT" if self._european else "pt"

    def early_rules(self) -> Iterable[Rule]:
        return (
            Rule(
                _DOM_OR_DONA,
                lambda match: "Dona " if _FEMALE_NAMES.match(match.string, match.end()) else "Dom ",
                needs="D",
            ),
            Rule(_STREET, lambda _: "Rua ", needs="R"),
            Rule(_NUMBERED, lambda match: f"{pt_tables.NUMBERED[match[1]]} ", needs=DIGITS + "IVXLCDM"),
            Rule(_ROMAN_BEFORE, self._say_roman_before, needs="IVXLCDM"),
            second_numeral_rule(_ROMAN_AFTER, self._say_roman_after, words=self.list_words),
            Rule(_ROMAN_AFTER, self._say_roman_after, needs="IVXLCDM"),
            Rule(_TELEPHONE, lambda match: self.say_telephone(re.findall(r"\d+", match[1])), needs=DIGITS),
            Rule(_TIME_OF_DAY, self._say_time_of_day, needs=DIGITS),
            Rule(_HEIGHT, self._say_height, needs=DIGITS),
            Rule(_DEGREES, lambda _: " graus", needs="°"),
            Rule(_GENDERED, self._say_gendered, needs=DIGITS),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " "),)

    def say_decimals(self, digits: str) -> str:
        rest = digits.lstrip("0")
        if len(rest) > 3:
            return self.say_digits(digits)
        return " ".join(
            ["zero"] * (len(digits) - len(rest)) + ([self.say_cardinal(int(rest))] if rest else [])
        )

    def is_singular(self, value: Decimal) -> bool:
        return 0 < abs(value) < 2

    def agree(self, words: str, noun: str) -> str:
        if words == "um" and noun == "mil":
            return ""
        if _SCALE_ENDING.search(words):
            return f"{words} de"
        return to_feminine(words) if is_feminine(noun) else words

    def after_scale(self, noun: str, *, scale: str) -> str:
        return noun if scale == "mil" else f"de {noun}"

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:
        words = super().say_ordinal(value)
        ending = suffix.lstrip(".")
        if ending.startswith(("ª", "a")):
            words = re.sub(r"o\b", "a", words)
        return re.sub(r"(?<=[oa])\b", "s", words) if ending.endswith("s") else words

    def say_part_number(self, value: int, *, noun: str) -> str:
        if value > _MAX_ROMAN_ORDINAL:
            return self.say_cardinal(value)
        return self.say_ordinal(value, suffix="a" if is_feminine(noun) else "o")

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator < 2 or denominator > 100:
            return f"{self.say_cardinal(numerator)} sobre {self.say_cardinal(denominator)}"
        if denominator == 2:
            return "meio" if numerator == 1 else f"{self.say_cardinal(numerator)} meios"
        name = _FRACTIONS.get(denominator)
        if name is None:
            name = (
                self.say_ordinal(denominator)
                if denominator <= 10
                else f"{self.say_cardinal(denominator)} avo"
            )
        if denominator > 10:
            return f"{self.say_cardinal(numerator)} {self.say_cardinal(denominator)} avos"
        return f"um {name}" if numerator == 1 else f"{self.say_cardinal(numerator)} {name}s"

    # Dates and times.

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:  # noqa: ARG002
        return f"{self._say_day(day)} de {month}{f' de {self.say_year(year)}' if year else ''}"

    def say_days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        return f"{self._say_day(first)} a {self.say_date(day=last, month=month, year=year, month_first=month_first)}"

    def say_month_year(self, *, month: str, year: int) -> str:
        return f"{month} de {self.say_year(year)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        hours = f"{to_feminine(self.say_cardinal(hour))} hora{'s' * (hour != 1)}"
        if second is not None:
            minutes = f"{self.say_cardinal(minute)} minuto{'s' * (minute != 1)}"
            return f"{hours}, {minutes} e {self.say_cardinal(second)} segundo{'s' * (second != 1)}"
        return f"{hours} e {self.say_cardinal(minute)}" if minute else hours

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        if half == "PM" and hour < 12:
            hour += 12
        return self.say_time(hour=0 if half == "AM" and hour == 12 else hour, minute=minute, second=None)

    def _say_day(self, day: int) -> str:
        return "primeiro" if day == 1 else self.say_cardinal(day)

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        if self._european and currency.singular == "euro":
            currency = pt_tables.EUROPEAN_CURRENCIES["€"]
        return super().say_money(whole, cents, currency=currency)

    # Rules.

    def _say_roman(self, letters: str, *, feminine: bool) -> str | None:
        value = parse_roman(letters)
        if not value:
            return None
        if value > _MAX_ROMAN_ORDINAL:
            return self.say_cardinal(value)
        return self.say_ordinal(value, suffix="a" if feminine else "o")

    def _say_roman_after(self, match: re.Match[str]) -> str | None:
        masculine, feminine, name, letters = match.groups()
        if is_letter(letters, noun=match[0]):
            return None
        if name and (
            not re.fullmatch("[IVX]+", letters) or name in ("Ao", "Os", "As", "Um", "No", "Na", "De", "Em")
        ):
            return None
        ordinal = self._say_roman(letters, feminine=bool(feminine))
        return ordinal and f"{masculine or feminine or name} {ordinal}"

    def _say_roman_before(self, match: re.Match[str]) -> str | None:
        ordinal = self._say_roman(match[1], feminine=bool(match[3]))
        return ordinal and f"{ordinal} "

    def _say_time_of_day(self, match: re.Match[str]) -> str:
        second = int(match[3]) if match[3] else None
        return self.say_time(hour=int(match[1]), minute=int(match[2] or 0), second=second)

    def _say_height(self, match: re.Match[str]) -> str | None:
        metres, hundredths = int(match[1]), int(match[2] or match[3])
        if hundredths < 10:
            return None
        return f"{self.say_cardinal(metres)} metro{'s' * (metres > 1)} e {self.say_cardinal(hundredths)}"

    def _say_gendered(self, match: re.Match[str]) -> str | None:
        """Return a number that agrees with its noun, as in "duzentas pessoas" and "um milhão de pessoas"."""
        before = match.string[max(0, match.start() - 12) : match.start()]
        value, noun = int(re.sub(r"\D", "", match[1])), match["noun"]
        if value and value % 10**6 == 0 and noun.endswith("s"):
            return f"{self.agree(self.say_cardinal(value), noun)} "
        if _LABEL_CONTEXT.search(before) and 1000 < value < 2100:
            return None
        words = to_feminine(self.say_cardinal(value))
        noun_agrees = noun.endswith("s") if value > 1 else value == 1
        return (
            f"{words} " if noun_agrees and is_feminine(noun) and words != self.say_cardinal(value) else None
        )


def to_feminine(words: str) -> str:
    """Return the feminine form of a number, as "duzentas e vinte e uma"."""
    feminine = re.sub(r"\bum$", "uma", re.sub(r"\bdois$|\bdois(?= mil\b)", "duas", words))
    return re.sub(r"(?<=ent)os\b", "as", feminine)


def is_feminine(noun: str) -> bool:
    """Return True if the noun has a feminine ending and is not a known exception."""
    word = re.split("[ -]", noun.strip(), maxsplit=1)[0].lower()
    return word not in _NOT_NOUNS and _FEMININE.search(word) is not None and _MASCULINE.search(word) is None
