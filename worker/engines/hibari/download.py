"""Downloads the voices of hibari that its package does not include."""

import errno
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from hibari import voices as registry

from worker.engines.hibari.engine import find_voice_file
from worker.hub.errors import DownloadError

_POLL_INTERVAL_S = 0.1
_DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_PERMISSION_ERRNOS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


def missing_voices(models_dir: Path) -> tuple[str, ...]:
    """Return the voices that can be downloaded and are not in the models folder."""
    return tuple(
        name for name in registry.VOICES if find_voice_file(name, voices_dir=models_dir / "hibari") is None
    )


def download_voice(
    voice: str, models_dir: Path, on_bytes: Callable[[int, int], None], *, base_url: str = ""
) -> Path:
    """Download a voice, check its sha256 and return its path. Calls `on_bytes(done, total)` in this thread.

    Raises DownloadError `download_failed` or `storage_full`, and KeyError for a voice that hibari does not have.
    """
    known = registry.VOICES[voice]
    destination: Path = models_dir / "hibari" / known["file"]
    url = (base_url or registry.BASE_URL) + known["file"]
    before = set(_part_files(destination))
    # The library reports no progress, so it runs in a second thread while this one watches the size of its file.
    with ThreadPoolExecutor(1, thread_name_prefix="hibari-download") as executor:
        running = executor.submit(_fetch, url, destination, known["sha256"])
        _report_progress(running, destination, before, lambda done: on_bytes(done, known["bytes"]))
    running.result()
    on_bytes(known["bytes"], known["bytes"])
    return destination


def _fetch(url: str, destination: Path, sha256: str) -> None:
    try:
        registry.download(url, str(destination), sha256)
    except (OSError, RuntimeError, HTTPException) as error:
        if isinstance(error.__cause__, HTTPError):
            # The error holds the open connection of the response.
            error.__cause__.close()
        raise _download_error(destination, error) from error


def _download_error(destination: Path, error: Exception) -> DownloadError:
    # The library wraps the OSError, except if it failed before the first byte.
    number = getattr(error.__cause__ or error, "errno", None)
    if number in _DISK_FULL_ERRNOS:
        message = "The models folder has no space left for the voice: make room and try again."
        return DownloadError("storage_full", message, retryable=True)
    if number in _PERMISSION_ERRNOS:
        message = "The models folder cannot be written by the worker: correct its permissions and try again."
    elif isinstance(error, RuntimeError) and error.__cause__ is None:
        message = "The file of the voice arrived damaged: its checksum is wrong. Try again later."
    else:
        message = (
            "The voice could not be downloaded: no network, or the hub does not answer. Check the connection, or copy "
            f"the file to {destination.parent.name}/{destination.name} in the models folder by hand."
        )
    return DownloadError("download_failed", message, retryable=True)


def _report_progress(
    running: Future[None], destination: Path, before: set[Path], report: Callable[[int], None]
) -> None:
    while not wait([running], timeout=_POLL_INTERVAL_S).done:
        report(max((_size_bytes(part) for part in _part_files(destination) if part not in before), default=0))


def _part_files(destination: Path) -> list[Path]:
    return list(destination.parent.glob(f"{destination.name}.*.part"))


def _size_bytes(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:  # the library has just renamed it into place
        return 0
