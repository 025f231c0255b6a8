"""What a voice can say: the gateway refuses a text without it, the worker drops segments without it."""

import unicodedata

_SPOKEN_SYMBOLS = ("Sc", "Sm")  # "€" and "+" have names that are read out; "*", "-" and emoji do not


def speakable(text: str) -> bool:
    """True when the text holds a letter, a number, or a currency or mathematical symbol."""
    return any(map(is_spoken, text))


def is_spoken(char: str) -> bool:
    """True when this one character is a letter, a number, or a symbol that is read out."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category in _SPOKEN_SYMBOLS
