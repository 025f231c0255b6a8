"""A text that comes in pieces while it is spoken: a stream in Redis from the gateway that hears it to its worker.

It is read from the start by a second attempt, so it stays until the job has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis

from common.messaging.broker import KEY_PREFIX

# For a job that nobody takes up.
KEEP_S = 3600

# `more` is a piece of text; `flush` asks to speak what has come, whole sentence or not; `end` says that this was all.
Kind = Literal["more", "flush", "end"]


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str = ""

    def fields(self) -> dict[bytes | str, bytes | str]:
        return {"k": self.kind, "t": self.text}


def key(job_id: str, *, prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.text.{job_id}"


def read(
    client: redis.Redis, job_id: str, *, after: str, within_s: float, prefix: str
) -> list[tuple[str, Piece]]:
    """(id, piece) of what came after the id `after`. Empty when nothing comes in time. Raises redis.RedisError."""
    found: Any = client.xread({key(job_id, prefix=prefix): after}, block=max(1, int(within_s * 1000)))
    return pieces_of(found[0][1] if found else [])


def pieces_of(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[tuple[str, Piece]]:
    """(id, piece) of entries as XRANGE and XREAD answer them."""
    return [(entry_id.decode(), _piece(fields)) for entry_id, fields in entries]


def _piece(fields: dict[bytes, bytes]) -> Piece:
    kind = fields[b"k"].decode()
    return Piece("more" if kind == "more" else "flush" if kind == "flush" else "end", fields[b"t"].decode())
