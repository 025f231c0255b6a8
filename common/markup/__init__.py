"""Markup of texts: tags such as `[pause:0.8s]`, and SSML.

May import `common.errors` and `common.speakable_text`.
"""

from common.markup.input_text import has_markup, parse_input, without_ssml_tags
from common.markup.spans import MAX_PAUSE_S, MAX_SILENCE_S, Markup, Run, VoiceSpan, check_voices
from common.markup.tags import bracket_warnings, parse_markup

__all__ = [
    "MAX_PAUSE_S",
    "MAX_SILENCE_S",
    "Markup",
    "Run",
    "VoiceSpan",
    "bracket_warnings",
    "check_voices",
    "has_markup",
    "parse_input",
    "parse_markup",
    "without_ssml_tags",
]
