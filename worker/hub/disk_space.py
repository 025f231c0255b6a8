"""Checks the disk space before and during a download."""

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

from worker.host.models_folder import PART_SUFFIX
from worker.hub.errors import DownloadError
from worker.hub.files import Listing, RemoteFile

# Bytes that a download leaves free: the database and the audio may be on the same disk.
RESERVE_BYTES = 200_000_000

_DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_PERMISSION_ERRNOS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


def check_disk_space(listings: Sequence[Listing], root: Path) -> None:
    """Raise DownloadError `disk_too_small` if the missing files of the listings do not fit on the disk of `root`."""
    missing_bytes = sum(
        _missing_bytes(file, root / listing.repository.folder)
        for listing in listings
        for file in listing.files
    )
    free_bytes = shutil.disk_usage(root).free
    if missing_bytes and missing_bytes + RESERVE_BYTES > free_bytes:
        message = (
            f"The download needs {format_size(missing_bytes)} and must leave {format_size(RESERVE_BYTES)} free, but "
            f"the disk of the models folder has only {format_size(free_bytes)}: make room and try again."
        )
        raise DownloadError("disk_too_small", message)


def check_reserve(folder: Path) -> None:
    """Raise DownloadError `storage_full` before other writers on the disk of `folder` fail."""
    if shutil.disk_usage(folder).free < RESERVE_BYTES:
        raise storage_full_error()


def storage_full_error() -> DownloadError:
    message = (
        "The models folder has no space left: make room and try again. The download resumes where it stopped."
    )
    return DownloadError("storage_full", message, retryable=True)


def disk_error(error: OSError) -> DownloadError:
    """Translate an OSError of the models folder."""
    if error.errno in _DISK_FULL_ERRNOS:
        return storage_full_error()
    if error.errno in _PERMISSION_ERRNOS:
        message = "The models folder cannot be written by the worker: correct its permissions and try again."
    else:
        message = f"The models folder cannot be used ({error.strerror}): check its disk and try again."
    return DownloadError("download_failed", message, retryable=True)


def format_size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _missing_bytes(file: RemoteFile, folder: Path) -> int:
    path = folder / file.name
    if _size_bytes(path) == file.size_bytes:
        return 0
    return max(0, file.size_bytes - _size_bytes(path.with_name(path.name + PART_SUFFIX)))


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
