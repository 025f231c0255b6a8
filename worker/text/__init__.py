"""Texts: cut into what an engine speaks in one call, and checked against the languages of a voice."""

from worker.text.language_detection import detect, mismatch_warning
from worker.text.splitting import Segment, cut

__all__ = ["Segment", "cut", "detect", "mismatch_warning"]
