"""Keeps some of the database's disk free, so that deletions can be written when the rest is full.

SQLite needs disk space even to delete rows. Without the reserve a full disk could only be cleared by hand.
"""

import os
import shutil
from pathlib import Path

FILE = "reserve"
RESERVE_BYTES = 16 * 1024 * 1024
# A deletion needs less than this for its write-ahead log.
DELETION_BYTES = RESERVE_BYTES // 2
_BLOCK_BYTES = 1024 * 1024


class Reserve:
    """A file in `folder`, which any process may give up or make again.

    `folder` is None for a database on a server: the disk of that is not ours.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._path = folder / FILE if folder else None

    def has_room(self) -> bool:
        """Whether new jobs may use the disk: the reserve and as much again are free."""
        return self._path is None or self._free_bytes() + self._held_bytes() >= 2 * RESERVE_BYTES

    def give_up_if_needed(self) -> None:
        """Make room for a deletion."""
        if self._path is not None and self._free_bytes() < DELETION_BYTES:
            self._path.unlink(missing_ok=True)

    def restore(self) -> None:
        """Make the file again if there is room."""
        if self._path is None or self._held_bytes() or not self.has_room():
            return
        block = os.urandom(_BLOCK_BYTES)  # zeros take no space on a disk that compresses
        try:
            with self._path.open("wb") as file:
                for _ in range(RESERVE_BYTES // _BLOCK_BYTES):
                    file.write(block)
        except OSError:
            self._path.unlink(missing_ok=True)

    def _held_bytes(self) -> int:
        assert self._path is not None  # noqa: S101  # checked by the callers
        return RESERVE_BYTES if self._path.exists() else 0

    def _free_bytes(self) -> int:
        assert self._folder is not None  # noqa: S101  # checked by the callers
        return shutil.disk_usage(self._folder).free
