"""Incremental text: a Redis stream of text pieces, from the gateway that receives them to the worker that speaks them.

The stream stays until the job has ended, because a second attempt reads it from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis

from common.messaging.broker import KEY_PREFIX

# The stream expires after this, in case no worker takes the job.
KEEP_S = 3600

# `more`: a piece of text. `flush`: speak the text so far, even an incomplete sentence. `end`: the text is complete.
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
    """Wait up to `within_s` for pieces after the id `after`. Returns (id, piece) pairs. Raises redis.RedisError."""
    found: Any = client.xread({key(job_id, prefix=prefix): after}, block=max(1, int(within_s * 1000)))
    return pieces_of(found[0][1] if found else [])


def pieces_of(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[tuple[str, Piece]]:
    """The (id, piece) pairs in a reply of XRANGE or XREAD."""
    return [(entry_id.decode(), _piece(fields)) for entry_id, fields in entries]


def _piece(fields: dict[bytes, bytes]) -> Piece:
    kind = fields[b"k"].decode()
    return Piece("more" if kind == "more" else "flush" if kind == "flush" else "end", fields[b"t"].decode())
