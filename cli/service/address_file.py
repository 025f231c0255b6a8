"""The file in the data folder that says where the service answers."""

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
    """Let `oratio say` and others find the service while the block runs."""
    path = _address_file(data_dir)
    temp_path = path.with_suffix(".new")
    temp_path.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    temp_path.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_address(data_dir: Path) -> ServiceAddress | None:
    """What the last service said; it may be gone by now."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(_address_file(data_dir).read_text())
        return ServiceAddress(str(content["url"]), int(content["pid"]))
    return None


def _address_file(data_dir: Path) -> Path:
    return data_dir / "up.json"
