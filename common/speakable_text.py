"""Finds text that a voice can speak. The gateway refuses a text without any; the worker drops such segments."""

import unicodedata

_SPOKEN_SYMBOLS = ("Sc", "Sm")  # Voices read "€" and "+" aloud, but not "*", "-" and emoji.


def is_speakable(text: str) -> bool:
    """True if the text has a letter, a number, or a currency or mathematical symbol."""
    return any(map(is_speakable_char, text))


def is_speakable_char(char: str) -> bool:
    """True if the character is a letter, a number, or a currency or mathematical symbol."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category in _SPOKEN_SYMBOLS
