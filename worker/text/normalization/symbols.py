"""Replace signs with words."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Mapping

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule, text_after, text_before

# These are spoken in any context.
_ALWAYS_SPOKEN = "&=≠≈≤≥≦≧±÷√∞∑∏∫∂∆∈∉⊂⊆∪∩∀∃∅∝≡¬∧∨→←↔⇒⇔°§¶©€$£¥×⋅∙π"
_COMPARISON = re.compile(
    r"(?<=[\w)\]])[ \n]?(?:[<>!=]=|[-=]>) ?(?=[\w(\[-])|(?<=[\w)]) [<>](?= [\w(\u2212-])"
)
# A digit, a letter or a bracket stands on one side. "Map<String" is no comparison.
_TIGHT_COMPARISON = re.compile(
    r"(?:(?<=[\d)])|(?<=\b[^\W\d_]))([<>])(?=[\w(\u2212-])|(?<=[\w)])([<>])(?=[\d(\u2212-]|[^\W\d_]\b)"
)
# A sign before a letter, as in "y = -x".
_MINUS = re.compile(
    "(?:(?<=[=<>≤≥×⋅*/(])|(?<=[=<>≤≥×⋅*/] ))-(?=[^\\W\\d_](?!\\w))|\u2212(?=[^\\W\\d_])|(?<=[\\w)])\u2212(?=[\\w(])"
)
# In "A- und B-Ware" the hyphen divides a word.
_BLOOD = r"(?:AB|A|B|O)"
# The rules of a language may have read the "+" before.
_MORE_BLOOD = (
    rf"(?:[,/]? ?(?:(?:and|or|et|ou|und|oder|y|o|e) )?{_BLOOD}"
    r"(?:[+-](?![\w-])| (?:plus|más|più|mais|minus)\b))"
)
_NEGATIVE_BLOOD = re.compile(
    rf"\b{_BLOOD}[+-]{_MORE_BLOOD}{{1,7}}"
    r"|(?i:\b(?:blood|type|group|gruppe|blutgruppe|groupe|gruppo|grupo|tipo) (?:sangu[a-zíì]{2,5} )?)"
    rf"\b{_BLOOD}-(?:{_MORE_BLOOD}{{1,7}}|(?![\w-]| (?:und|oder)\b))"
)
# Ratings, as "★★★☆☆".
_STARS = re.compile("(★{1,10})☆{0,9}")
_BULLET = re.compile("^[★☆] +", re.MULTILINE)
_COUNTED_STAR = re.compile(r"(?<=\d) ?★(?![★☆])")
_NO_VERB_NEEDED = re.compile(r"(?:^|\(|\b(?:be|is|are))\s*$")


def star_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rule for "4.5 ★". It runs before the numbers become words."""
    star, stars = language.words["★"], language.words["stars"]
    one = re.compile(r"(?<![\d.,])1$")

    def say_star(match: re.Match[str]) -> str:
        name = star if one.search(text_before(match, chars=3)) else stars
        return f" {name}{' ' * text_after(match).isalnum()}"

    return (Rule(_COUNTED_STAR, say_star, needs="★"),)


def tight_comparison_rules() -> tuple[Rule, ...]:
    """Return the rules that add spaces to "5>3" and replace ">=". They run before the numbers become words."""
    return (
        Rule(re.compile(r"([<>])=(?= ?[\d.])"), lambda match: "≤" if match[1] == "<" else "≥", needs="<>"),
        Rule(_TIGHT_COMPARISON, lambda match: f" {match[0]} ", needs="<>"),
        Rule(re.compile(r"(?:(?<=\d)|(?<=\b[^\W\d_])) [<>](?=\d)"), lambda match: f"{match[0]} ", needs="<>"),
    )


def symbol_rules(language: Language) -> tuple[Rule, ...]:
    words = {sign: word for sign, word in language.words.items() if len(sign) == 1}
    minus = words["\u2212"]
    stars = language.words["stars"]
    always_signs = "".join(sign for sign in _ALWAYS_SPOKEN if sign in words)
    always = re.escape(always_signs)

    def say_sign(match: re.Match[str]) -> str:
        word = words[match[1]]
        # "≥ 18" alone is not a sentence, so it gets no verb. "be ≥ 18" has one.
        bare_word = word.removeprefix("is ") if _NO_VERB_NEEDED.search(text_before(match, chars=5)) else word
        return _pad_with_spaces(match, bare_word)

    def say_stars(match: re.Match[str]) -> str:
        count = len(match[1])
        name = words["★"] if count == 1 else f"{language.agree(language.say_cardinal(count), stars)} {stars}"
        return _pad_with_spaces(match, name)

    return (
        Rule(_BULLET, lambda _: "", needs="★☆"),
        Rule(_STARS, say_stars, needs="★"),
        Rule(re.compile(r"(?<=[^\W_])_(?=[^\W_])"), lambda _: " ", needs="_"),
        Rule(_MINUS, lambda match: f"{' ' * text_before(match).isalnum()}{minus} ", needs="-\u2212"),
        Rule(_NEGATIVE_BLOOD, lambda match: match[0].replace("-", f" {minus}"), needs="-"),
        Rule(re.compile(r"(?<![\w)] )(?<![\w<>)=!-])([<>])(?= ?\w)"), say_sign, needs="<>"),
        Rule(_COMPARISON, lambda match: _say_comparison(match, language.words), needs="<>="),
        Rule(re.compile(rf"([{always}])"), say_sign, needs=always_signs),
        Rule(re.compile("(?<=[\\w)]) ([+*\u2212]) (?=[\\w(-])"), say_sign, needs="+*\u2212"),
        Rule(re.compile(r"(?<=[\w)])([+*])(?=[\w(])"), say_sign, needs="+*"),
        Rule(re.compile("(?<=\\w)([+\u2212])(?=$|[\\s.,;:!?)])"), say_sign, needs="+\u2212"),
        Rule(re.compile(r"(?<!\S)([@+])(?=[ \w])"), say_sign, needs="@+"),
        Rule(re.compile(r"(?<![\w~])([~])(?= ?\w)"), say_sign, needs="~"),
        Rule(re.compile("[\u2122\u00ae\u2120]"), lambda _: "", needs="\u2122\u00ae\u2120"),
    )


def _say_comparison(match: re.Match[str], words: Mapping[str, str]) -> str | None:
    sign = match[0].strip()
    word = words.get({"<=": "≤", ">=": "≥"}.get(sign, sign))
    space_follows = text_after(match) == " "
    return f" {word}{'' if space_follows else ' '}" if word else None


def _pad_with_spaces(match: re.Match[str], word: str) -> str:
    front, back = text_before(match), text_after(match)
    return f"{' ' * bool(front.strip())}{word}{' ' * (back.isalnum() or back in set('([-+$'))}"
