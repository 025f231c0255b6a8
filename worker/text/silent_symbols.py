"""Find symbols that no rule reads, so that users learn why they do not hear them."""

import re
import unicodedata
from itertools import islice

from worker.text.normalization import normalize
from worker.text.normalization.language_lookup import find_language

_MOST_NAMED = 10
# Box drawing, blocks and shapes make tables, bars and bullets, which are not read. Stars are bullets and ratings.
_DECORATION = frozenset(map(chr, [*range(0x2500, 0x2600), 0x2605, 0x2606]))
# After a word, a dagger marks a footnote.
_LONE_DAGGER = re.compile(r"(?<!\S)[†‡]")


def silent_symbols(text: str, *, language: str) -> str:
    """Return the distinct symbols of a text that are left as they are, only the first ten.

    Empty for a language without rules: its voices may read symbols themselves. Emoji are left out on purpose.
    """
    if text.isascii() or find_language(language) is None:
        return ""
    symbols = dict.fromkeys([*filter(_is_symbol, text), *_LONE_DAGGER.findall(text)])
    silent = (char for char in symbols if char in normalize(f"a {char} a", language=language).text)
    return "".join(islice(silent, _MOST_NAMED))


def _is_symbol(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) in ("So", "Sm") and char not in _DECORATION
