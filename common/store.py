"""Where audio lies: a local folder or a bucket behind one interface. A missing key is FileNotFoundError everywhere."""

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
# Long audio goes in parts of 5 MB, each held in memory while it is written; the library's default is 12 at once.
UPLOAD_CONCURRENCY = 2

# Keys are made here from server-made ids; nothing else is ever read, written or deleted.
_KEY = re.compile(rf"{AUDIO_FOLDER}/(?P<job_id>[0-9a-f-]{{36}})\.(?P<attempt>[0-9]{{1,9}})\.[a-z0-9]{{2,5}}")


class StorageFull(OSError):
    """The disk or bucket takes no more."""


def audio_key(job_id: str, *, attempt: int, extension: str) -> str:
    """The key carries the attempt, so that a stale attempt can only ever delete its own file."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.{extension}")


def piece_key(job_id: str, *, attempt: int, number: int) -> str:
    """Of a file that is still being written, a stretch that live listeners may need."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.p{number:04d}")


def partial_audio_key(job_id: str, *, attempt: int) -> str:
    """What voices of one model have spoken of a text, for those of another to go on with."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.take")


def checked_key(key: str) -> str:
    """The key itself; ValueError for one that this service cannot have made."""
    if not _KEY.fullmatch(key):
        raise ValueError("not an audio key")
    return key


def job_id_of(key: str) -> str | None:
    match = _KEY.fullmatch(key)
    return match["job_id"] if match else None


class Store:
    """Opened by URL: `file:///folder`, `s3://bucket/prefix`, `gs://`, `az://`."""

    def __init__(self, url: str) -> None:
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file://") else None
        self._store: ObjectStore = LocalStore(self._folder, mkdir=True) if self._folder else from_url(url)

    def put(self, key: str, source: IO[bytes]) -> int:
        """Write all of `source` (from its start) under `key`, whole or not at all; the size in bytes."""
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
        """A row must not outlive the bytes that it names, so they reach the disk first.

        The file has its final name already: journalling file systems write a rename down with the file's own data.
        """
        if self._folder is None:
            return
        descriptor = os.open(self._folder / key, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def size(self, key: str) -> int:
        """Bytes under `key`; raises FileNotFoundError."""
        return int(obstore.head(self._store, checked_key(key))["size"])

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) in chunks; raises FileNotFoundError before the first."""
        stop = self.size(key) if end is None else end
        return self._chunks(checked_key(key), start, stop)

    def _chunks(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        for offset in range(start, stop, CHUNK_BYTES):
            yield bytes(
                obstore.get_range(self._store, key, start=offset, end=min(offset + CHUNK_BYTES, stop))
            )

    def delete(self, keys: Sequence[str]) -> None:
        """Missing keys are no error: deleting is idempotent."""
        for key in keys:
            try:
                obstore.delete(self._store, checked_key(key))
            except FileNotFoundError:
                continue

    def keys(self) -> Iterator[tuple[str, float, int]]:
        """Every audio key with its last change (epoch seconds) and size."""
        for batch in obstore.list(self._store, prefix=AUDIO_FOLDER):
            for entry in batch:
                if _KEY.fullmatch(entry["path"]):
                    yield entry["path"], entry["last_modified"].timestamp(), entry["size"]

    def remove_unfinished(self, *, older_than_s: float) -> int:
        """Files of a local store whose writer died in the middle: `key#1`, which no listing shows. How many."""
        folder = self._folder / AUDIO_FOLDER if self._folder else None
        if folder is None or not folder.is_dir():
            return 0
        modified_before = time.time() - older_than_s
        abandoned = [path for path in folder.glob("*#*") if path.stat().st_mtime < modified_before]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)

    def check(self) -> None:
        """Raises when the store does not answer."""
        try:
            next(iter(obstore.list(self._store, prefix=AUDIO_FOLDER, chunk_size=1)), None)
        except NotSupportedError as error:  # a store that cannot list cannot be cleaned either
            raise OSError(str(error)) from error


def _is_full(error: BaseException) -> bool:
    message = str(error)
    return "No space left" in message or "os error 28" in message or "Disk quota" in message
