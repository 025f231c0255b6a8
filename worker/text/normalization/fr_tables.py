"""French tables: names of signs, currencies and units, and abbreviations."""

from collections.abc import Mapping

from worker.text.normalization.language import Currency

WORDS: Mapping[str, str] = {
    "point": "virgule", "minus": "moins", "plus": "plus", "to": "à", "and": "et", "with cents": "et",
    "by": "sur", "percent": "pour cent", "permille": "pour mille", "version": "version",
    "to the power of": "puissance", "power 2": "au carré", "power 3": "au cube", "love": "aime",
    "hashtag": "hashtag", "dot": "point", "slash": "barre oblique", "backslash": "barre oblique inverse",
    "at": "arobase", "colon": "deux-points", "tilde": "tilde", "underscore": "tiret bas", "dash": "tiret",
    "&": "et", "@": "arobase", "+": "plus", "\u2212": "moins", "=": "égale", "≠": "différent de",
    "≈": "environ", "~": "environ", "≤": "inférieur ou égal à", "≥": "supérieur ou égal à",
    "≦": "inférieur ou égal à", "≧": "supérieur ou égal à", "<": "inférieur à", ">": "supérieur à",
    "±": "plus ou moins", "×": "fois", "⋅": "fois", "∙": "fois", "*": "fois", "÷": "divisé par",  # noqa: RUF001
    "√": "racine carrée de", "∞": "infini", "π": "pi", "∑": "somme de", "∫": "intégrale de", "∂": "d rond",
    "∆": "delta", "∈": "appartient à", "∉": "n'appartient pas à", "∪": "union", "∩": "inter", "⇒": "implique",  # noqa: RUF001
    "∅": "ensemble vide", "∝": "est proportionnel à", "≡": "est équivalent à", "¬": "non", "∧": "et", "∨": "ou",  # noqa: RUF001
    "★": "étoile", "stars": "étoiles",
    "⇔": "équivaut à", "∀": "quel que soit", "∃": "il existe", "°": "degrés", "§": "paragraphe",
    "¶": "paragraphe", "©": "copyright", "#": "numéro", "€": "euros", "$": "dollars", "£": "livres sterling",
    "¥": "yens",
}  # fmt: skip

_EURO = Currency("euro", "euros", "centime", "centimes")
_POUND = Currency("livre sterling", "livres sterling", "penny", "pence")
CURRENCIES: Mapping[str, Currency] = {
    "€": _EURO,
    "EUR": _EURO,
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "USD": Currency("dollar américain", "dollars américains", "cent", "cents"),
    "CAD": Currency("dollar canadien", "dollars canadiens", "cent", "cents"),
    "£": _POUND,
    "GBP": _POUND,
    "CHF": Currency("franc suisse", "francs suisses", "centime", "centimes"),
    "¥": Currency("yen", "yens"),
    "JPY": Currency("yen", "yens"),
}

_MILLION = ("million", "millions")
_MILLIARD = ("milliard", "milliards")
SCALES: Mapping[str, tuple[str, str]] = {
    "k": ("mille", "mille"),
    "mille": ("mille", "mille"),
    "M": _MILLION,
    "million": _MILLION,
    "millions": _MILLION,
    "Md": _MILLIARD,
    "Mds": _MILLIARD,
    "Mrd": _MILLIARD,
    "milliard": _MILLIARD,
    "milliards": _MILLIARD,
    "billion": ("billion", "billions"),
    "billions": ("billion", "billions"),
}

