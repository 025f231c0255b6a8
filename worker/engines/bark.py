"""Bark: thirteen languages, with laughter, sighs and song where the style asks for them."""

import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from common.catalogue import Weights, voices_of
from common.catalogue.styles import bark_tags
from common.settings import Settings
from worker.engines.pretrained import PretrainedEngine, samples_of
from worker.engines.protocol import EngineError, Speech, Utterance
from worker.engines.samples import checked
from worker.host.models_folder import read_limited

_PARTS = ("semantic_prompt", "coarse_prompt", "fine_prompt")
_SINGING = "♪"
_PEOPLE = ("man", "woman")
# What the codec raises, for want of anything to decode, when the model was silent from the first token on.
_NO_SOUND = "Kernel size can't be greater than actual input size"
# Half a second of speech.
_LEAST_TOKENS = 25
_LIST_BYTES = 10_000_000


class BarkEngine(PretrainedEngine):
    alias: str = "bark"
    # It stops after 15 s, in the middle of a word; this is read in 13.
    max_chars: int = 180
    timeout_factor_on_cpu: ClassVar[float] = 10.0
    batch_on_gpu: ClassVar[int] = 8
    dtype_on_cuda: ClassVar[str] = "float16"

    def __init__(self, weights: Weights, settings: Settings) -> None:
        super().__init__(weights, settings)
        self._forget()

    def _forget(self) -> None:
        self._processor: Any = None
        self._model: Any = None

    def voices(self) -> tuple[str, ...]:
        return _presets(self._folders()[0]) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Tokens are drawn for the whole batch: alone, a seed gives the same sound each time.
        return None if utterance.seed_given else utterance.voice

    def _load(self) -> Sequence[Any]:
        from transformers import BarkModel, BarkProcessor

        (folder,) = self._folders()
        self._processor = BarkProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        self._model = self._loaded(BarkModel, folder, dtype=self._dtype)
        for stage in (self._model.semantic, self._model.coarse_acoustics):
            self._compile(stage)
        return (self._model,)

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        waves, lengths = self._generated(batch, self._encoded(batch))
        rate = self._model.generation_config.sample_rate
        pairs = zip(waves, lengths, strict=True)
        return [checked(samples_of(wave[:length]), sample_rate_hz=rate) for wave, length in pairs]

    def _encoded(self, batch: Sequence[Utterance]) -> Any:
        preset = batch[0].voice
        # The name becomes the name of a file.
        if preset not in self.voices():
            raise EngineError("engine_failed", "This voice is not on this worker: download it first.")
        tokenizer = self._processor.tokenizer
        self._require_letters(tokenizer, [utterance.text for utterance in batch])
        texts = [_with_style(utterance) for utterance in batch]
        room = self._room()
        self._require_room(tokenizer, texts, tokens=room, add_special_tokens=False)
        encoded = self._processor(texts, voice_preset=preset, max_length=room, return_tensors="pt")
        encoded["history_prompt"] = encoded["history_prompt"].to(self._device.label)
        return encoded.to(self._device.label)

    def _room(self) -> int:
        """Tokens of text that it reads."""
        from transformers.models.bark.generation_configuration_bark import BarkSemanticGenerationConfig

        choices = BarkSemanticGenerationConfig(**self._model.generation_config.semantic_config)
        return int(choices.max_input_semantic_length)

    def _generated(self, batch: Sequence[Utterance], encoded: Any) -> Any:
        """(waves, their lengths)."""
        self._seed(batch)
        try:
            return self._model.generate(**encoded, return_output_lengths=True)
        except RuntimeError as error:
            if len(batch) > 1 or _NO_SOUND not in str(error):
                raise
        self._seed(batch)
        return self._model.generate(
            **encoded, return_output_lengths=True, semantic_min_new_tokens=_LEAST_TOKENS
        )


def _presets(folder: Path) -> tuple[str, ...]:
    """Those of the catalogue whose three files are here."""
    try:
        listed = json.loads(read_limited(folder / "speaker_embeddings_path.json", max_bytes=_LIST_BYTES))
        known = [voice.engine_voice for voice in voices_of("bark") if voice.engine_voice in listed]
        return tuple(
            name for name in known if all((folder / listed[name][part]).is_file() for part in _PARTS)
        )
    except Exception:  # there is no end to what may stand there, and it must not stop the worker
        return ()


def _with_style(utterance: Utterance) -> str:
    """A sound once, before the first words of a job; who speaks, and song, all through it."""
    tags = bark_tags(utterance.style or "")
    people = [f"[{tag.upper()}] " for tag in tags if tag in _PEOPLE]
    sounds = [f"[{tag}] " for tag in tags if tag not in (*_PEOPLE, _SINGING) and utterance.is_first]
    text = f"{_SINGING} {utterance.text} {_SINGING}" if _SINGING in tags else utterance.text
    return f"{''.join(people)}{''.join(sounds)}{text}"
