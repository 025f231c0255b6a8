"""Pronunciations that a user sets for words and phrases."""

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
    """Words and phrases, each with its pronunciation: a respelling, or phonemes between slashes ("/fənim/").

    An entry matches whole words, and the longest entry wins. A key with a capital letter matches exactly; any other
    key matches in lower and upper case.
    """

    entries: Mapping[str, str]

    @classmethod
    def of(cls, entries: Mapping[str, str]) -> "Lexicon":
        """Build a lexicon. Raises ValueError if there are too many entries, or if one is empty or too long."""
        if len(entries) > MAX_ENTRIES:
            raise ValueError(f"the lexicon has {len(entries)} entries, but the limit is {MAX_ENTRIES}")
        for word, replacement in entries.items():
            _check_entry(word, replacement)
        return cls({" ".join(word.split()): replacement.strip() for word, replacement in entries.items()})

    @classmethod
    def read(cls, path: Path) -> "Lexicon":
        """Read a UTF-8 JSON file: {"word": "pronunciation"}. Raises ValueError if the file is invalid."""
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ValueError(f"{path} is not valid JSON in UTF-8: {error}") from error
        except RecursionError as error:
            raise ValueError(f"{path} is not a lexicon: the JSON is nested too deeply") from error
        if not isinstance(entries, dict):
            raise ValueError(f'{path} must contain one JSON object: {{"word": "pronunciation"}}')  # noqa: TRY004  all problems of a file are one error
        try:
            return cls.of(entries)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def merged(self, other: "Lexicon") -> "Lexicon":
        """Return a lexicon with the entries of both. The entries of `other` take precedence."""
        # The pattern of a large lexicon takes milliseconds to build.
        return Lexicon({**self.entries, **other.entries}) if other.entries else self

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that matches any word of the lexicon."""
        words = sorted(self.entries, key=len, reverse=True)
        alphanumeric = [_word_pattern(word) for word in words if word[0].isalnum()]
        other = [_word_pattern(word) for word in words if not word[0].isalnum()]
        # The regex engine skips a branch at once if its first character does not match, so a thousand branches cost
        # little. For that reason the lookbehind stands once before all branches, not in each of them.
        return re.compile(rf"(?<!\w)(?:{'|'.join(alphanumeric) or '(?!)'})|(?:{'|'.join(other) or '(?!)'})")

    def replacement_for(self, written: str) -> str:
        """Return the pronunciation of a match of `pattern`."""
        key = " ".join(written.split())
        replacement = self.entries.get(key)
        return replacement if replacement is not None else self._lowercase_entries.get(key.lower(), written)

    @cached_property
    def _lowercase_entries(self) -> dict[str, str]:
        return {word: replacement for word, replacement in self.entries.items() if not _has_capital(word)}


def _word_pattern(word: str) -> str:
    """Return a pattern for the word that does not match the beginning of a longer word."""
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
        raise ValueError(f"the lexicon must map strings to strings, not {word!r:.40} to {replacement!r:.40}")  # noqa: TRY004  all problems of a file are one error
    if not word.strip() or not replacement.strip():
        raise ValueError(f"the lexicon has an empty entry: {word!r:.40}: {replacement!r:.40}")
    if len(word) > MAX_CHARS or len(replacement) > MAX_CHARS:
        raise ValueError(f"the lexicon has an entry with more than {MAX_CHARS} characters: {word[:40]!r}")
