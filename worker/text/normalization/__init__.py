"""Put numbers, signs and abbreviations into words that an engine can speak."""

from worker.text.normalization.normalizer import NormalizedText, Phonemes, normalize

__all__ = ["NormalizedText", "Phonemes", "normalize"]
