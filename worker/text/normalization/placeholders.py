"""Protect words with a fixed pronunciation while the rest of the text is normalized."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from worker.text.lexicon import Lexicon
from worker.text.normalization.mapped_text import MappedText

_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(/([^/()\n]{1,200})/\)")
# Private-use characters. The caller removes them from the text before it inserts placeholders.
_FIRST, _LAST = 0xF0000, 0xFFFFD
_PLACEHOLDER = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


class Placeholders:
    """Words that are replaced by one private-use character each, until `restore` puts them back."""

    def __init__(self) -> None:
        self._words: list[tuple[str, str]] = []

    def insert(self, mapped: MappedText, *, lexicon: Lexicon | None) -> MappedText:
        """Replace each word of the lexicon and each [word](/phonemes/) link with a private-use character."""
        mapped = mapped.replace(_LINK, self._replace_link)
        if lexicon is None or not lexicon.entries:
            return mapped

        def replace_entry(match: re.Match[str]) -> str | None:
            replacement = lexicon.replacement_for(match[0])
            is_phonemes = len(replacement) > 2 and replacement.startswith("/") and replacement.endswith("/")
            return self._add(
                match[0] if is_phonemes else replacement, replacement[1:-1] if is_phonemes else ""
            )

        return mapped.replace(lexicon.pattern, replace_entry)

    def insert_phonemes(self, mapped: MappedText, phonemes: Sequence[tuple[int, int, str]]) -> MappedText:
        """Replace characters [start, end) of the original text with a private-use character each.

        `phonemes` are (start, end, phonemes) in order.
        """
        for start, end, symbols in reversed(phonemes):
            first, last = bisect_left(mapped.starts, start), bisect_right(mapped.ends, end)
            placeholder = self._add(mapped.text[first:last], symbols)
            if first < last and placeholder:
                mapped = mapped.with_replaced(first, last, placeholder)
        return mapped

    def restore(self, mapped: MappedText) -> tuple[MappedText, list[tuple[int, int, str]]]:
        """Put the words back. Returns the text and (start, end, phonemes) for each word that has phonemes."""
        entries = [self._words[ord(match[0]) - _FIRST] for match in _PLACEHOLDER.finditer(mapped.text)]
        phonemes: list[tuple[int, int, str]] = []
        shift = 0
        for match, (word, word_phonemes) in zip(_PLACEHOLDER.finditer(mapped.text), entries, strict=True):
            start = match.start() + shift
            shift += len(word) - 1
            if word_phonemes:
                phonemes.append((start, start + len(word), word_phonemes))
        return mapped.replace(_PLACEHOLDER, lambda match: self._words[ord(match[0]) - _FIRST][0]), phonemes

    def _replace_link(self, match: re.Match[str]) -> str | None:
        # "/about/" is an address. Phonemes contain a letter or stress mark that is not ASCII.
        return None if match[2].isascii() else self._add(match[1], match[2])

    def _add(self, word: str, phonemes: str) -> str | None:
        if len(self._words) > _LAST - _FIRST:
            return word
        self._words.append((word, phonemes))
        return chr(_FIRST + len(self._words) - 1)
