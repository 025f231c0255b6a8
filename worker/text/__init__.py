"""Splits texts into spans that an engine speaks in one call, and checks that the voice speaks their language.

May import `common` only.
"""

from worker.text.language_detection import detect_language, mismatch_warning
from worker.text.splitting import TextSpan, split_text

__all__ = ["TextSpan", "detect_language", "mismatch_warning", "split_text"]
