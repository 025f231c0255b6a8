"""Texts: cut into what an engine speaks in one call, and checked against the languages of a voice."""

from worker.text.language import detect, mismatch_warning
from worker.text.splitting import TextSpan, cut

__all__ = ["TextSpan", "cut", "detect", "mismatch_warning"]
