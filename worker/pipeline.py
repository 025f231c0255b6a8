"""A part from text to a file in the store: cut, spoken segment by segment, put into one file by one encoder."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import IO

from common import __version__
from common.catalogue import find_voice
from common.formats import MEDIA_TYPES
from common.jobs.lease import Claim, Finished
from common.store import StorageFull, Store, audio_key, take_key
from worker.engines.protocol import EngineError
from worker.live import Live
from worker.recital import Reader, Recital, Said, Watch
from worker.rendering import Rendering
from worker.score import Score, compose
from worker.speakers import Speaker
from worker.stretch import split_speed
from worker.takes import read_take, write_take
from worker.text.language import mismatch_warning
from worker.text.lexicon import Lexicon
from worker.text.normalising import normalise
from worker.text.segments import cut

SPOOL_BYTES = 8 * 1024 * 1024

OpenLive = Callable[[IO[bytes]], Live]


class Abandoned(Exception):
    """Nobody listens any more to what was only made to be listened to."""


@dataclass(slots=True)
class _Clock:
    """Where the time of one job went, in seconds."""

    began: float = field(default_factory=time.perf_counter)
    first_audio: float = 0.0
    synthesis: float = 0.0

    def hear(self) -> None:
        self.first_audio = time.perf_counter() - self.began


@dataclass(frozen=True, slots=True)
class Passed:
    """A text goes on elsewhere, with voices of another model; `take` is the key of what was spoken here."""

    take: str


def speak(
    claim: Claim,
    *,
    speaker: Speaker,
    store: Store,
    watch: Watch,
    open_live: OpenLive,
    lexicon: Lexicon | None = None,
) -> Finished | Passed:
    """The file is in the store when this returns, and only then. Raises EngineError, Stopped and Abandoned.

    Listeners hear it while it is made, when somebody asked for that or when it takes more than one segment.
    """
    clock = _Clock()
    engine = speaker.engine
    score = compose(claim, max_chars=engine.max_chars)
    native, rest = split_speed(claim.speed, native=engine.native_speed)
    recital = Recital(speaker, claim, reader=Reader(claim, lexicon), speed=native, watch=watch)
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        if claim.next_queue:
            write_take(recital.speak(score.cues), spool)
            return Passed(_put(store, take_key(claim.job_id, attempt=claim.attempt), spool)[0])
        live = open_live(spool) if claim.options.streamed or len(score.cues) > 1 or claim.takes else None
        rendering = Rendering(
            spool,
            audio_format=claim.format,
            mastering=claim.options.mastering,
            speed=rest,
            pace=claim.speed,
            live=live,
            on_first_audio=clock.hear,
        )
        said = _with_takes(recital.speak(score.cues), claim, store)
        silent = _render(said, rendering, live=live, clock=clock) + recital.skipped
        rendering.end(tail_s=score.tail_s)
        warnings = [*claim.warnings, *_language_warning(claim)]
        if silent:
            warnings.append(f"{silent} of {len(score.cues)} passages cannot be spoken by this voice.")
        return _store(claim, spool, rendering, score, store=store, clock=clock, warnings=tuple(warnings))


def warm_up() -> None:
    """Load what the first text would: sentence rules, how numbers are read, and the language model."""
    cut("The first sentence. Another one.", language="en", max_chars=100)
    normalise("On 3 May 2024 it cost $5.", language="en")
    mismatch_warning("The first sentence of a worker.", asked=None, spoken=("en",))


def _with_takes(said: Iterator[Said], claim: Claim, store: Store) -> Iterator[Said]:
    """What is spoken here, and what was spoken elsewhere, in the order of the text."""
    takes = [read_take(_whole(store, key)) for key in claim.takes]
    return merge(said, *takes, key=lambda one: one.cue.passage) if takes else said


def _whole(store: Store, key: str) -> bytes:
    try:
        return b"".join(store.read(key))
    except FileNotFoundError:
        message = "What other voices had spoken of this text is gone; try it again."
        raise EngineError("take_missing", message) from None


def _render(said: Iterator[Said], rendering: Rendering, *, live: Live | None, clock: _Clock) -> int:
    """How many passages were all silence."""
    silent = 0
    waited_from = time.perf_counter()
    for one in said:
        clock.synthesis += time.perf_counter() - waited_from
        silent += not rendering.add(one)
        if live and live.is_abandoned:
            raise Abandoned
        waited_from = time.perf_counter()
    return silent


def _store(
    claim: Claim,
    spool: IO[bytes],
    rendering: Rendering,
    score: Score,
    *,
    store: Store,
    clock: _Clock,
    warnings: tuple[str, ...],
) -> Finished:
    key = audio_key(claim.job_id, attempt=claim.attempt, extension=MEDIA_TYPES[claim.format][1])
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
    _, size = _put(store, key, spool)
    return Finished(
        key=key,
        sha256=digest,
        recipe=_recipe(claim),
        format=claim.format,
        sample_rate_hz=rendering.sample_rate_hz,
        duration_s=rendering.duration_s,
        size_bytes=size,
        segments=len(score.cues),
        first_audio_ms=clock.first_audio * 1000,
        synthesis_ms=clock.synthesis * 1000,
        encode_ms=rendering.encode_s * 1000,
        warnings=warnings,
        cues=tuple(rendering.cues),
    )


def _put(store: Store, key: str, spool: IO[bytes]) -> tuple[str, int]:
    """The key and how many bytes lie under it now."""
    try:
        return key, store.put(key, spool)
    except StorageFull as error:
        raise EngineError(
            "storage_full", "The store is full; make room and retry.", retryable=True
        ) from error


def _language_warning(claim: Claim) -> list[str]:
    # The gateway has compared a language that was named; an unnamed one is found here.
    if claim.language or claim.provider == "stub":
        return []
    voice = find_voice(claim.voice_id, allow_fake=True)
    warning = mismatch_warning(claim.text, asked=None, spoken=voice.languages)
    return [warning] if warning else []


def _recipe(claim: Claim) -> str:
    """Everything that changes the sound."""
    what = [
        __version__,
        claim.provider,
        claim.voice_id,
        claim.text,
        claim.language,
        claim.speed,
        claim.style,
        claim.format,
        claim.seed,
        claim.options.as_row(),
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
