"""A file that is being downloaded, and its digest so far."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from worker.host.models_folder import PART_SUFFIX
from worker.hub.disk_space import check_reserve
from worker.hub.files import RemoteFile
from worker.hub.progress import DownloadProgress

_BLOCK_BYTES = 1 << 20
# How much is written between two checks of the disk space.
_DISK_CHECK_INTERVAL_BYTES = 32 << 20


class PartialFile:
    """A file next to its destination, with the suffix `.part` until it is complete.

    As a context manager it hashes what an earlier attempt has left.
    """

    def __init__(self, destination: Path, file: RemoteFile, progress: DownloadProgress) -> None:
        self.size_bytes = 0
        self._destination = destination
        self._path = destination.with_name(destination.name + PART_SUFFIX)
        self._file = file
        self._progress = progress
        self._hash = file.new_hash()
        self._next_disk_check_bytes = 0
        destination.parent.mkdir(parents=True, exist_ok=True)
        self._out = self._path.open("r+b" if self._path.exists() else "w+b")

    def __enter__(self) -> Self:
        while block := self._out.read(_BLOCK_BYTES):
            self._add(block)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    @property
    def is_complete(self) -> bool:
        """Whether no bytes are missing."""
        return self.size_bytes >= self._file.size_bytes

    @property
    def is_too_long(self) -> bool:
        return self.size_bytes > self._file.size_bytes

    @property
    def is_valid(self) -> bool:
        """Whether size and digest are those of the remote file."""
        return bool(self.size_bytes == self._file.size_bytes and self._hash.hexdigest() == self._file.digest)

    def append(self, block: bytes) -> None:
        """Write a block. Raises DownloadError `storage_full` if the disk is nearly full."""
        if self.size_bytes >= self._next_disk_check_bytes:
            check_reserve(self._destination.parent)
            self._next_disk_check_bytes = self.size_bytes + _DISK_CHECK_INTERVAL_BYTES
        self._out.write(block)
        # After this, the block survives a crash of this process.
        self._out.flush()
        self._add(block)

    def restart(self) -> None:
        self._out.seek(0)
        self._out.truncate()
        self._hash = self._file.new_hash()
        self.size_bytes = self._next_disk_check_bytes = 0

    def move_into_place(self) -> None:
        """Rename the file to its destination. After a power failure the destination is complete or absent."""
        os.fsync(self._out.fileno())
        self._path.replace(self._destination)
        sync_folder(self._destination.parent)

    def _add(self, block: bytes) -> None:
        self._hash.update(block)
        self.size_bytes += len(block)
        self._progress.set_current(self.size_bytes)


def is_downloaded(destination: Path, file: RemoteFile, progress: DownloadProgress) -> bool:
    """Return whether the destination has the content of the remote file, by size and digest."""
    if not destination.is_file() or destination.stat().st_size != file.size_bytes:
        return False
    found, read_bytes = file.new_hash(), 0
    with destination.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            found.update(block)
            read_bytes += len(block)
            progress.set_current(read_bytes)
    return bool(found.hexdigest() == file.digest)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
