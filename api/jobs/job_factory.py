"""Build a job from a request, checked against the catalogue and the workers."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from api.jobs.text_markup import has_speech, languages_of, markup_of, tagged_voice_ids
from api.models.worker_cache import WorkerCache
from api.owner import OWNER
from api.schemas.synthesis import SynthesisRequest
from common.catalogue import Voice, find_voice, voice_not_found
from common.catalogue.styles import check_style
from common.errors import Conflict, InvalidRequest, NotFound, NoWorker, OratioError, TooLarge
from common.ids import new_id
from common.jobs.options import Options
from common.jobs.submission import NewJob
from common.messaging.queue_names import job_queue
from common.providers import ProviderChoice, choose, is_announced
from common.settings import Settings
from common.worker_registry import WorkerStatus, current_workers

# A request is rejected only by announcements of workers that are not older than this.
REFUSAL_MAX_AGE_S = 0.2
# A bound: each stage waits in a queue of its own, and the last one reads the audio of all others at the same time.
STAGES_MAX = 4


def check_text(body: SynthesisRequest, settings: Settings, *, may_be_silent: bool = False) -> None:
    """Raises InvalidRequest, also for invalid markup in the text, and TooLarge.

    With `may_be_silent`, a text may have nothing to speak, but not be empty.
    """
    if body.webhook is not None:
        raise InvalidRequest(
            "This service does not support webhooks. GET /jobs/{job_id}/events reports the end of a job.",
            code="webhooks_disabled",
            param="webhook",
        )
    if not body.text or body.text.isspace():
        raise InvalidRequest("text is empty. Send the text to speak.", code="empty_text", param="text")
    if len(body.text) > settings.max_text_chars:
        raise TooLarge(
            f"text has {len(body.text)} characters. The limit is {settings.max_text_chars}. Split the text, or raise"
            " ORATIO_MAX_TEXT_CHARS.",
            code="text_too_long",
            param="text",
        )
    if not has_speech(body) and not may_be_silent:
        raise InvalidRequest(
            "text contains nothing to speak. It needs at least one letter or digit.",
            code="nothing_to_speak",
            param="text",
        )


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A synthesis request with the options of its endpoint.

    `joins`: an equal job of the same owner that has not ended is used for this request. `streamed`, `keep`,
    `live_text`, `sample_rate_hz` and `cue_times_ms` are as in `Options`.
    """

    body: SynthesisRequest
    key: str | None = None
    request_id: str | None = None
    streamed: bool = False
    keep: bool = True
    live_text: bool = False
    joins: bool = False
    cue_times_ms: tuple[int, ...] = ()
    sample_rate_hz: int = 0

    @property
    def options(self) -> Options:
        body = self.body
        return Options(
            input_type=body.input_type,
            clean_pages=body.clean_pages,
            normalize=body.normalize,
            mastering=body.mastering,
            title=body.title or "",
            lexicon=body.lexicon,
            streamed=self.streamed,
            keep=self.keep,
            live_text=self.live_text,
            cue_times_ms=self.cue_times_ms,
            sample_rate_hz=self.sample_rate_hz,
        )


@dataclass(frozen=True, slots=True)
class _RoutedVoice:
    """A voice of a text, and where it is synthesized."""

    voice: Voice
    choice: ProviderChoice


def _make_job(job_request: JobRequest, workers: Sequence[WorkerStatus], *, settings: Settings) -> NewJob:
    """Raises InvalidRequest, NotFound, Conflict, NoWorker."""
    body = job_request.body
    main = _route(body.voice_id, body, workers, settings=settings)
    tagged = [
        _route_tagged(voice_id, body, workers, settings=settings) for voice_id in tagged_voice_ids(body)
    ]
    routed_voices = [*tagged, main]
    stages = _stages(routed_voices, lane=body.priority)
    return NewJob(
        id=new_id(),
        voice_id=main.voice.id,
        model=main.voice.model,
        provider=main.choice.provider,
        queue=stages[0],
        text=body.text,
        language=body.language,
        speed=body.speed,
        style=body.style,
        format=body.format,
        priority=body.priority,
        seed=secrets.randbits(31) if body.seed is None else body.seed,
        seed_given=body.seed is not None,
        may_fail_over=main.choice.may_fail_over,
        warnings=tuple(
            dict.fromkeys(
                [
                    *markup_of(body).warnings,
                    *(
                        warning
                        for routed in (main, *tagged)
                        for warning in _warnings(routed, body, named=bool(tagged))
                    ),
                ]
            )
        ),
        owner=OWNER,
        request_id=job_request.request_id,
        idempotency_key=job_request.key,
        request_hash=_digest(job_request) if job_request.key else "",
        join_key=_join_key(job_request) if job_request.joins else None,
        options=_with_stages(job_request.options, routed_voices, stages, lane=body.priority),
    )


def _route_tagged(
    voice_id: str, body: SynthesisRequest, workers: Sequence[WorkerStatus], *, settings: Settings
) -> _RoutedVoice:
    try:
        return _route(voice_id, body, workers, settings=settings)
    except OratioError as error:
        # The tag in the text is wrong, not the field voice_id.
        error.param = "text" if error.param == "voice_id" else error.param
        raise


