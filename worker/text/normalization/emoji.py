"""Remove emoji and smileys, as people do when they read a message aloud."""

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule

_PICTOGRAPHS = (
    "\u231a-\u231b\u23e9-\u23fa\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u2607-\u2612\u2614-\u265f\u2661-\u2665"
    "\u2668-\u26ff\u2700-\u2712\u2714\u2716-\u2718\u271d-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2b05-\u2b07\u2b1b\u2b1c"
    "\u2b50\u2b55\u3030\u303d\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f16c-\U0001f1ff\U0001f201-\U0001f2ff"
    "\U0001f300-\U0001faff"
)
_JOINERS = "\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f"
_PICTOGRAPH_RUN = re.compile(f" ?[{_PICTOGRAPHS}][{_PICTOGRAPHS}{_JOINERS} ]*|[{_JOINERS}]+")
_KEYCAP = re.compile("(?<=[0-9#*])\ufe0f?\u20e3")
_HEART = re.compile(
    "(?<=\\w[ '])[\u2764\u2665\u2661\U0001f5a4\U0001f499-\U0001f49c\U0001f9e1]\ufe0f?(?= \\w)"
)
_WRITTEN_HEART = re.compile(r"(?:(?<=\bI )|(?<=\b[Ww]e )|(?<=\b[Yy]ou )|(?<=\b[Tt]hey ))<3(?= \w)")
_SMILEY = re.compile(r"(?<![\w:;])(?:[:;=]['’]?-?[)(DPp/|oO]|(?<!\b[b-hj-z] )<3|\^\^|:-?\*)(?![\w)(/])")  # noqa: RUF001


def emoji_rules(language: Language | None) -> tuple[Rule, ...]:
    """Return the rules. A heart between two words is read as a verb; all other emoji are removed."""
    love = language.words.get("love") if language else None
    return (
        Rule(_KEYCAP, lambda _: "", needs="\u20e3"),
        Rule(_HEART, lambda _: love),
        Rule(_WRITTEN_HEART, lambda _: love, needs="<"),
        Rule(_PICTOGRAPH_RUN, _remove_pictographs),
        Rule(_SMILEY, lambda _: "", needs=":;=<^"),
    )


def _remove_pictographs(match: re.Match[str]) -> str:
    return "" if match.string[match.end() : match.end() + 1] in set(".,;:!?") else " "