_BYTES = {
    symbol: (f"{prefix}octet", f"{prefix}octets")
    for symbol, prefix in (
        ("ko", "kilo"), ("Ko", "kilo"), ("Mo", "méga"), ("Go", "giga"), ("To", "téra"), ("Po", "péta"), ("o", ""),
        ("Kio", "kibi"), ("Mio", "mébi"), ("Gio", "gibi"), ("kB", "kilo"), ("KB", "kilo"), ("MB", "méga"),
        ("GB", "giga"), ("TB", "téra"),
    )
}  # fmt: skip
_RATES = {
    f"{symbol}{mark}": (f"{prefix}{name} par seconde", f"{prefix}{name}s par seconde")
    for symbol, prefix in (("k", "kilo"), ("K", "kilo"), ("M", "méga"), ("G", "giga"), ("T", "téra"))
    for mark, name in (("bit/s", "bit"), ("bits/s", "bit"), ("b/s", "bit"), ("bps", "bit"), ("o/s", "octet"))
}
UNITS: Mapping[str, tuple[str, str]] = {
    "c. à s.": ("cuillère à soupe", "cuillères à soupe"), "càs": ("cuillère à soupe", "cuillères à soupe"),
    "c. à c.": ("cuillère à café", "cuillères à café"), "càc": ("cuillère à café", "cuillères à café"),
    **_BYTES, **_RATES, "°": ("degré", "degrés"), "¢": ("cent", "cents"), "bar": ("bar", "bars"),
    "mn": ("minute", "minutes"), "min": ("minute", "minutes"), "sec": ("seconde", "secondes"),
    "kms": ("kilomètre", "kilomètres"), "Km": ("kilomètre", "kilomètres"),
    "Km/h": ("kilomètre par heure", "kilomètres par heure"), "KM": ("kilomètre", "kilomètres"),
    "j": ("jour", "jours"), "dB": ("décibel", "décibels"), "mAh": ("milliampère-heure", "milliampères-heure"),
    "Ah": ("ampère-heure", "ampères-heure"), "Wh": ("wattheure", "wattheures"),
    "MWh": ("mégawattheure", "mégawattheures"), "GWh": ("gigawattheure", "gigawattheures"),
    "TWh": ("térawattheure", "térawattheures"), "kWc": ("kilowatt-crête", "kilowatts-crête"),
    "kVA": ("kilovoltampère", "kilovoltampères"), "kV": ("kilovolt", "kilovolts"),
    "mV": ("millivolt", "millivolts"), "kΩ": ("kilohm", "kilohms"), "MΩ": ("mégohm", "mégohms"),
    "µF": ("microfarad", "microfarads"), "tr/min": ("tour par minute", "tours par minute"),
    "ch": ("cheval", "chevaux"), "Mpx": ("mégapixel", "mégapixels"), "Mt": ("mégatonne", "mégatonnes"),
    "kt": ("kilotonne", "kilotonnes"), "hab.": ("habitant", "habitants"), "hab": ("habitant", "habitants"),
    "hab/km²": ("habitant par kilomètre carré", "habitants par kilomètre carré"),
    "hab./km²": ("habitant par kilomètre carré", "habitants par kilomètre carré"),
    "dag": ("décagramme", "décagrammes"), "hg": ("hectogramme", "hectogrammes"),
    "L/100 km": ("litre aux cent kilomètres", "litres aux cent kilomètres"),
    "l/100 km": ("litre aux cent kilomètres", "litres aux cent kilomètres"),
    "l/100km": ("litre aux cent kilomètres", "litres aux cent kilomètres"), "rad": ("radian", "radians"),
    "mol/L": ("mole par litre", "moles par litre"), "ppm": ("partie par million", "parties par million"),
    "°K": ("kelvin", "kelvins"), "ms": ("milliseconde", "millisecondes"), "cd": ("candela", "candelas"),
    "UA": ("unité astronomique", "unités astronomiques"), "a.l.": ("année-lumière", "années-lumière"),
    "bpm": ("battement par minute", "battements par minute"),
    "fps": ("image par seconde", "images par seconde"), "kcal": ("kilocalorie", "kilocalories"),
    "kWh": ("kilowattheure", "kilowattheures"),
    "kg/m³": ("kilogramme par mètre cube", "kilogrammes par mètre cube"), "pers.": ("personne", "personnes"),
    "ml": ("millilitre", "millilitres"),
}  # fmt: skip
# Symbols of CLDR units that are words, letters of a class or names of roads in French.
EXCLUDED_UNITS = frozenset(
    {
        "B",
        "N",
        "K",
        "ac",
        "mi",
        "ft",
        "yd",
        "oz",
        "gal",
        "kn",
        "cc",
        "ly",
        "cal",
        "hp",
        "tsp",
        "tbsp",
        "MP",
        "Nm",
        "kb",
    }
)

