"""Temporary files of jobs, on the disk of the data folder. `/tmp` is memory on many machines and in containers."""

import tempfile
from pathlib import Path
from typing import IO, cast

FOLDER = "spool"
# Most jobs stay below this and never touch the disk. An hour of WAV has 170 MB.
MEMORY_BYTES = 8 * 1024 * 1024


def open_spool(data_dir: Path) -> IO[bytes]:
    """Open an empty file that is in memory while it is small. Raises OSError while it is written to a full disk.

    The file has no name, so the disk has its space again when it is closed, or when the process dies.
    """
    spool = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES, dir=_folder(data_dir))  # noqa: SIM115  # the caller closes it
    return cast("IO[bytes]", spool)


def _folder(data_dir: Path) -> str | None:
    """None, the default of the system, for a worker without a data folder that it can write."""
    folder = data_dir / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder)
