"""Reading a text aloud: what is written in figures, signs and short forms becomes words that an engine can say."""

from worker.text.normalization.normalizer import NormalizedText, Phonemes, normalize

__all__ = ["NormalizedText", "Phonemes", "normalize"]
