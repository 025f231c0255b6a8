"""MMS-TTS: a VITS model for each of a thousand languages."""

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
from common.settings import Settings
from worker.engines.pretrained import PretrainedEngine, samples_of, unspeakable
from worker.engines.protocol import Speech, Utterance, Word
from worker.engines.samples import checked
from worker.engines.word_timings import align_words
from worker.text.number_words import spell_numbers


class MmsEngine(PretrainedEngine):
    alias: str = "mms"
    max_chars: int = 400
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    # Nearly all of its work is done by the vocoder, which a CPU does no faster for two.
    batch_on_gpu: ClassVar[int] = 8

    def __init__(self, weights: Weights, settings: Settings) -> None:
        super().__init__(weights, settings)
        self._code = weights.key.removeprefix("mms_")
        self._language = languages()[self._code].tag
        self._forget()

    def _forget(self) -> None:
        self._tokenizer: Any = None
        self._romaniser: Any = None
        self._model: Any = None
        self._log_durations: Any = None

    def voices(self) -> tuple[str, ...]:
        return (self._code,) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Noise is drawn for the whole batch: alone, a seed gives the same sound each time.
        return None if utterance.seed_given else utterance.speed

    def _load(self) -> Sequence[Any]:
        from transformers import VitsModel, VitsTokenizer

        (folder,) = self._folders()
        # With is_uroman the tokenizer would make another romaniser for each text, which takes it seconds.
        self._tokenizer = VitsTokenizer.from_pretrained(folder, local_files_only=True, is_uroman=False)
        self._romaniser = _romaniser() if _is_romanised(folder) else None
        self._model = self._loaded(VitsModel, folder, dtype=self._dtype)
        self._model.duration_predictor.register_forward_hook(self._keep)
        self._compile(self._model.decoder)
        return (self._model,)

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        spelled = [spell_numbers(utterance.text, language=self._language) for utterance in batch]
        readable = [self._readable(text) for text in spelled]
        encoded = self._tokenizer(readable, padding=True, return_tensors="pt").to(self._device.label)
        self._seed(batch)
        pace = self._model.speaking_rate * batch[0].speed
        spoken = self._model(**encoded, speaking_rate=pace)
        frames = self._frames(encoded.attention_mask, pace=pace)
        lengths = spoken.sequence_lengths.tolist()
        sounds = [samples_of(wave[:length]) for wave, length in zip(spoken.waveform, lengths, strict=True)]
        rate = self._model.config.sampling_rate
        speeches = [checked(samples, sample_rate_hz=rate) for samples in sounds]
        letters = [
            _letters(text, own, pad=self._tokenizer.pad_token, length_s=len(samples) / rate)
            for text, own, samples in zip(readable, frames, sounds, strict=True)
        ]
        # In two steps: numbers in words are in the same letters, and words in other letters are as many.
        words = [
            align_words(text, normalized=read, timings=own)
            for text, read, own in zip(spelled, readable, letters, strict=True)
        ]
        return [
            replace(speech, words=align_words(utterance.text, normalized=text, timings=own))
            for utterance, speech, text, own in zip(batch, speeches, spelled, words, strict=True)
        ]

    def _keep(self, _: Any, __: Any, log_durations: Any) -> None:
        """The model predicts how long its tokens are, and answers nothing of it."""
        self._log_durations = log_durations

    def _frames(self, mask: Any, *, pace: float) -> list[list[float]]:
        """How many each token takes, by the formula of the model's `forward`: whole ones. Padding is left out."""
        predicted = self._log_durations.exp() * mask.unsqueeze(1).to(self._log_durations.dtype) * (1.0 / pace)
        frames = predicted.ceil().squeeze(1).float().tolist()
        return [own[:count] for own, count in zip(frames, mask.sum(1).tolist(), strict=True)]

    def _readable(self, text: str) -> str:
        """In the letters that the model knows. Raises EngineError where none is left."""
        readable: str = self._tokenizer.prepare_for_tokenization(self._romanised(text))[0]
        if not any(map(str.isalnum, readable)):
            raise unspeakable()
        return readable

    def _romanised(self, text: str) -> str:
        """What the tokenizer does with is_uroman: only a text with other letters is romanised, in lower case."""
        lowered: str = self._tokenizer.normalize_text(text)
        if self._romaniser is None or lowered.isascii():
            return text
        letters = self._romaniser.romanize_string(lowered)
        # What comes out in upper case is left out, not lowered: the tokenizer would lower it now.
        return "".join(letter for letter in letters if letter in self._tokenizer.encoder)


def _letters(readable: str, frames: Sequence[float], *, pad: str, length_s: float) -> list[Word]:
    """Each letter with the blank that the model puts behind it; nothing where the tokens are other ones."""
    places = [*_places(readable, pad=pad), len(frames)]
    if len(places) < 2 or places[-2] + (readable[-1] != pad) != len(frames) - 1:
        return []
    edges = [0.0, *accumulate(frames)]
    moments = [edges[place] * length_s / max(1.0, edges[-1]) for place in places]
    return [
        Word(at, at + 1, moments[at], moments[at + 1])
        for at, letter in enumerate(readable)
        if not letter.isspace()
    ]


def _places(readable: str, *, pad: str) -> Iterator[int]:
    """Of its letters among the tokens: blanks stand around them, but for the letter that is the blank itself.

    The tokenizer parts the text at that one before it puts blanks around what is between.
    """
    at = 0
    for run in re.split(f"({re.escape(pad)})", readable):
        if run == pad:
            yield at
            at += 1
        elif run:
            yield from range(at + 1, at + 2 * len(run), 2)
            at += 2 * len(run) + 1


def _is_romanised(folder: Path) -> bool:
    about = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return bool(about.get("is_uroman"))


@cache
def _romaniser() -> Any:
    """One for the process, for every language."""
    from uroman import Uroman

    return Uroman()
