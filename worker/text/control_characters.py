"""Replace characters that no engine should see, one for one, so that offsets stay valid."""

import re

# C0 and C1 controls except newline and tab, marks that set the writing direction, the byte order mark, and lone
# surrogates, which cannot be encoded.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_LONE_CARRIAGE_RETURN = re.compile("\r(?!\n)")


def replace_control_characters(text: str) -> str:
    """Return a text of the same length with spaces for control characters and a newline for a lone carriage return."""
    return _CONTROL_CHARACTERS.sub(" ", _LONE_CARRIAGE_RETURN.sub("\n", text))
