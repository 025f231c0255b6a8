"""SpeechT5: English speech in the voice of any speaker with an x-vector."""

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

from common.catalogue import Weights
from worker.engines.pretrained import PretrainedEngine, to_samples
from worker.engines.protocol import Speech, TooLong, Utterance
from worker.engines.samples import check_samples
from worker.engines.speecht5.speakers import list_speakers, load_speaker_vector
from worker.host.engine_settings import EngineSettings
from worker.text.number_words import spell_numbers


class SpeechT5Engine(PretrainedEngine):
    alias: str = "speecht5"
    max_chars: int = 400
    batch_on_cpu: ClassVar[int] = 8
    batch_on_gpu: ClassVar[int] = 16
    dtype_on_cuda: ClassVar[str] = "float16"
    weight_files: ClassVar[int] = 2

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        super().__init__(weights, settings)
        self._drop_references()

    def _drop_references(self) -> None:
        self._tokenizer: Any = None
        self._model: Any = None
        self._vocoder: Any = None
        self._speaker_vectors: dict[str, Any] = {}

    def voices(self) -> tuple[str, ...]:
        return list_speakers(self._folders()[2]) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Dropout is sampled for the whole batch, so a seed is only reproducible if its utterance runs alone.
        return None if utterance.seed_given else self.alias

    def _load(self) -> Sequence[Any]:
        from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

        folder, vocoder_folder, _ = self._folders()
        self._tokenizer = SpeechT5Tokenizer.from_pretrained(folder, local_files_only=True)
        self._model = self._load_model(SpeechT5ForTextToSpeech, folder, dtype=self._dtype)
        self._vocoder = self._load_model(SpeechT5HifiGan, vocoder_folder, dtype=self._dtype)
        self._compile(self._vocoder)
        return self._model, self._vocoder

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        texts = [spell_numbers(utterance.text, language="en") for utterance in batch]
        self._require_speakable(self._tokenizer, texts)
        self._require_max_tokens(self._tokenizer, texts, max_tokens=self._model.config.max_text_positions)
        encoded = self._tokenizer(texts, padding=True, return_tensors="pt").to(self._device.label)
        speakers = self._stack_speaker_vectors(batch)
        self._seed(batch)
        spectrograms, lengths = self._generate(encoded, speakers)
        # One by one: the vocoder would turn padding into sound.
        waves = [self._vocoder(one[:length]) for one, length in zip(spectrograms, lengths, strict=True)]
        rate = self._vocoder.config.sampling_rate
        return [check_samples(to_samples(wave), sample_rate_hz=rate) for wave in waves]

    def _generate(self, encoded: Any, speakers: Any) -> Any:
        """Return (spectrograms, lengths): a padded spectrogram per utterance, and its length in frames."""
        try:
            return self._model.generate_speech(
                encoded.input_ids,
                speakers,
                attention_mask=encoded.attention_mask,
                threshold=0.5,
                minlenratio=0.0,
                maxlenratio=20.0,
                return_output_lengths=True,
            )
        except RuntimeError as error:
            # The model missed the end of the text and ran out of positions.
            if f"({self._model.config.max_speech_positions + 1}) must match" not in str(error):
                raise
            raise TooLong(self.alias) from None

    def _stack_speaker_vectors(self, batch: Sequence[Utterance]) -> Any:
        import torch

        vectors = torch.stack([self._speaker_vector(utterance.voice) for utterance in batch])
        return vectors.to(self._device.label, self._model.dtype)

    def _speaker_vector(self, name: str) -> Any:
        import torch

        if name not in self._speaker_vectors:
            self._speaker_vectors[name] = torch.from_numpy(load_speaker_vector(self._folders()[2], name))
        return self._speaker_vectors[name]
