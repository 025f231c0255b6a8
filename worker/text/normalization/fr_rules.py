"""French rules for numbers, people and signs that no shared rule covers."""

import re
import unicodedata
from collections.abc import Mapping

from worker.text.normalization import fr_numbers
from worker.text.normalization.fr_roman_rules import roman_rules
from worker.text.normalization.fr_tables import NUMBERED
from worker.text.normalization.fr_time_rules import hour_rules, say_measures
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule
from worker.text.normalization.roman_numerals import ROMAN

_CAPITAL = "[A-ZÀÂÇÉÈÊËÎÏÔÙÛŒ]"
# Superscript letters and subscript digits that mean the same as ordinary ones.
_RAISED_CHARACTERS = "ᵃᵇᶜᵈᵉᵍʰⁱˡᵐⁿᵒᵖʳˢᵗᵘᵛ₀₁₂₃₄₅₆₇₈₉"
_RAISED = re.compile("(?<=\\w)[ᵃᵇᶜᵈᵉᵍʰⁱˡᵐⁿᵒᵖʳˢᵗᵘᵛ]{1,6}|[₀-₉]{1,6}")

# --- numbers -----------------------------------------------------------------------------------------------------

_AROUND_THE_CLOCK = re.compile(
    r"(?<![\w.,/])(\d{1,2}) ?(h|j)(?:eures|ours)? ?(?:/|sur) ?(7|24)(?: ?[hj])?(?!\w)"
)
_PER = re.compile(
    r"(?<=[€$£¥hj%]) ?/ ?(mois|ans?|années?|jours?|j|heures?|h|min|kg|g|m²|m2|m³|m3|km|[Ll]|litres?|pers\.?|personnes?"
    r"|nuits?|semaines?|sem\.?|t|tonnes?|kWh|MWh|unités?|pièces?|trimestres?|repas|hab\.?|habitants?)(?![\w²³])"
)
_UNIT_WITHOUT_NUMBER = re.compile(r"(?<=\b(?:au|le|du|en|un) )(m²|m2|m³|m3|km²|km/h)(?![\w²³])")
_UNIT_NAMES = {
    "j": "jour", "h": "heure", "min": "minute", "kg": "kilogramme", "g": "gramme", "m²": "mètre carré",
    "m2": "mètre carré", "m³": "mètre cube", "m3": "mètre cube", "km": "kilomètre", "L": "litre",
    "l": "litre", "pers": "personne", "sem": "semaine", "t": "tonne", "kWh": "kilowattheure",
    "MWh": "mégawattheure", "hab": "habitant", "km²": "kilomètre carré", "km/h": "kilomètre par heure",
}  # fmt: skip
_NUMBERED = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(map(re.escape, NUMBERED), key=len, reverse=True))}) ?(?=\d|{ROMAN}(?![\w'.]))"
)
_NUMBERS = re.compile(r"(?<=\b[Ll]es )nos (?=\d)|(?<=\b[Aa]ux )nos (?=\d)|(?<!\w)nos (?=\d{1,5} (?:et|à) \d)")
# Numbers of articles of law have parts: "L. 121-1".
_LAW = re.compile(
    r"(?:\b[LRDA]\. ?|\b[LRD](?=\d{3})|\b[Aa]rticle |\b[Nn]uméro )\d{1,4}-\d{1,3}(?:-\d{1,3})?(?![\w-])"
)
_HEIGHT = re.compile(
    r"(?<![\w.,])(\d{1,3})(?:,(\d{2}) ?m(?![\w²³'/])|(?: m |m)(\d{2})(?![\w/%€$°]|[.,]\d| \d))"
)
_GRADE = re.compile(r"(?<![\w.,/-])(\d{1,3},\d{1,2}|\d{1,3}(?=/(?:20|100|1000)))/(\d{1,4})(?![\w/-]|[.,]\d)")
_CURRENCY_INSIDE = re.compile(r"(?<![\w.,])(\d{1,6})([€$£])(\d{2})(?![\d.,]\d|\d)")
_BIG_ORDINAL = re.compile(
    r"(?<![\w.,])(?<!\d )[1-9]\d{0,2}(?: \d{3}){1,3}(?=(?:es?|[eè]mes?|i[eè]mes?)(?!\w))"
)
_HALF = re.compile(r"(?<![\w.,/])(?<!\d )(?:1/2|½) (?=([a-zàâéèêôûœ]{3,40})(?!\w))")
# Ten digits without spaces, special-rate numbers, and numbers that begin with 00 and the country code.
_TELEPHONE = re.compile(
    r"(?<![\w.,/+-])(?<!\d )(?:0[1-9]\d{8}|0 ?[89]\d\d(?: \d{3}){2}|0 ?[89]\d\d(?: \d{2}){3}"
    r"|00\d{2,3}(?: \d{1,2}){4,6})(?! ?\w)"
)
_COUNTED_NOUN = re.compile(
    r"(?<![\w.,:/+-])(?<!\d )(\d{1,3}(?:[ .]\d{3}){1,4}|\d{1,12}) (?=(?P<noun>[a-zàâçéèêëîïôûœ]{3,40})(?!\w))"
)
# A number after these words is a label and does not count the noun after it.
_LABEL_CONTEXT = re.compile(
    r"(?:numéro|page|chapitre|ligne|article|chaîne|rang|étape|version|niveau|acte|scène|[-/]) $"
)
# A multiplication. Before a unit the numbers are sides: "10 sur 15 centimètres".
_MULTIPLICATION = re.compile(
    r"(?<![\w.,])(?<!\d [x×] )(\d{1,5}(?:,\d{1,3})?) ?[x×] ?"  # noqa: RUF001
    r"(?=\d{1,5}(?:,\d{1,3})?(?!\w|,\d| ?[x×]| ?(?:[kcm]?m|px|pouces)(?!\w)))"  # noqa: RUF001
)
_SHORT_DATE = re.compile(r"(?<!\w)([Ll]e|[Dd]u|[Aa]u|[Dd]ès le) (\d{1,2})/(0[1-9]|1[0-2])(?![\w/%-]|[.,]\d)")
# The first number is above 12 and can only be a day, so this is not a fraction.
_DATE_WITHOUT_ARTICLE = re.compile(r"(?<![\w.,/-])(1[3-9]|2\d|3[01])/(0[1-9]|1[12])(?![\w/%-]|[.,]\d)")
_FULL_DATE = re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w/-]|[.]\d)")
_WEEKDAYS = {
    "lun": "lundi", "mar": "mardi", "mer": "mercredi", "jeu": "jeudi", "ven": "vendredi", "sam": "samedi",
    "dim": "dimanche",
}  # fmt: skip
_WEEKDAYS_JOINED = re.compile(
    rf"(?<!\w)({'|'.join(_WEEKDAYS)})\.?( (?:au|à|et) |, | ?[-–] ?)({'|'.join(_WEEKDAYS)})\.",  # noqa: RUF001
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"(?<!\w)({'|'.join(_WEEKDAYS)})\. (?=\d{{1,2}}(?:er)? ?[a-zéû/])", re.IGNORECASE)
_POSITION = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:[.,]\d{1,8})?) ?° ?(?:(\d{1,2}(?:[.,]\d{1,4})?) ?['′] ?"  # noqa: RUF001
    r"(?:(\d{1,2}(?:[.,]\d{1,4})?) ?(?:[\"″]|''|′′) ?)?)?([NSEWO])?(?!\w)"  # noqa: RUF001
)
_COMPASS = {"N": "nord", "S": "sud", "E": "est", "W": "ouest", "O": "ouest"}

# --- people and saints -------------------------------------------------------------------------------------------

_MONSIEUR = re.compile(
    rf"(?<![\w.'-])(?<!S\. )M\.(?:(?={_CAPITAL}[a-zéèêëîïôûç])| (?={_CAPITAL}|l[ea] |l'|de |et M))"
)
_TITLE = re.compile(
    rf"(?<![\w.'-])(Me|Gal|Gén\.|Col\.|Sr) (?={_CAPITAL}[a-zéèêëîïôûç])|(?<![\w.'-])(Gal) (?=de )"
)
_TITLES = {"Me": "maître", "Gal": "général", "Gén.": "général", "Col.": "colonel", "Sr": "sœur"}
_SAINT = re.compile(rf"(?<![\w.'])(St|Ste|Sts|Stes)(?:-|\.? )(?={_CAPITAL}[a-zéèêëîïôûç'])")

# --- signs -------------------------------------------------------------------------------------------------------

_SHARP = re.compile(r"(?<!\w)([A-G])#(?!\w)")
_ELIDED = re.compile(r"(?<!\w)([Dd]|[Qq]u)e (une?)(?= (?!à\b|et\b|ou\b|sur\b|pour\b|point\b)[a-zàâéèê])")
# In "un 1/4 d'heure" the fraction also begins with "un".
_ONE_ONLY = re.compile(r"(?<=\b(?:[Uu]n|[Ll]e|et) )un (?=(?:demi|tiers|quart|[\w-]{3,30}ième)(?!\w))")
_PART_OF = re.compile(r"(?<=quart|tiers|uarts) (?=(litre|mètre|kilo|tonne|heure)s?)")
_APOSTROPHE = re.compile(r"(?<=\bd') (?=[aeéèêiouyh])")


def early_rules(language: Language) -> tuple[Rule, ...]:
    return (
        Rule(_RAISED, lambda match: unicodedata.normalize("NFKC", match[0]), needs=_RAISED_CHARACTERS),
        *_writing_rules(),
        *roman_rules(language),
        *_number_rules(language),
        *hour_rules(language),
        Rule(_COUNTED_NOUN, lambda match: _say_counted(match, language=language), needs=DIGITS),
    )


def late_rules() -> tuple[Rule, ...]:
    return (
        Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " ", needs="/"),
        Rule(_ONE_ONLY, lambda _: ""),
        Rule(_PART_OF, lambda match: " d'" if match[1] == "heure" else " de "),
        Rule(_APOSTROPHE, lambda _: ""),
        Rule(_ELIDED, lambda match: f"{match[1]}'{match[2]}"),
    )


