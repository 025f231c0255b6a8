"""Measures and releases the memory of this process."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path


def memory_bytes() -> int:
    """Return the resident memory of this process, or 0 if the system has no `/proc`."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def release_memory() -> None:
    """Return freed memory to the system. glibc keeps memory that loading a model and long texts have used."""
    # Other C libraries do not have this function and do not need it.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_memory() -> None:
    """Collect reference cycles and release the memory. Call it after a model was closed."""
    gc.collect()
    release_memory()
