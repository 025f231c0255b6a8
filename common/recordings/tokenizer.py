"""Splits texts and search queries into words.

Case, accents and compatibility forms are ignored. Scripts without spaces are indexed as overlapping pairs of
characters, so that a query finds any substring. Words consist of letters, digits and symbols, without characters that
have a meaning in the query languages of the databases.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b

# Longer words are cut off.
MAX_WORD_CHARS = 64
# The size of all words of a recording, in UTF-8, each with the mark of its bucket. Postgres allows a megabyte. Words
# beyond it are not indexed.
MAX_INDEX_BYTES = 900_000
MARK_BYTES = 8

# Han, kana; Thai, Lao, Myanmar, Khmer, Tai, Balinese, Yi, Javanese and their extensions.
_SPACELESS = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua000-\ua4cf\ua980-\ua9ff"
    "\uaa60-\uaadf"
)
_RUN = re.compile(f"[{_SPACELESS}]+|[^{_SPACELESS}]+")
_match_spaceless = re.compile(f"[{_SPACELESS}]").match

# Exact words are written in private-use characters, which no other word contains.
_PRIVATE = 0xE000
_TAG_KINDS = {"voice": "\uf000", "model": "\uf001"}
_ZERO_WIDTH_SPACE = "\u200b"


def index_words(*texts: str) -> list[str]:
    """The distinct words to index, in order of appearance."""
    words: dict[str, None] = {}
    remaining_bytes = MAX_INDEX_BYTES
    for word in _split_words(" ".join(texts), _split_indexed_run):
        if word in words:
            continue
        remaining_bytes -= len(word.encode()) + MARK_BYTES
        if remaining_bytes < 0:
            break
        words[word] = None
    return list(words)


def query_prefixes(query: str) -> list[str]:
    """The prefixes that a recording's words must match, all of them. Empty for a query without words."""
    prefixes = set(_split_words(query, _split_query_run))
    return sorted(
        word for word in prefixes if not any(other != word and other.startswith(word) for other in prefixes)
    )


def exact_word(kind: str, value: str) -> str:
    """The word that stands for an exact value. `kind` is `voice` or `model`."""
    number = int.from_bytes(blake2b(value.encode(), digest_size=6).digest())
    digits = (chr(_PRIVATE + (number >> shift) % 4096) for shift in (36, 24, 12, 0))
    return _TAG_KINDS[kind] + "".join(digits)


def fold(text: str) -> str:
    """Fold case and remove marks. Words are separated by spaces."""
    if text.isascii():
        return text.lower().translate(_ASCII)
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return decomposed.translate({ord(char): _fold_char(char) for char in set(decomposed)})


@lru_cache(maxsize=32_768)
def _fold_char(char: str) -> str | None:
    category = unicodedata.category(char)
    if category[0] in "LN":
        return char
    if category == "So":
        return f" {char} "
    # Drop marks and invisible characters.
    return None if category[0] == "M" or (category == "Cf" and char != _ZERO_WIDTH_SPACE) else " "


_ASCII = {code: _fold_char(chr(code)) for code in range(128)}


def _split_words(text: str, split_run: Callable[[str], list[str]]) -> Iterator[str]:
    # Each distinct word is folded once.
    for run in fold(" ".join(dict.fromkeys(text.split()))).split():
        if run.isascii():
            yield run[:MAX_WORD_CHARS]
            continue
        for part in _RUN.findall(run):
            if _match_spaceless(part):
                yield from split_run(part)
            else:
                yield part[:MAX_WORD_CHARS]


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)]


def _split_indexed_run(run: str) -> list[str]:
    # The last character is added alone, because every other character begins a pair.
    return [*_pairs(run), run[-1]]


def _split_query_run(run: str) -> list[str]:
    return _pairs(run) or [run]