def _writing_rules() -> tuple[Rule, ...]:
    return (
        Rule(
            re.compile(r"(?<=\d) p\. ?(100|1 ?000)(?!\d)"),
            lambda match: f" pour {'cent' if match[1] == '100' else 'mille'}",
            needs=DIGITS,
        ),
        Rule(_NUMBERS, lambda _: "numéros ", needs=DIGITS),
        Rule(_NUMBERED, lambda match: f"{NUMBERED[match[1]]} "),
        Rule(re.compile(r"\betc(?:\.{2,}|\.?…)"), lambda _: "etc.", needs=".…"),
        Rule(_SHARP, lambda match: f"{match[1]} dièse", needs="#"),
        Rule(re.compile(r"\bC\+\+(?!\w)"), lambda _: "C plus plus", needs="+"),
        Rule(re.compile(r"(?<=[^\W\d_])\+(?![\w+])"), lambda _: " plus", needs="+"),
        Rule(re.compile(r"\b(et|Et)/ou\b"), lambda match: f"{match[1]} ou", needs="/"),
        Rule(
            re.compile(r"(?<=\w\w)\((e?s|e|(?<=\w{3}\()x)\)(?!\w)"),
            lambda match: "" if match[1] == "e" else "s",
            needs="(",
        ),
        Rule(
            re.compile(r"(?<=\w\w)·(?:e|es|s|ne|nes|rice|rices)(?:·s)?(?![\w⁻])"),
            lambda match: "s" if match[0].endswith("s") else "",
            needs="·",
        ),
        Rule(
            re.compile(r"\b([JHMDjh])([+-])(?=\d{1,3}(?!\w))"),
            lambda match: f"{match[1]} {_SIGNS[match[2]]} ",
            needs="+-",
        ),
        Rule(_MONSIEUR, lambda _: "monsieur ", needs="M"),
        Rule(_TITLE, lambda match: f"{_TITLES[match[1] or match[2]]} ", needs="MGCS"),
        Rule(
            _SAINT, lambda match: f"Saint{'e' * ('e' in match[1])}{'s' * match[1].endswith('s')}-", needs="S"
        ),
    )


