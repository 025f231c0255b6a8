"""Writes a file so that it is either complete or absent, also after a power cut."""

import os
from pathlib import Path
from typing import IO

_BLOCK_BYTES = 1024 * 1024
# A name with this suffix is not a key of the store. The cleanup deletes such files when they are old.
UNFINISHED_SUFFIX = "#1"


def write(path: Path, source: IO[bytes], *, durable: bool) -> None:
    """Copy `source` from its position to its end. Creates the folder. Raises OSError; then no new file is left.

    With `durable`, the file and its name are on disk when this returns.
    """
    unfinished = path.with_name(path.name + UNFINISHED_SUFFIX)
    descriptor = _create(unfinished)
    try:
        while block := source.read(_BLOCK_BYTES):
            _write_all(descriptor, block)
        if durable:
            _flush_data(descriptor)
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    if durable:
        _flush_folder(path.parent)


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)


def _write_all(descriptor: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _flush_data(descriptor: int) -> None:
    # macOS has no fdatasync.
    getattr(os, "fdatasync", os.fsync)(descriptor)


def _flush_folder(folder: Path) -> None:
    """Flush the name: a rename alone may be lost in a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
