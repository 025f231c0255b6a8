"""Italian tables: names of signs, currencies and units, and abbreviations."""

from collections.abc import Mapping

from worker.text.normalization.language import Currency

MONTHS = frozenset({
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
    "novembre", "dicembre",
})  # fmt: skip
WORDS: Mapping[str, str] = {
    "point": "virgola", "minus": "meno", "plus": "più", "to": "a", "and": "e", "with cents": "e", "by": "per",
    "percent": "per cento", "permille": "per mille", "version": "versione", "to the power of": "alla",
    "power 2": "al quadrato", "power 3": "al cubo", "love": "amo", "hashtag": "hashtag", "dot": "punto",
    "slash": "barra", "backslash": "barra inversa", "at": "chiocciola", "colon": "due punti",
    "tilde": "tilde", "underscore": "trattino basso", "dash": "trattino", "&": "e", "@": "chiocciola",
    "+": "più", "\u2212": "meno", "=": "uguale", "≠": "diverso da", "≈": "circa", "~": "circa",
    "≤": "minore o uguale a", "≥": "maggiore o uguale a", "<": "minore di", ">": "maggiore di",
    "±": "più o meno", "×": "per", "⋅": "per", "∙": "per", "*": "per", "÷": "diviso",  # noqa: RUF001
    "∀": "per ogni", "∃": "esiste", "∈": "appartiene a", "∅": "insieme vuoto", "∝": "è proporzionale a",
    "≡": "è equivalente a", "¬": "non", "∧": "e", "∨": "o", "⇒": "implica", "★": "stella", "stars": "stelle",  # noqa: RUF001
    "√": "radice quadrata di", "∞": "infinito", "π": "pi greco", "°": "gradi", "§": "paragrafo",
    "©": "copyright", "#": "numero", "€": "euro", "$": "dollari", "£": "sterline", "¥": "yen",
}  # fmt: skip
_EURO = Currency("euro", "euro", "centesimo", "centesimi")
_POUND = Currency("sterlina", "sterline", "penny", "pence")
CURRENCIES: Mapping[str, Currency] = {
    "€": _EURO,
    "EUR": _EURO,
    "$": Currency("dollaro", "dollari", "centesimo", "centesimi"),
    "USD": Currency("dollaro statunitense", "dollari statunitensi", "centesimo", "centesimi"),
    "£": _POUND,
    "GBP": _POUND,
    "CHF": Currency("franco svizzero", "franchi svizzeri", "centesimo", "centesimi"),
    "¥": Currency("yen", "yen"),
    "JPY": Currency("yen", "yen"),
    "₽": Currency("rublo", "rubli", "copeco", "copechi"),
}
SCALES: Mapping[str, tuple[str, str]] = {
    "mila": ("mila", "mila"), "milione": ("milione", "milioni"), "milioni": ("milione", "milioni"),
    "mln": ("milione", "milioni"), "M": ("milione", "milioni"), "Mln": ("milione", "milioni"),
    "miliardo": ("miliardo", "miliardi"), "miliardi": ("miliardo", "miliardi"),
    "mld": ("miliardo", "miliardi"), "Mld": ("miliardo", "miliardi"), "k": ("mila", "mila"),
}  # fmt: skip
UNITS: Mapping[str, tuple[str, str]] = {
    "t": ("tonnellata", "tonnellate"), "min": ("minuto", "minuti"), "sec": ("secondo", "secondi"),
    "dB": ("decibel", "decibel"), "mq": ("metro quadrato", "metri quadrati"),
    "kmq": ("chilometro quadrato", "chilometri quadrati"), "mc": ("metro cubo", "metri cubi"),
    "hg": ("etto", "etti"), "q": ("quintale", "quintali"), "gg": ("giorno", "giorni"),
    "Mbps": ("megabit al secondo", "megabit al secondo"),
    "Mb/s": ("megabit al secondo", "megabit al secondo"),
    "Mbit/s": ("megabit al secondo", "megabit al secondo"), "CV": ("cavallo", "cavalli"),
    "Km": ("chilometro", "chilometri"), "Km/h": ("chilometro orario", "chilometri orari"),
    "mAh": ("milliampereora", "milliampereora"), "¢": ("centesimo", "centesimi"), "eur": ("euro", "euro"),
}  # fmt: skip
ABBREVIATIONS: Mapping[str, str] = {
    "dott.": "dottor", "Dott.": "dottor", "dott.ssa": "dottoressa", "Dott.ssa": "dottoressa", "dr.": "dottor",
    "Dr.": "dottor", "dr.ssa": "dottoressa", "Dr.ssa": "dottoressa", "sig.": "signor", "Sig.": "signor",
    "sig.ra": "signora", "Sig.ra": "signora", "sig.na": "signorina", "Sig.na": "signorina",
    "sigg.": "signori", "Sigg.": "signori", "sigg.ri": "signori", "prof.": "professor", "Prof.": "professor",
    "prof.ssa": "professoressa", "Prof.ssa": "professoressa", "avv.": "avvocato", "Avv.": "avvocato",
    "ing.": "ingegner", "Ing.": "ingegner", "arch.": "architetto", "Arch.": "architetto", "geom.": "geometra",
    "Geom.": "geometra", "rag.": "ragionier", "Rag.": "ragionier", "on.": "onorevole", "On.": "onorevole",
    "mons.": "monsignor", "Mons.": "monsignor", "gen.": "generale", "Gen.": "generale", "col.": "colonnello",
    "cap.": "capitolo", "ecc.": "eccetera", "etc.": "eccetera", "ecc": "eccetera", "ad es.": "ad esempio",
    "Ad es.": "Ad esempio", "p. es.": "per esempio", "P. es.": "Per esempio", "per es.": "per esempio",
    "es.": "esempio", "Es.": "Esempio", "cfr.": "confronta", "Cfr.": "Confronta", "a.C.": "avanti Cristo",
    "a. C.": "avanti Cristo", "d.C.": "dopo Cristo", "d. C.": "dopo Cristo", "sec.": "secolo",
    "secc.": "secoli", "ca.": "circa", "tel.": "telefono", "Tel.": "Telefono", "cell.": "cellulare",
    "Cell.": "Cellulare", "v.le": "viale", "V.le": "Viale", "p.zza": "piazza", "P.zza": "Piazza",
    "c.so": "corso", "C.so": "Corso", "l.go": "largo", "L.go": "Largo", "F.lli": "fratelli",
    "f.lli": "fratelli", "min.": "minimo", "max.": "massimo", "N.B.": "nota bene", "NB": "nota bene",
    "P.S.": "post scriptum", "vs.": "versus", "vs": "versus", "c/o": "presso", "spett.": "spettabile",
    "Spett.": "Spettabile", "gent.mo": "gentilissimo", "Gent.mo": "Gentilissimo", "Gent.ma": "Gentilissima",
    "gent.ma": "gentilissima", "egr.": "egregio", "Egr.": "Egregio", "ed.": "edizione", "vol.": "volume",
    "fig.": "figura", "art.": "articolo", "pag.": "pagina", "pagg.": "pagine", "n.": "numero",
    "nr.": "numero", "ecc.mo": "eccellentissimo", "ind.": "indirizzo", "prov.": "provincia",
    "Prov.": "Provincia", "dev.": "devoto", "ass.": "associazione", "Ass.": "Associazione",
    "cm.": "centimetri", "genn.": "gennaio", "febbr.": "febbraio", "sett.": "settembre", "ott.": "ottobre",
    "nov.": "novembre", "dic.": "dicembre",
}  # fmt: skip
FINAL_ABBREVIATIONS = frozenset({"ecc.", "etc.", "a.C.", "d.C.", "a. C.", "d. C.", "F.lli"})
NUMBERED: Mapping[str, str] = {
    "n.": "numero", "N.": "Numero", "n°": "numero", "N°": "Numero", "nº": "numero", "№": "numero",
    "nr.": "numero", "nn.": "numeri", "pag.": "pagina", "Pag.": "Pagina", "pagg.": "pagine", "p.": "pagina",
    "pp.": "pagine", "cap.": "capitolo", "Cap.": "Capitolo", "capp.": "capitoli", "art.": "articolo",
    "Art.": "Articolo", "artt.": "articoli", "vol.": "volume", "Vol.": "Volume", "fig.": "figura",
    "Fig.": "Figura", "tab.": "tabella", "Tab.": "Tabella", "par.": "paragrafo", "sez.": "sezione",
    "int.": "interno", "col.": "colonna", "v.": "verso", "vv.": "versi", "t.": "tomo", "sc.": "scala",
    "lett.": "lettera", "c.": "comma",
}  # fmt: skip
