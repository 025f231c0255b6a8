"""hibari: English voices that run on a CPU. One is bundled in its package, the others lie in our models folder."""

import re
import unicodedata
from collections.abc import Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import Hibari
from hibari.voices import DEFAULT, VOICES, voice_path
from numpy.typing import NDArray

from worker.engines.hibari.phonemes import Breath, Passage, Reading, read
from worker.engines.onnx_graph import open_session
from worker.engines.phonemes import MUTE, known_signs
from worker.engines.protocol import EngineError, Speech, Utterance, Word
from worker.engines.samples import checked
from worker.engines.word_timings import align_words

# Its number words end at decillions: 36 digits are read, the 37th raises IndexError.
_TOO_LONG_A_NUMBER = re.compile(r"\d(?:,?\d){36,}")
# What a process grows by with its first voice and the reader of spelling.
_MEMORY_BYTES = 150_000_000


@dataclass(frozen=True, slots=True)
class _Call:
    """`known` are the phonemes that the model knows, each with the piece that it is of.

    `durations` are in equal frames: of those phonemes, of the silence before and of that behind them.
    """

    samples: NDArray[np.float32]
    known: Sequence[tuple[str, int]]
    durations: NDArray[np.float32] | None

    def sounds(self) -> Iterator[tuple[int, float, float]]:
        """(piece, start, end) of every sound, in samples."""
        if self.durations is None or len(self.durations) != len(self.known) + 2:
            return
        ends = np.cumsum(self.durations)
        edges = (ends * (len(self.samples) / ends[-1])).tolist()
        for (sign, owner), start, end in zip(self.known, edges, edges[1:], strict=False):
            if sign not in MUTE:
                yield owner, start, end


class HibariEngine:
    alias: str = "hibari"
    desk: str = "hibari"
    max_batch: int = 1
    max_chars: int = 300
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    takes_phonemes: bool = True
    patience: float = 1.0
    pinned: bool = True

    def __init__(self, *, voices_dir: Path) -> None:
        self._voices_dir = voices_dir
        self._speakers: dict[str, Hibari] = {}
        self._readers: dict[bool, Any] = {}

    def load(self) -> None:
        # The first call of a session allocates; let nobody wait for it. The made-up word loads the network for
        # words outside the lexicon.
        self._speaker(DEFAULT)("Ready, zibberqua.", seed=0)

    def voices(self) -> tuple[str, ...]:
        return tuple(name for name in VOICES if voice_file(name, voices_dir=self._voices_dir) is not None)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return [self._speak(utterance) for utterance in batch]

    def memory_bytes(self) -> int:
        return _MEMORY_BYTES * max(1, len(self._speakers))

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        self._speakers.clear()
        self._readers.clear()

    def _speak(self, utterance: Utterance) -> Speech:
        speaker = self._speaker(utterance.voice)
        reading = _read(speaker, utterance)
        noise = np.random.default_rng(utterance.seed)
        calls = [_said(speaker, breath, speed=utterance.speed, noise=noise) for breath in reading.breaths]
        spoken = np.concatenate([call.samples for call in calls]) if calls else np.zeros(0, np.float32)
        speech = checked(spoken, sample_rate_hz=speaker.sample_rate)
        heard = _heard(reading, calls, sample_rate_hz=speaker.sample_rate)
        return replace(speech, words=align_words(utterance.text, normalized=reading.text, timings=heard))

    def _speaker(self, voice: str) -> Hibari:
        if voice not in self._speakers:
            self._speakers[voice] = self._loaded(voice)
        return self._speakers[voice]

    def _loaded(self, voice: str) -> Hibari:
        """Voices of one accent share the reader of spelling: it is most of the memory and of the time to load."""
        path = voice_file(voice, voices_dir=self._voices_dir)
        if path is None:
            raise EngineError("engine_failed", "This voice is not on this worker: download it first.")
        british = VOICES[voice]["british"]
        try:
            speaker = Hibari(voice=voice, model=str(path), threads=1, g2p=self._readers.get(british))
        except Exception:
            message = f"The file {path.name} is not a model: delete it and download the voice again."
            raise EngineError("engine_failed", message) from None
        speaker.sess = _Session(path)
        self._readers[british] = speaker.g2p
        return speaker


class _Session:
    """As the library opens it, but without a memory arena, which keeps the most that any sentence ever needed.

    On sentences of every length this is as fast and holds 25 MB less. `durations` are those of the last call, in
    equal frames, one for each id; None from a graph that does not tell them.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        self._session, self._tells = open_session(path, options)
        self.durations: NDArray[np.float32] | None = None

    def run(self, names: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self._session.run(names, inputs)
        if self._tells:
            self.durations = outputs.pop().ravel()
        return outputs


def voice_file(voice: str, *, voices_dir: Path) -> Path | None:
    """Where a voice's model lies, or None when it is not here whole."""
    known = VOICES.get(voice)
    if known is None:
        return None
    path = Path(voice_path(voice)) if known.get("bundled") else voices_dir / known["file"]
    return path if path.is_file() and path.stat().st_size == known["bytes"] else None


def speakable(text: str) -> str:
    """The text without what makes the library raise: superscript and circled digits, and too long a number."""
    plain = "".join(_plain_digit(character) for character in text)
    return _TOO_LONG_A_NUMBER.sub(lambda number: " ".join(number[0].replace(",", "")), plain)


def _plain_digit(character: str) -> str:
    if not character.isdigit() or character.isdecimal():
        return character
    return f" {unicodedata.digit(character)} "


def _read(speaker: Hibari, utterance: Utterance) -> Reading:
    passages = list(_passages(utterance, alphabet=speaker.vocab))
    try:
        return read(speaker, passages)
    except Exception:
        # Not chained: what the library raises quotes the text, and tracebacks are logged.
        message = "The text has something in it that this voice cannot read; leave out unusual symbols."
        raise EngineError("unspeakable_text", message, caller_fault=True) from None


def _passages(utterance: Utterance, *, alphabet: Container[str]) -> Iterator[Passage]:
    at = 0
    for start, end, phonemes in utterance.phonemes:
        said = known_signs(phonemes, alphabet=alphabet)
        # A word for which no sound is left is read as it is written.
        if said and at <= start < end:
            yield Passage(speakable(utterance.text[at:start]))
            yield Passage(utterance.text[start:end], said)
            at = end
    yield Passage(speakable(utterance.text[at:]))


def _said(speaker: Hibari, breath: Breath, *, speed: float, noise: np.random.Generator) -> _Call:
    """What calling the speaker does, from its phonemes on: so that a failed model is told from a bad text."""
    samples = speaker.from_ids(speaker.ids(breath.phonemes), speed, noise)
    known = [place for place in zip(breath.phonemes, breath.owners, strict=True) if place[0] in speaker.vocab]
    return _Call(samples, known, speaker.sess.durations)


def _heard(reading: Reading, calls: Sequence[_Call], *, sample_rate_hz: int) -> list[Word]:
    """The pieces of the reading that have a sound."""
    spans: dict[int, tuple[float, float]] = {}
    before = 0
    for call in calls:
        for owner, start, end in call.sounds():
            first = spans[owner][0] if owner in spans else (before + start) / sample_rate_hz
            spans[owner] = first, (before + end) / sample_rate_hz
        before += len(call.samples)
    return [Word(*reading.pieces[owner], *span) for owner, span in spans.items()]
