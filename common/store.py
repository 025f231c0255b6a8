"""Stores audio in a local folder or a bucket. A missing key raises FileNotFoundError in every method that reads."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import GenericError, NotSupportedError
from obstore.store import LocalStore, ObjectStore, from_url

AUDIO_FOLDER = "outputs/audio"
CHUNK_BYTES = 256 * 1024
# Long audio is uploaded in chunks of 5 MB, each held in memory. The library's default is 12 chunks at a time.
UPLOAD_CONCURRENCY = 2

# All keys are built here from ids of the service. Nothing else is read, written or deleted.
_KEY = re.compile(rf"{AUDIO_FOLDER}/(?P<job_id>[0-9a-f-]{{36}})\.(?P<attempt>[0-9]{{1,9}})\.[a-z0-9]{{2,5}}")


class StorageFull(OSError):
    """The disk or bucket is full."""


def audio_key(job_id: str, *, attempt: int, extension: str) -> str:
    """The key of a job's audio. It names the attempt, so that a stale attempt can only delete its own file."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.{extension}")


def piece_key(job_id: str, *, attempt: int, number: int) -> str:
    """The key of one piece of a file that is still being written, for live listeners who are behind."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.p{number:04d}")


def partial_audio_key(job_id: str, *, attempt: int) -> str:
    """The key of the audio that one stage spoke. The next stage, with voices of another model, continues it."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.take")


def checked_key(key: str) -> str:
    """Return the key. Raises ValueError if this service cannot have built it."""
    if not _KEY.fullmatch(key):
        raise ValueError("not an audio key")
    return key


def job_id_of(key: str) -> str | None:
    match = _KEY.fullmatch(key)
    return match["job_id"] if match else None


class Store:
    """`url`: `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""

    def __init__(self, url: str) -> None:
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file://") else None
        self._store: ObjectStore = LocalStore(self._folder, mkdir=True) if self._folder else from_url(url)

    def put(self, key: str, source: IO[bytes]) -> int:
        """Write all of `source`, from its start, atomically. Returns the size in bytes. Raises StorageFull."""
        source.seek(0, os.SEEK_END)
        size = source.tell()
        source.seek(0)
        try:
            obstore.put(self._store, checked_key(key), source, max_concurrency=UPLOAD_CONCURRENCY)
            self._flush(key)
        except (OSError, GenericError) as error:
            if _is_full(error):
                raise StorageFull("no space left in the store") from error
            raise
        return size

    def _flush(self, key: str) -> None:
        """Flush a local file to disk before a row names it, so that a power cut cannot leave a row without its file.

        The file has its final name already. Journalling file systems write the rename together with the data.
        """
        if self._folder is None:
            return
        descriptor = os.open(self._folder / key, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def size(self, key: str) -> int:
        """Size in bytes. Raises FileNotFoundError."""
        return int(obstore.head(self._store, checked_key(key))["size"])

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) in chunks. Raises FileNotFoundError before the first chunk."""
        stop = self.size(key) if end is None else end
        return self._chunks(checked_key(key), start, stop)

    def _chunks(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        for offset in range(start, stop, CHUNK_BYTES):
            yield bytes(
                obstore.get_range(self._store, key, start=offset, end=min(offset + CHUNK_BYTES, stop))
            )

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files, in few requests to a bucket. Missing keys are ignored."""
        checked_keys = [checked_key(key) for key in keys]
        try:
            obstore.delete(self._store, checked_keys)
        except FileNotFoundError:  # Only a local store says so, and it may leave the others.
            self._delete_one_by_one(checked_keys)

    def _delete_one_by_one(self, keys: Sequence[str]) -> None:
        for key in keys:
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                continue

    def keys(self) -> Iterator[tuple[str, float, int]]:
        """Yield every audio key with the time of its last change (epoch seconds) and its size in bytes."""
        for batch in obstore.list(self._store, prefix=AUDIO_FOLDER):
            for entry in batch:
                if _KEY.fullmatch(entry["path"]):
                    yield entry["path"], entry["last_modified"].timestamp(), entry["size"]

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """Delete files that a dead process left half written in a local store. Returns how many.

        Their names end in `#1` and the like, and listings do not show them.
        """
        folder = self._folder / AUDIO_FOLDER if self._folder else None
        if folder is None or not folder.is_dir():
            return 0
        modified_before = time.time() - older_than_s
        abandoned = [path for path in folder.glob("*#*") if path.stat().st_mtime < modified_before]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def check(self) -> None:
        """Raises an error if the store does not respond."""
        try:
            next(iter(obstore.list(self._store, prefix=AUDIO_FOLDER, chunk_size=1)), None)
        except NotSupportedError as error:  # The cleanup needs to list files.
            raise OSError(str(error)) from error


def _is_full(error: BaseException) -> bool:
    message = str(error)
    return "No space left" in message or "os error 28" in message or "Disk quota" in message
