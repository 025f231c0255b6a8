"""What a voice can say: the gateway refuses a text without it, the worker drops segments without it."""

import unicodedata

_SPOKEN_SYMBOLS = ("Sc", "Sm")  # "€" and "+" have names that are read out; "*", "-" and emoji do not


def is_speakable(text: str) -> bool:
    """True when the text holds a letter, a number, or a currency or mathematical symbol."""
    return any(map(is_speakable_char, text))


def is_speakable_char(char: str) -> bool:
    """True when this one character is a letter, a number, or a symbol that is read out."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category in _SPOKEN_SYMBOLS
