"""The items that downloads fetch: weights, and voices of hibari, whose package contains only one voice."""

from collections.abc import Collection
from dataclasses import dataclass

from common.catalogue.models import MODELS
from common.catalogue.voices import Voice, find_voice, voices_of
from common.catalogue.weights import find_weights, weights_of

HIBARI = "hibari"


@dataclass(frozen=True, slots=True)
class DownloadItem:
    """The columns of a download. `item` is the key of weights, or the engine's name of a hibari voice."""

    model: str
    item: str

    @property
    def name(self) -> str:
        """The name for users: the key of the weights, or the id of the voice."""
        return f"{HIBARI}_{self.item}" if self.model == HIBARI else self.item


def items_of_model(name: str) -> tuple[DownloadItem, ...]:
    """The needed items of a model, or the item of a key of weights. Raises KeyError for any other name."""
    if name == HIBARI:
        return tuple(item_of_voice(voice) for voice in voices_of(HIBARI))
    if name in MODELS:
        return tuple(DownloadItem(name, weights.key) for weights in weights_of(name) if weights.needed)
    weights = find_weights(name)
    if weights.model not in MODELS:
        raise KeyError(name)
    return (DownloadItem(weights.model, weights.key),)


def item_of_voice(voice: Voice) -> DownloadItem:
    """The item that the voice needs."""
    return DownloadItem(voice.model, voice.engine_voice if voice.model == HIBARI else voice.weights)


def find_items(name: str) -> tuple[DownloadItem, ...]:
    """The items of a model, a key of weights or a voice id. Raises InvalidRequest and NotFound as `find_voice` does."""
    try:
        return items_of_model(name)
    except KeyError:
        return (item_of_voice(find_voice(name)),)


def needed_items(*, optional: Collection[str]) -> tuple[DownloadItem, ...]:
    """The items of all models, without optional models, weights and voices."""
    return tuple(
        item
        for model in MODELS
        if model not in optional
        for item in items_of_model(model)
        if item.name not in optional
    )
