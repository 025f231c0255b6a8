"""A segment said as it is written, but for words that somebody told how to say."""

from worker.text.lexicon import Lexicon
from worker.text.normalization import Phonemes, Spoken
from worker.text.normalization.characters import clean_characters
from worker.text.normalization.mapped_text import Mapped
from worker.text.normalization.placeholders import Spelling


def untouched(text: str) -> Spoken:
    return _spoken(Mapped.of(text))


def as_written(text: str, *, lexicon: Lexicon) -> Spoken:
    """Words of the lexicon, and those with phonemes, as they say."""
    spelling = Spelling()
    mapped, said = spelling.give_back(spelling.take(clean_characters(Mapped.of(text)), lexicon=lexicon))
    return _spoken(mapped, *(Phonemes(start=start, end=end, phonemes=string) for start, end, string in said))


def _spoken(mapped: Mapped, *phonemes: Phonemes) -> Spoken:
    return Spoken(text=mapped.text, phonemes=phonemes, _starts=mapped.starts, _ends=mapped.ends)
