"""Parses the text of a request: SSML, or plain text with tags."""

import re

from common.markup.spans import Markup
from common.markup.ssml import is_ssml, parse_ssml
from common.markup.tags import parse_markup

_SSML_TAG = re.compile(r"<[^<>]*>")


def parse_input(text: str, *, input_type: str | None) -> Markup:
    """`input_type` is "text", "ssml", or None to detect it. Raises InvalidRequest."""
    return parse_ssml(text) if _reads_as_ssml(text, input_type) else parse_markup(text)


def has_markup(text: str, *, input_type: str | None) -> bool:
    """Return False for a text without tags of either kind."""
    return "[" in text or _reads_as_ssml(text, input_type)


def without_ssml_tags(text: str, *, input_type: str | None) -> str:
    """Return the text without the tags of SSML, for the detection of its language."""
    return _SSML_TAG.sub(" ", text) if _reads_as_ssml(text, input_type) else text


def _reads_as_ssml(text: str, input_type: str | None) -> bool:
    return input_type == "ssml" or (input_type is None and is_ssml(text))
