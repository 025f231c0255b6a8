"""A part from text to a file in the store: cut, spoken segment by segment, put into one file by one encoder."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import IO

from common import __version__
from common.catalogue import find_voice
from common.formats import MEDIA_TYPES
from common.jobs.lease import Claim, Finished
from common.store import StorageFull, Store, audio_key, take_key
from worker.engines.protocol import EngineError
from worker.inference.dispatch import Speaker
from worker.sound.time_stretch import split_speed
from worker.synthesis.incremental_text import Dictation
from worker.synthesis.live_audio import Live
from worker.synthesis.partial_audio import read_take, write_take
from worker.synthesis.rendering import Rendering
from worker.synthesis.segment_synthesis import Reader, Recital, Said, Watch
from worker.synthesis.segmentation import compose
from worker.text.language import mismatch_warning
from worker.text.lexicon import Lexicon
from worker.text.normalization import normalise
from worker.text.splitting import cut

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
    work = _Work(claim, speaker=speaker, store=store, watch=watch, open_live=open_live, lexicon=lexicon)
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        if claim.options.live_text:
            return work.follow(spool)
        return work.take_part(spool) if claim.next_queue else work.finish(spool)


class _Work:
    """One attempt at one part."""

    def __init__(
        self,
        claim: Claim,
        *,
        speaker: Speaker,
        store: Store,
        watch: Watch,
        open_live: OpenLive,
        lexicon: Lexicon | None,
    ) -> None:
        self._claim = claim
        self._store = store
        self._watch = watch
        self._open_live = open_live
        self._max_chars = speaker.engine.max_chars
        native, self._rest = split_speed(claim.speed, native=speaker.engine.native_speed)
        self._recital = Recital(speaker, claim, reader=Reader(claim, lexicon), speed=native, watch=watch)
        self._clock = _Clock()

    def take_part(self, spool: IO[bytes]) -> Passed:
        """Some of the voices speak here, the others elsewhere."""
        claim = self._claim
        write_take(self._recital.speak(compose(claim, max_chars=self._max_chars).cues), spool)
        return Passed(_put(self._store, take_key(claim.job_id, attempt=claim.attempt), spool)[0])

    def finish(self, spool: IO[bytes]) -> Finished:
        claim = self._claim
        score = compose(claim, max_chars=self._max_chars)

        def open_live() -> Live | None:
            # Who would hear a single segment sooner than its file?
            heard = claim.options.streamed or self._recital.total > 1 or bool(claim.takes)
            return self._open_live(spool) if heard else None

        rendering = self._rendering(spool, open_live)
        silent = self._render(_with_takes(self._recital.speak(score.cues), claim, self._store), rendering)
        rendering.end(tail_s=score.tail_s)
        total = self._recital.total
        if total > 1 or claim.takes:
            # What was spoken last.
            self._watch.progressed(total, total)
        return self._stored(spool, rendering, silent=silent)

    def follow(self, spool: IO[bytes]) -> Finished:
        """The text comes while it is spoken."""
        live = self._open_live(spool)

        def look() -> None:
            self._watch.go_on()
            if live.is_abandoned():
                raise Abandoned

        listen = self._watch.listen
        dictation = Dictation(self._claim, max_chars=self._max_chars, listen=listen, look=look)
        rendering = self._rendering(spool, lambda: live, eager=True)
        silent = self._render(self._recital.follow(dictation.cues()), rendering)
        rendering.end(tail_s=dictation.tail_s)
        made = self._stored(spool, rendering, silent=silent)
        return replace(made, text=dictation.text)

    def _rendering(
        self, spool: IO[bytes], open_live: Callable[[], Live | None], *, eager: bool = False
    ) -> Rendering:
        return Rendering(
            spool,
            audio_format=self._claim.format,
            mastering=self._claim.options.mastering,
            speed=self._rest,
            pace=self._claim.speed,
            open_live=open_live,
            eager=eager,
            plain=self._claim.provider != "local",
            on_first_audio=self._clock.hear,
        )

    def _render(self, said: Iterator[Said], rendering: Rendering) -> int:
        """How many passages had no sound."""
        silent = 0
        waited_from = time.perf_counter()
        for one in said:
            self._clock.synthesis += time.perf_counter() - waited_from
            if rendering.add(one):
                self._watch.spoke(rendering.cues[-1])
            else:
                silent += 1
            if rendering.live and rendering.live.is_abandoned():
                raise Abandoned
            waited_from = time.perf_counter()
        return silent + self._recital.skipped

    def _stored(self, spool: IO[bytes], rendering: Rendering, *, silent: int) -> Finished:
        claim, segments = self._claim, len(rendering.cues) + silent
        warnings = [*claim.warnings, *_language_warning(claim)]
        if silent:
            warnings.append(f"{silent} of {segments} passages cannot be spoken by this voice.")
        key = audio_key(claim.job_id, attempt=claim.attempt, extension=MEDIA_TYPES[claim.format][1])
        spool.seek(0)
        digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
        _, size = _put(self._store, key, spool)
        return Finished(
            key=key,
            sha256=digest,
            recipe=_recipe(claim),
            format=claim.format,
            sample_rate_hz=rendering.sample_rate_hz,
            duration_s=rendering.duration_s,
            size_bytes=size,
            segments=segments,
            first_audio_ms=self._clock.first_audio * 1000,
            synthesis_ms=self._clock.synthesis * 1000,
            encode_ms=rendering.encode_s * 1000,
            warnings=tuple(warnings),
            cues=tuple(rendering.cues),
        )


def warm_up() -> None:
    """Load what the first text would: sentence rules, how numbers are read, and the language model."""
    cut("The first sentence. Another one.", language="en", max_chars=100)
    normalise("On 3 May 2024 it cost $5.", language="en")
    mismatch_warning("The first sentence of a worker.", asked=None, spoken=("en",))


def _with_takes(said: Iterator[Said], claim: Claim, store: Store) -> Iterator[Said]:
    """What is spoken here, and what was spoken elsewhere, in the order of the text.

    Takes are looked at first: when one is missing, nothing need be spoken.
    """
    takes = [_spoken_before(store, key) for key in claim.takes]
    return merge(*takes, said, key=lambda one: one.cue.passage) if takes else said


def _spoken_before(store: Store, key: str) -> Iterator[Said]:
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as take:
        try:
            take.writelines(store.read(key))
        except FileNotFoundError:
            message = "What other voices had spoken of this text is gone; try it again."
            raise EngineError("take_missing", message) from None
        take.seek(0)
        yield from read_take(take)


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
