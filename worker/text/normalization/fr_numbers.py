"""French numbers in words: agreement, gender, and the numbers of Belgium and Switzerland."""

import re
from functools import cache

from worker.text.normalization import num2words_cache

_ORDINAL_ENDINGS = {
    "un": "unième",
    "cinq": "cinquième",
    "neuf": "neuvième",
    "cents": "centième",
    "vingts": "vingtième",
}
_FRACTIONS = {2: "demi", 3: "tiers", 4: "quart"}
# A fraction with a larger denominator is read as "seven out of twenty".
_MAX_DENOMINATOR = 9

# The prefix of a toll-free or premium-rate number is read as one number: "zéro huit cents".
_SPECIAL_RATE = re.compile("0[89]\\d\\d")

# Feminine nouns that often follow a number. The ending shows the gender of most other nouns.
_FEMININE = frozenset({
    "page", "personne", "mole", "heure", "minute", "seconde", "tonne", "livre", "once", "calorie", "roupie",
    "couronne", "lire", "fois", "voix", "place", "table", "chaise", "ligne", "lettre", "carte", "ville",
    "école", "classe", "équipe", "langue", "photo", "vidéo", "femme", "fille", "dame", "mère", "sœur", "amie",
    "voiture", "moto", "chambre", "porte", "fenêtre", "pièce", "maison", "rue", "route", "île", "plage",
    "montagne", "rivière", "forêt", "ferme", "usine", "entreprise", "société", "banque", "église", "œuvre",
    "toile", "revue", "lampe", "boîte", "bouteille", "tasse", "assiette", "cuillère", "pizza", "part",
    "tranche", "tarte", "pomme", "poire", "orange", "banane", "cerise", "fraise", "fleur", "rose", "plante",
    "feuille", "branche", "vache", "poule", "chèvre", "brebis", "abeille", "mouche", "étape", "course",
    "marche", "danse", "chanson", "note", "phrase", "syllabe", "virgule", "règle", "loi", "taxe", "amende",
    "dette", "action", "arme", "bombe", "balle", "guerre", "bataille", "victoire", "histoire", "défaite",
    "nuit", "nation", "victime", "famille", "épouse", "reine", "princesse", "star", "étoile", "planète",
    "lune", "galaxie", "molécule", "cellule", "bactérie", "espèce", "race", "case", "dent", "main", "jambe",
    "oreille", "nouvelle", "belle", "petite", "grande", "bonne", "vieille", "jolie", "longue", "première",
    "dernière", "seule", "commune", "province", "région", "tribune", "station", "gare", "rame", "file",
    "liste", "série", "saison", "semaine", "dizaine", "quinzaine", "vingtaine", "trentaine", "centaine",
    "thèse", "preuve", "épreuve", "version", "mise", "prise", "demande", "offre", "vente", "enveloppe",
    "valise", "robe", "chemise", "veste", "jupe", "chaussure", "paire", "paille", "brique", "pierre", "tuile",
    "vis", "clé", "clef", "touche", "corde", "tablette", "console", "manette", "application", "requête",
    "mesure", "particule", "goutte", "larme", "dose", "fièvre",
})  # fmt: skip
_FEMININE_ENDING = re.compile(
    r"(?:[tsx]ion|ance|ence|ette|ité|ée|euse|trice|ienne|esse|ière|ure|aine|ine|elle|ie)$"
)
_MASCULINE = frozenset({
    "silence", "magazine", "squelette", "comité", "invité", "traité", "député", "musée", "lycée", "trophée",
    "mausolée", "athée", "apogée", "cimetière", "derrière", "arrière", "murmure", "mercure", "augure",
    "parjure", "domaine", "capitaine", "elle", "génie", "incendie", "parapluie", "foie", "million", "billion",
    "trillion", "bastion", "scion", "lion", "pion", "espion", "champion", "camion", "avion",
})  # fmt: skip


def is_feminine(noun: str) -> bool:
    """Return True if the noun is in the list of feminine nouns or has a feminine ending. Other nouns are masculine."""
    word = re.sub("^(?:nano|micro|milli|kilo)(?=mole)", "", noun.split(maxsplit=1)[0].lower())
    single = word if word in _FEMININE or word in _MASCULINE else re.sub(r"[sx]$", "", word)
    if single in _MASCULINE:
        return False
    return single in _FEMININE or _FEMININE_ENDING.search(single) is not None


def to_feminine(words: str) -> str:
    """Return the feminine form of a number: "vingt et une" for "vingt et un"."""
    return f"{words}e" if re.search(r"(?:^|[ -])un$", words) else words


def to_invariable(words: str) -> str:
    """Return the form of a number that is a label, without the plural s: "page deux cent", "mille neuf cent"."""
    return re.sub(r"(?<=cent)s$|(?<=vingt)s$", "", words)


