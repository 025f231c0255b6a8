"""What this process computes on. Without torch in its environment that is the CPU."""

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from common.settings import Settings

DeviceKind = Literal["cpu", "cuda", "mps"]
# What is left for the sound of a call, for the libraries and, on a CPU, for everybody else on the machine.
_GPU_SHARE = 0.75
_CPU_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Device:
    """`label` is torch's name of it (`cuda:1`), `name` what a person calls it, `memory_bytes` all that it has."""

    kind: DeviceKind
    label: str
    name: str
    memory_bytes: int

    @property
    def is_gpu(self) -> bool:
        return self.kind != "cpu"

    def model_budget_bytes(self, settings: Settings) -> int:
        """How much of it loaded models may take."""
        if settings.model_memory_mb:
            return int(settings.model_memory_mb * 1e6)
        return int(self.memory_bytes * (_GPU_SHARE if self.is_gpu else _CPU_SHARE))

    def free_bytes(self) -> int | None:
        """What a new model could have: what no process holds, and what torch keeps here for later.

        None where that is not told.
        """
        if self.kind != "cuda":
            return None
        import torch

        cached_bytes = torch.cuda.memory_reserved(self.label) - torch.cuda.memory_allocated(self.label)
        return int(torch.cuda.mem_get_info(self.label)[0] + cached_bytes)

    def release_memory(self) -> None:
        """Give what torch keeps for later back to the device."""
        if self.kind == "cuda":
            import torch

            torch.cuda.empty_cache()


def find_device(settings: Settings) -> Device:
    """The one that the settings name, or the best there is. Raises RuntimeError for one that is not there."""
    return _find(settings.device, settings.cpu_threads)


@cache
def _find(wanted: str, cpu_threads: int) -> Device:
    if find_spec("torch") is None:
        if wanted not in ("auto", "cpu"):
            raise RuntimeError(f"ORATIO_DEVICE is {wanted}, but this environment has no torch.")
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
    """What this process may use, which in a container is less than the machine has."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (limit_bytes := limit.read_text().strip()) != "max":
        return min(machine, int(limit_bytes))
    return machine
