"""Finds the device of this process. Without torch it is the CPU."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from common.settings import Settings

DeviceKind = Literal["cpu", "cuda", "mps"]
# The share of the memory for models. The rest is for activations, libraries and, on a CPU, other processes.
_GPU_SHARE = 0.75
_CPU_SHARE = 0.5


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

    def model_budget_bytes(self, settings: Settings) -> int:
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


def find_device(settings: Settings) -> Device:
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
