"""Decides which workers run on this machine: one for each environment. A worker fills the cores and devices itself.

The libraries of different models need conflicting versions, so models that need torch have environments of their own
beside this one. `make setup-torch` and `make setup-parler` build them. An environment is used once it is complete.
"""

from importlib.util import find_spec
from pathlib import Path

from cli.service.processes import FOLDER, WORKER_CONCURRENCY, WorkerGroup
from common.provider_names import INFERENCE
from common.settings import Settings
from worker.host.device import gpu_count

# The models of each flavour of worker that has an environment of its own.
FLAVOURS: dict[str, tuple[str, ...]] = {"torch": ("speecht5", "mms", "bark"), "parler": ("parler",)}
# At least twice the size of a batch, so that the next batch fills while one is synthesized. Bulk jobs take half.
_BATCHING_CONCURRENCY, _GPU_CONCURRENCY = 32, 64


def worker_groups(settings: Settings, *, workers: int) -> list[WorkerGroup]:
    """Return the groups that have models to serve. `workers` is the number of processes of this environment."""
    own = WorkerGroup("worker", local_models(settings), workers)
    others = [_flavour_group(flavour, settings) for flavour in FLAVOURS if is_ready(flavour)]
    return [group for group in (own, *others) if group.models]


def missing_models(settings: Settings) -> tuple[str, ...]:
    """Return the models of ORATIO_WORKER_MODELS that no complete environment of this machine serves."""
    served = {name for group in worker_groups(settings, workers=1) for name in group.models}
    return tuple(name for name in settings.worker_model_names if name not in (*served, INFERENCE))


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
    return _GPU_CONCURRENCY if gpu_count() else _BATCHING_CONCURRENCY


def _folder(flavour: str) -> Path:
    return FOLDER / f".venv-{flavour}"


def _flavour_group(flavour: str, settings: Settings) -> WorkerGroup:
    models = _selected(FLAVOURS[flavour], settings)
    return WorkerGroup(flavour, models, 1, concurrency(models), str(python_of(flavour)))


def _selected(models: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """Return the models that ORATIO_WORKER_MODELS selects, by model or by weights; all if it is empty."""
    selected = tuple(name for name in settings.worker_model_names if name != INFERENCE)
    return tuple(name for name in selected if name.partition("_")[0] in models) if selected else models
