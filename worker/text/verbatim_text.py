"""Prepare a segment that is spoken as it was written."""

from collections.abc import Sequence

from worker.text.lexicon import Lexicon
from worker.text.normalization import EngineText
from worker.text.normalization.characters import clean_characters, drop_private_use_characters
from worker.text.normalization.mapped_text import MappedText
from worker.text.normalization.placeholders import Placeholders


def keep_text(text: str) -> EngineText:
    """Return the text unchanged."""
    return EngineText.from_mapped(MappedText.of(text))


def apply_lexicon(
    text: str, *, lexicon: Lexicon, phonemes: Sequence[tuple[int, int, str]] = ()
) -> EngineText:
    """Return the text with the words of the lexicon replaced, and with the phonemes of [word](/phonemes/) links.

    Characters are cleaned as in normalized text: quotes and dashes become plain, invisible characters are removed.
    `phonemes` are as for `normalize`.
    """
    placeholders = Placeholders()
    mapped = placeholders.insert_phonemes(drop_private_use_characters(MappedText.of(text)), phonemes)
    mapped = clean_characters(mapped)
    mapped, spans = placeholders.restore(placeholders.insert(mapped, lexicon=lexicon))
    return EngineText.from_mapped(mapped, spans)
