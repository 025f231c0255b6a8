"""Normalize German."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Iterable

from worker.text.normalization.dates import month_name
from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import DIGITS, Rule, text_after
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman, second_numeral_rule

_MONTHS = "Januar|Jänner|Februar|Feber|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
# Before these nouns a point after a number makes it an ordinal. At the end of a sentence it is a full stop.
_ORDINAL_NOUNS = (
    "Jahrhundert|Jahrhunderts|Jahrhunderte|Jahrtausend|Jh|Klasse|Etage|Stock|Stockwerk|Platz|Mal|Tag|Woche|Monat|Jahr|Quartal"
    "|Kapitel|Abschnitt|Auflage|Ausgabe|Runde|Liga|Bundesliga|Weltkrieg|Weltkriegs|Weltkrieges|Geburtstag|Jahrestag|Lebensjahr"
    "|Spieltag|Minute|Stunde|Staffel|Folge|Akt|Szene|Symphonie|Sinfonie|Versuch|Teil|Generation|Grad|Advent|Semester"
)
_ORDINAL = re.compile(rf"(?<![\w.,])(\d{{1,4}})\.(?= (?:[a-zäöü]|(?:{_ORDINAL_NOUNS}|{_MONTHS})\b))")
_NUMERIC_DATE = re.compile(r"(?<![\w./-])(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}|\d{2})(?![\w.]))?(?!\d)")
_OBLIQUE_CONTEXT = re.compile(
    r"(?:\b(?:am|im|vom|zum|beim|dem|den|des|zur|seit|ab|bis|nach|vor|ins|einem|einen|einer|\d{1,2}\. (?:und|oder)"
    r"|seinem|seinen|ihrem|ihren)"
    r"|\b(?:in|an|auf|mit|von|zu|aus|bei|nach|seit|während|Ende|Anfang|Mitte|Beginn) der) $",
    re.IGNORECASE,
)
_NOMINATIVE_CONTEXT = re.compile(r"\b(?:der|die|das|eine|jede|diese|jeder|dieser) $", re.IGNORECASE)
_DECADE = re.compile(r"(?<![\w.,])(\d{2}|1\d{3}|20\d{2})er(?!\w)")
_PER = re.compile(r"/(?=(?:Stunde|Monat|Jahr|Tag|Woche|Person|Nacht|Stück|Kilogramm|Minute|Liter|Kopf)\b)")
_COMPOUND = re.compile(
    r"(?<![\w.,])(\d{1,4})-(?=jährig|tägig|stündig|minütig|köpfig"
    r"|fach|mal|teilig|stellig|seitig|monatig|wöchig)"
)
_HOUR_RANGE = re.compile(r"(?<![\w.,])(\d{1,2}) ?[-–] ?(?=\d{1,2}(?:[:.]\d{2})? Uhr)")
_NEUTER_NOUN = re.compile(r" (?:Jahrhundert|Jh|Kapitel|Mal|Jahr|Quartal|Semester|Stockwerk|Jahrtausend)")
_ORDINAL_NOUN = re.compile(rf"(?:{_ORDINAL_NOUNS}|{_MONTHS})\b")
_REGNAL = re.compile(rf"\b([A-ZÄÖÜ][a-zäöüß]+) ({ROMAN})\.(?=\s|$|[,;:!?)\"'])")
_ROMAN_COUNTED = re.compile(
    rf"\b(Kapitel|Teil|Band|Akt|Szene|Artikel|Abschnitt|Weltkrieg|Phase|Stufe|Typ|Klasse|Buch) ({ROMAN})(?![\w'-])"
)
_CENT = "Cent"
_FEMININE_ENDING = re.compile(r"(?:e|heit|ung|schaft|keit|ion)$")
_FRACTIONS = {2: "halb", 3: "Drittel", 7: "Siebtel", 8: "Achtel"}


class German(Language):
    """A number before a noun gets the form that most nouns require."""

    code = "de"
    decimal_mark = ","
    group_marks = "."
    day_article = ""
    short_months = {"sept": 9, "jän": 1, "jänner": 1, "mrz": 3, "okt": 10, "dez": 12}  # noqa: RUF012
    time_suffix = "(?: ?Uhr)?"
    after_date = (
        "in|im|am|an|um|bei|bis|von|mit|für|nach|vor|und|oder|aber|als|wir|er|sie|es|ich|ist|war"
        "|hat|der|die|das"
    )
    words = {  # noqa: RUF012
        "point": "Komma", "minus": "minus", "plus": "plus", "to": "bis", "ratio": "zu", "and": "und", "with cents": "",
        "by": "mal", "percent": "Prozent", "permille": "Promille", "version": "Version", "to the power of": "hoch",
        "love": "liebe", "hashtag": "Hashtag", "dot": "Punkt", "slash": "Schrägstrich", "backslash": "Backslash",
        "at": "at", "colon": "Doppelpunkt", "tilde": "Tilde", "underscore": "Unterstrich", "dash": "Bindestrich",
        "&": "und", "@": "at", "+": "plus", "\u2212": "minus", "=": "gleich", "≠": "ungleich",
        "≈": "ungefähr gleich", "~": "ungefähr", "≤": "kleiner oder gleich", "≥": "größer oder gleich",
        "<": "kleiner als", ">": "größer als", "±": "plus minus", "×": "mal", "⋅": "mal", "∙": "mal", "*": "mal",
        "∀": "für alle", "∃": "es existiert", "∈": "in", "∅": "leere Menge", "∝": "proportional zu",
        "≡": "äquivalent zu", "¬": "nicht", "∧": "und", "∨": "oder", "⇒": "daraus folgt", "★": "Stern",
        "stars": "Sterne",
        "÷": "geteilt durch", "√": "Wurzel aus", "∞": "unendlich", "π": "Pi", "→": "nach", "°": "Grad",
        "§": "Paragraf", "©": "Copyright", "#": "Nummer", "€": "Euro", "$": "Dollar", "£": "Pfund", "¥": "Yen",
    }  # fmt: skip
    currencies = {  # noqa: RUF012
        "€": Currency("Euro", "Euro", _CENT, _CENT), "EUR": Currency("Euro", "Euro", _CENT, _CENT),
        "$": Currency("Dollar", "Dollar", _CENT, _CENT), "USD": Currency("US-Dollar", "US-Dollar", _CENT, _CENT),
        "£": Currency("Pfund", "Pfund", "Penny", "Pence"), "GBP": Currency("Pfund", "Pfund", "Penny", "Pence"),
        "¥": Currency("Yen", "Yen"), "JPY": Currency("Yen", "Yen"),
        "CHF": Currency("Franken", "Franken", "Rappen", "Rappen"),
    }  # fmt: skip
    scales = {  # noqa: RUF012
        "Tsd.": ("tausend", "tausend"), "tausend": ("tausend", "tausend"),
        "Mio.": ("Million", "Millionen"), "Mio": ("Million", "Millionen"), "Mill.": ("Million", "Millionen"),
        "Million": ("Million", "Million"), "Millionen": ("Millionen", "Millionen"),
        "Mrd.": ("Milliarde", "Milliarden"), "Mrd": ("Milliarde", "Milliarden"),
        "Milliarde": ("Milliarde", "Milliarde"), "Milliarden": ("Milliarden", "Milliarden"),
        "Billion": ("Billion", "Billion"), "Billionen": ("Billionen", "Billionen"),
    }  # fmt: skip
    units = {  # noqa: RUF012
        "Std.": ("Stunde", "Stunden"), "Min.": ("Minute", "Minuten"), "Sek.": ("Sekunde", "Sekunden"),
        "min": ("Minute", "Minuten"), "dB": ("Dezibel", "Dezibel"),
        "Mbit/s": ("Megabit pro Sekunde", "Megabit pro Sekunde"),
        "Mbps": ("Megabit pro Sekunde", "Megabit pro Sekunde"), "Stk.": ("Stück", "Stück"), "PS": ("PS", "PS"),
        "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"), "qm": ("Quadratmeter", "Quadratmeter"),
        "U/min": ("Umdrehungen pro Minute", "Umdrehungen pro Minute"), "ct": (_CENT, _CENT), "Ct": (_CENT, _CENT),
        "mAh": ("Milliamperestunde", "Milliamperestunden"), "t": ("Tonne", "Tonnen"),
        "%ig": ("prozentig", "prozentig"),
    }  # fmt: skip
    excluded_units = frozenset({"in", "ac", "mi"})
    abbreviations = {  # noqa: RUF012
        "z. B.": "zum Beispiel", "Z. B.": "Zum Beispiel", "d. h.": "das heißt", "D. h.": "Das heißt",
        "u. a.": "unter anderem", "U. a.": "Unter anderem", "u. ä.": "und ähnliches", "u. Ä.": "und Ähnliches",
        "o. ä.": "oder ähnliches", "o. Ä.": "oder Ähnliches", "i. d. R.": "in der Regel", "s. o.": "siehe oben",
        "s. u.": "siehe unten", "m. E.": "meines Erachtens", "z. T.": "zum Teil", "z. Zt.": "zur Zeit",
        "zzgl.": "zuzüglich", "inkl.": "inklusive", "exkl.": "exklusive", "usw.": "und so weiter",
        "etc.": "et cetera", "bzw.": "beziehungsweise", "bspw.": "beispielsweise", "ca.": "circa", "Ca.": "Circa",
        "evtl.": "eventuell", "ggf.": "gegebenenfalls", "vgl.": "vergleiche", "Vgl.": "Vergleiche",
        "sog.": "sogenannte", "gem.": "gemäß", "lt.": "laut", "max.": "maximal", "min.": "minimal",
        "mind.": "mindestens", "insb.": "insbesondere", "allg.": "allgemein", "geb.": "geboren",
        "gest.": "gestorben", "verh.": "verheiratet", "Nr.": "Nummer", "Nrn.": "Nummern", "Bd.": "Band",
        "Kap.": "Kapitel", "Abs.": "Absatz", "Art.": "Artikel", "Abb.": "Abbildung", "Tab.": "Tabelle",
        "Aufl.": "Auflage", "Hrsg.": "Herausgeber", "Jh.": "Jahrhundert", "Dr.": "Doktor", "Prof.": "Professor",
        "Dipl.-Ing.": "Diplomingenieur", "Ing.": "Ingenieur", "Hr.": "Herr", "Hrn.": "Herrn", "Fr.": "Frau",
        "Frl.": "Fräulein", "St.": "Sankt", "Str.": "Straße", "Pl.": "Platz", "Tel.": "Telefon", "Co.": "Co",
        "v. Chr.": "vor Christus", "n. Chr.": "nach Christus", "Mo.": "Montag", "Di.": "Dienstag",
        "Mi.": "Mittwoch", "Do.": "Donnerstag", "Sa.": "Samstag", "Jan.": "Januar", "Feb.": "Februar",
        "Apr.": "April", "Aug.": "August", "Sept.": "September", "Okt.": "Oktober", "Nov.": "November",
        "Dez.": "Dezember", "Mio.": "Millionen", "Mrd.": "Milliarden", "p. a.": "pro Jahr",
        "u. U.": "unter Umständen", "a. D.": "außer Dienst", "e. V.": "e V", "i. A.": "im Auftrag",
        "engl.": "englisch", "dt.": "deutsch", "frz.": "französisch", "u.": "und", "o.": "oder",
        "Mwst.": "Mehrwertsteuer", "MwSt.": "Mehrwertsteuer", "ehem.": "ehemals", "Std.": "Stunden",
        "Stk.": "Stück",
    }  # fmt: skip
    part_nouns = (
        "kapitel|teile?|abschnitte?|folgen?|staffeln?|lektion(?:en)?|bände?|bänden|band|akte?|szenen?"
        "|schritte?|stufen?|seiten?|bücher|buch|übung(?:en)?|fragen?|tage?|wochen?|phasen?|artikel|anhang"
        "|tabellen?|abbildung(?:en)?|titel|runden?|klassen?|typ"
    )
    list_words = "und|oder|bis"
    word_abbreviations = frozenset({"Art."})
    final_abbreviations = frozenset(
        {
            "usw.",
            "etc.",
            "u. a.",
            "u. Ä.",
            "u. ä.",
            "o. ä.",
            "o. Ä.",
            "v. Chr.",
            "n. Chr.",
            "Co.",
            "e. V.",
            "Str.",
        }
    )

    def early_rules(self) -> Iterable[Rule]:
        return (
            Rule(re.compile(r"(?<=[a-zäöüß])str\.(?=\s|$|[,;])"), lambda _: "straße"),
            Rule(re.compile(r"(?<!\w)S\. ?(?=\d)"), lambda _: "Seite "),
            Rule(re.compile(r"§§ ?(?=\d)"), lambda _: "Paragrafen "),
            Rule(re.compile(r"(?<=\d) ?[°º](?![\wº°]| [CFK]\b)"), lambda _: " Grad"),
            Rule(re.compile(r"(?<![\w/])24/7(?![\w/])"), lambda _: "vierundzwanzig sieben", needs="/"),
            Rule(_COMPOUND, lambda match: self.say_number(match[1]), needs=DIGITS),
            Rule(_HOUR_RANGE, lambda match: f"{match[1]} bis ", needs=DIGITS),
            Rule(_NUMERIC_DATE, self._say_numeric_date, needs=DIGITS),
            Rule(_ORDINAL, lambda match: self._inflect(int(match[1]), match)),
            second_numeral_rule(_REGNAL, self._say_regnal_name, words=self.list_words),
            Rule(_REGNAL, self._say_regnal_name),
            Rule(_ROMAN_COUNTED, self._say_counted_roman),
            Rule(_DECADE, self._say_decade),
            Rule(
                re.compile(r"(?<![\w.,:])(\d{1,2})\.(\d{2}) Uhr\b"),
                lambda match: f"{match[1]}:{match[2]} Uhr",
            ),
            Rule(re.compile(r"(?<![\w.,:])(\d{1,2}) Uhr(?: (\d{1,2})(?![\d.,]))?"), self._say_hour),
            Rule(
                re.compile(
                    r"(?<![\w.,:])(\d{1,3}):(\d{1,3})(?= (?:gewonnen|verloren|gegen|für|Sieg|Niederlage|Toren?)\b)"
                ),
                lambda match: f"{match[1]} zu {match[2]}",
            ),
            Rule(
                re.compile(r"(?<![\w.,:])(\d{1,2}):(\d)(?!\w|[.,:]\d)"),
                lambda match: f"{match[1]} zu {match[2]}",
            ),
            Rule(
                re.compile(r"\b1(?= [A-ZÄÖÜ][a-zäöüß]*(?:e|ung|heit|keit|ion|schaft)\b)(?! (?:Jahre|Tage))"),
                lambda _: "eine",
            ),
            Rule(
                re.compile(
                    r"(?<![\w.,:/-])1(?= [A-ZÄÖÜ][a-zäöüß]+\b)(?! (?:Uhr|Million|Milliarde|Billion|Mio|Mrd|Tsd))"
                ),
                lambda _: "ein",
            ),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (
            Rule(_PER, lambda _: " pro ", needs="/"),
            Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " ", needs="/"),
        )

    def point_continues(self, before: str, after: str) -> bool:
        return bool(re.search(r"(?<!\d)\d{1,2}\.$", before) and _ORDINAL_NOUN.match(after))

    def agree(self, words: str, noun: str) -> str:
        if words == "eins" or words.endswith("hunderteins") or words.endswith("tausendeins"):
            name = noun.partition(" ")[0]
            feminine = _FEMININE_ENDING.search(name) is not None
            return f"{words[:-1]}e" if feminine else words[:-1]
        return words

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator == 2:
            return "ein halb" if numerator == 1 else f"{self.say_cardinal(numerator)} halbe"
        if not 3 <= denominator <= 100:
            return f"{self.say_cardinal(numerator)} durch {self.say_cardinal(denominator)}"
        name = (
            _FRACTIONS.get(denominator)
            or f"{self.say_cardinal(denominator).capitalize()}{'tel' if denominator < 20 else 'stel'}"
        )
        return f"{'ein' if numerator == 1 else self.say_cardinal(numerator)} {name}"

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        if (numerator, denominator) == (1, 2):
            return "eineinhalb" if whole == 1 else f"{self.say_cardinal(whole)}einhalb"
        part = self.say_fraction(numerator, denominator)
        return part and f"{self.say_cardinal(whole)} {part}"

    def say_bare_year(self, match: re.Match[str]) -> str | None:
        digits = match[0].lstrip()
        if not re.fullmatch(r"1[1-9]\d\d", digits):
            return None
        after = match.string[match.end() : match.end() + 20]
        return (
            None
            if re.match(r"[\w]| [A-ZÄÖÜ][a-zäöüß]+(?:e|en|er|n|s)\b", after)
            else self.say_year(int(digits))
        )

    def say_year(self, value: int) -> str:
        if 1100 <= value < 2000:
            hundreds, rest = divmod(value, 100)
            return f"{self.say_cardinal(hundreds)}hundert{self.say_cardinal(rest) if rest else ''}"
        return self.say_cardinal(value)

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:  # noqa: ARG002
        return f"{self.say_ordinal(day)}r {month}{f' {self.say_year(year)}' if year else ''}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        hours = "ein" if hour == 1 else self.say_cardinal(hour)
        words = f"{hours} Uhr{f' {self.say_cardinal(minute)}' if minute else ''}"
        return words if second is None else f"{words} und {self.say_cardinal(second)} Sekunden"

    def say_money(self, whole: int, cents: int, *, currency: Currency) -> str:
        if whole and cents:
            words = self.agree(self.say_cardinal(whole), currency.plural)
            return f"{words} {currency.plural} {self.say_cardinal(cents)}"
        return super().say_money(whole, cents, currency=currency)

    def _inflect(self, value: int, match: re.Match[str]) -> str:
        """Return an ordinal with the ending that the word before it requires."""
        before = match.string[max(0, match.start() - 16) : match.start()]
        strong = "s" if _NEUTER_NOUN.match(match.string[match.end() : match.end() + 14]) else "r"
        ending = (
            "n" if _OBLIQUE_CONTEXT.search(before) else "" if _NOMINATIVE_CONTEXT.search(before) else strong
        )
        return f"{self.say_ordinal(value)}{ending}"

    def _say_numeric_date(self, match: re.Match[str]) -> str | None:
        day, month, year = int(match[1]), int(match[2]), match[3]
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        words = f"{self._inflect(day, match)} {month_name(month, language=self)}"
        if not year:
            return f"{words}{'.' if not text_after(match, chars=4).strip() else ''}"
        return f"{words} {self.say_year(int(year) + (0 if len(year) == 4 else 2000 if int(year) < 50 else 1900))}"

    def _say_regnal_name(self, match: re.Match[str]) -> str | None:
        value = parse_roman(match[2])
        if not value or value > 39 or len(match[1]) < 3:
            return None
        before = match.string[max(0, match.start() - 16) : match.start()]
        oblique = re.search(r"\b(?:von|mit|unter|bei|nach|zu|an|König|Kaiser|Papst)s? $", before)
        article = "dem" if oblique and oblique[0][0].islower() else "der"
        stop = "." if not text_after(match, chars=4).strip() else ""
        return f"{match[1]} {article} {self.say_ordinal(value).capitalize()}{'n' if article == 'dem' else ''}{stop}"

    def _say_counted_roman(self, match: re.Match[str]) -> str | None:
        value = None if is_letter(match[2], noun=match[1]) else parse_roman(match[2])
        return f"{match[1]} {self.say_cardinal(value)}" if value else None

    def _say_decade(self, match: re.Match[str]) -> str:
        return f"{self.say_year(int(match[1]))}er"

    def _say_hour(self, match: re.Match[str]) -> str | None:
        hour = int(match[1])
        return self.say_time(hour=hour, minute=int(match[2] or 0), second=None) if hour <= 24 else None
