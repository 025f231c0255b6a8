"""Events of jobs, downloads and renditions: appended to a stream that can be replayed, and published to all gateways.

A job's events are `queued` (again), `started` (not for very short jobs, or streamed ones of one segment), `progress`,
`retrying`, then one of `completed`, `failed` and `cancelled`. Events may be lost: a reader that waits for the end of a
job also reads its row from time to time.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis

from common.messaging.broker import KEY_PREFIX

TERMINAL_EVENTS = frozenset({"completed", "failed", "cancelled", "deleted"})
KEEP_S = 3600
# About as many as the longest texts have sentences, so that a reloaded page gets the progress from the start.
KEEP_EVENTS = 5000

# The stream of a job that has ended: readers that come later get the end from the row.
KEEP_ENDED_S = 60
# The event that ends a job has an id with this sequence number, so that a client that has it can be recognized.
END_SEQUENCE = 999_999

# A script runs in one step, so that the id on the channel is the id in the stream. An event that ends a job without
# earlier events is not stored: most jobs are short, and a stream takes 4 KB. If Redis has no memory left, the event is
# only published.
_APPEND = """
local now = redis.call('TIME')
local moment, ends, stored = now[1] * 1000 + math.floor(now[2] / 1000), ARGV[6] ~= '', nil
if ends then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if last then moment = math.max(moment, tonumber(string.match(last[1], '%d+')) + 1) end
  stored = last and redis.pcall('XADD', KEYS[1], string.format('%.0f-', moment) .. ARGV[6], 'e', ARGV[3], 'd', ARGV[4])
else
  stored = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'e', ARGV[3], 'd', ARGV[4])
end
redis.pcall('EXPIRE', KEYS[1], ARGV[2])
local id = type(stored) == 'string' and stored or string.format('%.0f-', moment) .. (ends and ARGV[6] or '0')
redis.call('PUBLISH', KEYS[2], ARGV[5] .. ' ' .. id .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
return id
"""


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the id in the stream (milliseconds-sequence). An SSE client sends it back as `Last-Event-ID`."""

    job_id: str
    id: str
    name: str
    data: dict[str, Any]

    @property
    def ends_job(self) -> bool:
        return self.name in TERMINAL_EVENTS


def channel(prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.events"


def stream_key(job_id: str, *, prefix: str) -> str:
    return f"{KEY_PREFIX}{prefix}.events.{job_id}"


def append(client: redis.Redis, job_id: str, name: str, data: dict[str, Any], *, prefix: str) -> None:
    """Raises redis.RedisError."""
    ends = name in TERMINAL_EVENTS
    client.eval(
        _APPEND,
        2,
        stream_key(job_id, prefix=prefix),
        channel(prefix),
        str(KEEP_EVENTS),
        str(KEEP_ENDED_S if ends else KEEP_S),
        name,
        json.dumps(data, separators=(",", ":")),
        job_id,
        str(END_SEQUENCE) if ends else "",
    )


def from_channel(line: bytes) -> Event:
    """Parse a message of the channel."""
    job_id, event_id, name, data = line.decode().split(" ", 3)
    return Event(job_id, event_id, name, json.loads(data))


def from_stream(job_id: str, entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> list[Event]:
    """The events in a reply of XRANGE."""
    return [
        Event(job_id, entry_id.decode(), fields[b"e"].decode(), json.loads(fields[b"d"]))
        for entry_id, fields in entries
    ]


def end_id(last_id: str) -> str:
    """An id after `last_id` for an end that is read from the row."""
    return f"{_order(last_id)[0] + 1}-{END_SEQUENCE}"


def is_end_id(event_id: str) -> bool:
    """Whether the event with this id ended its job."""
    return _order(event_id)[1] == END_SEQUENCE


def comes_after(event_id: str, last_id: str) -> bool:
    return _order(event_id) > _order(last_id)


def _order(event_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = event_id.partition("-")
    return int(milliseconds), int(sequence or 0)
