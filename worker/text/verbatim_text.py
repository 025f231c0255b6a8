"""A segment said as it is written, but for words that somebody told how to say."""

from worker.text.lexicon import Lexicon
from worker.text.normalization import NormalizedText, Phonemes
from worker.text.normalization.characters import clean_characters
from worker.text.normalization.mapped_text import MappedText
from worker.text.normalization.placeholders import Placeholders


def keep_text(text: str) -> NormalizedText:
    return _to_normalized_text(MappedText.of(text))


def apply_lexicon(text: str, *, lexicon: Lexicon) -> NormalizedText:
    """Words of the lexicon, and those with phonemes, as they say."""
    placeholders = Placeholders()
    mapped, pronounced = placeholders.restore(
        placeholders.insert(clean_characters(MappedText.of(text)), lexicon=lexicon)
    )
    return _to_normalized_text(
        mapped,
        *(
            Phonemes(start=start, end=end, phonemes=phonemes_string)
            for start, end, phonemes_string in pronounced
        ),
    )


def _to_normalized_text(mapped: MappedText, *phonemes: Phonemes) -> NormalizedText:
    return NormalizedText(text=mapped.text, phonemes=phonemes, _starts=mapped.starts, _ends=mapped.ends)