ABBREVIATIONS: Mapping[str, str] = {
    "etc.": "et cetera", "etc": "et cetera", "p. ex.": "par exemple", "par ex.": "par exemple",
    "P. ex.": "Par exemple", "Par ex.": "Par exemple", "ex.": "exemple", "Ex.": "Exemple",
    "c.-à-d.": "c'est-à-dire", "c-à-d": "c'est-à-dire", "c.à.d.": "c'est-à-dire", "càd": "c'est-à-dire",
    "cad": "c'est-à-dire", "i.e.": "c'est-à-dire", "e.g.": "par exemple", "cf.": "confer", "Cf.": "Confer",
    "cf": "confer", "env.": "environ", "N.B.": "nota bene", "NB": "nota bene", "N. B.": "nota bene",
    "P.-S.": "post-scriptum", "P.S.": "post-scriptum", "ibid.": "ibidem", "Ibid.": "Ibidem",
    "op. cit.": "opus citatum", "et al.": "et alii", "vs": "versus", "vs.": "versus",
    "av. J.-C.": "avant Jésus-Christ", "av. J.C.": "avant Jésus-Christ", "av. J-C": "avant Jésus-Christ",
    "av. JC": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "ap. J.-C.": "après Jésus-Christ",
    "apr. J.C.": "après Jésus-Christ", "ap. J.C.": "après Jésus-Christ", "ap. J-C": "après Jésus-Christ",
    "apr. J-C": "après Jésus-Christ", "ap. JC": "après Jésus-Christ", "avant J.-C.": "avant Jésus-Christ",
    "après J.-C.": "après Jésus-Christ", "avant J-C": "avant Jésus-Christ", "après J-C": "après Jésus-Christ",
    "avant JC": "avant Jésus-Christ", "après JC": "après Jésus-Christ", "J.-C.": "Jésus-Christ",
    "N.-D.": "Notre-Dame", "avt": "avant", "apr.": "après", "s.v.p.": "s'il vous plaît",
    "svp": "s'il vous plaît", "SVP": "s'il vous plaît", "stp": "s'il te plaît", "RDV": "rendez-vous",
    "rdv": "rendez-vous", "Rdv": "Rendez-vous", "RV": "rendez-vous", "qqch": "quelque chose",
    "qqch.": "quelque chose", "qqn": "quelqu'un", "qqn.": "quelqu'un", "qq": "quelques", "qq.": "quelques",
    "bcp": "beaucoup", "tjrs": "toujours", "tjs": "toujours", "nb": "nombre", "nbre": "nombre",
    "pb": "problème", "pbs": "problèmes", "gvt": "gouvernement", "gouv.": "gouvernement", "tél.": "téléphone",
    "Tél.": "Téléphone", "tél": "téléphone", "Tél": "Téléphone", "tel.": "téléphone", "Tel.": "Téléphone",
    "max.": "maximum", "min.": "minimum", "moy.": "moyenne", "éd.": "éditions", "Éd.": "Éditions",
    "coll.": "collection", "dir.": "direction", "trad.": "traduction", "bd": "boulevard", "Bd": "boulevard",
    "bld": "boulevard", "Bld": "boulevard", "bvd": "boulevard", "Bvd": "boulevard", "boul.": "boulevard",
    "Boul.": "boulevard", "bd.": "boulevard", "Bd.": "boulevard", "av.": "avenue", "Av.": "Avenue",
    "rte": "route", "Rte": "Route", "imp.": "impasse", "esc.": "escalier", "art.": "article",
    "Art.": "Article", "S. M.": "Sa Majesté", "n°": "numéro", "N°": "Numéro", "arr.": "arrondissement",
    "Rép.": "République", "fg": "faubourg", "Fg": "faubourg", "fbg": "faubourg", "Fbg": "faubourg",
    "pl.": "place", "Pl.": "Place", "Bât.": "bâtiment", "bât.": "bâtiment", "apt": "appartement",
    "appt": "appartement", "appt.": "appartement", "ét.": "étage", "dép.": "département",
    "dépt": "département", "Cie": "compagnie", "Cie.": "compagnie", "Sté": "société", "Sté.": "société",
    "Ets": "établissements", "Éts": "établissements", "Ets.": "établissements", "Assoc.": "association",
    "assoc.": "association", "fém.": "féminin", "masc.": "masculin", "sing.": "singulier", "plur.": "pluriel",
    "adj.": "adjectif", "anc.": "ancien", "Anc.": "Ancien", "auj.": "aujourd'hui", "hab.": "habitants",
    "prof.": "professeur", "Prof.": "professeur", "réf.": "référence", "Réf.": "Référence",
    "pers.": "personnes", "resp.": "respectivement", "suppl.": "supplément", "suiv.": "suivantes",
    "sq.": "et suivante", "sqq.": "et suivantes", "Mme": "madame", "Mme.": "madame", "Mmes": "mesdames",
    "Mlle": "mademoiselle", "Mlle.": "mademoiselle", "Mlles": "mesdemoiselles", "MM.": "messieurs",
    "Mr": "monsieur", "Mr.": "monsieur", "Mgr": "monseigneur", "Mgrs": "messeigneurs", "Dr": "docteur",
    "Dr.": "docteur", "Drs": "docteurs", "Dre": "docteure", "Dre.": "docteure", "Pr": "professeur",
    "Pr.": "professeur", "Prs": "professeurs", "Cdt": "commandant", "Cne": "capitaine", "Lt": "lieutenant",
    "Lcl": "lieutenant-colonel", "Sgt": "sergent", "Vve": "veuve", "w-e": "week-end", "c/o": "chez",
    "A/R": "aller-retour", "a/r": "aller-retour", "hôp.": "hôpital", "janv.": "janvier", "févr.": "février",
    "fév.": "février", "avr.": "avril", "juil.": "juillet", "juill.": "juillet", "oct.": "octobre",
    "nov.": "novembre", "déc.": "décembre",
}  # fmt: skip
FINAL_ABBREVIATIONS = frozenset({
    "etc.", "J.-C.", "av. J.-C.", "apr. J.-C.", "ap. J.-C.", "av. J.C.", "ap. J.C.", "avant J.-C.",
    "après J.-C.", "et al.", "s.v.p.", "ibid.", "max.", "min.", "Cie.", "qqch.", "qqn.", "hab.", "pers.",
})  # fmt: skip

