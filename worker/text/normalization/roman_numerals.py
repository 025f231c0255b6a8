"""Match and parse Roman numerals."""

import re

ROMAN = r"(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
"""A pattern for I to MMMCMXCIX. It has no word boundaries; the pattern around it must add them."""
_WORTH = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_WHOLE = re.compile(ROMAN)


def parse_roman(numeral: str) -> int | None:
    """Return the value of a Roman numeral, or None if it is not one."""
    if not numeral or not _WHOLE.fullmatch(numeral):
        return None
    worths = [_WORTH[letter] for letter in numeral]
    following = [*worths[1:], 0]
    return sum(-worth if worth < after else worth for worth, after in zip(worths, following, strict=True))
