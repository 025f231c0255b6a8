"""Portuguese tables: names of signs, currencies and units, and abbreviations."""

from collections.abc import Mapping

from worker.text.normalization.language import Currency

WORDS: Mapping[str, str] = {
    "point": "vírgula", "minus": "menos", "plus": "mais", "to": "a", "ratio": "para", "and": "e", "with cents": "e",
    "by": "por", "percent": "por cento", "permille": "por mil", "version": "versão",
    "to the power of": "elevado a", "power 2": "ao quadrado", "power 3": "ao cubo", "love": "amo",
    "hashtag": "hashtag", "dot": "ponto", "slash": "barra", "backslash": "barra invertida", "at": "arroba",
    "colon": "dois pontos", "tilde": "til", "underscore": "sublinhado", "dash": "hífen", "&": "e",
    "@": "arroba", "+": "mais", "\u2212": "menos", "=": "igual a", "≠": "diferente de",
    "≈": "aproximadamente", "~": "aproximadamente", "≤": "menor ou igual a", "≥": "maior ou igual a",
    "<": "menor que", ">": "maior que", "±": "mais ou menos", "×": "vezes", "⋅": "vezes", "∙": "vezes",  # noqa: RUF001
    "∀": "para todo", "∃": "existe", "∈": "pertence a", "∅": "conjunto vazio", "∝": "é proporcional a",
    "≡": "é equivalente a", "¬": "não", "∧": "e", "∨": "ou", "⇒": "implica", "★": "estrela", "stars": "estrelas",  # noqa: RUF001
    "*": "vezes", "÷": "dividido por", "√": "raiz quadrada de", "∞": "infinito", "π": "pi", "°": "graus",
    "§": "parágrafo", "©": "copyright", "#": "número", "€": "euros", "$": "dólares", "£": "libras",
    "¥": "ienes",
}  # fmt: skip
CURRENCIES: Mapping[str, Currency] = {
    "BRL": Currency("real", "reais", "centavo", "centavos"),
    "€": Currency("euro", "euros", "centavo", "centavos"),
    "EUR": Currency("euro", "euros", "centavo", "centavos"),
    "$": Currency("dólar", "dólares", "centavo", "centavos"),
    "USD": Currency("dólar americano", "dólares americanos", "centavo", "centavos"),
    "£": Currency("libra", "libras", "pêni", "pence"),
    "GBP": Currency("libra", "libras", "pêni", "pence"),
    "CHF": Currency("franco suíço", "francos suíços", "cêntimo", "cêntimos"),
    "¥": Currency("iene", "ienes"),
    "JPY": Currency("iene", "ienes"),
}
_EURO = Currency("euro", "euros", "cêntimo", "cêntimos")
EUROPEAN_CURRENCIES: Mapping[str, Currency] = {**CURRENCIES, "€": _EURO, "EUR": _EURO}
SCALES: Mapping[str, tuple[str, str]] = {
    "mil": ("mil", "mil"), "k": ("mil", "mil"), "milhão": ("milhão", "milhões"),
    "milhões": ("milhão", "milhões"), "mi": ("milhão", "milhões"), "M": ("milhão", "milhões"),
    "bilhão": ("bilhão", "bilhões"), "bilhões": ("bilhão", "bilhões"), "bi": ("bilhão", "bilhões"),
    "trilhão": ("trilhão", "trilhões"), "trilhões": ("trilhão", "trilhões"),
}  # fmt: skip
UNITS: Mapping[str, tuple[str, str]] = {
    "t": ("tonelada", "toneladas"), "min": ("minuto", "minutos"), "seg": ("segundo", "segundos"),
    "dB": ("decibel", "decibéis"), "Mbps": ("megabit por segundo", "megabits por segundo"),
    "Mb/s": ("megabit por segundo", "megabits por segundo"),
    "Mbit/s": ("megabit por segundo", "megabits por segundo"), "hab.": ("habitante", "habitantes"),
    "kms": ("quilômetro", "quilômetros"), "cv": ("cavalo", "cavalos"), "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"), "¢": ("centavo", "centavos"),
}  # fmt: skip
ABBREVIATIONS: Mapping[str, str] = {
    "Sr.": "senhor", "Sra.": "senhora", "Srs.": "senhores", "Sras.": "senhoras", "Srta.": "senhorita",
    "sr.": "senhor", "sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora", "Drs.": "doutores",
    "dr.": "doutor", "dra.": "doutora", "Prof.": "professor", "Profa.": "professora", "Prof.ª": "professora",
    "prof.": "professor", "profa.": "professora", "Eng.": "engenheiro", "Arq.": "arquiteto",
    "Exmo.": "excelentíssimo", "Exma.": "excelentíssima", "Ilmo.": "ilustríssimo", "Gen.": "general",
    "Cel.": "coronel", "Cap.": "capitão", "Pe.": "padre", "Sto.": "Santo", "Sta.": "Santa",
    "V. Ex.ª": "Vossa Excelência", "V. Exa.": "Vossa Excelência", "p. ex.": "por exemplo",
    "P. ex.": "Por exemplo", "por ex.": "por exemplo", "ex.": "exemplo", "Ex.": "Exemplo", "etc.": "etcétera",
    "etc": "etcétera", "i.e.": "isto é", "obs.": "observação", "Obs.": "Observação", "cf.": "confira",
    "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo", "vs.": "versus", "vs": "versus",
    "a.C.": "antes de Cristo", "a. C.": "antes de Cristo", "d.C.": "depois de Cristo",
    "d. C.": "depois de Cristo", "séc.": "século", "sécs.": "séculos", "av.": "avenida", "Av.": "Avenida",
    "pça.": "praça", "Pça.": "Praça", "rod.": "rodovia", "Rod.": "Rodovia", "trav.": "travessa",
    "tel.": "telefone", "Tel.": "Telefone", "cel.": "celular", "ap.": "apartamento", "apto.": "apartamento",
    "Ltda.": "limitada", "Cia.": "companhia", "Dep.": "deputado", "dept.": "departamento", "ed.": "edição",
    "vol.": "volume", "fig.": "figura", "art.": "artigo", "pág.": "página", "págs.": "páginas",
    "núm.": "número", "n.º": "número", "nº": "número", "q.b.": "quanto baste", "P.S.": "pós-escrito",
    "N.B.": "nota bem", "c/": "com", "s/": "sem", "jan.": "janeiro", "fev.": "fevereiro", "abr.": "abril",
    "jun.": "junho", "jul.": "julho", "ago.": "agosto", "set.": "setembro", "out.": "outubro",
    "nov.": "novembro", "dez.": "dezembro", "vc": "você", "vcs": "vocês", "tb": "também", "pq": "porque",
}  # fmt: skip
FINAL_ABBREVIATIONS = frozenset({"etc.", "a.C.", "d.C.", "a. C.", "d. C.", "Ltda.", "Cia.", "q.b."})
NUMBERED: Mapping[str, str] = {
    "n.º": "número", "N.º": "Número", "n.°": "número", "nº": "número", "Nº": "Número", "n°": "número",
    "N°": "Número", "№": "número", "n.": "número", "p.": "página", "pp.": "páginas", "pág.": "página",
    "Pág.": "Página", "págs.": "páginas", "cap.": "capítulo", "Cap.": "Capítulo", "art.": "artigo",
    "Art.": "Artigo", "arts.": "artigos", "vol.": "volume", "Vol.": "Volume", "fig.": "figura",
    "Fig.": "Figura", "tab.": "tabela", "séc.": "século", "t.": "tomo", "inc.": "inciso",
}  # fmt: skip