# Expanded only before digits or a Roman numeral. Elsewhere these are other words.
NUMBERED: Mapping[str, str] = {
    "p.": "page", "pp.": "pages", "P.": "page", "fig.": "figure", "Fig.": "Figure", "chap.": "chapitre",
    "Chap.": "Chapitre", "ch.": "chapitre", "Ch.": "Chapitre", "art.": "article", "Art.": "Article",
    "vol.": "volume", "Vol.": "Volume", "t.": "tome", "T.": "Tome", "al.": "alinéa", "l.": "ligne",
    "ll.": "lignes", "v.": "vers", "col.": "colonne", "tab.": "tableau", "Tab.": "Tableau",
    "sect.": "section", "Sect.": "Section", "ann.": "annexe", "éd.": "édition", "n.": "note", "sc.": "scène",
    "fasc.": "fascicule", "tél.": "téléphone", "n°": "numéro", "N°": "Numéro", "nº": "numéro", "Nº": "Numéro",
    "№": "numéro", "no": "numéro", "No": "Numéro", "no.": "numéro", "No.": "Numéro", "n°s": "numéros",
    "N°s": "Numéros", "nos.": "numéros", "§§": "paragraphes", "app.": "appartement", "bât.": "bâtiment",
    "ex.": "exemplaire", "pt.": "point", "paragr.": "paragraphe", "q.": "question", "ép.": "épisode",
}  # fmt: skip
