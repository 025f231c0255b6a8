"""Puts numbers, signs and abbreviations into words that an engine can speak.

May import `worker.text`.
"""

from worker.text.normalization.normalizer import NormalizedText, Phonemes, normalize

__all__ = ["NormalizedText", "Phonemes", "normalize"]
