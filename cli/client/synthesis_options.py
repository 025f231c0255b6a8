"""Options of speech synthesis, named as in POST /synthesize. The service chooses the options that are missing."""

from collections.abc import Mapping
from typing import Any, TypedDict


class SynthesisOptions(TypedDict, total=False):
    """Options of a job. None means the same as a missing option."""

    voice_id: str | None
    speed: float | None
    style: str | None
    format: str | None
    language: str | None
    seed: int | None
    lexicon: Mapping[str, str] | None
    normalize: bool | None
    mastering: bool | None
    input_type: str | None
    clean_pages: bool | None
    priority: str | None


# POST /v1/audio/speech has other names for some options.
_SPEECH_NAMES = {"voice_id": "voice", "format": "response_format", "style": "instructions"}


def synthesis_body(text: str, options: SynthesisOptions) -> dict[str, Any]:
    return {"text": text} | _set_options(options)


def speech_body(text: str, options: SynthesisOptions, *, keep: bool) -> dict[str, Any]:
    """Return the body of POST /v1/audio/speech. The model `oratio` stands for the model of the voice."""
    from common.catalogue import DEFAULT_VOICE

    renamed = {_SPEECH_NAMES.get(name, name): value for name, value in _set_options(options).items()}
    return {"model": "oratio", "input": text, "voice": DEFAULT_VOICE, "keep": keep} | renamed


def _set_options(options: SynthesisOptions) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
