"""The OpenAI API: streamed speech, models and voices."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GatewayDep, SettingsDep
from api.elevenlabs.lists import elevenlabs_models
from api.error_handlers import Responses, documented_errors
from api.models.listed_voices import listed_voices
from api.openai.names import canonical_name, family_of, model_names
from api.openai.synthesis_requests import OPENAI_FIELDS
from api.routes.streamed_speech import StreamOptions, speak
from api.schemas.elevenlabs import ElevenLabsModel
from api.schemas.speech import (
    OpenAIModel,
    OpenAIModelList,
    SpeechModel,
    SpeechModels,
    SpeechRequest,
    SpeechVoice,
    SpeechVoices,
)
from common.catalogue import openai_names as openai_catalogue
from common.settings import Settings
from common.worker_registry import WorkerStatus

router = APIRouter(prefix="/v1", tags=["openai"])

# The creation time of every model in lists. Clients expect one, and it has no other meaning.
_CREATED = 1_767_225_600
_RESPONSES: Responses = {
    200: {
        "description": "The audio as one file of the format, streamed from the first segment on; or events.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("audio/mpeg", "audio/opus", "audio/aac", "audio/flac", "audio/wav", "audio/pcm")
        }
        | {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "/audio/speech",
    summary="Create speech",
    response_class=Response,
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504, 507),
)
async def speech(request: Request, gateway: GatewayDep, body: SpeechRequest) -> Response:
    """Speak a text and stream the audio while it is made.

    The job is cancelled ten seconds after its last listener disconnected, unless `keep` is true. An equal request
    joins the job until ten seconds after it was delivered. `X-Oratio-Job-Id` is the id of the job.
    `GET /jobs/{job_id}/stream` continues a stream that broke. A text with nothing to speak, such as `---`, is 100 ms of
    silence without a job.
    """
    options = StreamOptions(
        keep=body.keep,
        as_events=body.stream_format == "sse",
        field_names=OPENAI_FIELDS,
        text_options={"input_type": body.input_type, "clean_pages": body.clean_pages},
    )
    return await speak(request, gateway, body, text=body.input, options=options)


@router.get("/models")
async def list_models(
    settings: SettingsDep,
    xi_api_key: Annotated[str | None, Header(description="Clients of ElevenLabs send it.")] = None,
) -> OpenAIModelList | list[ElevenLabsModel]:
    """Every model that a request may use; in the shape of ElevenLabs for its clients, which send `xi-api-key`."""
    if xi_api_key is not None:
        return elevenlabs_models()
    names = model_names(settings)
    return OpenAIModelList(data=[_model(name, owner) for name, owner in names.items()])


@router.get("/models/{model_id:path}", responses=documented_errors(404))
async def get_model(settings: SettingsDep, model_id: str) -> OpenAIModel:
    """One model, also by an accepted name that is not in the list."""
    names = model_names(settings)
    family = family_of(canonical_name(model_id, settings), settings)
    return _model(model_id, names.get(model_id) or names.get(family or "", "oratio"))


@router.get("/audio/models")
async def list_speech_models(settings: SettingsDep) -> SpeechModels:
    """The models in the form that Open WebUI expects. Needs no key."""
    names = model_names(settings)
    return SpeechModels(models=[SpeechModel(id=name, name=name) for name in names])


@router.get("/audio/voices", responses=documented_errors(404))
async def list_speech_voices(
    gateway: GatewayDep, model: Annotated[str | None, Query(description="Voices of this model.")] = None
) -> SpeechVoices:
    """All voices, including aliases of OpenAI and of the operator, as Open WebUI expects. Needs no key."""
    settings = gateway.settings
    family = family_of(canonical_name(model, settings), settings) if model else None
    return SpeechVoices(voices=_voices(await gateway.worker_cache.statuses(), settings, family=family))


def _voices(workers: Sequence[WorkerStatus], settings: Settings, *, family: str | None) -> list[SpeechVoice]:
    """`family` selects the voices of one model, which OpenAI's names do not have."""
    own_voices = {
        voice.id: SpeechVoice(
            id=voice.id, name=voice.name, model=voice.model, languages=list(voice.languages)
        )
        for voice in listed_voices(workers, allow_fake=settings.fake_engine, model=family)
    }
    openai_voices = {
        name: SpeechVoice(id=name, name=name.title(), model="oratio", languages=["en"])
        for name in openai_catalogue.VOICES
    }
    operator_voices = {
        name: _operator_voice(name, own_voices.get(voice)) for name, voice in settings.openai_voices.items()
    }
    voices = (openai_voices | operator_voices | own_voices | operator_voices).values()
    return [voice for voice in voices if family in (None, voice.model)]


def _operator_voice(name: str, voice: SpeechVoice | None) -> SpeechVoice:
    """Return a voice under the operator's name for it. An unlisted voice, such as a mix, has only that name."""
    if voice is None:
        return SpeechVoice(id=name, name=name, model="oratio", languages=["en"])
    return voice.model_copy(update={"id": name, "name": name})


def _model(name: str, owner: str) -> OpenAIModel:
    return OpenAIModel(id=name, created=_CREATED, owned_by=owner)
