"""Stores audio in a local folder or a bucket. A missing key raises FileNotFoundError in every method that reads."""

import errno
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError as StoreError
from obstore.store import LocalStore, ObjectStore, from_url

from common import atomic_file

if TYPE_CHECKING:
    from obstore.store import RetryConfig

AUDIO_FOLDER = "outputs/audio"
CHUNK_BYTES = 256 * 1024
# Reading a chunk costs a gateway a hop to a thread. Ten seconds of WAV fit into one.
_LOCAL_CHUNK_BYTES = 512 * 1024
# Long audio is uploaded in chunks of 5 MB, each held in memory. The library's default is 12 chunks at a time.
UPLOAD_CONCURRENCY = 2

# A bucket that hangs must not hold a request. Reads are of CHUNK_BYTES, uploads of up to 5 MB over a slow line.
_READING = {"connect_timeout": "2s", "timeout": "5s"}
_WRITING = {"connect_timeout": "2s", "timeout": "30s"}
_CLIENT_OPTIONS = (
    "allow_http",
    "allow_invalid_certificates",
    "connect_timeout",
    "pool_idle_timeout",
    "pool_max_idle_per_host",
    "proxy_ca_certificate",
    "proxy_excludes",
    "proxy_url",
    "read_timeout",
    "root_certificate",
    "timeout",
    "user_agent",
)
# Only for a single failed request. Longer outages are bridged by the worker, and answered 503 by the gateway.
_RETRIES: "RetryConfig" = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=3),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}

# All keys are built here from ids of the service. Nothing else is read, written or deleted.
_KEY = re.compile(rf"{AUDIO_FOLDER}/(?P<job_id>[0-9a-f-]{{36}})\.(?P<attempt>[0-9]{{1,9}})\.[a-z0-9]{{2,5}}")


class StorageFull(OSError):
    """The disk or bucket is full."""


class StoreUnavailable(OSError):
    """The store does not respond or fails. A later attempt may succeed."""


def audio_key(job_id: str, *, attempt: int, extension: str) -> str:
    """The key of a job's audio. It names the attempt, so that a stale attempt can only delete its own file."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.{extension}")


def piece_key(job_id: str, *, attempt: int, number: int) -> str:
    """The key of one piece of a file that is still being written, for live listeners who are behind."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.p{number:04d}")


def partial_audio_key(job_id: str, *, attempt: int) -> str:
    """The key of the audio that one stage spoke. The next stage, with voices of another model, continues it."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.take")


def kept_audio_key(job_id: str, *, attempt: int, number: int) -> str:
    """The key of a file with finished segments of a long job, for the next attempt."""
    return checked_key(f"{AUDIO_FOLDER}/{job_id}.{attempt}.k{number:04d}")


def checked_key(key: str) -> str:
    """Return the key. Raises ValueError if this service cannot have built it."""
    if not _KEY.fullmatch(key):
        raise ValueError("not an audio key")
    return key


def job_id_of(key: str) -> str | None:
    match = _KEY.fullmatch(key)
    return match["job_id"] if match else None


class Store:
    """`url`: `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

    Every method may raise StoreUnavailable.
    """

    def __init__(self, url: str) -> None:
        self._folder = Path(unquote(urlsplit(url).path)) if url.startswith("file://") else None
        self._reader: ObjectStore
        self._writer: ObjectStore
        if self._folder is not None:
            self._reader = self._writer = LocalStore(self._folder, mkdir=True)
        else:
            self._reader = _bucket(url, _READING)
            self._writer = _bucket(url, _WRITING)

    def put(self, key: str, source: IO[bytes], *, durable: bool = True) -> int:
        """Write all of `source`, from its start, atomically. Returns the size in bytes. Raises StorageFull.

        A local file is on disk when this returns, unless `durable` is false: a power cut must not leave a row without
        its file.
        """
        source.seek(0, os.SEEK_END)
        size = source.tell()
        source.seek(0)
        checked_key(key)
        with _as_store_errors():
            if self._folder is not None:
                atomic_file.write(self._folder / key, source, durable=durable)
            else:
                obstore.put(self._writer, key, source, max_concurrency=UPLOAD_CONCURRENCY)
        return size

    def size(self, key: str) -> int:
        """Size in bytes. Raises FileNotFoundError."""
        with _as_store_errors():
            return int(obstore.head(self._reader, checked_key(key))["size"])

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) in chunks. Raises FileNotFoundError before the first chunk."""
        stop = self.size(key) if end is None else end
        if self._folder is not None:
            return self._local_chunks(self._folder / checked_key(key), start, stop)
        return self._chunks(checked_key(key), start, stop)

    def _local_chunks(self, path: Path, start: int, stop: int) -> Iterator[bytes]:
        """Read without obstore, whose threads cost more than the file."""
        with _as_store_errors(), path.open("rb") as file:
            file.seek(start)
            while data := file.read(min(_LOCAL_CHUNK_BYTES, stop - file.tell())):
                yield data

    def _chunks(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        for offset in range(start, stop, CHUNK_BYTES):
            with _as_store_errors():
                chunk = obstore.get_range(
                    self._reader, key, start=offset, end=min(offset + CHUNK_BYTES, stop)
                )
            yield bytes(chunk)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete files, in one request where the bucket allows that. Missing keys are ignored."""
        checked = [checked_key(key) for key in keys]
        with _as_store_errors():
            if self._folder is not None:
                for key in checked:
                    (self._folder / key).unlink(missing_ok=True)
            elif checked:
                self._delete_from_bucket(checked)

    def _delete_from_bucket(self, keys: list[str]) -> None:
        try:
            obstore.delete(self._writer, keys)
        except FileNotFoundError:  # buckets other than S3 miss keys, and leave the rest
            for key in keys:
                with suppress(FileNotFoundError):
                    obstore.delete(self._writer, key)

    def keys(self) -> Iterator[tuple[str, float, int]]:
        """Yield every audio key with the time of its last change (epoch seconds) and its size in bytes."""
        batches = iter(obstore.list(self._reader, prefix=AUDIO_FOLDER))
        while True:
            with _as_store_errors():
                batch = next(batches, None)
            if batch is None:
                return
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
        """Raises StoreUnavailable if the store does not respond, or cannot list files, as the cleanup needs."""
        with _as_store_errors():
            next(iter(obstore.list(self._reader, prefix=AUDIO_FOLDER, chunk_size=1)), None)


def _bucket(url: str, timeouts: dict[str, str]) -> ObjectStore:
    options: Any = timeouts | _client_options(url)
    return from_url(url, client_options=options, retry_config=_RETRIES)


def _client_options(url: str) -> dict[str, str]:
    """The HTTP client's options in the environment, such as AWS_ALLOW_HTTP. Options in code would replace them all."""
    prefix = {"s3": "AWS_", "s3a": "AWS_", "gs": "GOOGLE_"}.get(urlsplit(url).scheme, "AZURE_")
    names = ((prefix + name.upper(), name) for name in _CLIENT_OPTIONS)
    return {name: os.environ[variable] for variable, name in names if variable in os.environ}


@contextmanager
def _as_store_errors() -> Iterator[None]:
    """Raise StorageFull or StoreUnavailable for an error of the store, without its message: that may name addresses."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, StoreError) as error:
        if is_full(error):
            raise StorageFull("no space left in the store") from error
        raise StoreUnavailable(f"the store does not answer ({type(error).__name__})") from error


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk or a bucket is full."""
    if isinstance(error, StorageFull):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    message = str(error)
    return "No space left" in message or "os error 28" in message or "Disk quota" in message
