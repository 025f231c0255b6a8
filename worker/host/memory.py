"""Memory of this process."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path


def memory_bytes() -> int:
    """Resident memory of this process; 0 where the system does not say it cheaply."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def release_memory() -> None:
    """Give freed memory back to the system. glibc keeps what loading a model and long texts left behind."""
    # Another C library has no such function, and no such need.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_memory() -> None:
    """After a model was closed: what still refers to itself in circles goes too."""
    gc.collect()
    release_memory()
