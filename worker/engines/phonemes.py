"""The phoneme alphabet of Kokoro, which hibari shares."""

from collections.abc import Container

# Symbols that make a pause or no sound: a word never starts or ends inside them.
SILENT_SYMBOLS = frozenset(' ;:,.!?—…"()“”')
# Letters that people type for a phoneme, or the nearest phoneme of one that the alphabet lacks.
_NEAREST = str.maketrans({"g": "ɡ", "ä": "a"})  # noqa: RUF001


def filter_phonemes(phonemes: str, *, alphabet: Container[str]) -> str:
    """Remove the symbols that are not in `alphabet`. Returns "" if no sound is left."""
    symbols = (symbol for symbol in phonemes.translate(_NEAREST) if symbol.isspace() or symbol in alphabet)
    known = " ".join("".join(symbols).split())
    return known if any(map(str.isalpha, known)) else ""
