"""Replace characters that are variants of others, and remove invisible ones."""

import re
import unicodedata
from functools import cache

from worker.text.normalization.mapped_text import MappedText, Rule

# Word processors and web pages insert these. A reader skips them.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffc]+"
)
_PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")
_COMPOSED = re.compile("\\w[\u0300-\u036f]{1,8}")
_QUOTES = {
    **dict.fromkeys("“”„‟«»〝〞", '"'),
    **dict.fromkeys("‘’‚‛‹›ʼ＇`´", "'"),  # noqa: RUF001
    **dict.fromkeys("\u2010\u2011\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2012\u2013", "\u2013"),
    **dict.fromkeys("\u2014\u2015", "\u2014"),
    "\u2044": "/",
    "\u2215": "/",
    "\u2217": "*",
    "\u2126": "\u03a9",
    "№": "No. ",
}
_NON_ASCII = re.compile("[^\x00-\x7f]")
_KEPT_DECOMPOSITIONS = ("<super>", "<fraction>", "<circle>", "<square>")
_SPACES = re.compile(r"[^\S\n]+")
_GUILLEMETS = re.compile(r"«\s?|\s?»")


def drop_private_use_characters(mapped: MappedText) -> MappedText:
    """Remove private-use characters. `Placeholders` uses some of them as marks."""
    return mapped if mapped.text.isascii() else mapped.replace(_PRIVATE_USE, lambda _: " ")


def clean_characters(mapped: MappedText) -> MappedText:
    """Replace control and invisible characters, ligatures, full-width characters and typographic quotation marks."""
    if not mapped.text.isascii():
        mapped = mapped.apply(_NON_ASCII_RULES)
    return mapped.apply(_ASCII_RULES)


@cache
def _replace_character(char: str) -> str:
    if char in _QUOTES:
        return _QUOTES[char]
    if char.isspace():
        return "\n" if char in "\u2028\u2029\x85" else " "
    decomposition = unicodedata.decomposition(char)
    if (
        decomposition.startswith("<")
        and not decomposition.startswith(_KEPT_DECOMPOSITIONS)
        and char not in "…™℠ª"
    ):
        return unicodedata.normalize("NFKC", char)
    return char


_NON_ASCII_RULES = (
    Rule(_INVISIBLE, lambda _: ""),
    Rule(_COMPOSED, lambda match: unicodedata.normalize("NFC", match[0])),
    Rule(_GUILLEMETS, lambda _: '"'),
    Rule(_NON_ASCII, lambda match: _replace_character(match[0])),
)
_ASCII_RULES = (Rule(_CONTROL, lambda _: " "), Rule(_SPACES, lambda _: " "))
