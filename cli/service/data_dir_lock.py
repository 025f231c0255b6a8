"""Locks a data folder, so that only one service uses it at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the lock. `owner` describes it, for example "oratio up (process 123)"."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"The data folder is in use by {owner}.")
        self.owner = owner


@contextmanager
def lock_data_dir(data_dir: Path, *, purpose: str) -> Iterator[None]:
    """Hold the lock while the block runs. The kernel releases it if the process dies. Raises AlreadyRunning."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise AlreadyRunning(handle.read().strip() or "another process") from None
        handle.truncate(0)
        handle.write(f"{purpose} (process {os.getpid()})")
        handle.flush()
        yield


def locked_since(data_dir: Path) -> float | None:
    """Return when the last service took the lock, in epoch seconds, or None."""
    with suppress(OSError):
        return (data_dir / "up.lock").stat().st_mtime
    return None
