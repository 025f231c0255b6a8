"""The OpenAI API: streamed speech, models and voices."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Gateway, GatewayDep, SettingsDep
from api.error_handlers import Responses, documented_errors
from api.http.request_scope import note_job, request_id
from api.jobs import job_factory, job_result
from api.jobs.job_factory import JobRequest
from api.models.listed_voices import listed_voices
from api.openai.names import canonical_name, family_of, model_names
from api.openai.synthesis_requests import openai_field_names, to_synthesis_request
from api.schemas.speech import (
    OpenAIModel,
    OpenAIModelList,
    SpeechModel,
    SpeechModels,
    SpeechRequest,
    SpeechVoice,
    SpeechVoices,
)
from api.streaming import responses
from api.streaming.live_audio import AudioInterrupted, LiveAudio
from common.catalogue import openai_names as openai_catalogue
from common.errors import OratioError, SynthesisFailed, Unavailable
from common.jobs.submission import NewJob, release_join_key
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
    responses=_RESPONSES | documented_errors(400, 404, 409, 413, 502, 504),
)
async def speech(request: Request, gateway: GatewayDep, body: SpeechRequest) -> Response:
    """Speak a text and stream the audio while it is made.

    The job is cancelled ten seconds after its last listener disconnected, unless `keep` is true. An equal request
    joins the job while it is running, and after that until it was delivered. `X-Oratio-Job-Id` is the id of the job.
    `GET /jobs/{job_id}/stream` continues a stream that broke.
    """
    settings = gateway.settings
    with openai_field_names():
        synthesis_request = to_synthesis_request(
            body,
            await gateway.worker_cache.statuses(),
            settings,
            text=body.input,
            input_type=body.input_type,
            clean_pages=body.clean_pages,
        )
        job_factory.check_text(synthesis_request, settings)
        job_request = JobRequest(
            synthesis_request, request_id=request_id(request), streamed=True, keep=body.keep, joins=True
        )
        job = await job_factory.build_job(job_request, settings=settings, worker_cache=gateway.worker_cache)
    with ExitStack() as stack:
        audio, job_id = await _submit(gateway, job, stack)
        note_job(request, job_id)
        try:
            first = await responses.first_audio(request, audio, within_s=settings.sync_wait_s)
        except AudioInterrupted as interrupted:
            raise _error_of(interrupted, job_id) from None
        return _respond(
            body, job, job_id=job_id, first=first, audio=audio, gateway=gateway, listener=stack.pop_all()
        )


async def _submit(gateway: Gateway, job: NewJob, stack: ExitStack) -> tuple[LiveAudio, str]:
    """Submit the job, or join an equal one. Returns its audio and id, and registers a listener in `stack`."""
    wake_signal = stack.enter_context(gateway.event_bus.wake(job.id))
    accepted = await gateway.submissions.submit(job)
    if not accepted.created:
        wake_signal = stack.enter_context(gateway.event_bus.wake(accepted.job_id))
        wake_signal.needs_resync = True
    audio = LiveAudio(
        accepted.job_id,
        wake_signal,
        event_bus=gateway.event_bus,
        database=gateway.database,
        store=gateway.store,
    )
    stack.enter_context(
        gateway.presence.listening(
            accepted.job_id, keep=job.options.keep, has_ended=lambda: audio.job_has_ended
        )
    )
    return audio, accepted.job_id


def _respond(
    body: SpeechRequest,
    job: NewJob,
    *,
    job_id: str,
    first: bytes,
    audio: LiveAudio,
    gateway: Gateway,
    listener: ExitStack,
) -> Response:
    headers = responses.response_headers(job_id, audio, provider=job.provider)
    # A response that was sent may not have arrived: a client that retries at once still joins the job.
    forget = partial(release_join_key, job=job, delivered_id=job_id)
    on_delivered = partial(gateway.presence.change_after_grace, forget)
    if body.stream_format == "sse":
        kind, body_chunks = "text/event-stream", responses.event_body(first, audio)
    else:
        kind, body_chunks = responses.media_type_of(body.response_format), responses.audio_body(first, audio)
    return responses.AudioResponse(
        body_chunks, audio, listener=listener, media_type=kind, headers=headers, on_delivered=on_delivered
    )


@router.get("/models")
async def list_models(settings: SettingsDep) -> OpenAIModelList:
    """Every model that a request may use."""
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


@router.get("/audio/voices")
async def list_speech_voices(gateway: GatewayDep) -> SpeechVoices:
    """All voices, including aliases of OpenAI and of the operator, as Open WebUI expects. Needs no key."""
    return SpeechVoices(voices=_voices(await gateway.worker_cache.statuses(), gateway.settings))


def _voices(workers: Sequence[WorkerStatus], settings: Settings) -> list[SpeechVoice]:
    own_voices = {
        voice.id: SpeechVoice(
            id=voice.id, name=voice.name, model=voice.model, languages=list(voice.languages)
        )
        for voice in listed_voices(workers, allow_fake=settings.fake_engine)
    }
    openai_voices = {
        name: SpeechVoice(id=name, name=name.title(), model="oratio", languages=["en"])
        for name in openai_catalogue.VOICES
    }
    operator_voices = {
        name: _operator_voice(name, own_voices.get(voice)) for name, voice in settings.openai_voices.items()
    }
    return list((openai_voices | operator_voices | own_voices | operator_voices).values())


def _operator_voice(name: str, voice: SpeechVoice | None) -> SpeechVoice:
    """Return a voice under the operator's name for it. An unlisted voice, such as a mix, has only that name."""
    if voice is None:
        return SpeechVoice(id=name, name=name, model="oratio", languages=["en"])
    return voice.model_copy(update={"id": name, "name": name})


def _model(name: str, owner: str) -> OpenAIModel:
    return OpenAIModel(id=name, created=_CREATED, owned_by=owner)


def _error_of(interrupted: AudioInterrupted, job_id: str) -> OratioError:
    """Return the error for a failure before the first byte."""
    if interrupted.code in responses.RETRYABLE:
        return Unavailable(interrupted.message, code=interrupted.code, job_id=job_id, retry_after_s=1)
    failure = job_result.failure_of(interrupted.row) if interrupted.row is not None else None
    return failure or SynthesisFailed(interrupted.message, code=interrupted.code, job_id=job_id)
