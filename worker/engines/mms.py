"""MMS-TTS: a VITS model for each of a thousand languages."""

import json
from collections.abc import Hashable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from common.catalogue import Weights
from common.catalogue.mms import languages
from common.settings import Settings
from worker.engines.pretrained import PretrainedEngine, samples_of, unspeakable
from worker.engines.protocol import Speech, Utterance
from worker.engines.sound import checked
from worker.text.numbers import spell_numbers


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
        self._compile(self._model.decoder)
        return (self._model,)

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        texts = [self._readable(utterance.text) for utterance in batch]
        encoded = self._tokenizer(texts, padding=True, return_tensors="pt").to(self._device.label)
        self._seed(batch)
        spoken = self._model(**encoded, speaking_rate=self._model.speaking_rate * batch[0].speed)
        rate = self._model.config.sampling_rate
        pairs = zip(spoken.waveform, spoken.sequence_lengths, strict=True)
        return [checked(samples_of(wave[:length]), sample_rate_hz=rate) for wave, length in pairs]

    def _readable(self, text: str) -> str:
        """In the letters that the model knows. Raises EngineError where none is left."""
        text = spell_numbers(text, language=self._language)
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


def _is_romanised(folder: Path) -> bool:
    about = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return bool(about.get("is_uroman"))


@cache
def _romaniser() -> Any:
    """One for the process, for every language."""
    from uroman import Uroman

    return Uroman()
