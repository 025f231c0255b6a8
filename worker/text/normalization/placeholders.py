"""Words whose sound the user has fixed: set aside while the rest is read, and given back afterwards."""

import re

from worker.text.lexicon import Lexicon
from worker.text.normalization.mapped_text import MappedText

_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(/([^/()\n]{1,200})/\)")
# The private characters of Unicode: no text has them here, since cleaning has taken them away.
_FIRST, _LAST = 0xF0000, 0xFFFFD
_PLACEHOLDER = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


class Placeholders:
    """What was set aside, by the character that stands for it meanwhile."""

    def __init__(self) -> None:
        self._words: list[tuple[str, str]] = []

    def insert(self, mapped: MappedText, *, lexicon: Lexicon | None) -> MappedText:
        """The text with a private character for each word of the lexicon, and for each [word](/sounds/)."""
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

    def restore(self, mapped: MappedText) -> tuple[MappedText, list[tuple[int, int, str]]]:
        """The text with its words, and (start, end, phonemes) of those that have some."""
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
        # "/about/" is an address; sounds have a letter or a stress mark that addresses have not.
        return None if match[2].isascii() else self._add(match[1], match[2])

    def _add(self, word: str, phonemes: str) -> str | None:
        if len(self._words) > _LAST - _FIRST:
            return word
        self._words.append((word, phonemes))
        return chr(_FIRST + len(self._words) - 1)
