"""Decides which workers run on this machine: one for each core in this environment, one for each device in the others.

The libraries of different models need conflicting versions, so models that need torch have environments of their own
beside this one. `make setup-torch` and `make setup-parler` build them. An environment is used once it is complete.
"""

import os
from importlib.util import find_spec
from pathlib import Path

from cli.service.processes import FOLDER, INFERENCE, WORKER_CONCURRENCY, WorkerGroup
from common.settings import Settings

# The models of each flavour of worker that has an environment of its own.
FLAVOURS: dict[str, tuple[str, ...]] = {"torch": ("speecht5", "mms", "bark"), "parler": ("parler",)}
# At least twice the size of a batch, so that the next batch fills while one is synthesized.
_BATCHING_CONCURRENCY, _GPU_CONCURRENCY = 16, 32
_GPUS = Path("/proc/driver/nvidia/gpus")


def worker_groups(settings: Settings, *, workers: int) -> list[WorkerGroup]:
    """Return the groups that have models to serve. `workers` is the number of processes of this environment."""
    own = WorkerGroup("worker", local_models(settings), workers)
    others = [_flavour_group(flavour, settings) for flavour in FLAVOURS if is_ready(flavour)]
    return [group for group in (own, *others) if group.models]


def python_of(flavour: str) -> Path:
    """Return the path of the Python interpreter of a flavour, whether it exists or not."""
    return _folder(flavour) / "bin" / "python"


def is_ready(flavour: str) -> bool:
    """Return whether the environment is complete. An interrupted build leaves an interpreter as well."""
    return built_at(flavour) is not None


def built_at(flavour: str) -> float | None:
    """Return when the environment was completed, in epoch seconds, or None.

    The last step of the Makefile creates the file `.run-gpl1`, or `.run-gpl0` without GPL packages.
    """
    return max((stamp.stat().st_mtime for stamp in _folder(flavour).glob(".run-gpl[01]")), default=None)


def local_models(settings: Settings) -> tuple[str, ...]:
    """Return the models that a worker of this environment serves: those of the setting, else all local ones."""
    installed = ["hibari", *(["kokoro"] if find_spec("kokoro_onnx") else []), "stub"]
    return _selected((*installed, "fake") if settings.fake_engine else tuple(installed), settings)


def concurrency(models: tuple[str, ...]) -> int:
    """Return how many jobs a worker with these models runs at once."""
    batching = {name for names in FLAVOURS.values() for name in names}
    if not {model.partition("_")[0] for model in models} & batching:
        return WORKER_CONCURRENCY
    return _GPU_CONCURRENCY if gpus() else _BATCHING_CONCURRENCY


def gpus() -> int:
    """Return how many NVIDIA GPUs this process may use, without loading CUDA or torch."""
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
    """Return the group of a flavour, with one process for each device."""
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
    """Return the models that ORATIO_WORKER_MODELS selects, by model or by weights; all if it is empty."""
    selected = tuple(name for name in settings.worker_model_names if name != INFERENCE)
    return tuple(name for name in selected if name.partition("_")[0] in models) if selected else models
