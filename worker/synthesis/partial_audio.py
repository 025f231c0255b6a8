"""Partial audio: the segments that one stage has spoken, passed to the next stage through the store.

Each segment is a line of JSON followed by its samples as little-endian 32-bit floats. The writer and the reader hold
one segment at a time.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from common.catalogue import find_voice
from common.jobs.lease import ClaimedPart
from worker.engines.protocol import EngineError, Speech, Word
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment

_SAMPLE = np.dtype("<f4")

# Returns a copy of a file of the store, open at its start. Raises FileNotFoundError.
Fetch = Callable[[str], IO[bytes]]


@dataclass(frozen=True, slots=True)
class PartialAudio:
    """The key of the partial audio of a stage in the store."""

    key: str


def write_partial(spoken: Iterable[SynthesizedSegment], out: IO[bytes]) -> int:
    """Write segments and return their number."""
    count = 0
    for segment in spoken:
        out.write(json.dumps(_header(segment)).encode() + b"\n")
        out.write(segment.speech.samples.astype(_SAMPLE, copy=False).tobytes())
        count += 1
    return count


def read_partial(partial: IO[bytes]) -> Iterator[SynthesizedSegment]:
    """Yield segments one by one. Raises ValueError for a truncated file."""
    while line := partial.readline():
        header = json.loads(line)
        samples = _samples(partial, count=header.pop("samples"))
        words = tuple(Word(*word) for word in header.pop("words"))
        yield _segment(header, Speech(samples, header.pop("rate_hz"), words))


def merge_stages(
    spoken: Iterator[SynthesizedSegment], part: ClaimedPart, fetch: Fetch
) -> Iterator[SynthesizedSegment]:
    """The segments of this stage and of the stages before it, in the order of the text.

    Raises EngineError if partial audio is missing, before anything is spoken.
    """
    earlier = [_read_stage(fetch, key) for key in part.partial_audio]
    return (
        merge(*earlier, spoken, key=lambda synthesized: synthesized.segment.voice_span) if earlier else spoken
    )


def _read_stage(fetch: Fetch, key: str) -> Iterator[SynthesizedSegment]:
    try:
        partial = fetch(key)
    except FileNotFoundError:
        message = "The audio that other voices had spoken for this text is missing. Retry the job."
        raise EngineError("take_missing", message) from None
    with partial:
        yield from read_partial(partial)


def _samples(partial: IO[bytes], *, count: int) -> NDArray[np.float32]:
    data = partial.read(count * _SAMPLE.itemsize)
    if len(data) < count * _SAMPLE.itemsize:
        raise ValueError("the partial audio ends in the middle of a segment")
    return np.frombuffer(data, _SAMPLE).astype(np.float32)


def _header(spoken: SynthesizedSegment) -> dict[str, Any]:
    segment, speech = spoken.segment, spoken.speech
    return {
        "samples": len(speech.samples),
        "rate_hz": speech.sample_rate_hz,
        "words": [[word.start, word.end, word.start_s, word.end_s] for word in speech.words],
        "index": segment.index,
        # Files of earlier releases use this name for `voice_span`.
        "passage": segment.voice_span,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "voice": segment.voice.id,
        "language": segment.language,
        "lead_s": segment.lead_s,
        "sentence_end": segment.sentence_end,
        "paragraph_end": segment.paragraph_end,
        # Earlier releases cannot read it.
        **({"rate": segment.rate} if segment.rate != 1.0 else {}),
    }


def _segment(header: dict[str, Any], speech: Speech) -> SynthesizedSegment:
    voice = find_voice(header.pop("voice"), allow_fake=True)
    segment = Segment(voice_span=header.pop("passage"), voice=voice, **header)
    return SynthesizedSegment(segment, speech)
