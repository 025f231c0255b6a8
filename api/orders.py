"""From what a caller asks to a job that can be queued: checked against the catalogue and the fleet."""

import hashlib
import json
import secrets
from collections.abc import Sequence

from api.context import OWNER, Gateway
from api.schemas.synthesis import SynthesisRequest
from common.broker import job_queue
from common.catalogue import Voice, find_voice, no_such_voice
from common.catalogue.styles import check_style
from common.errors import Conflict, InvalidRequest, NoWorker, TooLarge
from common.fleet import Seen, believed
from common.identity import new_id
from common.jobs.submission import NewJob
from common.providers import choose, is_announced
from common.settings import Settings
from common.speakable import speakable

# How old the fleet's announcements may be for a refusal.
NEWS_S = 0.2


def check_text(body: SynthesisRequest, settings: Settings) -> None:
    """Raises InvalidRequest, TooLarge."""
    if body.webhook is not None:
        raise InvalidRequest(
            "Webhooks are not available on this service; GET /jobs/{job_id}/events tells of a job's end.",
            code="webhooks_disabled",
            param="webhook",
        )
    if not body.text or body.text.isspace():
        raise InvalidRequest("text is empty; send what is to be spoken.", code="empty_text", param="text")
    if len(body.text) > settings.max_text_chars:
        raise TooLarge(
            f"text has {len(body.text)} characters; at most {settings.max_text_chars} are taken.",
            code="text_too_long",
            param="text",
        )
    if not speakable(body.text):
        raise InvalidRequest(
            "text holds nothing that can be spoken: it needs at least one letter or digit.",
            code="nothing_to_speak",
            param="text",
        )


def make_job(
    body: SynthesisRequest,
    fleet: Sequence[Seen],
    *,
    settings: Settings,
    key: str | None,
    request_id: str | None,
) -> NewJob:
    """Raises InvalidRequest, NotFound, Conflict, NoWorker."""
    voice = find_voice(body.voice_id, allow_fake=settings.fake_engine)
    if not voice.listed and not is_announced(voice, fleet):
        raise no_such_voice()
    check_style(voice, body.style)
    choice = choose(voice, fleet, mode=settings.provider_mode, fallback_stub=settings.fallback_stub)
    _check_format(body.format, choice.engine, fleet)
    return NewJob(
        id=new_id(),
        voice_id=voice.id,
        model=voice.model,
        provider=choice.provider,
        queue=job_queue(choice.engine, lane=body.priority),
        text=body.text,
        language=body.language,
        speed=body.speed,
        style=body.style,
        format=body.format,
        priority=body.priority,
        seed=secrets.randbits(31) if body.seed is None else body.seed,
        seed_given=body.seed is not None,
        may_fail_over=choice.may_fail_over,
        warnings=(
            *choice.warnings,
            *_language_warnings(voice, body.language),
            *_style_warnings(voice, body.style),
            *((voice.note,) if voice.note and choice.provider == "local" else ()),
        ),
        owner=OWNER,
        request_id=request_id,
        idempotency_key=key,
        request_hash=_digest(body) if key else "",
    )


def pick_key(body: SynthesisRequest, header: str | None) -> str | None:
    """The idempotency key of header or body, which must not differ."""
    if header is not None and body.idempotency_key is not None and header != body.idempotency_key:
        raise InvalidRequest(
            "The header Idempotency-Key and idempotency_key in the body differ; send one of them.",
            param="idempotency_key",
        )
    return header if header is not None else body.idempotency_key


def _check_format(wanted: str, engine: str, fleet: Sequence[Seen]) -> None:
    serving = believed([seen for seen in fleet if seen.voices_of(engine) is not None])
    written = {name for seen in serving for name in seen.announcement.formats}
    if serving and wanted not in written:
        raise InvalidRequest(
            f"No worker writes {wanted}; it can be one of: {', '.join(sorted(written))}.",
            code="format_unavailable",
            param="format",
        )


def _language_warnings(voice: Voice, asked: str | None) -> tuple[str, ...]:
    if asked is None:
        return ()
    spoken = {language.split("-")[0].lower() for language in voice.languages}
    if asked.split("-")[0].lower() in spoken:
        return ()
    return (
        f"The voice {voice.id} speaks {', '.join(voice.languages)}, not {asked}; GET /voices lists others.",
    )


def _style_warnings(voice: Voice, style: str | None) -> tuple[str, ...]:
    if style is None or voice.style:
        return ()
    return (f"The voice {voice.id} takes no style, so it was left aside; GET /voices says which do.",)


def _digest(body: SynthesisRequest) -> str:
    asked = body.model_dump(exclude={"idempotency_key", "webhook", "use_cache"})
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


async def place(
    gateway: Gateway, body: SynthesisRequest, *, key: str | None, request_id: str | None
) -> NewJob:
    """The job for what is asked, by what the fleet announced. Raises InvalidRequest, NotFound, Conflict, NoWorker."""

    def make(fleet: Sequence[Seen]) -> NewJob:
        return make_job(body, fleet, settings=gateway.settings, key=key, request_id=request_id)

    try:
        job = make(await gateway.fleet.seen())
        if job.provider != "stub" or gateway.settings.provider_mode == "stub":
            return job
    except (NoWorker, Conflict, InvalidRequest):
        pass
    # A refusal or a beep is never said on the strength of old news.
    return make(await gateway.fleet.seen(max_age_s=NEWS_S))
