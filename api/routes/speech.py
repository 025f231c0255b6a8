"""The OpenAI surface: speech from the first segment on, and what can be asked for."""

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
from common.catalogue import openai as openai_catalogue
from common.db.database import Database
from common.errors import OratioError, SynthesisFailed, Unavailable
from common.jobs.submission import NewJob, forget_join
from common.settings import Settings
from common.worker_registry import WorkerStatus

router = APIRouter(prefix="/v1", tags=["openai"])

# The release day of what they are models of is nobody's business here: one date for all.
_CREATED = 1_767_225_600
_ANSWERS: Responses = {
    200: {
        "description": "The audio from the first segment on, in one file of the format; or events.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("audio/mpeg", "audio/opus", "audio/aac", "audio/flac", "audio/wav", "audio/pcm")
        }
        | {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.post(
    "/audio/speech",
    response_class=Response,
    responses=_ANSWERS | documented_errors(400, 404, 409, 413, 502, 504),
)
async def speech(request: Request, gateway: GatewayDep, body: SpeechRequest) -> Response:
    """Speak a text, heard while it is being spoken.

    The job behind it is cancelled ten seconds after its last listener left, unless `keep` is true. An equal request
    that comes while it is under way, or before it was delivered, joins it. `X-Oratio-Job-Id` names it;
    `GET /jobs/{job_id}/stream` goes on where a connection broke.
    """
    settings = gateway.settings
    with openai_field_names():
        synthesis_request = to_synthesis_request(
            body, await gateway.worker_cache.statuses(), settings, text=body.input
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
        return _answer(
            body, job, job_id=job_id, first=first, audio=audio, gateway=gateway, listener=stack.pop_all()
        )


async def _submit(gateway: Gateway, job: NewJob, stack: ExitStack) -> tuple[LiveAudio, str]:
    """The sound of the job, or of an equal one that is under way, with a seat among its listeners."""
    wake_signal = stack.enter_context(gateway.event_bus.wake(job.id))
    accepted = await gateway.submissions.submit(job)
    if not accepted.created:
        wake_signal = stack.enter_context(gateway.event_bus.wake(accepted.job_id))
        wake_signal.needs_resync = True
    stack.enter_context(gateway.presence.listening(accepted.job_id, keep=job.options.keep))
    audio = LiveAudio(
        accepted.job_id,
        wake_signal,
        event_bus=gateway.event_bus,
        database=gateway.database,
        store=gateway.store,
    )
    return audio, accepted.job_id


def _answer(
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
    # What went out whole may not have arrived: who tries again at once still joins it.
    forget = partial(_forget, gateway.database, job, job_id)
    on_delivered = partial(gateway.presence.run_after_grace, forget)
    if body.stream_format == "sse":
        kind, body_chunks = "text/event-stream", responses.event_body(first, audio)
    else:
        kind, body_chunks = responses.media_type_of(body.response_format), responses.audio_body(first, audio)
    return responses.AudioResponse(
        body_chunks, audio, listener=listener, media_type=kind, headers=headers, on_delivered=on_delivered
    )


def _forget(database: Database, job: NewJob, job_id: str) -> None:
    with database.write() as connection:
        forget_join(connection, job, delivered_id=job_id)


@router.get("/models")
async def list_models(settings: SettingsDep) -> OpenAIModelList:
    """Every model that a request may name."""
    names = model_names(settings)
    return OpenAIModelList(data=[_model(name, owner) for name, owner in names.items()])


@router.get("/models/{model_id:path}", responses=documented_errors(404))
async def get_model(settings: SettingsDep, model_id: str) -> OpenAIModel:
    """One of them, also by a name that is taken without being listed."""
    names = model_names(settings)
    family = family_of(canonical_name(model_id, settings), settings)
    return _model(model_id, names.get(model_id) or names.get(family or "", "oratio"))


@router.get("/audio/models")
async def list_speech_models(settings: SettingsDep) -> SpeechModels:
    """The same, as Open WebUI asks for it. It needs no key."""
    names = model_names(settings)
    return SpeechModels(models=[SpeechModel(id=name, name=name) for name in names])


@router.get("/audio/voices")
async def list_speech_voices(gateway: GatewayDep) -> SpeechVoices:
    """Every voice, ours, the operator's and OpenAI's names, as Open WebUI asks for it. It needs no key."""
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
    """A voice by the name that the operator gave it. What no list shows, such as a mix, is shown by its name."""
    if voice is None:
        return SpeechVoice(id=name, name=name, model="oratio", languages=["en"])
    return voice.model_copy(update={"id": name, "name": name})


def _model(name: str, owner: str) -> OpenAIModel:
    return OpenAIModel(id=name, created=_CREATED, owned_by=owner)


def _error_of(interrupted: AudioInterrupted, job_id: str) -> OratioError:
    """Before the first byte, what broke is an answer as of any job."""
    if interrupted.code in responses.RETRYABLE:
        return Unavailable(interrupted.message, code=interrupted.code, job_id=job_id, retry_after_s=1)
    failure = job_result.failure_of(interrupted.row) if interrupted.row is not None else None
    return failure or SynthesisFailed(interrupted.message, code=interrupted.code, job_id=job_id)
