"""Saves responses as files. A file appears only once it is complete."""

import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import unquote

from cli.client.connection import RETRY_DELAY_S, Connection
from cli.client.errors import ClientError
from cli.client.events import GIVE_UP_AFTER_S

_NAME = re.compile(r"filename\*=UTF-8''([^;\s]+)\.\w+")


@dataclass(frozen=True, slots=True)
class AudioFile:
    """`stem` is the name that the service gives to the files of a recording, without an extension."""

    media_type: str
    stem: str

    @classmethod
    def of(cls, headers: Mapping[str, str], *, default_stem: str) -> Self:
        found = _NAME.search(headers.get("content-disposition", ""))
        stem = unquote(found[1]) if found else default_stem
        # A name from another machine must not lead out of the folder.
        is_safe = stem.isprintable() and not set(stem) & set("/\\:") and not stem.startswith(".")
        return cls(headers.get("content-type", ""), stem if is_safe else default_stem)


@contextmanager
def atomic_write(target: Path) -> Iterator[IO[bytes]]:
    """Write to a temporary file that replaces `target` if the block succeeds. Write pipes and devices directly."""
    if target.exists() and not target.is_file():
        with target.open("wb", buffering=0) as file:
            yield file
        return
    temp_file = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temp_file.open("x+b") as file:
            yield file
        temp_file.replace(target)
    finally:
        temp_file.unlink(missing_ok=True)


def download_file(connection: Connection, path: str, file: IO[bytes]) -> int:
    """Download into a file and return the size in bytes.

    If the connection breaks, resume where it broke, or start again if the audio has changed.
    """
    received_bytes, etag = 0, ""
    lost_at = time.monotonic() + GIVE_UP_AFTER_S
    while True:
        try:
            with connection.open("GET", path, headers=_range_headers(received_bytes, etag)) as response:
                if received_bytes and response.status_code != 206:
                    received_bytes = file.seek(0)
                    file.truncate()
                etag = response.headers.get("etag", "")
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    received_bytes += len(chunk)
                    lost_at = time.monotonic() + GIVE_UP_AFTER_S
            return received_bytes
        except ClientError as failure:
            if not failure.is_lost or time.monotonic() > lost_at:
                raise
        time.sleep(RETRY_DELAY_S)


def save_response(
    connection: Connection, method: str, path: str, target: Path, **request_options: Any
) -> int:
    """Save a response that cannot be resumed, and return its size in bytes."""
    received_bytes = 0
    with connection.open(method, path, **request_options) as response, atomic_write(target) as file:
        for chunk in response.iter_bytes():
            received_bytes += file.write(chunk)
    return received_bytes


def _range_headers(received_bytes: int, etag: str) -> dict[str, str]:
    plain = {"Accept-Encoding": "identity"}
    return (
        plain | {"Range": f"bytes={received_bytes}-", "If-Range": etag} if received_bytes and etag else plain
    )
