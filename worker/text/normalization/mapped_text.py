"""A text that keeps the original position of each character through every replacement."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

DIGITS = "0123456789"
Replacement = Callable[[re.Match[str]], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """Replace each match of `pattern` with the result of `replacement`. None keeps the match.

    Patterns must run in linear time: bound the quantifiers, or use a lookbehind so that the search starts only once in
    a run of characters. The text is searched only if it contains one of the characters in `needs`, because most rules
    are for signs that most sentences do not have.
    """

    pattern: re.Pattern[str]
    replacement: Replacement
    needs: str = ""


@dataclass(frozen=True, slots=True)
class MappedText:
    """For each character, `starts` and `ends` hold its span in the original text. Neither sequence decreases."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "MappedText":
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def __getitem__(self, part: slice) -> "MappedText":
        return MappedText(self.text[part], self.starts[part], self.ends[part])

    def apply(self, rules: Iterable[Rule]) -> "MappedText":
        mapped, characters = self, set(self.text)
        for rule in rules:
            if rule.needs and not characters.intersection(rule.needs):
                continue
            changed = mapped.replace(rule.pattern, rule.replacement)
            if changed is not mapped:
                mapped, characters = changed, set(changed.text)
        return mapped

    def replace(self, pattern: re.Pattern[str], replacement: Replacement) -> "MappedText":
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        copied_until = 0
        for match in pattern.finditer(self.text):
            new = replacement(match)
            if new is None or new == match[0]:
                continue
            head_chars, tail_chars = _common_ends(match[0], new)
            first, last = match.start() + head_chars, match.end() - tail_chars
            new_core = new[head_chars : len(new) - tail_chars]
            start, end = self._span(first, last)
            pieces += [self.text[copied_until:first], new_core]
            starts += [*self.starts[copied_until:first], *[start] * len(new_core)]
            ends += [*self.ends[copied_until:first], *[end] * len(new_core)]
            copied_until = last
        if not pieces:
            return self
        return MappedText(
            "".join([*pieces, self.text[copied_until:]]),
            [*starts, *self.starts[copied_until:]],
            [*ends, *self.ends[copied_until:]],
        )

    def with_replaced(self, start: int, end: int, new: str) -> "MappedText":
        """Return the text with characters [start, end) replaced."""
        first, last = self._span(start, end)
        return MappedText(
            f"{self.text[:start]}{new}{self.text[end:]}",
            [*self.starts[:start], *[first] * len(new), *self.starts[end:]],
            [*self.ends[:start], *[last] * len(new), *self.ends[end:]],
        )

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return (start, end) in the original text of `text[start:end]`.

        An empty span gives an empty one, or the whole replaced text if it lies inside a replacement.
        """
        return self._span(max(0, min(start, len(self.text))), max(0, min(end, len(self.text))))

    def _span(self, start: int, end: int) -> tuple[int, int]:
        if start < end:
            return self.starts[start], self.ends[end - 1]
        before = self.ends[start - 1] if start else 0
        at = self.starts[start] if start < len(self.text) else before
        return at, max(at, before)


def text_before(match: re.Match[str], *, chars: int = 1) -> str:
    """Return the last `chars` characters before the match. A longer slice would copy the text for every match."""
    return match.string[max(0, match.start() - chars) : match.start()]


def text_after(match: re.Match[str], *, chars: int = 1) -> str:
    return match.string[match.end() : match.end() + chars]


def _common_ends(old: str, new: str) -> tuple[int, int]:
    """Count the equal characters at the start and at the end. They keep their exact positions."""
    head = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    max_tail = min(len(old), len(new)) - head
    backwards = zip(reversed(old), reversed(new), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards))
    return head, min(tail, max_tail)
