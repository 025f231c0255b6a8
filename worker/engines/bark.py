"""Bark: thirteen languages, with laughter, sighs and singing as styles."""

import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from common.catalogue import Weights, voices_of
from common.catalogue.styles import bark_tags
from worker.engines.pretrained import PretrainedEngine, to_samples
from worker.engines.protocol import EngineError, Speech, Utterance
from worker.engines.samples import check_samples
from worker.host.engine_settings import EngineSettings
from worker.host.models_folder import read_limited

_PROMPTS = ("semantic_prompt", "coarse_prompt", "fine_prompt")
_SINGING = "♪"
_SPEAKER_TAGS = ("man", "woman")
# The codec raises this if the model generates no tokens, so that there is nothing to decode.
_NO_TOKENS_MESSAGE = "Kernel size can't be greater than actual input size"
# About half a second of speech.
_MIN_SEMANTIC_TOKENS = 25
_MAX_LIST_BYTES = 10_000_000


class BarkEngine(PretrainedEngine):
    alias: str = "bark"
    # The model stops after 15 s, in the middle of a word. Speaking this many characters takes about 13 s.
    max_chars: int = 180
    timeout_factor_on_cpu: ClassVar[float] = 10.0
    batch_on_gpu: ClassVar[int] = 8
    dtype_on_cuda: ClassVar[str] = "float16"

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        super().__init__(weights, settings)
        self._drop_references()

    def _drop_references(self) -> None:
        self._processor: Any = None
        self._model: Any = None

    def voices(self) -> tuple[str, ...]:
        return _find_presets(self._folders()[0]) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Tokens are sampled for the whole batch, so a seed is only reproducible if its utterance runs alone.
        return None if utterance.seed_given else utterance.voice

    def _load(self) -> Sequence[Any]:
        from transformers import BarkModel, BarkProcessor

        (folder,) = self._folders()
        self._processor = BarkProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        self._model = self._load_model(BarkModel, folder, dtype=self._dtype)
        for stage in (self._model.semantic, self._model.coarse_acoustics):
            self._compile(stage)
        return (self._model,)

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        waves, lengths = self._generate(batch, self._encode(batch))
        rate = self._model.generation_config.sample_rate
        pairs = zip(waves, lengths, strict=True)
        return [check_samples(to_samples(wave[:length]), sample_rate_hz=rate) for wave, length in pairs]

    def _encode(self, batch: Sequence[Utterance]) -> Any:
        preset = batch[0].voice
        # The voice name becomes part of a file path.
        if preset not in self.voices():
            raise EngineError("engine_failed", "This voice is not on this worker: download it first.")
        tokenizer = self._processor.tokenizer
        self._require_speakable(tokenizer, [utterance.text for utterance in batch])
        texts = [_apply_style(utterance) for utterance in batch]
        max_tokens = self._max_text_tokens()
        self._require_max_tokens(tokenizer, texts, max_tokens=max_tokens, add_special_tokens=False)
        encoded = self._processor(texts, voice_preset=preset, max_length=max_tokens, return_tensors="pt")
        encoded["history_prompt"] = encoded["history_prompt"].to(self._device.label)
        return encoded.to(self._device.label)

    def _max_text_tokens(self) -> int:
        """Return the most text tokens that the model reads."""
        from transformers.models.bark.generation_configuration_bark import BarkSemanticGenerationConfig

        config = BarkSemanticGenerationConfig(**self._model.generation_config.semantic_config)
        return int(config.max_input_semantic_length)

    def _generate(self, batch: Sequence[Utterance], encoded: Any) -> Any:
        """Return (waves, lengths): one row of samples per utterance, and how many of them are sound."""
        self._seed(batch)
        try:
            return self._model.generate(**encoded, return_output_lengths=True)
        except RuntimeError as error:
            if len(batch) > 1 or _NO_TOKENS_MESSAGE not in str(error):
                raise
        self._seed(batch)
        return self._model.generate(
            **encoded, return_output_lengths=True, semantic_min_new_tokens=_MIN_SEMANTIC_TOKENS
        )


def _find_presets(folder: Path) -> tuple[str, ...]:
    """Return the presets of the catalogue whose three prompt files are in the folder."""
    try:
        listed = json.loads(read_limited(folder / "speaker_embeddings_path.json", max_bytes=_MAX_LIST_BYTES))
        known = [voice.engine_voice for voice in voices_of("bark") if voice.engine_voice in listed]
        return tuple(
            name for name in known if all((folder / listed[name][part]).is_file() for part in _PROMPTS)
        )
    except Exception:  # the list may contain anything, and it must not stop the worker
        return ()


def _apply_style(utterance: Utterance) -> str:
    """Add the tags of the style to the text.

    A sound such as `[laughs]` comes once, before the first words of a job. Speaker and singing tags apply to every
    segment.
    """
    tags = bark_tags(utterance.style or "")
    speakers = [f"[{tag.upper()}] " for tag in tags if tag in _SPEAKER_TAGS]
    sounds = [f"[{tag}] " for tag in tags if tag not in (*_SPEAKER_TAGS, _SINGING) and utterance.is_first]
    text = f"{_SINGING} {utterance.text} {_SINGING}" if _SINGING in tags else utterance.text
    return f"{''.join(speakers)}{''.join(sounds)}{text}"
