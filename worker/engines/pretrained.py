"""What engines of torch models have in common: where they compute, how they load, what they refuse."""

import gc
import json
import traceback
from collections.abc import Sequence
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from common.catalogue import Weights
from common.settings import Settings
from worker.engines.protocol import EngineError, Speech, TooLong, Utterance
from worker.engines.torch_errors import translate_errors
from worker.host.device import find_device
from worker.host.models_folder import check_presence, file_size, find_files, find_folder, read_limited

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_MAX_CONFIG_BYTES = 10_000_000
_BYTES_PER_VALUE = {"float32": 4, "float16": 2, "bfloat16": 2}


class PretrainedEngine:
    """A family adds its limits and voices, how it loads (`_load`) and how it speaks (`_speak`).

    Only files in the models folder are read: nothing from the hub, no code that comes with weights, and of a pickle
    nothing but tensors. All families share torch's generator of random numbers, so one thread calls them all.
    """

    alias: str = ""
    executor: str = "torch"
    max_batch: int = 1
    max_chars: int = 1
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0
    pinned: bool = False
    # How many texts a call takes on a CPU and on a GPU, how much longer than others it may take on a CPU, in what
    # precision a GPU computes, and how many of the repositories hold weights, from the first on.
    batch_on_cpu: ClassVar[int] = 1
    batch_on_gpu: ClassVar[int] = 1
    timeout_factor_on_cpu: ClassVar[float] = 1.0
    dtype_on_cuda: ClassVar[str] = "float32"
    weight_files: ClassVar[int] = 1

    def __init__(self, weights: Weights, settings: Settings) -> None:
        self._weights = weights
        self._settings = settings
        self._device = find_device(settings)
        self._modules: tuple[Any, ...] = ()
        max_batch = self.batch_on_gpu if self._device.is_gpu else self.batch_on_cpu
        self.max_batch = min(max_batch, settings.batch_max or max_batch)
        self.timeout_factor = 1.0 if self._device.is_gpu else self.timeout_factor_on_cpu

    def load(self) -> None:
        if not self._is_complete():
            # They may be away for a moment, as on a network: not a thing to remember.
            message = f"Files of {self._weights.key} are missing: download it again."
            raise EngineError("engine_unavailable", message, retryable=True)
        try:
            with translate_errors(self.alias, self._device):
                quiet_library()
                self._modules = tuple(self._load())
        except (EngineError, ModuleNotFoundError):
            self.close()
            raise
        except Exception as error:
            # The refusal is kept as long as the files are broken: it must not keep what had been read of them.
            traceback.clear_frames(error.__traceback__)
            self.close()
            raise self._broken_error(error) from None

    def close(self) -> None:
        self._modules = ()
        self._drop_references()
        # Models refer to themselves in circles.
        gc.collect()
        self._device.release_memory()

    def memory_bytes(self) -> int:
        if self._modules:
            return sum(map(_module_bytes, self._modules))
        return sum(self._expected_bytes(folder) for folder in self._folders()[: self.weight_files])

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        import torch

        with translate_errors(self.alias, self._device), torch.inference_mode():
            return self._speak(batch)

    def _load(self) -> Sequence[Any]:
        """Read everything; answers the modules that hold memory."""
        raise NotImplementedError

    def _drop_references(self) -> None:
        """Let go of what `_load` kept."""

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        raise NotImplementedError

    def _is_complete(self) -> bool:
        return check_presence(self._weights, self._settings.models_dir).state == "complete"

    def _folders(self) -> list[Path]:
        """Where the repositories lie, in the order of the catalogue."""
        return [find_folder(one, self._settings.models_dir) for one in self._weights.repositories]

    @property
    def _dtype(self) -> str:
        if self._settings.dtype != "auto":
            return self._settings.dtype
        return self.dtype_on_cuda if self._device.kind == "cuda" else "float32"

    def _load_model(self, family: Any, folder: Path, **options: Any) -> Any:
        """A model of the library's class `family`, ready to speak on the device."""
        model, info = family.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, **options
        )
        # A few that a newer library made up are no harm; weights of something else would speak noise.
        if 2 * len(info["missing_keys"]) > len(model.state_dict()):
            raise ValueError("most weights are missing")
        return model.eval().to(self._device.label)

    def _compile(self, module: Any) -> None:
        if self._settings.compile_models and self._device.kind == "cuda":
            module.compile(dynamic=True)

    def _seed(self, batch: Sequence[Utterance]) -> None:
        """Right before the library draws. Of a batch the first one's seed counts."""
        from transformers import set_seed

        set_seed(batch[0].seed)

    def _require_speakable(self, tokenizer: Any, texts: Sequence[str]) -> None:
        """Refuse a text of which the model would see nothing but signs and unknown letters."""
        for ids in tokenizer(list(texts)).input_ids:
            tokens = tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True)
            if not any(map(str.isalnum, "".join(tokens))):
                raise unspeakable_error()

    def _require_max_tokens(
        self, tokenizer: Any, texts: Sequence[str], *, max_tokens: int, **options: Any
    ) -> None:
        """Refuse a text that the library would cut without a word, or crash on."""
        if any(len(ids) > max_tokens for ids in tokenizer(list(texts), **options).input_ids):
            raise TooLong(self.alias)

    def _expected_bytes(self, folder: Path) -> int:
        stored = _BYTES_PER_VALUE.get(_stored_dtype(folder), 4)
        size = sum(file_size(path) for path in find_files(_WEIGHT_FILES, folder))
        return size * _BYTES_PER_VALUE[self._dtype] // stored

    def _broken_error(self, error: Exception) -> EngineError:
        names = " and ".join(folder.name for folder in self._folders())
        return EngineError(
            "model_broken",
            f"The files of {self._weights.key} cannot be loaded ({type(error).__name__}): delete {names} in the "
            "models folder and download it again.",
        )


def quiet_library() -> None:
    """Its progress bars and remarks would go into the worker's log. Bars of downloads stay."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils import logging

    downloads_shown = not are_progress_bars_disabled()
    for name in ("transformers", "parler_tts"):
        getLogger(name).setLevel(ERROR)
    logging.disable_progress_bar()
    if downloads_shown:
        enable_progress_bars()


def unspeakable_error() -> EngineError:
    return EngineError(
        "unspeakable_text", "The model finds nothing in the text that it can say.", caller_fault=True
    )


def to_samples(tensor: Any) -> NDArray[np.float32]:
    """On the CPU, whatever the model computed with."""
    samples: NDArray[np.float32] = tensor.float().cpu().numpy()
    return samples


def _module_bytes(module: Any) -> int:
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))


def _stored_dtype(folder: Path) -> str:
    """As the model's own description has it; float32 where it does not say."""
    try:
        info = json.loads(read_limited(folder / "config.json", max_bytes=_MAX_CONFIG_BYTES))
        return str(info.get("dtype") or info.get("torch_dtype") or "float32")
    except (OSError, ValueError, AttributeError, RecursionError):
        return "float32"
