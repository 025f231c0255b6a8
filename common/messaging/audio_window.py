"""The live audio of a job: a Redis stream with the newest bytes of the file that its worker writes.

The id of an entry is `{attempt}-{end}`: its data are the bytes of the file before `end`, written by this attempt. A
reader can therefore start at any offset, the entries of a later attempt sort after those of an earlier one, and a
stale attempt is refused. While nobody listens, the window holds only the first bytes. While a job has listeners, its
worker also writes the bytes that leave the window to the store, in pieces. All of this may be lost: when the job has
ended, its file is in the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import redis

from common.messaging import text_stream
from common.messaging.broker import KEY_PREFIX

CHUNK_BYTES = 32 * 1024
# The window is larger than a piece, so that a piece is in the store before its bytes leave the window.
PIECE_BYTES = 1024 * 1024
WINDOW_BYTES = PIECE_BYTES + PIECE_BYTES // 2
# The window of a job without listeners: enough for a listener to begin, until its worker sends the rest.
UNHEARD_BYTES = 2 * CHUNK_BYTES
# The window expires after this, in case its worker died and no other worker takes the job.
KEEP_S = 600
# A gateway that has a listener refreshes the listeners key this often. Without a refresh the key expires.
PRESENCE_TTL_S = 15
PRESENCE_REFRESH_S = 5.0
# A listener that left may come back within this time. After the last one left, the listeners key expires a little
# earlier, so that the gateway that checks it then does not find its own key.
LEAVE_GRACE_S = 10.0
LEFT_TTL_MS = 9_500
# The header of a WAV, FLAC or MP3 file, of at most this size, is rewritten when its length is known. The bytes after it
# never change. That of MP3 follows the tags, of at most 200 characters each.
HEADER_BYTES = 2048


# A script runs in one step. It tells the refusal of a stale attempt from an error of Redis, such as a lack of memory.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local attempt, length = tonumber(ARGV[1]), 0
if last then
  local last_attempt, last_end = string.match(last[1], '(%d+)-(%d+)')
  if tonumber(last_attempt) > attempt then return 'superseded' end
  if tonumber(last_attempt) == attempt then length = tonumber(last_end) end
end
if ARGV[3] == '1' then
  redis.call('DEL', KEYS[1])
  length = 0
elseif tonumber(ARGV[2]) > length then
  return 'gap'
end
for i = 7, #ARGV, 2 do
  if tonumber(ARGV[i]) > length then
    redis.call('XADD', KEYS[1], ARGV[1] .. '-' .. ARGV[i], 'd', ARGV[i + 1])
  end
end
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1] .. '-' .. ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', KEYS[3], ARGV[6])
return redis.call('EXISTS', KEYS[2]) == 1 and 'heard' or 'unheard'
"""


class Reply(Enum):
    """The reply to an append.

    `HEARD`, `UNHEARD`: the chunks are in the window, and the job has listeners or none. `GAP`: nothing was appended,
    because the window lacks bytes before the chunks. `SUPERSEDED`: nothing was appended, because a later attempt writes
    the window.
    """

    HEARD = b"heard"
    UNHEARD = b"unheard"
    GAP = b"gap"
    SUPERSEDED = b"superseded"


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


def append(
    client: redis.Redis, job_id: str, chunks: Sequence[Chunk], *, afresh: bool = False, prefix: str
) -> Reply:
    """Append chunks, trim the window and notify the gateways, in one step. `afresh` drops the former window.

    Chunks that the window has already are left out, so a call that failed half-way may be repeated. Raises
    redis.RedisError, for example while Redis has no memory left.
    """
    pairs = [part for chunk in chunks for part in (str(chunk.end), chunk.data)]
    reply: Any = client.eval(
        _APPEND,
        3,
        window_key(job_id, prefix=prefix),
        listeners_key(job_id, prefix=prefix),
        channel(prefix),
        str(chunks[0].attempt),
        str(chunks[0].start),
        "1" if afresh else "",
        str(max(0, chunks[-1].end - WINDOW_BYTES)),
        str(KEEP_S),
        job_id,
        *pairs,
    )
    return Reply(reply)


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
