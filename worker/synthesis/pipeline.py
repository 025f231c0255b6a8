"""Turns the text of a part into a file in the store: splits it, speaks the segments and renders them into one file.

A part is spoken in one of three ways: whole, as one stage of a text with voices of several models, or while its text
arrives.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from common.catalogue import voice_name
from common.formats import MEDIA_TYPES
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.markup import bracket_warnings
from common.recordings.titles import title_of
from common.store import Store, audio_key, is_full, partial_audio_key
from worker.encoding import Tags
from worker.engines.protocol import EngineError
from worker.host.spools import open_spool
from worker.inference.dispatch import Dispatcher
from worker.runtime.store_wait import copy_from_store, retry_while_unavailable
from worker.synthesis.callbacks import JobCallbacks, ListenersGone
from worker.synthesis.incremental_text import IncrementalText
from worker.synthesis.job_facts import JobFacts
from worker.synthesis.kept_segments import KeptSegments
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.partial_audio import PartialAudio, merge_stages, write_partial
from worker.synthesis.rendering import Rendering
from worker.synthesis.segment_synthesis import SegmentNormalizer, SegmentSynthesis, SynthesizedSegment
from worker.synthesis.segmentation import plan_segments
from worker.synthesis.timed_speech import CueTimes, TimedRendering
from worker.text.language_detection import mismatch_warning
from worker.text.lexicon import Lexicon
from worker.text.normalization import normalize
from worker.text.splitting import split_text

T = TypeVar("T")

OpenLive = Callable[[IO[bytes]], LiveAudioWriter]


def speak(
    part: ClaimedPart,
    *,
    dispatcher: Dispatcher,
    store: Store,
    callbacks: JobCallbacks,
    open_live: OpenLive,
    data_dir: Path,
    store_wait_s: float,
    lexicon: Lexicon | None = None,
    kept: KeptSegments | None = None,
) -> SynthesisResult | PartialAudio:
    """Speak a part. The file is in the store when this returns.

    Raises EngineError, SynthesisStopped, ListenersGone, and StoreUnavailable if the store does not respond for
    `store_wait_s`.

    The audio of a job is published while it is made if it has more than one segment, or if its text still arrives.
    """
    attempt = _Attempt(
        part=part,
        dispatcher=dispatcher,
        store=store,
        callbacks=callbacks,
        open_live=open_live,
        data_dir=data_dir,
        store_wait_s=store_wait_s,
        lexicon=lexicon,
        kept=kept,
        began_at=time.perf_counter(),
    )
    with _full_disk_as_engine_error(kept), open_spool(data_dir) as spool:
        if part.job.options.live_text:
            return _speak_incrementally(attempt, spool)
        return _speak_stage(attempt, spool) if part.next_queue else _speak_whole(attempt, spool)


def warm_up() -> None:
    """Load the sentence rules, the number rules and the language model before the first text needs them."""
    split_text("The first sentence. Another one.", language="en", max_chars=100)
    normalize("On 3 May 2024 it cost $5.", language="en")
    mismatch_warning("The first sentence of a worker.", asked=None, spoken=("en",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    part: ClaimedPart
    dispatcher: Dispatcher
    store: Store
    callbacks: JobCallbacks
    open_live: OpenLive
    data_dir: Path
    store_wait_s: float
    lexicon: Lexicon | None
    kept: KeptSegments | None
    began_at: float

    @property
    def max_chars(self) -> int:
        return self.dispatcher.engine.max_chars

    def put(self, key: str, spool: IO[bytes]) -> int:
        """Store the file and return its size in bytes."""
        return self._with_patience(lambda: self.store.put(key, spool))

    def fetch(self, key: str) -> IO[bytes]:
        """Copy a file of the store to a spool. Raises FileNotFoundError."""
        spool = open_spool(self.data_dir)
        try:
            self._with_patience(lambda: copy_from_store(self.store, key, spool))
        except BaseException:
            spool.close()
            raise
        return spool

    def _with_patience(self, action: Callable[[], T]) -> T:
        return retry_while_unavailable(action, for_s=self.store_wait_s, check=self.callbacks.check)


def _speak_whole(attempt: _Attempt, spool: IO[bytes]) -> SynthesisResult:
    part = attempt.part
    plan = plan_segments(part, max_chars=attempt.max_chars)
    facts = JobFacts(part.job)

    def publish() -> None:
        # For a listener who has come meanwhile, or a Redis that accepts writes again.
        if rendering.live:
            rendering.live.flush()

    synthesis = _synthesis(attempt, while_waiting=publish)

    def open_live() -> LiveAudioWriter | None:
        # A single segment is heard hardly sooner than its file, which costs Redis and the gateway nothing. With partial
        # audio there are other segments.
        is_live = synthesis.total > 1 or bool(part.partial_audio)
        return attempt.open_live(spool) if is_live else None

    rendering = _rendering(attempt, spool, open_live)
    spoken = merge_stages(synthesis.speak(facts.compute_meanwhile(plan.segments)), part, attempt.fetch)
    if isinstance(rendering, TimedRendering):
        spoken = rendering.join_cues(spoken)
    silent_count, synthesis_s = _render(spoken, rendering, attempt.callbacks)
    rendering.end(tail_s=0.0 if synthesis.ended_early else plan.tail_s)
    if (synthesis.total > 1 or part.partial_audio) and not synthesis.ended_early:
        attempt.callbacks.progressed(synthesis.total, synthesis.total)
    silent_count += synthesis.skipped
    result = _store_result(
        attempt, spool, rendering, facts, silent_count=silent_count, synthesis_s=synthesis_s
    )
    return _as_stopped(result, total=synthesis.total) if synthesis.ended_early else result


def _as_stopped(result: SynthesisResult, *, total: int) -> SynthesisResult:
    warning = f"This recording was stopped after {result.segments} of {total} segments."
    spoken_chars = result.captions[-1].end if result.captions else 0
    return replace(result, warnings=(*result.warnings, warning), spoken_chars=spoken_chars)


def _speak_stage(attempt: _Attempt, spool: IO[bytes]) -> PartialAudio:
    """Speak the segments whose voices belong to this stage. Other stages run in other queues."""
    part = attempt.part
    synthesis = _synthesis(attempt)
    write_partial(synthesis.speak(plan_segments(part, max_chars=attempt.max_chars).segments), spool)
    key = partial_audio_key(part.job.id, attempt=part.attempt)
    attempt.put(key, spool)
    return PartialAudio(key)


def _speak_incrementally(attempt: _Attempt, spool: IO[bytes]) -> SynthesisResult:
    """Speak a text while it arrives."""
    live = attempt.open_live(spool)
    synthesis = _synthesis(attempt, while_waiting=live.flush)

    def check() -> None:
        attempt.callbacks.check()
        live.flush()
        if live.is_abandoned():
            raise ListenersGone

    text = IncrementalText(
        attempt.part, max_chars=attempt.max_chars, read_text=attempt.callbacks.read_text, check=check
    )
    rendering = _rendering(attempt, spool, lambda: live, eager=True)
    silent_count, synthesis_s = _render(synthesis.follow(text.segments()), rendering, attempt.callbacks)
    rendering.end(tail_s=text.tail_s)
    facts, silent_count = JobFacts(attempt.part.job), silent_count + synthesis.skipped
    result = _store_result(
        attempt, spool, rendering, facts, silent_count=silent_count, synthesis_s=synthesis_s
    )
    warnings = (*result.warnings, *bracket_warnings(text.text))
    return replace(result, text=text.text, warnings=warnings)


def _synthesis(attempt: _Attempt, *, while_waiting: Callable[[], None] = lambda: None) -> SegmentSynthesis:
    return SegmentSynthesis(
        attempt.dispatcher,
        attempt.part,
        normalizer=SegmentNormalizer(attempt.part, attempt.lexicon),
        speed=attempt.part.job.speed,
        callbacks=attempt.callbacks,
        while_waiting=while_waiting,
        # A text that arrives while it is spoken is split anew by each attempt.
        finished=None if attempt.part.job.options.live_text else attempt.kept,
    )


def _rendering(
    attempt: _Attempt,
    spool: IO[bytes],
    open_live: Callable[[], LiveAudioWriter | None],
    *,
    eager: bool = False,
) -> Rendering:
    job = attempt.part.job
    cue_times = CueTimes(job.text, job.options.cue_times_ms) if job.options.cue_times_ms else None
    return (partial(TimedRendering, cue_times=cue_times) if cue_times else Rendering)(
        spool,
        audio_format=job.format,
        mastering=job.options.mastering,
        native_speed=attempt.dispatcher.engine.native_speed,
        asked_speed=job.speed,
        open_live=open_live,
        eager=eager,
        level_voices=job.provider == "local",
        tags=_tags(attempt.part),
        sample_rate_hz=job.options.sample_rate_hz,
    )


def _tags(part: ClaimedPart) -> Tags:
    """Equal for all attempts, because a listener of one may continue with the next. Text that arrives has no title."""
    job = part.job
    return Tags.of(
        title=job.options.title or title_of(job.text),
        artist=voice_name(job.voice_id),
        created_at=part.created_at,
    )


def _render(
    spoken: Iterator[SynthesizedSegment], rendering: Rendering, callbacks: JobCallbacks
) -> tuple[int, float]:
    """Render all segments. Returns how many had no sound, and the seconds spent waiting for speech."""
    silent_count, synthesis_s = 0, 0.0
    waited_from = time.perf_counter()
    for segment in spoken:
        synthesis_s += time.perf_counter() - waited_from
        caption = rendering.add(segment)
        if caption is None:
            silent_count += 1
        else:
            callbacks.captioned(caption)
        if rendering.live and rendering.live.is_abandoned():
            raise ListenersGone
        waited_from = time.perf_counter()
    return silent_count, synthesis_s


def _store_result(
    attempt: _Attempt,
    spool: IO[bytes],
    rendering: Rendering,
    facts: JobFacts,
    *,
    silent_count: int,
    synthesis_s: float,
) -> SynthesisResult:
    part, job = attempt.part, attempt.part.job
    segment_count = len(rendering.captions) + silent_count
    warnings = [*job.warnings, *facts.language_warnings, *facts.symbol_warnings, *facts.page_warnings]
    warnings += rendering.warnings
    if silent_count:
        warnings.append(f"{silent_count} of {segment_count} segments cannot be spoken by this voice.")
    key = audio_key(job.id, attempt=part.attempt, extension=MEDIA_TYPES[job.format][1])
    spool.seek(0)
    digest = hashlib.file_digest(spool, "sha256").hexdigest()  # type: ignore[arg-type]
    return SynthesisResult(
        key=key,
        sha256=digest,
        recipe=facts.recipe,
        format=job.format,
        sample_rate_hz=rendering.sample_rate_hz,
        duration_s=rendering.duration_s,
        size_bytes=attempt.put(key, spool),
        segments=segment_count,
        first_audio_ms=(rendering.first_audio_at - attempt.began_at) * 1000,
        synthesis_ms=synthesis_s * 1000,
        encode_ms=rendering.encode_s * 1000,
        warnings=tuple(warnings),
        captions=tuple(rendering.captions),
    )


@contextmanager
def _full_disk_as_engine_error(kept: KeptSegments | None) -> Iterator[None]:
    """A full disk may be that of the spool, of the audio of an earlier stage, or of the store."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        if kept:
            kept.give_up()
        raise EngineError(
            "storage_full", "The disk or the store is full. Free some space and retry.", retryable=True
        ) from error