_LATIN_ORDINALS = {"1": "primo", "2": "secundo", "3": "tertio"}
_SIGNS = {"+": "plus", "-": "moins"}


def _number_rules(language: Language) -> tuple[Rule, ...]:
    def name_of(names: Mapping[str, str], key: str) -> str:
        return names.get(key, key)

    return (
        Rule(re.compile(r"(?<=\d) ?K€"), lambda _: " k€", needs="K"),
        Rule(_CURRENCY_INSIDE, lambda match: f"{match[1]},{match[3]} {match[2]}", needs="€$£"),
        Rule(_BIG_ORDINAL, lambda match: match[0].replace(" ", ""), needs=DIGITS),
        Rule(re.compile(r"(?<=\bfois) ?/ ?(?=(?:jour|semaine|mois|an)s?\b)"), lambda _: " par ", needs="/"),
        Rule(re.compile(r"(?<=\b[Ll]es )- ?(?=de \d)"), lambda _: "moins ", needs="-"),
        Rule(re.compile(r"(?<=\d) ?°(?=\d(?!\d))"), lambda _: " degrés ", needs="°"),
        Rule(
            _WEEKDAYS_JOINED,
            lambda match: f"{_WEEKDAYS[match[1].lower()]}{match[2]}{_WEEKDAYS[match[3].lower()]}",
            needs=".",
        ),
        Rule(re.compile(r"(?<=\d) ?\$ ?(US|CAN|CA)(?!\w)"), lambda match: f" {match[1][:2]}D", needs="$"),
        Rule(re.compile(r"(?<=\d) ?F ?CFA(?!\w)"), lambda _: " francs CFA", needs="F"),
        Rule(
            re.compile(r"(?<=[Gg]uerre de )(14|39)-(?=\d\d(?!\w))"), lambda match: f"{match[1]} ", needs="-"
        ),
        Rule(re.compile(r"(?<![\w.,/])(?:1/2|½) ?h(?!\w)"), lambda _: "une demi-heure", needs="½/"),
        Rule(re.compile(r"(?<![\w.,])([1-3])°(?=\))"), lambda match: _LATIN_ORDINALS[match[1]], needs="°"),
        Rule(re.compile(r"(?<![\w/-])50[/-]50(?![\w/-])"), lambda _: "cinquante-cinquante", needs="/-"),
        Rule(re.compile(r"(?<![\w.,])1[ .]?001 nuits"), lambda _: "mille et une nuits", needs=DIGITS),
        Rule(_LAW, lambda match: match[0].replace("-", " tiret "), needs="-"),
        Rule(_AROUND_THE_CLOCK, lambda match: _say_around_the_clock(match, language=language), needs=DIGITS),
        Rule(_PER, lambda match: f" par {name_of(_UNIT_NAMES, match[1].rstrip('.'))}", needs="/"),
        Rule(_UNIT_WITHOUT_NUMBER, lambda match: _UNIT_NAMES[match[1]], needs="²³23/"),
        Rule(_WEEKDAY, lambda match: f"{_WEEKDAYS[match[1].lower()]} ", needs=DIGITS),
        Rule(
            _FULL_DATE,
            lambda match: None if int(match[3]) > 12 else f"{match[4]}-{match[3]}-{match[1]}",
            needs=DIGITS,
        ),
        Rule(
            _DATE_WITHOUT_ARTICLE,
            lambda match: f"{match[1]} {_month_of_digits(match[2], language=language)}",
            needs="/",
        ),
        Rule(
            _SHORT_DATE,
            lambda match: f"{match[1]} {match[2]} {_month_of_digits(match[3], language=language)}",
            needs="/",
        ),
        Rule(_TELEPHONE, lambda match: _say_telephone(match, language=language), needs="0"),
        Rule(_HEIGHT, lambda match: _say_height(match, language=language), needs=DIGITS),
        Rule(_HALF, lambda match: f"un{'e' * fr_numbers.is_feminine(match[1])} demi-", needs="½/"),
        Rule(
            _GRADE,
            lambda match: f"{language.say_number(match[1])} sur {language.say_number(match[2])}",
            needs="/",
        ),
        Rule(re.compile(r"(?<=\d) et (?:s|ss|suiv)\."), lambda _: " et suivantes", needs=DIGITS),
        Rule(re.compile(r"(?<=\d) ?x (?=plus |moins |par )"), lambda _: " fois ", needs="x"),
        Rule(re.compile(r"(?<!\w)4[x×]4(?!\w)"), lambda _: "quatre-quatre", needs="4"),  # noqa: RUF001
        Rule(_MULTIPLICATION, lambda match: f"{match[1]} fois ", needs="x×"),  # noqa: RUF001
        Rule(_POSITION, lambda match: _say_position(match, language=language), needs="°"),
    )


