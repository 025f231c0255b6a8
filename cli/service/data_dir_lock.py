"""Who uses a data folder: one service at a time, and where it answers."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process holds the data folder; `owner` says who, in words."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"The data folder is in use by {owner}.")
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    pid: int


@contextmanager
def claimed(data_dir: Path, *, purpose: str) -> Iterator[None]:
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


@contextmanager
def published(data_dir: Path, url: str) -> Iterator[None]:
    """Let `oratio say` and others find the service while the block runs."""
    path = _address_file(data_dir)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    fresh.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def published_address(data_dir: Path) -> Address | None:
    """What the last service said; it may be gone by now."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads(_address_file(data_dir).read_text())
        return Address(str(said["url"]), int(said["pid"]))
    return None


def claimed_since(data_dir: Path) -> float | None:
    """When the last service began (epoch seconds)."""
    with suppress(OSError):
        return (data_dir / "up.lock").stat().st_mtime
    return None


def _address_file(data_dir: Path) -> Path:
    return data_dir / "up.json"
