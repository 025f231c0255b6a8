"""Who uses a data folder: one service at a time, and where it answers."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the data folder; `owner` says who, in words."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"The data folder is in use by {owner}.")
        self.owner = owner


@contextmanager
def lock_data_dir(data_dir: Path, *, purpose: str) -> Iterator[None]:
    """Hold the data folder. The lock goes with the process, however it ends. Raises AlreadyRunning."""
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
    """When the last service began (epoch seconds)."""
    with suppress(OSError):
        return (data_dir / "up.lock").stat().st_mtime
    return None
