"""Reading a text aloud: what is written in figures, signs and short forms becomes words that an engine can say."""

from worker.text.normalization.normalizer import Phonemes, Spoken, normalise

__all__ = ["Phonemes", "Spoken", "normalise"]
