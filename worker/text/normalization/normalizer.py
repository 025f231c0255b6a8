"""The steps from a segment as it was written to the one that an engine is given."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from worker.text.lexicon import Lexicon
from worker.text.normalization.abbreviations import abbreviation_rules
from worker.text.normalization.addresses import address_rules, fallback_address_rules
from worker.text.normalization.characters import clean_characters, drop_private_use_characters
from worker.text.normalization.dates import date_rules, name_range_rules
from worker.text.normalization.emoji import emoji_rules
from worker.text.normalization.language import Language
from worker.text.normalization.language_lookup import find_language
from worker.text.normalization.mapped_text import MappedText, Rule
from worker.text.normalization.markdown import MARKDOWN
from worker.text.normalization.money import money_range_rules, money_rules
from worker.text.normalization.placeholders import Placeholders
from worker.text.normalization.quantities import (
    fraction_rules,
    power_rules,
    quantity_rules,
    range_rules,
    thousands_rules,
)
from worker.text.normalization.symbols import symbol_rules
from worker.text.normalization.telephone_numbers import telephone_rules
from worker.text.normalization.times_of_day import time_rules
from worker.text.normalization.units import unit_rules

_DIGIT = re.compile(r"[0-9¼-¾⅐-⅞²³¹⁰-⁹]")


@dataclass(frozen=True, slots=True)
class Phonemes:
    """Characters [start, end) of the spoken text are to be said as this phoneme string."""

    start: int
    end: int
    phonemes: str


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """What an engine is given for a segment."""

    text: str
    phonemes: tuple[Phonemes, ...] = ()
    _starts: Sequence[int] = field(default=(), repr=False)
    _ends: Sequence[int] = field(default=(), repr=False)

    @classmethod
    def from_mapped(
        cls, mapped: MappedText, phonemes: Iterable[tuple[int, int, str]] = ()
    ) -> "NormalizedText":
        """`phonemes` are (start, end, phoneme string) of `mapped.text`."""
        spans = tuple(Phonemes(start=start, end=end, phonemes=string) for start, end, string in phonemes)
        return cls(text=mapped.text, phonemes=spans, _starts=mapped.starts, _ends=mapped.ends)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """(start, end) in the text that was normalised of what `text[start:end]` stands for."""
        return MappedText(self.text, self._starts, self._ends).source(start, end)


def normalize(text: str, *, language: str, lexicon: Lexicon | None = None) -> NormalizedText:
    """The segment as a careful speaker would read it; `language` is a BCP 47 tag.

    Of a language that is not known only characters, pictures, marks and addresses are dealt with.
    """
    placeholders = Placeholders()
    mapped = clean_characters(drop_private_use_characters(MappedText.of(text)))
    mapped = placeholders.insert(mapped, lexicon=lexicon)
    mapped = clean_characters(mapped.apply(MARKDOWN))
    rules = find_language(language)
    mapped = _apply_language_rules(mapped, language=rules) if rules else mapped.apply(_UNKNOWN_LANGUAGE_RULES)
    mapped, phonemes = placeholders.restore(mapped.apply(_CLEANUP_RULES))
    return NormalizedText.from_mapped(mapped, phonemes)


def _apply_language_rules(mapped: MappedText, *, language: Language) -> MappedText:
    word_rules, number_rules, sign_rules = _rules(language)
    mapped = mapped.apply(word_rules)
    if _DIGIT.search(mapped.text):
        mapped = mapped.apply(number_rules)
    return mapped.apply(sign_rules)


@cache
def _rules(language: Language) -> tuple[tuple[Rule, ...], ...]:
    """Those for all texts, those for texts with figures, and those for what is left."""
    word_rules = (
        *emoji_rules(language),
        *address_rules(language),
        *name_range_rules(language),
        *language.early_rules(),
    )
    number_rules = (
        *date_rules(language),
        *time_rules(language),
        *telephone_rules(language),
        *thousands_rules(language),
        *power_rules(language),
        *money_range_rules(language),
        *range_rules(language),
        *fraction_rules(language),
        *money_rules(language),
        *unit_rules(language),
    )
    sign_rules = (*abbreviation_rules(language), *language.late_rules(), *symbol_rules(language))
    return word_rules, (*number_rules, *quantity_rules(language)), sign_rules


_UNKNOWN_LANGUAGE_RULES = (*emoji_rules(None), *fallback_address_rules())
# What the other steps leave behind: spaces, and punctuation with nothing before it.
_CLEANUP_RULES = (
    Rule(re.compile(r"\s+"), lambda _: " "),
    Rule(re.compile(r"(?<=[\w\"')]) (?=[.,](?:\s|$))"), lambda _: ""),
    Rule(re.compile(r"^\s+|\s+$"), lambda _: ""),
)
