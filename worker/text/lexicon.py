"""Pronunciations that a user gives: words and phrases, and what is to be said for them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MAX_ENTRIES = 1000
MAX_CHARS = 100


@dataclass(frozen=True)
class Lexicon:
    """Whole words, the longest first. A key with a capital stands for itself only, others for any writing.

    What is said is a respelling, or phonemes between slashes: "/fənim/".
    """

    entries: Mapping[str, str]

    @classmethod
    def of(cls, entries: Mapping[str, str]) -> "Lexicon":
        """ValueError with a plain message where there are too many entries, or one is empty or too long."""
        if len(entries) > MAX_ENTRIES:
            raise ValueError(f"a lexicon has at most {MAX_ENTRIES} entries, not {len(entries)}")
        for word, replacement in entries.items():
            _check_entry(word, replacement)
        return cls({" ".join(word.split()): replacement.strip() for word, replacement in entries.items()})

    @classmethod
    def read(cls, path: Path) -> "Lexicon":
        """From a UTF-8 file of JSON: {"word": "what to say"}. ValueError where it is none."""
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ValueError(f"{path} is not JSON in UTF-8: {error}") from error
        except RecursionError as error:
            raise ValueError(f"{path} is not a lexicon: it is nested too deeply") from error
        if not isinstance(entries, dict):
            raise ValueError(f'{path} must hold one object: {{"word": "what to say"}}')  # noqa: TRY004  told alike
        try:
            return cls.of(entries)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def merged(self, other: "Lexicon") -> "Lexicon":
        """Both; where they disagree, the other's word counts."""
        return Lexicon({**self.entries, **other.entries})

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds every word of it, once."""
        words = sorted(self.entries, key=len, reverse=True)
        alphanumeric = [_word_pattern(word) for word in words if word[0].isalnum()]
        other = [_word_pattern(word) for word in words if not word[0].isalnum()]
        # A branch that begins with a character or a class is passed over at once where that does not fit, so that a
        # thousand of them cost little; the look behind is therefore done once, before all.
        return re.compile(rf"(?<!\w)(?:{'|'.join(alphanumeric) or '(?!)'})|(?:{'|'.join(other) or '(?!)'})")

    def replacement_for(self, written: str) -> str:
        """What is said for a word as the pattern found it."""
        key = " ".join(written.split())
        replacement = self.entries.get(key)
        return replacement if replacement is not None else self._lowercase_entries.get(key.lower(), written)

    @cached_property
    def _lowercase_entries(self) -> dict[str, str]:
        return {word: replacement for word, replacement in self.entries.items() if not _has_capital(word)}


def _word_pattern(word: str) -> str:
    """Not the beginning of a longer word, where the word ends in a letter."""
    body = r"\s+".join(map(re.escape, word[1:].split(" ")))
    if _has_capital(word):
        body = re.escape(word[0]) + body
    else:
        body = f"[{re.escape(word[0] + word[0].upper()[:1])}](?i:{body})"
    return body + (r"(?!\w)" if word[-1].isalnum() else "")


def _has_capital(word: str) -> bool:
    return word != word.lower()


def _check_entry(word: object, replacement: object) -> None:
    if not isinstance(word, str) or not isinstance(replacement, str):
        raise ValueError(f"a lexicon maps words to words, not {word!r:.40} to {replacement!r:.40}")  # noqa: TRY004  told alike
    if not word.strip() or not replacement.strip():
        raise ValueError(f"an entry of a lexicon is empty: {word!r:.40}: {replacement!r:.40}")
    if len(word) > MAX_CHARS or len(replacement) > MAX_CHARS:
        raise ValueError(f"an entry of a lexicon has at most {MAX_CHARS} characters: {word[:40]!r}")
