"""Puts numbers, signs and abbreviations into words that an engine can speak.

May import `worker.text`.
"""

from worker.text.normalization.normalizer import EngineText, Phonemes, normalize

__all__ = ["EngineText", "Phonemes", "normalize"]