def _say_around_the_clock(match: re.Match[str], *, language: Language) -> str:
    first, last = (language.say_cardinal(int(match[group])) for group in (1, 3))
    return f"{first} {'heures' if match[2] == 'h' else 'jours'} sur {last}"


def _say_telephone(match: re.Match[str], *, language: Language) -> str:
    return language.say_telephone(re.sub("^0 ", "0", match[0]).split())


def _say_height(match: re.Match[str], *, language: Language) -> str:
    """Return a height in words, as "un mètre quatre-vingts"."""
    metres, hundredths = int(match[1]), int(match[2] or match[3])
    if not metres or not hundredths:
        return match[0] if hundredths else f"{match[1]} m"
    separator = " " if hundredths > 9 else " zéro "
    return f"{language.say_cardinal(metres)} mètre{'s' * (metres > 1)}{separator}{language.say_cardinal(hundredths)}"


def _say_position(match: re.Match[str], *, language: Language) -> str | None:
    """Return degrees, minutes and seconds of arc in words."""
    if not match[2] and not match[4]:
        return None
    numbers = [number.replace(".", ",") for number in match.group(1, 2, 3) if number]
    words = say_measures(numbers, names=("degré", "minute", "seconde"), language=language)
    return f"{words} {_COMPASS[match[4]]}" if match[4] else words


def _say_counted(match: re.Match[str], *, language: Language) -> str | None:
    """Return a number that agrees with its noun, as in "vingt et une pages" and "un million de pages"."""
    value, noun = int(re.sub(r"\D", "", match[1])), match["noun"]
    if value and value % 10**6 == 0 and re.search(r"[sx]$", noun):
        return f"{language.agree(language.say_cardinal(value), noun)} "
    is_one = value == 1 and not _LABEL_CONTEXT.search(
        match.string[max(0, match.start() - 12) : match.start()]
    )
    ends_in_one = value > 1 and value % 10 == 1 and value % 100 != 11 and noun[-1] in "sx"
    if (is_one or ends_in_one) and fr_numbers.is_feminine(noun):
        return f"{fr_numbers.to_feminine(language.say_cardinal(value))} "
    return None


def _month_of_digits(digits: str, *, language: Language) -> str:
    from worker.text.normalization.dates import month_name

    return month_name(int(digits), language=language)
