"""hibari: English voices that run on a CPU. One is bundled in its package, the others lie in our models folder."""

import re
import unicodedata
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import Hibari
from hibari.voices import DEFAULT, VOICES, voice_path
from numpy.typing import NDArray

from worker.engines.protocol import EngineError, Speech, Utterance
from worker.engines.sound import checked

# Its number words end at decillions: 36 digits are read, the 37th raises IndexError.
_TOO_LONG_A_NUMBER = re.compile(r"\d(?:,?\d){36,}")
# What a process grows by with its first voice and the reader of spelling.
_MEMORY_BYTES = 150_000_000


class HibariEngine:
    alias: str = "hibari"
    desk: str = "hibari"
    max_batch: int = 1
    max_chars: int = 300
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    takes_phonemes: bool = False
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
        sentences = _phonemes(speaker, utterance.text)
        samples = _samples(speaker, sentences, speed=utterance.speed, seed=utterance.seed)
        return checked(samples, sample_rate_hz=speaker.sample_rate)

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
        speaker.sess = _frugal_session(path)
        self._readers[british] = speaker.g2p
        return speaker


def _frugal_session(path: Path) -> onnxruntime.InferenceSession:
    """As the library opens it, but without a memory arena, which keeps the most that any sentence ever needed.

    On sentences of every length this is as fast and holds 25 MB less.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


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


def _phonemes(speaker: Hibari, text: str) -> list[str]:
    """One string per sentence. A comma that is left of one in another script would be a third of a second of breath."""
    try:
        sentences = list(speaker.phonemize(speakable(text)))
    except Exception:
        # Not chained: what the library raises quotes the text, and tracebacks are logged.
        message = "The text has something in it that this voice cannot read; leave out unusual symbols."
        raise EngineError("unspeakable_text", message, caller_fault=True) from None
    return [sentence for sentence in sentences if any(map(str.isalpha, sentence))]


def _samples(speaker: Hibari, sentences: list[str], *, speed: float, seed: int) -> NDArray[np.float32]:
    """What calling the speaker does, from its phonemes on: so that a failed model is told from a bad text."""
    noise = np.random.default_rng(seed)
    spoken = [speaker.from_ids(speaker.ids(sentence), speed, noise) for sentence in sentences]
    return np.concatenate(spoken) if spoken else np.zeros(0, np.float32)
