"""Parses the text of a request: SSML, or plain text with tags."""

from common.markup import Markup, parse_markup
from common.ssml import is_ssml, parse_ssml


def parse_input(text: str, *, input_type: str | None) -> Markup:
    """`input_type` is "text", "ssml", or None to detect it. Raises InvalidRequest."""
    if input_type == "ssml" or (input_type is None and is_ssml(text)):
        return parse_ssml(text)
    return parse_markup(text)