def spell_cardinal(value: int, *, region: str) -> str:
    words = num2words_cache.spell_cardinal(value, language="fr")
    return _to_regional(words, eighty=region == "CH") if region in ("BE", "CH") else words


def spell_ordinal(value: int, *, region: str, suffix: str) -> str:
    """Return an ordinal in words. `suffix` is the text after the digits: "er", "re", "nde", "es"."""
    plural = "s" if suffix.endswith("s") else ""
    kind = suffix.rstrip("s")
    if value == 1:
        return f"{'première' if kind in ('re', 'ère', 'ere') else 'premier'}{plural}"
    if value == 2 and kind in ("d", "nd", "de", "nde"):
        return f"{'seconde' if kind.endswith('de') else 'second'}{plural}"
    return f"{_to_ordinal(spell_cardinal(value, region=region))}{plural}"


def spell_fraction(numerator: int, denominator: int, *, region: str) -> str:
    """Return a fraction in words: "trois quarts", "un demi", or "quinze sur vingt" with a large denominator."""
    numerator_words = spell_cardinal(numerator, region=region)
    is_usual = denominator in _FRACTIONS or numerator < denominator <= _MAX_DENOMINATOR
    if not is_usual or denominator == 1:
        return f"{numerator_words} sur {spell_cardinal(denominator, region=region)}"
    name = _FRACTIONS.get(denominator) or _to_ordinal(spell_cardinal(denominator, region=region))
    return f"{numerator_words} {name}{'s' if numerator > 1 and not name.endswith('s') else ''}"


def spell_decimals(digits: str, *, region: str) -> str:
    """Return the decimals in words: leading zeros one by one, then the rest as one number.

    Four digits are read as two pairs unless the third one is a zero. Otherwise more than three digits are read one by
    one.
    """
    rest = digits.lstrip("0")
    noughts = ["zéro"] * (len(digits) - len(rest))
    if len(rest) == 4 and rest[2] != "0":
        words = [spell_cardinal(int(pair), region=region) for pair in (rest[:2], rest[2:])]
    elif len(rest) > 3:
        words = [spell_cardinal(int(digit), region=region) for digit in rest]
    else:
        words = [spell_cardinal(int(rest), region=region)] if rest else []
    return " ".join(noughts + words)


def spell_pairs(digits: str, *, region: str) -> str:
    """Return a group of a telephone number in words.

    Digits are read in pairs and a leading zero by itself. In a group with an odd number of digits the first one is read
    alone, but three digits are read as one number unless they begin with a zero.
    """
    if len(digits) == 3 and digits[0] != "0":
        return spell_cardinal(int(digits), region=region)
    if _SPECIAL_RATE.fullmatch(digits):
        return f"zéro {spell_cardinal(int(digits), region=region)}"
    head = len(digits) % 2
    parts = [digits[:head], *(digits[at : at + 2] for at in range(head, len(digits), 2))]
    return " ".join(_spell_pair(part, region=region) for part in parts if part)


def _spell_pair(digits: str, *, region: str) -> str:
    if len(digits) == 2 and digits[0] == "0":
        return " ".join(spell_cardinal(int(digit), region=region) for digit in digits)
    return spell_cardinal(int(digits), region=region)


def _to_ordinal(words: str) -> str:
    head, separator, last = re.match(r"(.*?)(^|[ -])([^ -]+)$", words).groups()  # type: ignore[union-attr]
    if head in ("un",) and last in ("million", "milliard"):
        head, separator = "", ""
    return f"{head}{separator}{_ORDINAL_ENDINGS.get(last) or re.sub('e$|(?<=on)s$|(?<=ard)s$', '', last) + 'ième'}"


def _to_regional(words: str, *, eighty: bool) -> str:
    def replaced(match: re.Match[str]) -> str:
        return _regional_names(eighty)[match[0]]

    names = "|".join(sorted(_regional_names(eighty), key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{names})(?![\w-]| et onze)", replaced, words)


@cache
def _regional_names(eighty: bool) -> dict[str, str]:
    """Map the numbers from 70 on as said in France to their Belgian or Swiss names."""
    tens = {70: "septante", 90: "nonante"} | ({80: "huitante"} if eighty else {})
    names: dict[str, str] = {}
    for base, name in tens.items():
        for unit in range(10):
            tail = (
                ""
                if not unit
                else " et un"
                if unit == 1
                else f"-{num2words_cache.spell_cardinal(unit, language='fr')}"
            )
            names[num2words_cache.spell_cardinal(base + unit, language="fr")] = f"{name}{tail}"
    return names | ({"quatre-vingt": "huitante"} if eighty else {})
