"""The file in the data folder that holds the address of the running service."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    url: str
    pid: int


@contextmanager
def publish_address(data_dir: Path, url: str) -> Iterator[None]:
    """Publish the address while the block runs, so that other commands find the service."""
    path = _address_file(data_dir)
    temp_path = path.with_suffix(".new")
    temp_path.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    temp_path.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_address(data_dir: Path) -> ServiceAddress | None:
    """Return the address of the last service, or None. That service may have stopped."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(_address_file(data_dir).read_text())
        return ServiceAddress(str(content["url"]), int(content["pid"]))
    return None


def _address_file(data_dir: Path) -> Path:
    return data_dir / "up.json"
