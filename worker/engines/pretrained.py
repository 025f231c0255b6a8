"""The base class of the engines that use torch models."""

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
from worker.engines.protocol import EngineError, Speech, TooLong, Utterance
from worker.engines.torch_errors import translate_errors
from worker.host.device import Device, find_device
from worker.host.engine_settings import EngineSettings
from worker.host.models_folder import check_presence, file_size, find_files, find_folder, read_limited

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
_MAX_CONFIG_BYTES = 10_000_000
_BYTES_PER_VALUE = {"float32": 4, "float16": 2, "bfloat16": 2}


class PretrainedEngine:
    """Loads a model from the models folder and runs it on the device of the settings.

    A family adds its limits, `voices`, `batch_key`, `_load`, `_speak` and `_drop_references`. The engines read only
    files in the models folder: nothing from the hub, no code that comes with weights, and only tensors from pickles.
    """

    alias: str = ""
    max_chars: int = 1
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    pinned: bool = False
    # `max_batch` on a CPU and on a GPU, `timeout_factor` on a CPU, the precision on CUDA, and how many of the
    # repositories, from the first on, contain weights.
    batch_on_cpu: ClassVar[int] = 1
    batch_on_gpu: ClassVar[int] = 1
    timeout_factor_on_cpu: ClassVar[float] = 1.0
    dtype_on_cuda: ClassVar[str] = "float32"
    weight_files: ClassVar[int] = 1

    def __init__(self, weights: Weights, settings: EngineSettings) -> None:
        self._weights = weights
        self._settings = settings
        self._modules: tuple[Any, ...] = ()

    @property
    def max_batch(self) -> int:
        max_batch = self.batch_on_gpu if self._device.is_gpu else self.batch_on_cpu
        return min(max_batch, self._settings.batch_max or max_batch)

    @property
    def timeout_factor(self) -> float:
        return 1.0 if self._device.is_gpu else self.timeout_factor_on_cpu

    @property
    def _device(self) -> Device:
        """The device. Finding it imports torch."""
        return find_device(self._settings)

    def load(self) -> None:
        if not self._is_complete():
            # Retryable: the files may only be absent for a moment, for example on a network drive.
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
            # The model cache keeps this error while the files are broken. Its frames must not keep tensors alive.
            traceback.clear_frames(error.__traceback__)
            self.close()
            raise self._broken_error(error) from None

    def close(self) -> None:
        self._modules = ()
        self._drop_references()
        # Models contain reference cycles.
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
        """Load the models and tokenizers. Returns the modules, for `memory_bytes`."""
        raise NotImplementedError

    def _drop_references(self) -> None:
        """Drop all references that `_load` stored. The base class has none."""

    def _speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        """Implement `speak`. It runs in inference mode, and its torch errors are translated."""
        raise NotImplementedError

    def _is_complete(self) -> bool:
        return check_presence(self._weights, self._settings.models_dir).state == "complete"

    def _folders(self) -> list[Path]:
        """Return the folders of the repositories, in the order of the catalogue."""
        return [find_folder(one, self._settings.models_dir) for one in self._weights.repositories]

    @property
    def _dtype(self) -> str:
        if self._settings.dtype != "auto":
            return self._settings.dtype
        return self.dtype_on_cuda if self._device.kind == "cuda" else "float32"

    def _load_model(self, family: Any, folder: Path, **options: Any) -> Any:
        """Return a model of the transformers class `family`, in evaluation mode on the device."""
        model, info = family.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, **options
        )
        # A newer library may add a few keys, which is harmless. Weights of another model would produce noise.
        if 2 * len(info["missing_keys"]) > len(model.state_dict()):
            raise ValueError("most weights are missing")
        return model.eval().to(self._device.label)

    def _compile(self, module: Any) -> None:
        if self._settings.compile_models and self._device.kind == "cuda":
            module.compile(dynamic=True)

    def _seed(self, batch: Sequence[Utterance]) -> None:
        """Seed torch's random generator with the first seed of the batch. Call it right before the library samples."""
        from transformers import set_seed

        set_seed(batch[0].seed)

    def _require_speakable(self, tokenizer: Any, texts: Sequence[str]) -> None:
        """Raise EngineError if the tokens of a text contain no letter or digit."""
        for ids in tokenizer(list(texts)).input_ids:
            tokens = tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True)
            if not any(map(str.isalnum, "".join(tokens))):
                raise unspeakable_error()

    def _require_max_tokens(
        self, tokenizer: Any, texts: Sequence[str], *, max_tokens: int, **options: Any
    ) -> None:
        """Raise TooLong if a text has more tokens: the library would silently truncate it, or crash."""
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
    """Keep transformers and parler_tts from logging and from showing progress bars. Bars of downloads stay."""
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
    """Return the tensor as float32 samples on the CPU."""
    samples: NDArray[np.float32] = tensor.float().cpu().numpy()
    return samples


def _module_bytes(module: Any) -> int:
    return sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))


def _stored_dtype(folder: Path) -> str:
    """Return the dtype in the model's config, or float32 if it names none."""
    try:
        info = json.loads(read_limited(folder / "config.json", max_bytes=_MAX_CONFIG_BYTES))
        return str(info.get("dtype") or info.get("torch_dtype") or "float32")
    except (OSError, ValueError, AttributeError, RecursionError):
        return "float32"
