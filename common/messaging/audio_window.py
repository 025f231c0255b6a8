"""The live audio of a job: a Redis stream with the newest bytes of the file that its worker writes.

The id of an entry is `{attempt}-{end}`: its data are the bytes of the file before `end`, written by this attempt. A
reader can therefore start at any offset, the entries of a later attempt sort after those of an earlier one, and Redis
refuses the entries of a stale attempt. While a job has listeners, its worker also writes the bytes that leave the
window to the store, in pieces. All of this may be lost: when the job has ended, its file is in the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from common.messaging import text_stream
from common.messaging.broker import KEY_PREFIX

CHUNK_BYTES = 32 * 1024
# The window is larger than a piece, so that a piece is in the store before its bytes leave the window.
PIECE_BYTES = 1024 * 1024
WINDOW_BYTES = PIECE_BYTES + PIECE_BYTES // 2
# The window expires after this, in case its worker died and no other worker takes the job.
KEEP_S = 600
# A gateway that has a listener refreshes the listeners key this often. Without a refresh the key expires.
PRESENCE_TTL_S = 15
PRESENCE_REFRESH_S = 5.0
# A listener that left may come back within this time. After the last one left, the listeners key expires a little
# earlier, so that the gateway that checks it then does not find its own key.
LEAVE_GRACE_S = 10.0
LEFT_TTL_MS = 9_500
# The header of a WAV or FLAC file is rewritten when its length is known. The bytes after it never change.
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
    """The channel that announces the ids of jobs whose window has new bytes."""
    return f"{KEY_PREFIX}{prefix}.live"


def window_key(job_id: str, *, prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.live.{job_id}"


def listeners_key(job_id: str, *, prefix: str) -> str:
    """The key that exists while the job has listeners."""
    return f"{KEY_PREFIX}{prefix}.audience.{job_id}"


def append(client: redis.Redis, job_id: str, chunks: Sequence[Chunk], *, prefix: str) -> bool:
    """Append chunks, trim the window and notify the gateways. Returns whether the job has listeners.

    Raises redis.ResponseError for a stale attempt, and redis.RedisError.
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


def delete(client: redis.Redis, job_id: str, *, prefix: str) -> None:
    """Delete the live audio and the incremental text of a job that has ended. Raises redis.RedisError."""
    client.delete(window_key(job_id, prefix=prefix), text_stream.key(job_id, prefix=prefix))


def chunks_of(entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> list[Chunk]:
    """The chunks in a reply of XRANGE."""
    return [_chunk(entry_id.decode(), fields[b"d"]) for entry_id, fields in entries]


def range_start(attempt: int, offset: int) -> str:
    """The start of an XRANGE that reads bytes from `offset` on, of this attempt or a later one."""
    return f"({attempt}-{offset}"


def _chunk(entry_id: str, data: Any) -> Chunk:
    attempt, _, end = entry_id.partition("-")
    return Chunk(int(attempt), int(end) - len(data), data)
