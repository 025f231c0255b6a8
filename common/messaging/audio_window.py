"""The sound of a job while it is being spoken: a bounded window in Redis of what its file will hold.

The window is a stream. The id of an entry is `{attempt}-{end}`: its bytes are those of the file up to `end`, by this
attempt. So an entry is found by where it lies, a later attempt comes after all of an earlier one, and a stale one that
still writes is refused by Redis itself. What is older than the window lies in the store in pieces, as long as somebody
listens (`audience`). Nothing here must be there: when the job has ended its file is in the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from common.messaging import text_stream
from common.messaging.broker import KEY_PREFIX

CHUNK_BYTES = 32 * 1024
# What is written between two pieces must still be in the window when the first of them is in the store.
PIECE_BYTES = 1024 * 1024
WINDOW_BYTES = PIECE_BYTES + PIECE_BYTES // 2
# For a job whose worker died and that nobody takes up.
KEEP_S = 600
# How long somebody is believed to listen after a gateway last said so, and how often it says so.
PRESENCE_TTL_S = 15
PRESENCE_REFRESH_S = 5.0
# Who left may come back. The key of an audience stays a little shorter, so that the gateway that looks then, and was
# the last to have a listener, does not meet its own.
LEAVE_GRACE_S = 10.0
LEFT_TTL_MS = 9_500
# The head of a WAV or FLAC file is written anew when its length is known; what comes after it never changes.
HEADER_BYTES = 44


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes [start, end) of the file that this attempt writes."""

    attempt: int
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)


def channel(prefix: str) -> str:
    """Where the id of a job is told whose window grew."""
    return f"{KEY_PREFIX}{prefix}.live"


def window_key(job_id: str, *, prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.live.{job_id}"


def listeners_key(job_id: str, *, prefix: str) -> str:
    """Is there while somebody listens."""
    return f"{KEY_PREFIX}{prefix}.audience.{job_id}"


def append(client: redis.Redis, job_id: str, chunks: Sequence[Chunk], *, prefix: str) -> bool:
    """Add chunks, let go of what is older than the window, tell whoever listens; whether anybody does.

    Raises redis.ResponseError for a stale attempt, redis.RedisError.
    """
    key, last = window_key(job_id, prefix=prefix), chunks[-1]
    pipeline = client.pipeline(transaction=False)
    for chunk in chunks:
        pipeline.xadd(key, {"d": chunk.data}, id=f"{chunk.attempt}-{chunk.end}")
    pipeline.xtrim(key, minid=f"{last.attempt}-{max(0, last.end - WINDOW_BYTES)}", approximate=False)
    pipeline.expire(key, KEEP_S)
    pipeline.publish(channel(prefix), job_id)
    pipeline.exists(listeners_key(job_id, prefix=prefix))
    return bool(pipeline.execute()[-1])


def has_listeners(client: redis.Redis, job_id: str, *, prefix: str) -> bool:
    """Raises redis.RedisError."""
    return bool(client.exists(listeners_key(job_id, prefix=prefix)))


def forget(client: redis.Redis, job_id: str, *, prefix: str) -> None:
    """The job has ended: no more is needed."""
    client.delete(window_key(job_id, prefix=prefix), text_stream.key(job_id, prefix=prefix))


def chunks_of(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Chunk]:
    """Entries as XRANGE answers them."""
    return [_chunk(entry_id.decode(), fields[b"d"]) for entry_id, fields in entries]


def range_start(attempt: int, offset: int) -> str:
    """The lowest id of an entry of this attempt, or a later one, that holds bytes from `offset` on."""
    return f"({attempt}-{offset}"


def _chunk(entry_id: str, data: Any) -> Chunk:
    attempt, _, end = entry_id.partition("-")
    return Chunk(int(attempt), int(end) - len(data), data)
