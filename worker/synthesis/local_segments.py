"""Keeps the finished segments of an attempt in a file on this machine until they are in the store.

A write takes a tenth of a millisecond, because it does not sync the disk. So every segment is written at once, also of
short texts. The file outlives its worker, and the next attempt on the same machine reads it.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from worker.synthesis.partial_audio import read_partial, write_partial
from worker.synthesis.segment_synthesis import SynthesizedSegment

FOLDER = "segments"
# The jobs of most older files have ended on another machine. Any other job only speaks its segments again.
MAX_AGE_S = 3600.0


class LocalSegments:
    """The files of a part, one per attempt. `recipe`: an attempt with another recipe uses none of them.

    It is computed for the first file, because most texts are one segment and have no file.
    """

    def __init__(self, data_dir: Path, *, part_id: str, attempt: int, recipe: Callable[[], str]) -> None:
        self._folder = data_dir / FOLDER
        self._part_id = part_id
        self._attempt = attempt
        self._recipe = recipe
        self._has_file = False

    def add(self, spoken: SynthesizedSegment) -> None:
        """Raises OSError."""
        path = self._path(self._attempt)
        if not self._has_file:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._has_file = True
        with path.open("ab") as file:
            write_partial([spoken], file)

    def clear(self) -> None:
        """Forget the segments of this attempt. They are in the store."""
        if self._has_file:
            with suppress(OSError):
                os.truncate(self._path(self._attempt), 0)

    def read_earlier(self) -> Iterator[SynthesizedSegment]:
        """Yield the segments of earlier attempts. The last one of a file may have been cut off with its worker."""
        for attempt in range(1, self._attempt):
            with suppress(OSError, ValueError), self._path(attempt).open("rb") as file:
                yield from read_partial(file)

    def delete(self) -> None:
        """Delete the files of this attempt and of those before it."""
        if not self._has_file and self._attempt == 1:
            return
        for attempt in range(1, self._attempt + 1):
            with suppress(OSError):
                self._path(attempt).unlink()

    def _path(self, attempt: int) -> Path:
        return self._folder / f"{self._part_id}.{self._recipe()[:16]}.{attempt}"


def delete_old(data_dir: Path) -> None:
    """Delete files that nobody wrote for `MAX_AGE_S`, whether or not their jobs have ended."""
    for path in (data_dir / FOLDER).glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - MAX_AGE_S:
                path.unlink()
