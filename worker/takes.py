"""What one worker has spoken of a text with voices of several models, lossless, until it is put together."""

import io
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np

from common.catalogue import find_voice
from worker.engines.protocol import Speech, Word
from worker.recital import Said
from worker.score import Cue


def write_take(said: Iterable[Said], out: IO[bytes]) -> int:
    """How many segments were written."""
    sounds, notes = [], []
    for one in said:
        sounds.append(one.speech.samples)
        notes.append(_note(one))
    samples = np.concatenate(sounds) if sounds else np.zeros(0, np.float32)
    np.savez(out, samples=samples, notes=np.frombuffer(json.dumps(notes).encode(), np.uint8))
    return len(notes)


def read_take(data: bytes) -> Iterator[Said]:
    with np.load(io.BytesIO(data), allow_pickle=False) as take:
        samples, notes = take["samples"], json.loads(take["notes"].tobytes())
    start = 0
    for note in notes:
        length = note.pop("samples")
        yield _said(note, Speech(samples[start : start + length], note.pop("rate_hz"), _words(note)))
        start += length


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