def _route(
    voice_id: str, body: SynthesisRequest, workers: Sequence[WorkerStatus], *, settings: Settings
) -> _RoutedVoice:
    voice = known_voice(voice_id, workers, settings=settings)
    check_style(voice, body.style)
    choice = choose(voice, workers, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    _check_format(body.format, choice.engine, workers)
    return _RoutedVoice(voice, choice)


def known_voice(voice_id: str, workers: Sequence[WorkerStatus], *, settings: Settings) -> Voice:
    """Return a voice of the catalogue or of a worker's models folder. Raises InvalidRequest, NotFound."""
    voice = find_voice(voice_id, allow_fake=settings.fake_engine)
    if not voice.listed and not is_announced(voice, workers):
        raise voice_not_found()
    return voice


def _stages(routed_voices: Sequence[_RoutedVoice], *, lane: str) -> tuple[str, ...]:
    """Return the queues that a text passes through. The last one is that of its main voice, which joins the audio."""
    last = job_queue(routed_voices[-1].choice.engine, lane=lane)
    queues = dict.fromkeys(job_queue(routed.choice.engine, lane=lane) for routed in routed_voices)
    stages = (*(queue for queue in queues if queue != last), last)
    if len(stages) > STAGES_MAX:
        raise InvalidRequest(
            f"The voices in this text belong to {len(stages)} models. One text can use at most {STAGES_MAX}.",
            code="too_many_models",
            param="text",
        )
    return stages


def _with_stages(
    options: Options, routed_voices: Sequence[_RoutedVoice], stages: tuple[str, ...], *, lane: str
) -> Options:
    if len(stages) == 1:
        return options
    stage_of_voice = {
        routed.voice.id: stages.index(job_queue(routed.choice.engine, lane=lane)) for routed in routed_voices
    }
    return replace(options, stages=stages, stage_of_voice=stage_of_voice)


def _warnings(routed: _RoutedVoice, body: SynthesisRequest, *, named: bool) -> Iterator[str]:
    """`named`: the text has several voices, so each warning names its voice."""
    yield from (f"{routed.voice.id}: {warning}" if named else warning for warning in routed.choice.warnings)
    for language in languages_of(body, routed.voice.id):
        yield from _language_warnings(routed.voice, language)
    yield from _style_warnings(routed.voice, body.style)
    if routed.voice.note and routed.choice.provider == "local":
        yield routed.voice.note


def _join_key(job_request: JobRequest) -> str:
    """Return a key that no client can send as an idempotency key, so that the two never collide."""
    keep, rate = "k" if job_request.keep else "", job_request.sample_rate_hz or ""
    return f"\x01{_digest(job_request)}{keep}{rate}"


def pick_key(body: SynthesisRequest, header: str | None) -> str | None:
    """Return the idempotency key of the header or the body. Raises InvalidRequest if they differ."""
    if header is not None and body.idempotency_key is not None and header != body.idempotency_key:
        raise InvalidRequest(
            "The header Idempotency-Key and idempotency_key in the body differ. Send only one of them.",
            param="idempotency_key",
        )
    return header if header is not None else body.idempotency_key


def _check_format(audio_format: str, engine: str, workers: Sequence[WorkerStatus]) -> None:
    serving = current_workers([worker for worker in workers if worker.voices_of(engine) is not None])
    formats = {name for worker in serving for name in worker.announcement.formats}
    if serving and audio_format not in formats:
        raise InvalidRequest(
            f"No worker can write {audio_format}. Use one of: {', '.join(sorted(formats))}.",
            code="format_unavailable",
            param="format",
        )


def _language_warnings(voice: Voice, requested: str) -> tuple[str, ...]:
    spoken = {language.split("-")[0].lower() for language in voice.languages}
    if requested.split("-", maxsplit=1)[0].lower() in spoken:
        return ()
    return (
        f"The voice {voice.id} speaks {', '.join(voice.languages)}, not {requested}. GET /voices lists other voices.",
    )


def _style_warnings(voice: Voice, style: str | None) -> tuple[str, ...]:
    if style is None or voice.style:
        return ()
    return (
        f"The voice {voice.id} takes no style, so the style is ignored. GET /voices shows which voices take one.",
    )


def _digest(job_request: JobRequest) -> str:
    body = job_request.body
    # Without a title, the digest is that of earlier releases, which knew none.
    without_title = {"title"} if body.title is None else set()
    fields = body.model_dump(exclude={"idempotency_key", "webhook", "use_cache", *without_title})
    if job_request.cue_times_ms:
        fields["cue_times_ms"] = job_request.cue_times_ms
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


async def build_job(job_request: JobRequest, *, settings: Settings, worker_cache: WorkerCache) -> NewJob:
    """Build the job that answers a request.

    Raises InvalidRequest, NotFound, Conflict, NoWorker.
    """
    try:
        job = _make_job(job_request, await worker_cache.statuses(), settings=settings)
        if job.provider != "stub" or settings.provider_mode == "stub":
            return job
    except (NoWorker, Conflict, InvalidRequest, NotFound):
        pass
    # A request is never rejected, or answered with a beep, because of old announcements, or because the worker that it
    # needs is just starting.
    workers = await worker_cache.statuses_after_start(
        _models_of(job_request.body, settings=settings), max_age_s=REFUSAL_MAX_AGE_S
    )
    return _make_job(job_request, workers, settings=settings)


def _models_of(body: SynthesisRequest, *, settings: Settings) -> frozenset[str]:
    """Return the models of the voices in a request, without voices that do not exist."""
    models = set()
    for voice_id in (body.voice_id, *tagged_voice_ids(body)):
        with suppress(OratioError):
            models.add(find_voice(voice_id, allow_fake=settings.fake_engine).model)
    return frozenset(models)
