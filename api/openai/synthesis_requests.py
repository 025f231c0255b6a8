"""What a client of OpenAI's asks for, as what we are asked for."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from api.openai.names import voice_id_of
from api.schemas.speech import VoiceOptions
from api.schemas.synthesis import SynthesisRequest
from common.catalogue import find_voice
from common.errors import InvalidRequest, OratioError
from common.settings import Settings
from common.worker_registry import WorkerStatus

# As everywhere else; longer ones are only taken where they are left aside.
STYLE_MAX_CHARS = 1000
_OPENAI_FIELDS = {"text": "input", "voice_id": "voice", "format": "response_format", "style": "instructions"}


def to_synthesis_request(
    body: VoiceOptions, workers: Sequence[WorkerStatus], settings: Settings, *, text: str
) -> SynthesisRequest:
    """Raises NotFound, InvalidRequest."""
    voice_id = voice_id_of(body.model, body.voice, workers, settings)
    # Checked already: what differs are the names.
    return SynthesisRequest.model_construct(
        **{
            **_DEFAULTS,
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
    """Clients send instructions without asking whether the voice takes any."""
    if not find_voice(voice_id, allow_fake=True).style:
        return None
    if body.instructions and len(body.instructions) > STYLE_MAX_CHARS:
        raise InvalidRequest(
            f"instructions has {len(body.instructions)} characters; this voice takes {STYLE_MAX_CHARS} at most.",
            param="instructions",
        )
    return body.instructions


_DEFAULTS: dict[str, Any] = {
    name: field.get_default(call_default_factory=True)
    for name, field in SynthesisRequest.model_fields.items()
    if not field.is_required()
}


@contextmanager
def openai_field_names() -> Iterator[None]:
    """A refusal names the field that the client sent."""
    try:
        yield
    except OratioError as error:
        openai_field = _OPENAI_FIELDS.get(error.param or "")
        if openai_field:
            error.message = re.sub(rf"^{error.param}\b", openai_field, error.message)
            error.param = openai_field
        raise
