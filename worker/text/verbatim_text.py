"""A segment said as it is written, but for words that somebody told how to say."""

from worker.text.lexicon import Lexicon
from worker.text.normalization import NormalizedText, Phonemes
from worker.text.normalization.characters import clean_characters
from worker.text.normalization.mapped_text import MappedText
from worker.text.normalization.placeholders import Placeholders


def keep_text(text: str) -> NormalizedText:
    return _spoken(MappedText.of(text))


def apply_lexicon(text: str, *, lexicon: Lexicon) -> NormalizedText:
    """Words of the lexicon, and those with phonemes, as they say."""
    placeholders = Placeholders()
    mapped, said = placeholders.restore(
        placeholders.insert(clean_characters(MappedText.of(text)), lexicon=lexicon)
    )
    return _spoken(mapped, *(Phonemes(start=start, end=end, phonemes=string) for start, end, string in said))


def _spoken(mapped: MappedText, *phonemes: Phonemes) -> NormalizedText:
    return NormalizedText(text=mapped.text, phonemes=phonemes, _starts=mapped.starts, _ends=mapped.ends)
