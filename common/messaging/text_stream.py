"""Incremental text: a Redis stream of updates, from the gateway that receives the text to the worker that speaks it.

The stream stays until the job has ended, because a second attempt reads it from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis

from common.messaging.broker import KEY_PREFIX

# The stream expires after this, in case no worker takes the job.
KEEP_S = 3600

# `more`: more text. `flush`: speak the text so far, even an incomplete sentence. `end`: the text is complete.
Kind = Literal["more", "flush", "end"]


@dataclass(frozen=True, slots=True)
class TextUpdate:
    """What a client does with an incremental text: it adds to it, flushes it or ends it."""

    kind: Kind
    text: str = ""

    def fields(self) -> dict[bytes | str, bytes | str]:
        return {"k": self.kind, "t": self.text}


def key(job_id: str, *, prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.text.{job_id}"


def read(
    client: redis.Redis, job_id: str, *, after: str, within_s: float, prefix: str
) -> list[tuple[str, TextUpdate]]:
    """Wait up to `within_s` for updates after the id `after`. Returns (id, update) pairs. Raises redis.RedisError."""
    found: Any = client.xread({key(job_id, prefix=prefix): after}, block=max(1, int(within_s * 1000)))
    return updates_of(found[0][1] if found else [])


def updates_of(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[tuple[str, TextUpdate]]:
    """The (id, update) pairs in a reply of XRANGE or XREAD."""
    return [(entry_id.decode(), _update(fields)) for entry_id, fields in entries]


def _update(fields: dict[bytes, bytes]) -> TextUpdate:
    kind = fields[b"k"].decode()
    return TextUpdate(
        "more" if kind == "more" else "flush" if kind == "flush" else "end", fields[b"t"].decode()
    )
