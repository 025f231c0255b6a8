"""Remove citations and footnote marks, which a reader skips, and set stage directions apart."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re

from worker.text.normalization.mapped_text import Rule, text_after, text_before

_NUMBERS = r"[1-9]\d{0,2}(?:(?:, ?|[-–])[1-9]\d{0,2}){0,7}"
_NOTE = rf"{_NUMBERS}|[a-df-j]|(?:note|nb|n\.) ?\d{{1,3}}|\*{{1,3}}\d{{0,3}}|[†‡§¶]{{1,3}}"
_AFTER_NOTE = r"(?![\w(\[:/]|\]\()"
# Marks follow a word of two letters or a sign. "x[3]" is an element of a list.
_CITATIONS = re.compile(
    rf"(?:(?<=[^\W\d_][^\W_])|(?<=\d[\d%])|(?<=[.,;:!?…\"')»]))(?:\[(?:{_NOTE})\](?:[,–-](?=\[))?){{1,8}}{_AFTER_NOTE}"
)
# Brackets after these are part of a program: "sys.argv[1]", "split()[0]".
_CODE = re.compile(r"\w[._]\w{1,30}$|\(\)$|\w\(\w{1,30}$|`\w{1,30}$|[\w)\]] [=+*] \w{1,30}$")
# Names of lists in programs. Those that are also words count only at the beginning of an expression.
_LIST_NAME = re.compile(
    r"(?<!\w)(?:arg[sv]|params|arr|tuple|dict|vec|nums|buf|dp)$"
    r"|(?:^|\n|[=,;:] |[(!-])(?:array|list|map|vector|matrix|grid|board|buffer|stack|queue|rows?|cols?|items)$"
)
# "Read data[3]", "the value of data[3]", in five languages.
_ELEMENT_OF = re.compile(
    r"(?:(?:^|[.!?:;\n] |\b(?:then|to|we|you) )(?:read|print|use|access|set|get|swap|increment|replace|assign|return"
    r"|check|store|delete|pass|call|copy)|\b(?:element|entry|value|item|index|variable)s? (?:of|in|at|is)"
    r"|(?:^|[.!?:;\n] |\bpuis )(?:lis|lisez|affiche[rz]?|utilise[rz]?|appelle[rz]?|copie[rz]?)"
    r"|\b(?:élément|valeur|indice|variable) (?:de|dans)"
    r"|(?:^|[.!?:;\n] )(?:lies|lesen sie|benutze|setze|kopiere)|\b(?:Element|Wert|Variable) (?:von|in)"
    r"|(?:^|[.!?:;\n] )(?:lee|lea|usa|use|copia|imprime)|\b(?:elemento|valor|variable) (?:de|en)"
    r"|(?:^|[.!?:;\n] )(?:leggi|stampa|leia|imprima|copie)|\b(?:valore|variabile|variável) (?:di|in|de|em))"
    r" (?:the |le |la |el |il |o |a |den |das )?\w{1,20}$",
    re.IGNORECASE,
)
_AFTER_SENTENCE = re.compile(r"[.,;:!?]\[\d")
_OPERATOR = re.compile(r" = | ?[=!<>+*/-]=|\+\+| [+*%] [\w(]")
# Programs count from zero, citations from one.
_FIRST_ELEMENT = re.compile(r"\w\[0\]")
# A citation between spaces belongs to the sentence after these words: "in [12]".
_SPACED_CITATIONS = re.compile(
    rf"(?<=[\w.)\"']) (?:\[{_NUMBERS}\](?:[,–-] ?(?=\[))?){{1,8}}(?:(?=[.,;:!?)]|$)|(?<=\]\[\d\])|(?<=\]\[\d\d\]))"
)
_GRAMMATICAL = re.compile(
    r"(?:^|[\s(])(?:in|see|from|by|of|to|and|or|with|ref|reference|cf|as|dans|voir|de|par|et|ou|selon|siehe|nach|aus|und|von|vgl"
    r"|interval|intervalle|intervallo|intervalo|intervall|range|plage|bereich|rango|en|ver|véase|según|y|o|in|vedi|da|di|e|em|veja|por|segundo)\.?$",
    re.IGNORECASE,
)
_CHAT_CITATION = re.compile(r" ?【\d{1,3}(?::\d{1,3})?(?:†[^【】\n]{0,100})?】")
# Superscripts after a sign, or after a word that has no power.
_RAISED_NUMBER = re.compile(
    r"(?:(?<=[.,;:!?…\"'»])|(?<=[^\W\d_][a-zà-ÿ]{2}))[¹²³⁰⁴-⁹]{1,3}(?![\w⁺⁻⁽]| ?[=+×])"
    r"|(?:(?<=[.,;:!?…\"'»])|(?<=[^\W\d_][a-zà-ÿ]{2}))"
    r"<sup[^<>]{0,100}>(?:<a [^<>]{0,300}>)?\[?(?:\d{1,3}|\*)\]?(?:</a>)?</sup>"
)
_POWER_BASE = re.compile(
    r"(?:\b(?:sin|cos|tan|cot|log|exp|mol|rad|min|sec|bar|dam|chi|phi|psi|rho|tau|eta)|m[eè]t(?:re|er|ro|ri)s?|feet|foot|inch(?:es)?|yards?|miles?|pieds?|pies|pés|piedi|sigma|alpha|beta|gamma|delta|theta|lambda|omega)$"
)
_DAGGER = re.compile(r"(?<=\S)[†‡]{1,3}(?!\w)")
_STAR = re.compile(r"(?<=[.,;:!?…\"'»])\*{1,3}(?=\s|$)")

# "*He sighs* I know.": an emphasized phrase between two sentences.
_DIRECTION = re.compile(
    r"(?:(?<=[.!?…\"']\s)|(?<=\n)|^)([*_])(?![\s*_])([^\W\d_][^*_\n]{0,200}[^\s*_\n])\1(?=\s|$)(?!\s[a-zß-ÿ,;:.])"
)
_PAUSE_MARKS = ".!?…:;,"


def _drop_citation(match: re.Match[str]) -> str | None:
    return None if _is_subscript(match) else ""


def _is_subscript(match: re.Match[str]) -> bool:
    before, after = text_before(match, chars=60), text_after(match, chars=60)
    return bool(
        _CODE.search(before)
        or _LIST_NAME.search(before)
        or (before[-1:].isalnum() and _OPERATOR.match(after))
        or _FIRST_ELEMENT.search(before)
        or _FIRST_ELEMENT.search(after)
        or (_ELEMENT_OF.search(before) and not _AFTER_SENTENCE.search(match.string))
    )


def _drop_raised_number(match: re.Match[str]) -> str | None:
    return None if _POWER_BASE.search(text_before(match, chars=8)) else ""


def _drop_spaced_citation(match: re.Match[str]) -> str | None:
    return None if _GRAMMATICAL.search(text_before(match, chars=14)) else ""


def _end_direction(match: re.Match[str]) -> str | None:
    words = match[2].split()
    # A title, as "*Star Wars*", is part of the sentence.
    if any(word[0].isupper() for word in words[1:2]) or (len(words) == 1 and words[0][0].isupper()):
        return None
    pause = "" if words[-1][-1] in _PAUSE_MARKS or not text_after(match, chars=4).strip() else "."
    return f"{match[2]}{pause}"


NOTES = (
    Rule(_CHAT_CITATION, lambda _: "", needs="【"),
    Rule(_CITATIONS, _drop_citation, needs="["),
    Rule(_SPACED_CITATIONS, _drop_spaced_citation, needs="["),
    Rule(_RAISED_NUMBER, _drop_raised_number, needs="¹²³⁰⁴⁵⁶⁷⁸⁹<"),
    Rule(_DAGGER, lambda _: "", needs="†‡"),
    Rule(_STAR, lambda _: "", needs="*"),
    Rule(_DIRECTION, _end_direction, needs="*_"),
)
