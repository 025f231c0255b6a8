"""Repositories into the models folder, each under a lock, with a note of what it is when everything is there."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from common.catalogue import Repository, Weights
from worker.host.models_folder import NOTE, read_note
from worker.hub.backoff import Patience
from worker.hub.disk_space import check_room, disk_failure
from worker.hub.files import Listing
from worker.hub.listing import list_files
from worker.hub.partial_file import sync_folder
from worker.hub.progress import Tally
from worker.hub.transfer import Source, open_source

OnBytes = Callable[[int, int], None]

_LOOK_EVERY_S = 0.3


def fetch(repository: Repository, root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes) -> str:
    """The commit of which everything that is worth having is in the models folder `root` now.

    `on_bytes(done, total)` is called in this thread, often; what it raises ends the download. Raises EngineError:
    `disk_too_small`, `storage_full` or `download_failed`. Asked again, it goes on where it stopped.
    """
    (commit,) = _fetch_all((repository,), root, endpoint=endpoint, token=token, on_bytes=on_bytes)
    return commit


def fetch_weights(
    weights: Weights, root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes
) -> tuple[str, ...]:
    """The same for all repositories of the weights, with one running total; the commits, in their order."""
    return _fetch_all(weights.repositories, root, endpoint=endpoint, token=token, on_bytes=on_bytes)


def _fetch_all(
    repositories: Sequence[Repository], root: Path, *, endpoint: str, token: str | None, on_bytes: OnBytes
) -> tuple[str, ...]:
    tally = Tally(on_bytes)
    listings = [
        list_files(repository, endpoint=endpoint, token=token, patience=Patience(tally.beat))
        for repository in repositories
    ]
    tally.expect(sum(listing.size_bytes for listing in listings))
    try:
        root.mkdir(parents=True, exist_ok=True)
        check_room(listings, root)
        with open_source(endpoint, token) as source:
            for listing in listings:
                _bring(listing, root, source=source, tally=tally)
    except OSError as error:
        raise disk_failure(error) from error
    return tuple(listing.commit for listing in listings)


def _bring(listing: Listing, root: Path, *, source: Source, tally: Tally) -> None:
    folder = root / listing.repository.folder
    note = {"revision": listing.commit, "files": {file.name: file.noted() for file in listing.files}}
    folder.mkdir(exist_ok=True)
    with _locked(root / f".{listing.repository.folder}.lock", tally):
        if read_note(folder) not in (None, note):
            # Of another commit: from the first file that is replaced on, it would lie.
            (folder / NOTE).unlink()
        for file in listing.files:
            source.bring(file, folder / file.name, listing=listing, tally=tally)
        _write_note(folder, json.dumps(note, indent=1))


@contextmanager
def _locked(path: Path, tally: Tally) -> Iterator[None]:
    """One at a time, in all processes; who comes second finds what the first one brought."""
    with path.open("a") as handle:
        while not _try_lock(handle.fileno()):
            tally.beat()
            time.sleep(_LOOK_EVERY_S)
        yield


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_note(folder: Path, text: str) -> None:
    fresh = folder / f"{NOTE}.new"
    with fresh.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(folder / NOTE)
    sync_folder(folder)
