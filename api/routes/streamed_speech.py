"""Submit a request and stream its audio while it is made, for the routes of OpenAI and of ElevenLabs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Gateway
from api.http.request_scope import note_job, request_id
from api.jobs import job_factory, job_result
from api.jobs.job_factory import JobRequest
from api.jobs.text_markup import has_speech
from api.openai.silence import RATE_HZ as SILENCE_RATE_HZ
from api.openai.silence import silence, silent_events, silent_response
from api.openai.synthesis_requests import renamed_fields, to_synthesis_request
from api.schemas.speech import VoiceOptions
from api.streaming import responses
from api.streaming.live_audio import AudioInterrupted, LiveAudio
from common.errors import OratioError, SynthesisFailed, Unavailable
from common.jobs.submission import NewJob, release_join_key


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """`keep`: the job continues after its last listener left. `as_events`: answer with OpenAI's events.

    `sample_rate_hz` 0 is the rate of the voice. `is_raw`: send the samples of a WAV without its header. `headers` are
    added to the response. `field_names`: the fields of POST /synthesize as the client knows them.
    `text_options` are those of the text, by the names of POST /synthesize.
    """

    keep: bool = False
    as_events: bool = False
    sample_rate_hz: int = 0
    is_raw: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    field_names: Mapping[str, str]
    text_options: Mapping[str, Any] = field(default_factory=dict)


async def speak(
    request: Request, gateway: Gateway, body: VoiceOptions, *, text: str, options: StreamOptions
) -> Response:
    """Submit a job, or join an equal one, and return its audio from the first segment on.

    A text with nothing to speak is a short silence without a job. Raises OratioError.
    """
    with renamed_fields(options.field_names):
        job = await _build_job(request, gateway, body, text=text, options=options)
    if job is None:
        return _silence(body.response_format, chars=len(text), options=options)
    with ExitStack() as stack:
        audio, job_id = await _submit(gateway, job, stack)
        note_job(request, job_id)
        try:
            first = await responses.first_audio(request, audio, within_s=gateway.settings.sync_wait_s)
        except AudioInterrupted as interrupted:
            raise _error_of(interrupted, job_id) from None
        # A response that was sent may not have arrived: a client that retries at once still joins the job.
        forget = partial(release_join_key, job=job, delivered_id=job_id)
        return responses.AudioResponse(
            _body(first, audio, options),
            audio,
            listener=stack.pop_all(),
            media_type=_media_type(job.format, options),
            headers={**responses.response_headers(job_id, audio, provider=job.provider), **options.headers},
            on_delivered=partial(gateway.presence.change_after_grace, forget),
        )


async def _build_job(
    request: Request, gateway: Gateway, body: VoiceOptions, *, text: str, options: StreamOptions
) -> NewJob | None:
    """Return None for a text with nothing to speak. Raises OratioError."""
    workers = await gateway.worker_cache.statuses()
    synthesis_request = to_synthesis_request(
        body, workers, gateway.settings, text=text, **options.text_options
    )
    job_factory.check_text(synthesis_request, gateway.settings, may_be_silent=True)
    if not has_speech(synthesis_request):
        return None
    job_request = JobRequest(
        synthesis_request,
        request_id=request_id(request),
        streamed=True,
        keep=options.keep,
        joins=True,
        sample_rate_hz=options.sample_rate_hz,
    )
    return await job_factory.build_job(
        job_request, settings=gateway.settings, worker_cache=gateway.worker_cache
    )


def _silence(audio_format: str, *, chars: int, options: StreamOptions) -> Response:
    if options.as_events:
        audio = silent_events(audio_format, chars=chars)
    else:
        rate_hz = options.sample_rate_hz or SILENCE_RATE_HZ
        audio = silence("pcm" if options.is_raw else audio_format, rate_hz=rate_hz)
    return silent_response(audio, media_type=_media_type(audio_format, options), headers=options.headers)


def _body(first: bytes, audio: LiveAudio, options: StreamOptions) -> AsyncIterator[bytes]:
    if options.as_events:
        return responses.event_body(first, audio)
    body = responses.audio_body(first, audio)
    return responses.without_wav_header(body) if options.is_raw else body


def _media_type(audio_format: str, options: StreamOptions) -> str:
    if options.as_events:
        return "text/event-stream"
    return responses.media_type_of("pcm" if options.is_raw else audio_format)


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
        created=accepted.record_of(job) if accepted.created else None,
    )
    stack.enter_context(
        gateway.presence.listening(
            accepted.job_id,
            keep=job.options.keep,
            announced=accepted.created,
            has_ended=lambda: audio.job_has_ended,
        )
    )
    return audio, accepted.job_id


def _error_of(interrupted: AudioInterrupted, job_id: str) -> OratioError:
    """Return the error for a failure before the first byte."""
    if interrupted.code in responses.RETRYABLE:
        return Unavailable(interrupted.message, code=interrupted.code, job_id=job_id, retry_after_s=1)
    failure = job_result.failure_of(interrupted.row) if interrupted.row is not None else None
    return failure or SynthesisFailed(interrupted.message, code=interrupted.code, job_id=job_id)
