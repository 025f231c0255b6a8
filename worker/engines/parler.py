"""Parler-TTS: English speech in a voice that a sentence describes."""

import re
import sys
import warnings
from collections.abc import Hashable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from common.catalogue import Weights, voices_of
from worker.engines.pretrained import PretrainedEngine, to_samples
from worker.engines.protocol import EngineError, Speech, Utterance
from worker.engines.samples import check_samples
from worker.host.engine_settings import EngineSettings

_DEFAULT_STYLE = (
    "clear and natural at a moderate pace, in a very close recording with almost no background noise."
)


class ParlerEngine(PretrainedEngine):
    alias: str = "parler"
    # The model stops after 30 s. Speaking this many characters takes about 20 s.
    max_chars: int = 280
    timeout_factor_on_cpu: ClassVar[float] = 10.0
    batch_on_cpu: ClassVar[int] = 4
    batch_on_gpu: ClassVar[int] = 16
    dtype_on_cuda: ClassVar[str] = "bfloat16"

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        super().__init__(weights, settings)
        self._drop_references()

    def _drop_references(self) -> None:
        self._tokenizer: Any = None
        self._description_tokenizer: Any = None
        self._model: Any = None

    def voices(self) -> tuple[str, ...]:
        return tuple(voice.engine_voice for voice in voices_of(self.alias)) if self._is_complete() else ()

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        # Tokens are sampled for the whole batch, so a seed is only reproducible if its utterance runs alone.
        return None if utterance.seed_given else self.alias

    def _load(self) -> Sequence[Any]:
        from transformers import AutoTokenizer

        folder, description_folder = self._folders()
        known = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", **known)
        self._description_tokenizer = AutoTokenizer.from_pretrained(description_folder, **known)
        library = import_parler()
        self._model = self._load_model(
            library.ParlerTTSForConditionalGeneration,
            folder,
            config=self._load_config(library.ParlerTTSConfig, folder),
            torch_dtype=self._dtype,
        )
        self._compile(self._model.decoder)
        return (self._model,)

    def _load_config(self, family: Any, folder: Path) -> Any:
        """Return the config with the attention of the settings. The model's own option does not reach its decoder."""
        config = family.from_pretrained(folder, local_files_only=True)
        if self._attention:
            config.decoder._attn_implementation = self._attention
        return config

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        texts = [utterance.text for utterance in batch]
        self._require_speakable(self._tokenizer, texts)
        self._require_max_tokens(self._tokenizer, texts, max_tokens=self._max_text_tokens())
        device = self._device.label
        prompts = self._tokenizer(texts, padding=True, return_tensors="pt").to(device)
        described = [describe_voice(utterance) for utterance in batch]
        descriptions = self._description_tokenizer(described, padding=True, return_tensors="pt").to(device)
        self._seed(batch)
        spoken = self._model.generate(
            input_ids=descriptions.input_ids,
            attention_mask=descriptions.attention_mask,
            prompt_input_ids=prompts.input_ids,
            prompt_attention_mask=prompts.attention_mask,
            return_dict_in_generate=True,
        )
        return [self._to_speech(spoken, index) for index in range(len(batch))]

    @property
    def _attention(self) -> str | None:
        """The decoder's attention; None is the library's default. The description encoder supports only one kind."""
        if self._settings.attention != "auto":
            return self._settings.attention
        return "sdpa" if self._device.kind == "cuda" else None

    def _to_speech(self, spoken: Any, index: int) -> Speech:
        length = spoken.audios_length[index]
        # The model generated only the end token.
        if length <= 1:
            raise EngineError("engine_failed", "The model ended before the first sound. Try another seed.")
        samples = to_samples(spoken.sequences[index, :length])
        return check_samples(samples, sample_rate_hz=self._model.config.sampling_rate)

    def _max_text_tokens(self) -> int:
        """Return the most text tokens that leave enough positions for the longest sound."""
        positions: int = self._model.decoder.config.max_position_embeddings
        return positions - int(self._model.generation_config.max_length)


def describe_voice(utterance: Utterance) -> str:
    """Return the description that makes the model speak in the voice and style of the utterance.

    A style that names the voice is the description itself, as is any style for a voice without a name. Otherwise the
    style follows "Laura is speaking.". Without a style, the voice is described as clear and natural.
    """
    name, style = utterance.voice, utterance.style or ""
    if not style.strip():
        return f"{name}'s voice is {_DEFAULT_STYLE}" if name else f"The voice is {_DEFAULT_STYLE}"
    if not name or re.search(rf"\b{re.escape(name)}\b", style, re.IGNORECASE):
        return style
    return f"{name} is speaking. {style}"


def import_parler() -> ModuleType:
    """Import parler_tts without the package `dac`, which it needs only for old checkpoints, not in the catalogue."""
    try:
        import_module("dac.model")
    except ImportError:
        sys.modules["dac.model"] = _stub_codec_module()
        sys.modules["dac"] = ModuleType("dac")
    with warnings.catch_warnings():
        # The library uses a deprecated function of `logging`.
        warnings.simplefilter("ignore", DeprecationWarning)
        return import_module("parler_tts")


def _stub_codec_module() -> ModuleType:
    module = ModuleType("dac.model")
    module.DAC = type("DAC", (), {})  # type: ignore[attr-defined]
    return module
