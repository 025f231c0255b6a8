"""Normalize Spanish."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Iterable

from worker.text.normalization.language import Currency, Language
from worker.text.normalization.mapped_text import Rule
from worker.text.normalization.roman_numerals import ROMAN, is_letter, parse_roman, second_numeral_rule
from worker.text.normalization.units import UNIT_SYMBOLS

_ROMAN = re.compile(
    rf"\b((?:[Ss]iglos?|[Ss]\.|[Cc]apítulo|[Tt]omo|[Vv]olumen|[Pp]arte|[Aa]cto|[Ee]scena|[Ll]ibro|[Ff]ase|[Tt]ítulo|[Aa]rtículo|Guerra"
    rf" Mundial)|[A-ZÁÉÍÓÚÑ][a-záéíóúüñ]{{2,20}}) ({ROMAN})(?![\w'-]|\.\w)"
)
_CARDINAL_NOUNS = re.compile(
    r"siglo|capítulo|tomo|volumen|parte|acto|escena|libro|fase|título|artículo|mundial", re.IGNORECASE
)
_ORDINALS = (
    "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno", "décimo",
)  # fmt: skip
_MAX_REGNAL_ORDINAL = 10
_FEMININE = re.compile(r"(?:a|as|dad|dades|ción|ciones|sión|siones)$")
_MASCULINE = frozenset(
    {"días", "día", "kilogramas", "programas", "problemas", "sistemas", "mapas", "gramas", "yottas", "temas"}
)
_INFLECTED_NUMBER = re.compile(
    r"(?<![\w.,:/-])((?:\d{1,3}(?:\.\d{3}){0,4}|\d{0,5})(?:1|[2-9]00))(?= ([a-záéíóúñü]{2,})\b)"
    r"(?! (?:de|y|a|en|por|o|al|con|el|la|se|que|es)\b)"
)
_PER = re.compile(r"/(?=(?:hora|mes|año|día|semana|persona|noche|minuto|kilogramo|litro|unidad|h|kg)\b)")
_FRACTIONS = {
    2: "medio",
    3: "tercio",
    4: "cuarto",
    5: "quinto",
    6: "sexto",
    7: "séptimo",
    8: "octavo",
    9: "noveno",
    10: "décimo",
}


class Spanish(Language):
    code = "es"
    decimal_mark = ","
    group_marks = "."
    month_connector = "del?"
    ordinal_suffixes = r"(?<! )(?:\.?[ºªoa°]|\.?er|[rnmt][oa]|\.?era)"
    short_months = {"sept": 9, "set": 9}  # noqa: RUF012
    time_suffix = "(?: ?(?:h|hs|hrs)\\b\\.?)?"
    after_date = "en|a|al|con|por|para|desde|hasta|y|o|pero|cuando|el|la|los|las|un|una|nos|se|es|fue|ha"
    words = {  # noqa: RUF012
        "point": "coma", "minus": "menos", "plus": "más", "to": "a", "and": "y", "with cents": "con", "by": "por",
        "percent": "por ciento", "permille": "por mil", "version": "versión", "to the power of": "elevado a",
        "power 2": "al cuadrado", "power 3": "al cubo", "love": "amo", "hashtag": "hashtag", "dot": "punto",
        "slash": "barra", "backslash": "barra inversa", "at": "arroba", "colon": "dos puntos",
        "tilde": "virgulilla", "underscore": "guion bajo", "dash": "guion", "&": "y", "@": "arroba", "+": "más",
        "\u2212": "menos", "=": "igual a", "≠": "distinto de", "≈": "aproximadamente igual a",
        "~": "aproximadamente", "≤": "menor o igual que", "≥": "mayor o igual que", "<": "menor que",
        ">": "mayor que", "±": "más menos", "×": "por", "⋅": "por", "∙": "por", "*": "por", "÷": "dividido entre",
        "∀": "para todo", "∃": "existe", "∈": "pertenece a", "∅": "conjunto vacío", "∝": "es proporcional a",
        "≡": "es equivalente a", "¬": "no", "∧": "y", "∨": "o", "⇒": "implica", "★": "estrella", "stars": "estrellas",
        "√": "raíz cuadrada de", "∞": "infinito", "π": "pi", "→": "a", "°": "grados", "§": "sección",
        "©": "copyright", "#": "número", "€": "euros", "$": "dólares", "£": "libras", "¥": "yenes",
    }  # fmt: skip
    currencies = {  # noqa: RUF012
        "€": Currency("euro", "euros", "céntimo", "céntimos"), "EUR": Currency("euro", "euros", "céntimo", "céntimos"),
        "$": Currency("dólar", "dólares", "centavo", "centavos"),
        "£": Currency("libra", "libras", "penique", "peniques"),
        "USD": Currency("dólar estadounidense", "dólares estadounidenses", "centavo", "centavos"),
        "GBP": Currency("libra", "libras", "penique", "peniques"),
        "¥": Currency("yen", "yenes"), "JPY": Currency("yen", "yenes"),
        "MXN": Currency("peso mexicano", "pesos mexicanos", "centavo", "centavos"),
    }  # fmt: skip
    scales = {  # noqa: RUF012
        "mil": ("mil", "mil"), "millón": ("millón", "millón"), "millones": ("millones", "millones"),
        "M": ("millón", "millones"), "mill.": ("millón", "millones"), "MM": ("millón", "millones"),
        "billón": ("billón", "billón"), "billones": ("billones", "billones"), "k": ("mil", "mil"),
        "K": ("mil", "mil"),
    }  # fmt: skip
    units = {  # noqa: RUF012
        "min": ("minuto", "minutos"), "seg": ("segundo", "segundos"), "dB": ("decibelio", "decibelios"),
        "hs": ("hora", "horas"), "hrs": ("hora", "horas"), "Mbps": ("megabit por segundo", "megabits por segundo"),
        "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"), "TB": ("terabyte", "terabytes"),
        "KB": ("kilobyte", "kilobytes"), "rpm": ("revolución por minuto", "revoluciones por minuto"),
        "kms": ("kilómetro", "kilómetros"), "t": ("tonelada", "toneladas"), "kgs": ("kilogramo", "kilogramos"),
        "mts": ("metro", "metros"), "in": ("pulgada", "pulgadas"), "cts": ("céntimo", "céntimos"),
    }  # fmt: skip
    excluded_units = frozenset({"a", "in", "ac"})
    abbreviations = {  # noqa: RUF012
        "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores", "Sras.": "señoras",
        "Dr.": "doctor", "Dra.": "doctora", "Dres.": "doctores", "D.": "don", "Dña.": "doña", "Prof.": "profesor",
        "Profa.": "profesora", "Lic.": "licenciado", "Ing.": "ingeniero", "Gral.": "general", "Cnel.": "coronel",
        "Cap.": "capitán", "Sto.": "Santo", "Sta.": "Santa", "S.": "san", "Ud.": "usted", "Uds.": "ustedes",
        "Vd.": "usted", "Vds.": "ustedes", "p. ej.": "por ejemplo", "P. ej.": "Por ejemplo", "etc.": "etcétera",
        "aprox.": "aproximadamente", "Aprox.": "Aproximadamente", "EE. UU.": "Estados Unidos",
        "EE.UU.": "Estados Unidos", "EEUU": "Estados Unidos", "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo", "a. m.": "AM", "p. m.": "PM", "Av.": "avenida", "Avda.": "avenida",
        "C/": "calle", "c/": "calle", "núm.": "número", "Núm.": "Número", "n.º": "número", "N.º": "Número",
        "n.°": "número", "nº": "número", "Nº": "Número", "pág.": "página", "págs.": "páginas", "p.": "página",
        "pp.": "páginas", "cap.": "capítulo", "art.": "artículo", "vol.": "volumen", "ed.": "edición",
        "fig.": "figura", "tel.": "teléfono", "Tel.": "Teléfono", "tfno.": "teléfono", "máx.": "máximo",
        "mín.": "mínimo", "dpto.": "departamento", "Dpto.": "Departamento", "depto.": "departamento",
        "izq.": "izquierda", "dcha.": "derecha", "Cía.": "compañía", "admón.": "administración", "ej.": "ejemplo",
        "vs.": "versus", "c.": "circa", "s.": "siglo", "ss.": "siguientes", "JJ. OO.": "Juegos Olímpicos",
        "RR. HH.": "recursos humanos", "FF. AA.": "Fuerzas Armadas", "i. e.": "es decir", "P. D.": "posdata",
        "ene.": "enero", "feb.": "febrero", "mar.": "marzo", "abr.": "abril", "jun.": "junio", "jul.": "julio",
        "ago.": "agosto", "sept.": "septiembre", "oct.": "octubre", "nov.": "noviembre", "dic.": "diciembre",
    }  # fmt: skip
    part_nouns = (
        "capítulos?|partes?|secci(?:ón|ones)|episodios?|temporadas?|pistas?|lecci(?:ón|ones)|vol(?:umen"
        "|úmenes)|unidad(?:es)?|actos?|escenas?|pasos?|nivel(?:es)?|páginas?|libros?|ejercicios?|preguntas?"
        "|días?|semanas?|fases?|artículos?|anexos?|tablas?|figuras?|tomos?|títulos?|siglos?|cantos?"
    )
    list_words = "y|e|o|a"
    word_abbreviations = frozenset({"mar."})
    final_abbreviations = frozenset(
        {"etc.", "EE. UU.", "a. C.", "d. C.", "a. m.", "p. m.", "Ud.", "Uds.", "Cía."}
    )

    def early_rules(self) -> Iterable[Rule]:
        return (
            Rule(
                re.compile(r"\b([nN])(?:\.[ºo°]|[º°]|úm\.) ?(?=\d)"),
                lambda match: f"{'Número' if match[1] == 'N' else 'número'} ",
            ),
            Rule(re.compile(r"(?<=\d) ([ap])\. ?m\.(?=\s|$|[,;:)])"), lambda match: f" {match[1]}.m."),
            Rule(
                re.compile(r"(?<![\w.,:])(\d{1,2})[.h](\d{2}) ?(?:h\b\.?|horas\b)"),
                lambda match: f"{match[1]}:{match[2]}",
            ),
            Rule(
                # In "1º, 2º" it is an ordinal.
                re.compile(
                    r"(?<=\d)(?!º, \d{1,2}[ºª]) ?[°º](?![\wº°]| [CFK]\b)(?= ?(?:,|\.|$|de|al|N|S|E|O|\d))"
                ),
                lambda _: " grados",
            ),
            Rule(re.compile(r"(?<![\w/])24/7(?![\w/])"), lambda _: "veinticuatro siete", needs="/"),
            Rule(re.compile(rf"\bCap\. ?(?=\d|{ROMAN}(?![\w'.]))"), lambda _: "Capítulo ", needs="C"),
            second_numeral_rule(_ROMAN, self._say_roman, words=self.list_words),
            Rule(_ROMAN, self._say_roman, needs="IVXLCDM"),
            Rule(_INFLECTED_NUMBER, self._say_inflected),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (
            Rule(_PER, lambda _: " por ", needs="/"),
            Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " ", needs="/"),
        )

    def agree(self, words: str, noun: str) -> str:
        name = noun.partition(" ")[0]
        feminine = _FEMININE.search(name) and name not in _MASCULINE
        if feminine:
            words = re.sub("cientos\\b", "cientas", words).replace("quinientos", "quinientas")
            return re.sub("(?:uno|un|ún)$", "una", words)
        return (
            re.sub("veintiuno$", "veintiún", words)
            if words.endswith("veintiuno")
            else re.sub(r"\buno$", "un", words)
        )

    def after_scale(self, noun: str, *, scale: str) -> str:
        return noun if scale == "mil" else f"de {noun}"

    def say_decimals(self, digits: str) -> str:
        grouped = len(digits) <= 2 and not digits.startswith("0")
        return self.say_cardinal(int(digits)) if grouped else self.say_digits(digits)

    def say_ordinal(self, value: int, *, suffix: str = "") -> str:
        ending = suffix.lstrip(".")
        words = _ORDINALS[value - 1] if 1 <= value <= 10 else super().say_ordinal(value)
        if ending.endswith(("a", "ª")):
            return f"{words[:-1]}a"
        return words[:-1] if ending == "er" else words

    def say_fraction(self, numerator: int, denominator: int) -> str | None:
        if not 2 <= denominator <= 100:
            return f"{self.say_cardinal(numerator)} sobre {self.say_cardinal(denominator)}"
        name = _FRACTIONS.get(denominator) or f"{self.say_cardinal(denominator).replace(' y ', 'i')}avo"
        return f"un {name}" if numerator == 1 else f"{self.say_cardinal(numerator)} {name}s"

    def say_mixed_fraction(self, whole: int, numerator: int, denominator: int) -> str | None:
        part = "medio" if (numerator, denominator) == (1, 2) else self.say_fraction(numerator, denominator)
        return part and f"{self.say_cardinal(whole)} y {part}"

    def say_date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:  # noqa: ARG002
        return f"{self.say_cardinal(day)} de {month}{f' de {self.say_year(year)}' if year else ''}"

    def say_month_year(self, *, month: str, year: int) -> str:
        return f"{month} de {self.say_year(year)}"

    def say_time(self, *, hour: int, minute: int, second: int | None) -> str:
        words = "una" if hour == 1 else re.sub("uno$", "una", self.say_cardinal(hour))
        if minute:
            words += f" y {self.say_cardinal(minute)}" if minute < 10 else f" {self.say_cardinal(minute)}"
        elif hour > 12 or hour == 0:
            words += " horas"
        return words if second is None else f"{words} y {self.say_cardinal(second)} segundos"

    def say_12_hour_time(self, *, hour: int, minute: int, half: str) -> str:
        return f"{self.say_time(hour=hour, minute=minute, second=None).removesuffix(' horas')} {half}"

    def _say_roman(self, match: re.Match[str]) -> str | None:
        value = None if is_letter(match[2], noun=match[1]) else parse_roman(match[2])
        is_name = not _CARDINAL_NOUNS.search(match[1])
        if not value or (is_name and (match[2] in "CDLMX" or value > 39)):
            return None
        if is_name and value <= _MAX_REGNAL_ORDINAL:
            ordinal = _ORDINALS[value - 1]
            return f"{match[1]} {ordinal[:-1] + 'a' if match[1].endswith('a') else ordinal}"
        name = {"s.": "siglo", "S.": "Siglo"}.get(match[1], match[1])
        return f"{name} {self.say_cardinal(value)}"

    def _say_inflected(self, match: re.Match[str]) -> str | None:
        if match[2] in UNIT_SYMBOLS or match[2] in self.units:
            return None
        words = self.say_number(match[1])
        agreed = self.agree(words, match[2])
        return agreed if agreed != words else None
