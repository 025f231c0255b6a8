"""MMS-TTS: one VITS model per language, for about a thousand languages."""

import json
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

from common.catalogue import Weights
from common.catalogue.mms import languages
from worker.engines.pretrained import PretrainedEngine, to_samples, unspeakable_error
from worker.engines.protocol import Speech, Utterance, Word
from worker.engines.samples import check_samples
from worker.engines.word_timings import align_words
from worker.host.engine_settings import EngineSettings
from worker.text.number_words import spell_numbers


class MmsEngine(PretrainedEngine):
    alias: str = "mms"
    max_chars: int = 400
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    # The vocoder does nearly all of the work, and on a CPU a batch does not make it faster.
    batch_on_gpu: ClassVar[int] = 8

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        super().__init__(weights, settings)
        self._code = weights.key.removeprefix("mms_")
        self._language = languages()[self._code].tag
        self._drop_references()

    def _drop_references(self) -> None:
        self._tokenizer: Any = None
        self._romanizer: Any = None
        self._model: Any = None
        self._log_durations: Any = None

    def voices(self) -> tuple[str, ...]:
        return (self._code,) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Noise is sampled for the whole batch, so a seed is only reproducible if its utterance runs alone.
        return None if utterance.seed_given else utterance.speed

    def _load(self) -> Sequence[Any]:
        from transformers import VitsModel, VitsTokenizer

        (folder,) = self._folders()
        # With is_uroman the tokenizer would create a romanizer for each text, which takes seconds.
        self._tokenizer = VitsTokenizer.from_pretrained(folder, local_files_only=True, is_uroman=False)
        self._romanizer = _romanizer() if _needs_romanizer(folder) else None
        self._model = self._load_model(VitsModel, folder, dtype=self._dtype)
        self._model.duration_predictor.register_forward_hook(self._store_log_durations)
        self._compile(self._model.decoder)
        return (self._model,)

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        spelled = [spell_numbers(utterance.text, language=self._language) for utterance in batch]
        readable = [self._normalize(text) for text in spelled]
        encoded = self._tokenizer(readable, padding=True, return_tensors="pt").to(self._device.label)
        self._seed(batch)
        pace = self._model.speaking_rate * batch[0].speed
        spoken = self._model(**encoded, speaking_rate=pace)
        frames = self._token_frames(encoded.attention_mask, pace=pace)
        lengths = spoken.sequence_lengths.tolist()
        sounds = [to_samples(wave[:length]) for wave, length in zip(spoken.waveform, lengths, strict=True)]
        rate = self._model.config.sampling_rate
        speeches = [check_samples(samples, sample_rate_hz=rate) for samples in sounds]
        letters = [
            _letter_times(text, token_frames, pad=self._tokenizer.pad_token, length_s=len(samples) / rate)
            for text, token_frames, samples in zip(readable, frames, sounds, strict=True)
        ]
        # Two steps: spelled-out numbers keep the script, and romanization keeps the number of words.
        words = [
            align_words(text, normalized=read, timings=letter_times)
            for text, read, letter_times in zip(spelled, readable, letters, strict=True)
        ]
        return [
            replace(speech, words=align_words(utterance.text, normalized=text, timings=spelled_words))
            for utterance, speech, text, spelled_words in zip(batch, speeches, spelled, words, strict=True)
        ]

    def _store_log_durations(self, _: Any, __: Any, log_durations: Any) -> None:
        """Keep the predicted log durations of the tokens, which the model does not return."""
        self._log_durations = log_durations

    def _token_frames(self, mask: Any, *, pace: float) -> list[list[float]]:
        """Return the whole number of frames of each token, without padding, one list per utterance.

        The formula is that of `VitsModel.forward` in transformers.
        """
        predicted = self._log_durations.exp() * mask.unsqueeze(1).to(self._log_durations.dtype) * (1.0 / pace)
        frames = predicted.ceil().squeeze(1).float().tolist()
        return [row[:count] for row, count in zip(frames, mask.sum(1).tolist(), strict=True)]

    def _normalize(self, text: str) -> str:
        """Return the text in the letters that the model knows. Raises EngineError if none is left."""
        readable: str = self._tokenizer.prepare_for_tokenization(self._romanize(text))[0]
        if not any(map(str.isalnum, readable)):
            raise unspeakable_error()
        return readable

    def _romanize(self, text: str) -> str:
        """Romanize as `VitsTokenizer` does with is_uroman: only texts with non-ASCII letters, in lower case."""
        lowered: str = self._tokenizer.normalize_text(text)
        if self._romanizer is None or lowered.isascii():
            return text
        letters = self._romanizer.romanize_string(lowered)
        # Drop upper-case output instead of lowering it: the tokenizer would lower it in its next step.
        return "".join(letter for letter in letters if letter in self._tokenizer.encoder)


def _letter_times(readable: str, frames: Sequence[float], *, pad: str, length_s: float) -> list[Word]:
    """Return each letter with its time; the blank after a letter counts as part of it.

    `frames` are those of the tokens; `length_s` is the length of the sound. Returns [] if the tokens do not match the
    letters.
    """
    positions = [*_letter_positions(readable, pad=pad), len(frames)]
    if len(positions) < 2 or positions[-2] + (readable[-1] != pad) != len(frames) - 1:
        return []
    edges = [0.0, *accumulate(frames)]
    moments = [edges[position] * length_s / max(1.0, edges[-1]) for position in positions]
    return [
        Word(at, at + 1, moments[at], moments[at + 1])
        for at, letter in enumerate(readable)
        if not letter.isspace()
    ]


def _letter_positions(readable: str, *, pad: str) -> Iterator[int]:
    """Yield the position of each letter among the tokens.

    The tokenizer puts a blank before and after each letter. The letter `pad` is the blank itself: the tokenizer splits
    the text at it, and only then adds blanks to the pieces between.
    """
    at = 0
    for run in re.split(f"({re.escape(pad)})", readable):
        if run == pad:
            yield at
            at += 1
        elif run:
            yield from range(at + 1, at + 2 * len(run), 2)
            at += 2 * len(run) + 1


def _needs_romanizer(folder: Path) -> bool:
    info = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return bool(info.get("is_uroman"))


@cache
def _romanizer() -> Any:
    """Return the romanizer of this process, for all languages."""
    from uroman import Uroman

    return Uroman()
