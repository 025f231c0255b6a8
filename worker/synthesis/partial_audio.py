"""What one worker has spoken of a text with voices of several models, lossless, until it is put together.

For each segment a line of JSON and its samples, so that neither who writes nor who reads holds more than one of them.
"""

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from common.catalogue import find_voice
from worker.engines.protocol import Speech, Word
from worker.synthesis.segment_synthesis import Said
from worker.synthesis.segmentation import Cue

_SAMPLE = np.dtype("<f4")


def write_take(said: Iterable[Said], out: IO[bytes]) -> int:
    """How many segments were written."""
    count = 0
    for one in said:
        out.write(json.dumps(_note(one)).encode() + b"\n")
        out.write(one.speech.samples.astype(_SAMPLE, copy=False).tobytes())
        count += 1
    return count


def read_take(take: IO[bytes]) -> Iterator[Said]:
    """One after the other, as they are asked for. Raises ValueError for a take that was cut off."""
    while line := take.readline():
        note = json.loads(line)
        samples = _samples(take, count=note.pop("samples"))
        yield _said(note, Speech(samples, note.pop("rate_hz"), _words(note)))


def _samples(take: IO[bytes], *, count: int) -> NDArray[np.float32]:
    data = take.read(count * _SAMPLE.itemsize)
    if len(data) < count * _SAMPLE.itemsize:
        raise ValueError("a take ends in the middle of a segment")
    return np.frombuffer(data, _SAMPLE).astype(np.float32)


def _note(said: Said) -> dict[str, Any]:
    cue, speech = said.cue, said.speech
    return {
        "samples": len(speech.samples),
        "rate_hz": speech.sample_rate_hz,
        "words": [[word.start, word.end, word.start_s, word.end_s] for word in speech.words],
        "index": cue.index,
        "passage": cue.passage,
        "start": cue.start,
        "end": cue.end,
        "text": cue.text,
        "voice": cue.voice.id,
        "language": cue.language,
        "lead_s": cue.lead_s,
        "sentence_end": cue.sentence_end,
        "paragraph_end": cue.paragraph_end,
    }


def _words(note: dict[str, Any]) -> tuple[Word, ...]:
    return tuple(Word(*word) for word in note.pop("words"))


def _said(note: dict[str, Any], speech: Speech) -> Said:
    return Said(Cue(**note | {"voice": find_voice(note["voice"], allow_fake=True)}), speech)
