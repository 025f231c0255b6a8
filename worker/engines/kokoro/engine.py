"""Kokoro 82M: some fifty voices of nine languages that run on a CPU, by kokoro-onnx from an ONNX export.

Japanese and Mandarin are read badly: what becomes of them is told in `kokoro_spelling.py`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.catalogue import Weights
from common.settings import Settings
from worker.engines.kokoro.alignment import Place
from worker.engines.kokoro.languages import espeak_language
from worker.engines.kokoro.voices import Style, style_of, voice_names
from worker.engines.protocol import EngineError, OutOfMemory, Speech, TooLong, Utterance, Word
from worker.engines.samples import checked
from worker.host.models_folder import check_presence, file_size, find_files, find_folder
from worker.sound.time_stretch import split_speed, stretch

_SAMPLE_RATE_HZ = 24_000
# The library would cut a longer text and join the sounds; the pipeline cuts it better, and no call takes too long.
_MOST_PHONEMES = 510
# Held by a loaded model for each byte of its file, and beside it, espeak-ng's process included: with 92 MB of int8 it
# came to 210 to 290 MB, with 326 MB of fp32 to 450 to 500.
_HELD_PER_BYTE = 1.25
_HELD_BYTES = 130_000_000
# What onnxruntime says, in errors of no type of their own, when there is no memory.
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation")


class KokoroEngine:
    alias: str = "kokoro"
    executor: str = "kokoro"
    # Sounds are aligned for one text at a time, and padding would change them.
    max_batch: int = 1
    # About 330 phonemes of English, which leaves room for numbers; of longer texts listeners say that they're hurried.
    max_chars: int = 300
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    takes_phonemes: bool = True
    timeout_factor: float = 1.0
    pinned: bool = False

    def __init__(self, weights: Weights, settings: Settings) -> None:
        self._weights = weights
        self._models_dir = settings.models_dir
        self._threads = settings.cpu_threads
        self._native: tuple[float, float] | None = None
        self._library: Any = None
        self._speller: Any = None

    def load(self) -> None:
        file, names = self._model_file(), self.voices()
        if file is None or not names:
            raise self._broken() if file and self._is_complete() else self._missing()
        try:
            self._open(file)
            self._warm_up(names[0])
        except BaseException:
            self.close()
            raise

    def voices(self) -> tuple[str, ...]:
        return voice_names(self._voice_files()) if self._is_complete() else ()

    def memory_bytes(self) -> int:
        """By the size of the file, before and after it is loaded."""
        file = self._model_file()
        size_bytes = file_size(file) if file else 0
        return _HELD_BYTES + int(_HELD_PER_BYTE * size_bytes) if size_bytes else 0

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return [self._speak(utterance) for utterance in batch]

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        return utterance.voice

    def close(self) -> None:
        if self._speller is not None:
            self._speller.close()
        self._speller = self._library = None

    def _open(self, file: Path) -> None:
        from worker.engines.kokoro.phonemizer import Speller
        from worker.engines.kokoro.session import open_model, takes_any_speed

        try:
            self._library = open_model(file, threads=self._threads)
        except Exception as error:
            raise (OutOfMemory(self.alias) if _means_no_memory(error) else self._broken()) from None
        self._native = self.native_speed if takes_any_speed(self._library) else None
        self._speller = Speller(self._library.tokenizer.vocab)

    def _warm_up(self, voice: str) -> None:
        """The first call of a session allocates: let nobody wait for it. It also finds a graph of something else."""
        try:
            self.speak([_first_words(voice)])
        except EngineError as error:
            if error.code != "engine_failed":
                raise
            raise self._broken() from None

    def _speak(self, utterance: Utterance) -> Speech:
        style = style_of(utterance.voice, self._voice_files())
        language = espeak_language(utterance.voice, utterance.language, known=self._speller.languages)
        spelling = self._speller.spell(utterance.text, language=language, given=utterance.phonemes)
        if len(spelling.phonemes) > _MOST_PHONEMES:
            raise TooLong(self.alias)
        own, rest = split_speed(utterance.speed, native=self._native)
        samples, heard = self._said(spelling.phonemes, style, speed=own)
        speech = checked(
            stretch(samples, sample_rate_hz=_SAMPLE_RATE_HZ, speed=rest), sample_rate_hz=_SAMPLE_RATE_HZ
        )
        places = self._speller.places(spelling) if heard else ()
        return replace(speech, words=tuple(_timed(place, heard, speed=rest) for place in places))

    def _said(
        self, phonemes: str, style: Style, *, speed: float
    ) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
        from worker.engines.kokoro.session import say

        try:
            return say(self._library, phonemes, style, speed=speed)
        except Exception as error:
            # Not chained: what the library raises may quote the phonemes, and tracebacks are logged.
            if _means_no_memory(error):
                raise OutOfMemory(self.alias) from None
            message = f"The model kokoro failed on this passage ({type(error).__name__})."
            raise EngineError("engine_failed", message) from None

    def _is_complete(self) -> bool:
        return check_presence(self._weights, self._models_dir).state == "complete"

    def _model_file(self) -> Path | None:
        return next(iter(self._files(0)), None)

    def _voice_files(self) -> list[Path]:
        return self._files(1)

    def _files(self, group: int) -> list[Path]:
        (repository,) = self._weights.repositories
        return find_files(repository.needed[group], find_folder(repository, self._models_dir))

    def _missing(self) -> EngineError:
        """They may be away for a moment, as on a network: not a thing to remember."""
        message = f"Files of {self._weights.key} are missing: download it again."
        return EngineError("engine_unavailable", message, retryable=True)

    def _broken(self) -> EngineError:
        (repository,) = self._weights.repositories
        folder = find_folder(repository, self._models_dir).name
        return EngineError(
            "model_broken",
            f"The file of {self._weights.key} cannot be loaded: delete {folder} in the models folder and download it "
            "again.",
        )


def _timed(place: Place, heard: Sequence[tuple[float, float]], *, speed: float) -> Word:
    """`heard` is from when to when each phoneme is, before the sound was stretched by `speed`."""
    return Word(place.start, place.end, heard[place.first][0] / speed, heard[place.last - 1][1] / speed)


def _first_words(voice: str) -> Utterance:
    return Utterance(
        text="Ready.",
        voice=voice,
        model_id="",
        language="en",
        speed=1.0,
        style=None,
        seed=0,
        seed_given=False,
    )


def _means_no_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY)
