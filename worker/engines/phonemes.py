"""The signs of Kokoro and of hibari for sounds, which learned from it."""

from collections.abc import Container

# They pause, or they do nothing: a word is not heard yet, or no more, when they are.
SILENT_SYMBOLS = frozenset(' ;:,.!?—…"()“”')
# What stands for a sign on keyboards, or is the nearest to what is none.
_NEAREST = str.maketrans({"g": "ɡ", "ä": "a"})  # noqa: RUF001


def filter_phonemes(phonemes: str, *, alphabet: Container[str]) -> str:
    """Without what the model doesn't know; nothing where no sound is left."""
    signs = (sign for sign in phonemes.translate(_NEAREST) if sign.isspace() or sign in alphabet)
    known = " ".join("".join(signs).split())
    return known if any(map(str.isalpha, known)) else ""
