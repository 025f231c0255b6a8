"""Which workers one machine has: one for each core in this environment, and one for each device in the others.

Libraries of different families disagree about versions, so those that need torch have environments of their own beside
this one: `make setup-torch` and `make setup-parler` build them, and what is built to its end is used.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from cli.service.processes import FOLDER, INFERENCE, WORKER_CONCURRENCY, WorkerGroup
from common.settings import Settings

# The engines of each flavour of a worker that has an environment of its own.
FLAVOURS: dict[str, tuple[str, ...]] = {"torch": ("speecht5", "mms", "bark"), "parler": ("parler",)}
# At least twice as many tasks as a batch is wide: while one batch is spoken the next one gathers.
_BATCHING_CONCURRENCY, _GPU_CONCURRENCY = 16, 32
_GPUS = Path("/proc/driver/nvidia/gpus")


def worker_groups(settings: Settings, *, workers: int) -> list[WorkerGroup]:
    """`workers` is how many processes run in this environment."""
    own = WorkerGroup("worker", local_models(settings), workers)
    others = [_flavour_group(flavour, settings) for flavour in FLAVOURS if is_ready(flavour)]
    return [group for group in (own, *others) if group.models]


def python_of(flavour: str) -> Path:
    """Where the interpreter of a flavour's environment would be."""
    return _folder(flavour) / "bin" / "python"


def is_ready(flavour: str) -> bool:
    """Its environment is built to the end: a build that was broken off leaves an interpreter too."""
    return built_at(flavour) is not None


def built_at(flavour: str) -> float | None:
    """When that was (epoch seconds). The Makefile's last step leaves a stamp, `.run-gpl0` where GPL was left out."""
    return max((stamp.stat().st_mtime for stamp in _folder(flavour).glob(".run-gpl[01]")), default=None)


def local_models(settings: Settings) -> tuple[str, ...]:
    """The engines of a worker of this environment: those asked for, else all that need no network."""
    installed = ["hibari", *(["kokoro"] if find_spec("kokoro_onnx") else []), "stub"]
    return _selected((*installed, "fake") if settings.fake_engine else tuple(installed), settings)


def concurrency(models: tuple[str, ...]) -> int:
    """How many jobs a worker with these engines has under way at once."""
    batching = {name for names in FLAVOURS.values() for name in names}
    if not {model.partition("_")[0] for model in models} & batching:
        return WORKER_CONCURRENCY
    return _GPU_CONCURRENCY if gpus() else _BATCHING_CONCURRENCY


def gpus() -> int:
    """NVIDIA's devices that this process may use, counted without loading anything."""
    installed = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    return (
        installed
        if allowed is None
        else min(installed, len([name for name in allowed.split(",") if name.strip()]))
    )


def _folder(flavour: str) -> Path:
    return FOLDER / f".venv-{flavour}"


def _flavour_group(flavour: str, settings: Settings) -> WorkerGroup:
    """One process for each device, which holds one copy of each model."""
    models = _selected(FLAVOURS[flavour], settings)
    gpu_count = gpus() if settings.device in ("auto", "cuda") else 0
    return WorkerGroup(
        flavour,
        models,
        max(1, gpu_count),
        concurrency(models),
        str(python_of(flavour)),
        tuple(f"cuda:{index}" for index in range(gpu_count)) if gpu_count > 1 else (),
    )


def _selected(models: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """What ORATIO_WORKER_MODELS names of these, by families or by single sets of weights; all when it names none."""
    selected = tuple(name for name in settings.worker_model_names if name != INFERENCE)
    return tuple(name for name in selected if name.partition("_")[0] in models) if selected else models
