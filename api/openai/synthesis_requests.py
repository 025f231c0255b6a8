"""Convert requests of the OpenAI API to requests of this service."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from api.openai.names import voice_id_of
from api.schemas.speech import VoiceOptions
from api.schemas.synthesis import SynthesisRequest
from common.catalogue import find_voice
from common.errors import InvalidRequest, OratioError
from common.settings import Settings
from common.worker_registry import WorkerStatus

# The limit of SynthesisRequest.style. Longer instructions are accepted only if they are ignored.
STYLE_MAX_CHARS = 1000
OPENAI_FIELDS = {"text": "input", "voice_id": "voice", "format": "response_format", "style": "instructions"}


def to_synthesis_request(
    body: VoiceOptions, workers: Sequence[WorkerStatus], settings: Settings, *, text: str, **text_options: Any
) -> SynthesisRequest:
    """Return the same request in the form of POST /synthesize. Raises NotFound, InvalidRequest.

    `text_options` are further fields of SynthesisRequest.
    """
    voice_id = voice_id_of(body.model, body.voice, workers, settings)
    # The fields are validated already, only their names differ.
    return SynthesisRequest.model_construct(
        **{
            **_DEFAULTS,
            **text_options,
            "text": text,
            "voice_id": voice_id,
            "speed": body.speed,
            "style": _style(body, voice_id),
            "format": body.response_format,
            "language": body.language,
            "seed": body.seed,
            "normalize": body.normalize,
            "lexicon": body.lexicon,
            "priority": body.priority,
        }
    )


def _style(body: VoiceOptions, voice_id: str) -> str | None:
    """Ignore instructions for a voice without styles, because clients send them to every voice."""
    if not find_voice(voice_id, allow_fake=True).style:
        return None
    if body.instructions and len(body.instructions) > STYLE_MAX_CHARS:
        raise InvalidRequest(
            f"instructions has {len(body.instructions)} characters. The limit of this voice is {STYLE_MAX_CHARS}.",
            param="instructions",
        )
    return body.instructions


_DEFAULTS: dict[str, Any] = {
    name: field.get_default(call_default_factory=True)
    for name, field in SynthesisRequest.model_fields.items()
    if not field.is_required()
}


@contextmanager
def renamed_fields(names: Mapping[str, str] = OPENAI_FIELDS) -> Iterator[None]:
    """Rename fields in errors to those that the client sent."""
    try:
        yield
    except OratioError as error:
        client_field = names.get(error.param or "")
        if client_field:
            error.message = re.sub(rf"^{error.param}\b", client_field, error.message)
            error.param = client_field
        raise
