"""Sound on its way into files: a name stands for a whole file or for none."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cli.client.connection import AGAIN_AFTER_S, Connection
from cli.client.errors import Failed
from cli.client.events import LOST_AFTER_S


@contextmanager
def landing(target: Path) -> Iterator[IO[bytes]]:
    """Written beside its place and moved there at the end. Pipes and devices are written as they are."""
    if target.exists() and not target.is_file():
        with target.open("wb", buffering=0) as there:
            yield there
        return
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("x+b") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def fetch(connection: Connection, path: str, file: IO[bytes]) -> int:
    """The size in bytes. After a broken connection it goes on where it was, unless it is another file by then."""
    got_bytes, etag = 0, ""
    lost_at = time.monotonic() + LOST_AFTER_S
    while True:
        try:
            with connection.opened("GET", path, headers=_rest(got_bytes, etag)) as answer:
                if got_bytes and answer.status_code != 206:
                    got_bytes = file.seek(0)
                    file.truncate()
                etag = answer.headers.get("etag", "")
                for chunk in answer.iter_bytes():
                    file.write(chunk)
                    got_bytes += len(chunk)
                    lost_at = time.monotonic() + LOST_AFTER_S
            return got_bytes
        except Failed as failure:
            if not failure.is_lost or time.monotonic() > lost_at:
                raise
        time.sleep(AGAIN_AFTER_S)


def save(connection: Connection, method: str, path: str, target: Path, **given: Any) -> int:
    """What can be had only from its start, as a file; its size in bytes."""
    got_bytes = 0
    with connection.opened(method, path, **given) as answer, landing(target) as file:
        for chunk in answer.iter_bytes():
            got_bytes += file.write(chunk)
    return got_bytes


def _rest(got_bytes: int, etag: str) -> dict[str, str]:
    plain = {"Accept-Encoding": "identity"}
    return plain | {"Range": f"bytes={got_bytes}-", "If-Range": etag} if got_bytes and etag else plain
