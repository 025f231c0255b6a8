"""Apply all normalization steps to a segment."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from worker.text.lexicon import Lexicon
from worker.text.normalization.abbreviations import abbreviation_rules
from worker.text.normalization.addresses import address_rules, fallback_address_rules
from worker.text.normalization.characters import clean_characters, drop_private_use_characters
from worker.text.normalization.compound_units import compound_unit_rules, lone_unit_rules
from worker.text.normalization.dates import date_rules, name_range_rules
from worker.text.normalization.emoji import emoji_rules
from worker.text.normalization.language import Language
from worker.text.normalization.language_lookup import find_language
from worker.text.normalization.mapped_text import MappedText, Rule
from worker.text.normalization.markdown import MARKDOWN
from worker.text.normalization.money import money_range_rules, money_rules
from worker.text.normalization.notes import NOTES
from worker.text.normalization.numbered_parts import numbered_part_rules
from worker.text.normalization.placeholders import Placeholders
from worker.text.normalization.quantities import (
    fixed_space_rules,
    fraction_rules,
    power_rules,
    quantity_rules,
    range_rules,
    thousands_rules,
)
from worker.text.normalization.symbols import star_rules, symbol_rules, tight_comparison_rules
from worker.text.normalization.telephone_numbers import telephone_rules
from worker.text.normalization.times_of_day import time_rules
from worker.text.normalization.units import unit_rules
from worker.text.normalization.written_numbers import written_number_rules

_DIGIT = re.compile(r"[0-9¼-¾⅐-⅞²³¹⁰-⁹]")


@dataclass(frozen=True, slots=True)
class Phonemes:
    """The phonemes for characters [start, end) of the normalized text."""

    start: int
    end: int
    phonemes: str


@dataclass(frozen=True, slots=True)
class EngineText:
    """The text of a segment as an engine gets it, mapped to the original text."""

    text: str
    phonemes: tuple[Phonemes, ...] = ()
    _starts: Sequence[int] = field(default=(), repr=False)
    _ends: Sequence[int] = field(default=(), repr=False)

    @classmethod
    def from_mapped(cls, mapped: MappedText, phonemes: Iterable[tuple[int, int, str]] = ()) -> "EngineText":
        """Build it from a mapped text. `phonemes` are (start, end, phonemes), offsets in `mapped.text`."""
        spans = tuple(Phonemes(start=start, end=end, phonemes=string) for start, end, string in phonemes)
        return cls(text=mapped.text, phonemes=spans, _starts=mapped.starts, _ends=mapped.ends)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return (start, end) in the original text of `text[start:end]`."""
        return MappedText(self.text, self._starts, self._ends).source(start, end)


def normalize(
    text: str,
    *,
    language: str,
    lexicon: Lexicon | None = None,
    phonemes: Sequence[tuple[int, int, str]] = (),
) -> EngineText:
    """Return the segment in the words of a careful speaker. `language` is a BCP 47 tag.

    `phonemes` are (start, end, phonemes) in order: characters with a fixed pronunciation.

    In a language without rules, only characters, notes, emoji, Markdown and addresses are handled.
    """
    placeholders = Placeholders()
    rules = find_language(language)
    mapped = placeholders.insert_phonemes(drop_private_use_characters(MappedText.of(text)), phonemes)
    mapped = mapped.apply(fixed_space_rules(rules)) if rules and not text.isascii() else mapped
    mapped = placeholders.insert(clean_characters(mapped), lexicon=lexicon)
    mapped = clean_characters(mapped.apply((*NOTES, *MARKDOWN)))
    mapped = _apply_language_rules(mapped, language=rules) if rules else mapped.apply(_UNKNOWN_LANGUAGE_RULES)
    mapped, spans = placeholders.restore(mapped.apply(_CLEANUP_RULES))
    return EngineText.from_mapped(mapped, spans)


def _apply_language_rules(mapped: MappedText, *, language: Language) -> MappedText:
    first_rules, written_rules, word_rules, number_rules, sign_rules = _rules(language)
    mapped = mapped.apply(first_rules)
    if _DIGIT.search(mapped.text):
        mapped = mapped.apply(written_rules)
    mapped = mapped.apply(word_rules)
    if _DIGIT.search(mapped.text):
        mapped = mapped.apply(number_rules)
    return mapped.apply(sign_rules)


@cache
def _rules(language: Language) -> tuple[tuple[Rule, ...], ...]:
    """Return the rules in the order of their steps. The second and fourth are for texts with digits."""
    first_rules = (
        *emoji_rules(language),
        *address_rules(language),
        *tight_comparison_rules(),
        *star_rules(language),
    )
    written_rules = (*written_number_rules(language), *compound_unit_rules(language))
    word_rules = (
        *name_range_rules(language),
        *numbered_part_rules(language),
        *language.early_rules(),
        *lone_unit_rules(language),
    )
    number_rules = (
        *date_rules(language),
        *time_rules(language),
        *telephone_rules(language),
        *thousands_rules(language),
        *compound_unit_rules(language),
        *power_rules(language),
        *money_range_rules(language),
        *range_rules(language),
        *fraction_rules(language),
        *money_rules(language),
        *unit_rules(language),
    )
    sign_rules = (*abbreviation_rules(language), *language.late_rules(), *symbol_rules(language))
    return first_rules, written_rules, word_rules, (*number_rules, *quantity_rules(language)), sign_rules


_UNKNOWN_LANGUAGE_RULES = (*emoji_rules(None), *fallback_address_rules())
# The other steps leave extra spaces, also before punctuation.
_CLEANUP_RULES = (
    Rule(re.compile(r"\s+"), lambda _: " "),
    Rule(re.compile(r"(?<=[\w\"')]) (?=[.,](?:\s|$))"), lambda _: ""),
    Rule(re.compile(r"^\s+|\s+$"), lambda _: ""),
)
