"""Prepare a segment that is not normalized."""

from worker.text.lexicon import Lexicon
from worker.text.normalization import NormalizedText
from worker.text.normalization.characters import clean_characters, drop_private_use_characters
from worker.text.normalization.mapped_text import MappedText
from worker.text.normalization.placeholders import Placeholders


def keep_text(text: str) -> NormalizedText:
    """Return the text unchanged."""
    return NormalizedText.from_mapped(MappedText.of(text))


def apply_lexicon(text: str, *, lexicon: Lexicon) -> NormalizedText:
    """Return the text with the words of the lexicon replaced, and with the phonemes of [word](/phonemes/) links."""
    placeholders = Placeholders()
    mapped = clean_characters(drop_private_use_characters(MappedText.of(text)))
    mapped, phonemes = placeholders.restore(placeholders.insert(mapped, lexicon=lexicon))
    return NormalizedText.from_mapped(mapped, phonemes)
