"""Measures the memory of processes, and releases that of this one."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path

_CONTAINER = Path("/sys/fs/cgroup")


def memory_bytes(pid: int | None = None) -> int:
    """Return the resident memory of a process, by default this one. 0 if it is gone or the system has no `/proc`."""
    try:
        statm = Path(f"/proc/{pid or 'self'}/statm").read_text()
    except OSError:
        return 0
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def available_bytes() -> int | None:
    """Return the memory that new processes may take, in a container within its limit. None if unknown."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    available = next(
        (int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None
    )
    with contextlib.suppress(OSError, ValueError):  # no limit, or no container
        limit, used = (int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
        return limit - used if available is None else min(available, limit - used)
    return available


def release_memory() -> None:
    """Return freed memory to the system. glibc keeps memory that loading a model and long texts have used."""
    # Other C libraries do not have this function and do not need it.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_memory() -> None:
    """Collect reference cycles and release the memory. Call it after a model was closed."""
    gc.collect()
    release_memory()
