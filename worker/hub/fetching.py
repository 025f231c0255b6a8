"""Downloads repositories into the models folder under a lock, and writes a manifest when one is complete."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from common.catalogue import Repository, Weights
from worker.host.models_folder import MANIFEST_NAME, read_manifest
from worker.hub.backoff import Backoff
from worker.hub.disk_space import check_disk_space, disk_error
from worker.hub.files import Listing
from worker.hub.listing import list_files
from worker.hub.partial_file import sync_folder
from worker.hub.progress import DownloadProgress
from worker.hub.transfer import FileDownloader, open_downloader

OnBytes = Callable[[int, int], None]

_LOCK_POLL_INTERVAL_S = 0.3


def fetch(repository: Repository, root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes) -> str:
    """Download the useful files of a repository into the models folder `root` and return their commit.

    Calls `on_bytes(done, total)` in this thread, often; an exception that it raises ends the download. A later call
    resumes an interrupted download. Raises DownloadError `disk_too_small`, `storage_full` or `download_failed`.
    """
    (commit,) = _fetch_all((repository,), root, endpoint=endpoint, token=token, on_bytes=on_bytes)
    return commit


def fetch_weights(
    weights: Weights, root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes
) -> tuple[str, ...]:
    """Download all repositories of the weights like `fetch`, with one total, and return their commits in order."""
    return _fetch_all(weights.repositories, root, endpoint=endpoint, token=token, on_bytes=on_bytes)


def _fetch_all(
    repositories: Sequence[Repository], root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes
) -> tuple[str, ...]:
    progress = DownloadProgress(on_bytes)
    listings = [
        list_files(repository, endpoint=endpoint, token=token, backoff=Backoff(progress.report))
        for repository in repositories
    ]
    progress.set_total(sum(listing.size_bytes for listing in listings))
    try:
        root.mkdir(parents=True, exist_ok=True)
        check_disk_space(listings, root)
        with open_downloader(endpoint, token) as downloader:
            for listing in listings:
                _download_repository(listing, root, downloader=downloader, progress=progress)
    except OSError as error:
        raise disk_error(error) from error
    return tuple(listing.commit for listing in listings)


def _download_repository(
    listing: Listing, root: Path, *, downloader: FileDownloader, progress: DownloadProgress
) -> None:
    folder = root / listing.repository.folder
    manifest = {
        "revision": listing.commit,
        "files": {file.name: file.manifest_entry() for file in listing.files},
    }
    folder.mkdir(exist_ok=True)
    with _lock(root / f".{listing.repository.folder}.lock", progress):
        if read_manifest(folder) not in (None, manifest):
            # The manifest is of another commit, and becomes wrong when the first file is replaced.
            (folder / MANIFEST_NAME).unlink()
        for file in listing.files:
            downloader.download(file, folder / file.name, listing=listing, progress=progress)
        _write_manifest(folder, json.dumps(manifest, indent=1))


@contextmanager
def _lock(path: Path, progress: DownloadProgress) -> Iterator[None]:
    """Hold a lock across processes. A process that had to wait finds the files of the first one."""
    with path.open("a") as handle:
        while not _try_lock(handle.fileno()):
            progress.report()
            time.sleep(_LOCK_POLL_INTERVAL_S)
        yield


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_manifest(folder: Path, text: str) -> None:
    temporary = folder / f"{MANIFEST_NAME}.new"
    with temporary.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(folder / MANIFEST_NAME)
    sync_folder(folder)
