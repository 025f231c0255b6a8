"""Texts: cut into what an engine speaks in one call, and checked against the languages of a voice."""

from worker.text.language_detection import detect_language, mismatch_warning
from worker.text.splitting import TextSpan, split_text

__all__ = ["TextSpan", "detect_language", "mismatch_warning", "split_text"]
