"""Turns a request with cues into a plain text and the times of its paragraphs."""

from collections.abc import Iterator, Sequence

from starlette.concurrency import run_in_threadpool

from api.jobs.timed_text import TimedCue, parse_timed_text
from api.schemas.synthesis import SynthesisRequest
from common.catalogue import find_voice
from common.errors import InvalidRequest, OratioError
from common.jobs.options import CUE_SEPARATOR
from common.markup.spans import JOB_VOICE

TIMED_INPUT_TYPES = ("srt", "vtt")


async def read_cues(body: SynthesisRequest, *, allow_fake: bool) -> tuple[SynthesisRequest, tuple[int, ...]]:
    """Return the request with a plain text, and `Options.cue_times_ms`.

    Each cue is a paragraph. `<v name>` becomes a voice tag if a voice has that id. `allow_fake` is as for `find_voice`.
    Other requests are returned as they are, without times. Raises InvalidRequest for malformed cues.
    """
    if body.input_type not in TIMED_INPUT_TYPES:
        return body, ()
    # Thousands of cues take a moment.
    cues = await run_in_threadpool(parse_timed_text, body.text, input_type=body.input_type)
    if not cues:
        raise InvalidRequest(
            "text contains no cue with text to speak.", code="nothing_to_speak", param="text"
        )
    text = CUE_SEPARATOR.join(_tagged(cues, allow_fake=allow_fake))
    times_ms = tuple(moment for cue in cues for moment in (cue.start_ms, cue.end_ms))
    return body.model_copy(update={"text": text}), times_ms


def _tagged(cues: Sequence[TimedCue], *, allow_fake: bool) -> Iterator[str]:
    """Yield the text of each cue, with a tag where the voice changes."""
    names = {name for cue in cues for name, _ in cue.spans if name}
    voice_ids = {name: voice_id for name in names if (voice_id := _voice_id(name, allow_fake=allow_fake))}
    current = JOB_VOICE
    for cue in cues:
        parts = []
        for name, text in cue.spans:
            wanted = voice_ids.get(name or "", JOB_VOICE)
            parts.append(text if wanted == current else f"[voice:{wanted}] {text}")
            current = wanted
        yield " ".join(parts)


def _voice_id(name: str, *, allow_fake: bool) -> str | None:
    try:
        voice = find_voice(name.lower(), allow_fake=allow_fake)
    except OratioError:
        return None
    return voice.id if voice.listed else None
