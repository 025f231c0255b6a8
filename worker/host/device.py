"""Finds the devices of this machine, and that of an engine process. Without torch it is the CPU."""

import math
import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from worker.host.engine_settings import EngineSettings

DeviceKind = Literal["cpu", "cuda", "mps"]
# The share of the memory for models. The rest is for activations, libraries and, on a CPU, other processes.
_GPU_SHARE = 0.75
_CPU_SHARE = 0.5
_GPUS = Path("/proc/driver/nvidia/gpus")
# "max", or the microseconds that all cores together may work in a period, and the period.
_CORE_LIMIT = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True)
class Device:
    """A device: `label` is torch's name (`cuda:1`), `name` is for people, `memory_bytes` is its total memory."""

    kind: DeviceKind
    label: str
    name: str
    memory_bytes: int

    @property
    def is_gpu(self) -> bool:
        return self.kind != "cpu"

    def model_budget_bytes(self, settings: EngineSettings) -> int:
        """Return how much memory all loaded models together may take."""
        if settings.model_memory_mb:
            return int(settings.model_memory_mb * 1e6)
        return int(self.memory_bytes * (_GPU_SHARE if self.is_gpu else _CPU_SHARE))

    def free_bytes(self) -> int | None:
        """Return the memory for a new model: what no process holds, and what torch has cached in this process.

        Returns None if the device does not tell.
        """
        if self.kind != "cuda":
            return None
        import torch

        cached_bytes = torch.cuda.memory_reserved(self.label) - torch.cuda.memory_allocated(self.label)
        return int(torch.cuda.mem_get_info(self.label)[0] + cached_bytes)

    def release_memory(self) -> None:
        """Return torch's cached memory to the device."""
        if self.kind == "cuda":
            import torch

            torch.cuda.empty_cache()


def engine_devices(settings: EngineSettings) -> tuple[str, ...]:
    """Return ORATIO_DEVICE for each engine process of a worker: one per core, with torch one per device.

    Does not import torch, which takes 300 MB. Raises RuntimeError for a device that needs torch, without torch.
    """
    if find_spec("torch") is None:
        if settings.device not in ("auto", "cpu"):
            raise RuntimeError(
                f"ORATIO_DEVICE is {settings.device}, but this environment does not have torch."
            )
        return ("cpu",) * (settings.engines or usable_cores())
    devices = _torch_devices(settings)
    return tuple(devices[index % len(devices)] for index in range(settings.engines or len(devices)))


def _torch_devices(settings: EngineSettings) -> tuple[str, ...]:
    if settings.device in ("auto", "cuda") and (count := gpu_count()):
        return tuple(f"cuda:{index}" for index in range(count))
    return (settings.device,)


def device_name(settings: EngineSettings) -> str:
    """Return the name of the device as far as it is known before an engine process has imported torch."""
    has_gpu = find_spec("torch") is not None and settings.device == "auto" and gpu_count()
    return "GPU" if has_gpu or settings.device not in ("auto", "cpu") else "CPU"


def usable_cores() -> int:
    """Return how many cores this process may use; in a container that may be fewer than the machine has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _core_limit() or cores)


def _core_limit() -> int | None:
    """Return the limit of the container in cores, rounded up, or None if it has none."""
    if not _CORE_LIMIT.exists():
        return None
    quota, period = _CORE_LIMIT.read_text().split()
    return None if quota == "max" else max(1, math.ceil(int(quota) / int(period)))


def gpu_count() -> int:
    """Return how many NVIDIA GPUs this process may use, without loading CUDA or torch."""
    installed = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return installed
    return min(installed, len([name for name in allowed.split(",") if name.strip()]))


def find_device(settings: EngineSettings) -> Device:
    """Return the device of the settings, or the best one. Raises RuntimeError if the machine does not have it."""
    return _find(settings.device, settings.cpu_threads)


@cache
def _find(wanted: str, cpu_threads: int) -> Device:
    if find_spec("torch") is None:
        if wanted not in ("auto", "cpu"):
            raise RuntimeError(f"ORATIO_DEVICE is {wanted}, but this environment does not have torch.")
        return _cpu()
    import torch

    torch.set_num_threads(cpu_threads)
    if wanted.startswith("cuda") or (wanted == "auto" and torch.cuda.is_available()):
        return _cuda(wanted if ":" in wanted else "cuda:0")
    if wanted == "mps":
        return Device("mps", "mps", "Apple GPU", int(torch.mps.recommended_max_memory()))
    return _cpu()


def _cuda(label: str) -> Device:
    import torch

    index = int(label.partition(":")[2])
    if index >= torch.cuda.device_count():
        raise RuntimeError(f"ORATIO_DEVICE names {label}, but torch sees {torch.cuda.device_count()} GPUs.")
    properties = torch.cuda.get_device_properties(index)
    return Device("cuda", label, str(properties.name), int(properties.total_memory))


def _cpu() -> Device:
    return Device("cpu", "cpu", "CPU", _memory_bytes())


def _memory_bytes() -> int:
    """Return the memory that this process may use: in a container, at most its limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (limit_bytes := limit.read_text().strip()) != "max":
        return min(machine, int(limit_bytes))
    return machine
