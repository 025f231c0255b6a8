"""A segment said as it is written, but for words that somebody told how to say."""

from worker.text.lexicon import Lexicon
from worker.text.normalization import NormalizedText
from worker.text.normalization.characters import clean_characters, drop_private_use_characters
from worker.text.normalization.mapped_text import MappedText
from worker.text.normalization.placeholders import Placeholders


def keep_text(text: str) -> NormalizedText:
    return NormalizedText.from_mapped(MappedText.of(text))


def apply_lexicon(text: str, *, lexicon: Lexicon) -> NormalizedText:
    """Words of the lexicon, and those with phonemes, as they say."""
    placeholders = Placeholders()
    mapped = clean_characters(drop_private_use_characters(MappedText.of(text)))
    mapped, phonemes = placeholders.restore(placeholders.insert(mapped, lexicon=lexicon))
    return NormalizedText.from_mapped(mapped, phonemes)
