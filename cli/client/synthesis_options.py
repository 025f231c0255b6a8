"""How a text is to be spoken, by the names of POST /synthesize; what is left out is the service's choice."""

from collections.abc import Mapping
from typing import Any, TypedDict


class SynthesisOptions(TypedDict, total=False):
    """None is as good as left out."""

    voice_id: str | None
    speed: float | None
    style: str | None
    format: str | None
    language: str | None
    seed: int | None
    lexicon: Mapping[str, str] | None
    normalize: bool | None


# The same things have other names in the way of speaking that sound comes from at once.
_SPEECH_NAMES = {"voice_id": "voice", "format": "response_format", "style": "instructions"}


def synthesis_body(text: str, options: SynthesisOptions) -> dict[str, Any]:
    return {"text": text} | _set_options(options)


def speech_body(text: str, options: SynthesisOptions, *, keep: bool) -> dict[str, Any]:
    """The body of POST /v1/audio/speech, for any voice: `oratio` is the model of all of them."""
    from common.catalogue import DEFAULT_VOICE

    renamed = {_SPEECH_NAMES.get(name, name): value for name, value in _set_options(options).items()}
    return {"model": "oratio", "input": text, "voice": DEFAULT_VOICE, "keep": keep} | renamed


def _set_options(options: SynthesisOptions) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
