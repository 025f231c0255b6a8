"""Characters that no engine should see, replaced one for one so that offsets keep their meaning."""

import re

# C0 and C1 controls but newline and tab, marks that only steer the direction of writing, the byte order mark,
# and lone surrogates, which cannot be encoded.
_CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_LONE_CARRIAGE_RETURN = re.compile("\r(?!\n)")


def replace_control_characters(text: str) -> str:
    """The same text, as long as before, with spaces instead of control characters."""
    return _CONTROL_CHARACTERS.sub(" ", _LONE_CARRIAGE_RETURN.sub("\n", text))
