"""Kokoro 82M: about fifty voices in nine languages that run on a CPU, through kokoro-onnx and an ONNX export.

It reads Japanese and Mandarin badly: `phonemization.py` says why.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.catalogue import Weights
from worker.engines.kokoro.alignment import AlignedSpan
from worker.engines.kokoro.languages import espeak_language
from worker.engines.kokoro.voices import Style, list_voices, load_style
from worker.engines.protocol import EngineError, OutOfMemory, Speech, TooLong, Utterance, Word
from worker.engines.samples import check_samples
from worker.host.engine_settings import EngineSettings
from worker.host.models_folder import check_presence, file_size, find_files, find_folder
from worker.sound.time_stretch import split_speed, stretch

_SAMPLE_RATE_HZ = 24_000
# The library would split a longer text and join the sounds. The pipeline splits better and keeps calls short.
_MAX_PHONEMES = 510
# Memory of a loaded model: per byte of its file, and in addition, including the espeak-ng process. Measured: 210 to
# 290 MB for the 92 MB int8 file, 450 to 500 MB for the 326 MB fp32 file.
_MEMORY_PER_FILE_BYTE = 1.25
_BASE_MEMORY_BYTES = 130_000_000
# onnxruntime has no exception type for a lack of memory, only these words in the message.
_OUT_OF_MEMORY_SIGNS = ("Failed to allocate memory", "bad_alloc", "bad allocation")


class KokoroEngine:
    alias: str = "kokoro"
    # Padding would change the sound, and the library aligns only one text at a time.
    max_batch: int = 1
    # About 330 phonemes of English, which leaves room for numbers. Listeners find longer texts hurried.
    max_chars: int = 300
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    takes_phonemes: bool = True
    timeout_factor: float = 1.0
    pinned: bool = False

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        self._weights = weights
        self._models_dir = settings.models_dir
        self._threads = settings.cpu_threads
        self._native: tuple[float, float] | None = None
        self._library: Any = None
        self._phonemizer: Any = None

    def load(self) -> None:
        file, names = self._model_file(), self.voices()
        if file is None or not names:
            raise self._broken_error() if file and self._is_complete() else self._missing_error()
        try:
            self._open_model(file)
            self._warm_up(names[0])
        except BaseException:
            self.close()
            raise

    def voices(self) -> tuple[str, ...]:
        return list_voices(self._voice_files()) if self._is_complete() else ()

    def memory_bytes(self) -> int:
        """Estimate the memory from the size of the file, before and after `load`."""
        file = self._model_file()
        size_bytes = file_size(file) if file else 0
        return _BASE_MEMORY_BYTES + int(_MEMORY_PER_FILE_BYTE * size_bytes) if size_bytes else 0

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return [self._speak(utterance) for utterance in batch]

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        return utterance.voice

    def close(self) -> None:
        if self._phonemizer is not None:
            self._phonemizer.close()
        self._phonemizer = self._library = None

    def _open_model(self, file: Path) -> None:
        from worker.engines.kokoro.phonemization import Phonemizer
        from worker.engines.kokoro.session import open_model, supports_fractional_speed

        try:
            self._library = open_model(file, threads=self._threads)
        except Exception as error:
            raise (OutOfMemory(self.alias) if _is_out_of_memory(error) else self._broken_error()) from None
        self._native = self.native_speed if supports_fractional_speed(self._library) else None
        self._phonemizer = Phonemizer(self._library.tokenizer.vocab)

    def _warm_up(self, voice: str) -> None:
        """Make the first call, which allocates memory, so that no job waits for it. It also detects a wrong graph."""
        try:
            self.speak([_warm_up_utterance(voice)])
        except EngineError as error:
            if error.code != "engine_failed":
                raise
            raise self._broken_error() from None

    def _speak(self, utterance: Utterance) -> Speech:
        style = load_style(utterance.voice, self._voice_files())
        language = espeak_language(utterance.voice, utterance.language, known=self._phonemizer.languages)
        phonemized = self._phonemizer.phonemize(utterance.text, language=language, given=utterance.phonemes)
        if len(phonemized.phonemes) > _MAX_PHONEMES:
            raise TooLong(self.alias)
        native, rest = split_speed(utterance.speed, native=self._native)
        samples, phoneme_times = self._synthesize(phonemized.phonemes, style, speed=native)
        speech = check_samples(
            stretch(samples, sample_rate_hz=_SAMPLE_RATE_HZ, speed=rest), sample_rate_hz=_SAMPLE_RATE_HZ
        )
        spans = self._phonemizer.align_words(phonemized) if phoneme_times else ()
        return replace(speech, words=tuple(_to_word(span, phoneme_times, speed=rest) for span in spans))

    def _synthesize(
        self, phonemes: str, style: Style, *, speed: float
    ) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
        from worker.engines.kokoro.session import synthesize

        try:
            return synthesize(self._library, phonemes, style, speed=speed)
        except Exception as error:
            # Not chained: the library's error may quote the phonemes, and tracebacks are logged.
            if _is_out_of_memory(error):
                raise OutOfMemory(self.alias) from None
            message = f"The model kokoro failed on a segment ({type(error).__name__})."
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

    def _missing_error(self) -> EngineError:
        """Return a retryable error: the files may only be absent for a moment, for example on a network drive."""
        message = f"Files of {self._weights.key} are missing: download it again."
        return EngineError("engine_unavailable", message, retryable=True)

    def _broken_error(self) -> EngineError:
        (repository,) = self._weights.repositories
        folder = find_folder(repository, self._models_dir).name
        return EngineError(
            "model_broken",
            f"The file of {self._weights.key} cannot be loaded: delete {folder} in the models folder and download it "
            "again.",
        )


def _to_word(span: AlignedSpan, phoneme_times: Sequence[tuple[float, float]], *, speed: float) -> Word:
    """Return the word with its time. `phoneme_times` are (start, end) in seconds before stretching by `speed`."""
    start_s, end_s = phoneme_times[span.phoneme_start][0], phoneme_times[span.phoneme_end - 1][1]
    return Word(span.start, span.end, start_s / speed, end_s / speed)


def _warm_up_utterance(voice: str) -> Utterance:
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


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY_SIGNS)
