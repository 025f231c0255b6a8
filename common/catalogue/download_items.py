"""What one download fetches: a set of weights, or a voice of hibari, whose package carries only the first of them."""

from collections.abc import Collection
from dataclasses import dataclass

from common.catalogue.models import MODELS
from common.catalogue.voices import Voice, find_voice, voices_of
from common.catalogue.weights import find_weights, weights_of

HIBARI = "hibari"


@dataclass(frozen=True, slots=True)
class DownloadItem:
    """As a download's row has it: `item` is the key of weights, or of a voice of hibari the engine's name."""

    model: str
    item: str

    @property
    def name(self) -> str:
        """What people call it: the key of weights, or the voice's id."""
        return f"{HIBARI}_{self.item}" if self.model == HIBARI else self.item


def items_of_model(name: str) -> tuple[DownloadItem, ...]:
    """Of a family what is needed of it, of a key these weights; raises KeyError for a name that nobody knows."""
    if name == HIBARI:
        return tuple(item_of_voice(voice) for voice in voices_of(HIBARI))
    if name in MODELS:
        return tuple(DownloadItem(name, weights.key) for weights in weights_of(name) if weights.needed)
    weights = find_weights(name)
    if weights.model not in MODELS:
        raise KeyError(name)
    return (DownloadItem(weights.model, weights.key),)


def item_of_voice(voice: Voice) -> DownloadItem:
    """What must be there to speak it."""
    return DownloadItem(voice.model, voice.engine_voice if voice.model == HIBARI else voice.weights)


def find_items(name: str) -> tuple[DownloadItem, ...]:
    """Of a family, a key or a voice's id; raises InvalidRequest and NotFound as `find_voice` does."""
    try:
        return items_of_model(name)
    except KeyError:
        return (item_of_voice(find_voice(name)),)


def needed_items(*, optional: Collection[str]) -> tuple[DownloadItem, ...]:
    """Everything but the families, keys and voices that are optional."""
    return tuple(
        item
        for model in MODELS
        if model not in optional
        for item in items_of_model(model)
        if item.name not in optional
    )
