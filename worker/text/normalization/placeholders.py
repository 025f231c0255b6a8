"""Words whose sound the user has fixed: set aside while the rest is read, and given back afterwards."""

import re

from worker.text.lexicon import Lexicon
from worker.text.normalization.mapped_text import MappedText

_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\(/([^/()\n]{1,200})/\)")
# The private characters of Unicode: no text has them here, since cleaning has taken them away.
_FIRST, _LAST = 0xF0000, 0xFFFFD
_PLACE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")


class Placeholders:
    """What was set aside, by the character that stands for it meanwhile."""

    def __init__(self) -> None:
        self._words: list[tuple[str, str]] = []

    def insert(self, mapped: MappedText, *, lexicon: Lexicon | None) -> MappedText:
        """The text with a private character for each word of the lexicon, and for each [word](/sounds/)."""
        mapped = mapped.replace(_LINK, self._linked)
        if lexicon is None or not lexicon.entries:
            return mapped

        def listed(match: re.Match[str]) -> str | None:
            said = lexicon.replacement_for(match[0])
            spelled = len(said) > 2 and said.startswith("/") and said.endswith("/")
            return self._place(match[0] if spelled else said, said[1:-1] if spelled else "")

        return mapped.replace(lexicon.pattern, listed)

    def restore(self, mapped: MappedText) -> tuple[MappedText, list[tuple[int, int, str]]]:
        """The text with its words, and (start, end, phonemes) of those that have some."""
        found = [self._words[ord(match[0]) - _FIRST] for match in _PLACE.finditer(mapped.text)]
        phonemes: list[tuple[int, int, str]] = []
        grown = 0
        for match, (word, sounds) in zip(_PLACE.finditer(mapped.text), found, strict=True):
            start = match.start() + grown
            grown += len(word) - 1
            if sounds:
                phonemes.append((start, start + len(word), sounds))
        return mapped.replace(_PLACE, lambda match: self._words[ord(match[0]) - _FIRST][0]), phonemes

    def _linked(self, match: re.Match[str]) -> str | None:
        # "/about/" is an address; sounds have a letter or a stress mark that addresses have not.
        return None if match[2].isascii() else self._place(match[1], match[2])

    def _place(self, word: str, phonemes: str) -> str | None:
        if len(self._words) > _LAST - _FIRST:
            return word
        self._words.append((word, phonemes))
        return chr(_FIRST + len(self._words) - 1)
