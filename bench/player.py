"""Players of raw samples: each reads at most a second ahead of what it plays, on a connection as over a network."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

BYTES_PER_S = 48_000
AHEAD_S = 1.0
# On loopback a connection holds megabytes on the way, which would keep the gateway from feeling how slow a player is.
_RECEIVE_BYTES = 64 * 1024
_SEGMENT_BYTES = 1400
_READ_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Heard:
    """What one player got. `stalled_s`: how long it had nothing to play before the end, in so many `underruns`, the
    last of them `last_underrun_s` behind its first byte.
    """

    job_id: str
    first_s: float
    played_s: float
    underruns: int
    stalled_s: float
    last_underrun_s: float
    sha256: str


class Player:
    """One listener of one text. `job_id` is known from the answer's head on, `received` bytes so far."""

    def __init__(self, port: int, body: dict[str, object]) -> None:
        self.job_id = ""
        self.received = 0
        self._port = port
        self._body = body
        self._began = time.monotonic()
        self._first_at = self._empty_at = 0.0
        self._underruns = 0
        self._stalled_s = self._last_underrun_s = 0.0

    async def listen(self) -> Heard:
        """Raises RuntimeError for an answer that is none, asyncio.IncompleteReadError for one that breaks off."""
        reader, writer = await asyncio.open_connection(sock=await _connected(self._port), limit=_READ_BYTES)
        self._began = time.monotonic()
        writer.write(_request(self._body))
        self.job_id = await _job_of(reader)
        digest = hashlib.sha256()
        async for data in _chunks(reader, ahead=lambda: self._empty_at - time.monotonic()):
            self._play(data)
            digest.update(data)
        writer.close()
        return self._heard(digest.hexdigest())

    def _play(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.received:
            self._first_at = self._empty_at = now
        elif now > self._empty_at:
            self._underruns += 1
            self._stalled_s += now - self._empty_at
            self._last_underrun_s = now - self._first_at
        self._empty_at = max(now, self._empty_at) + len(data) / BYTES_PER_S
        self.received += len(data)

    def _heard(self, sha256: str) -> Heard:
        return Heard(
            self.job_id,
            first_s=self._first_at - self._began,
            played_s=self._empty_at - self._first_at,
            underruns=self._underruns,
            stalled_s=self._stalled_s,
            last_underrun_s=self._last_underrun_s,
            sha256=sha256,
        )


async def _connected(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    return connection


def _request(body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        "POST /v1/audio/speech HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _job_of(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if not head.startswith("HTTP/1.1 200"):
        raise RuntimeError(head + (await reader.read(2000)).decode())
    return next(line for line in head.splitlines() if line.lower().startswith("x-oratio-job-id")).split()[-1]


async def _chunks(reader: asyncio.StreamReader, *, ahead: Callable[[], float]) -> AsyncIterator[bytes]:
    """The body, which comes in chunks of its own, in pieces of any size; each asked for when a player has room."""
    while left := int(await reader.readuntil(b"\r\n"), 16):
        while left:
            await asyncio.sleep(max(0.0, ahead() - AHEAD_S))
            data = await reader.read(min(left, _READ_BYTES))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            yield data
        await reader.readexactly(2)
