"""Names every model, voice and set of weights. Workers announce which of them they can speak.

May import no other folder of `common`.
"""

from common.catalogue.models import MODELS, Model, find_model
from common.catalogue.voices import (
    DEFAULT_VOICE,
    FAKE_VOICE,
    VOICE_ID,
    Voice,
    find_voice,
    hub_model,
    voice_name,
    voice_not_found,
    voices,
    voices_of,
)
from common.catalogue.weights import Repository, Weights, find_weights, weights_of

__all__ = [
    "DEFAULT_VOICE",
    "FAKE_VOICE",
    "MODELS",
    "VOICE_ID",
    "Model",
    "Repository",
    "Voice",
    "Weights",
    "find_model",
    "find_voice",
    "find_weights",
    "hub_model",
    "voice_name",
    "voice_not_found",
    "voices",
    "voices_of",
    "weights_of",
]
