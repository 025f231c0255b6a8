"""A simulated player of PCM streams that buffers at most one second ahead, on a connection like one over a network."""

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

BYTES_PER_S = 48_000
MAX_BUFFERED_S = 1.0
# A loopback connection buffers megabytes by default. Small buffers make the gateway notice how slowly a player reads.
_RECEIVE_BUFFER_BYTES = 64 * 1024
_TCP_SEGMENT_BYTES = 1400
_READ_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Playback:
    """The outcome of one player.

    `underruns` counts how often the player ran out of audio before the end, `stalled_s` sums up how long it had nothing
    to play, and `last_underrun_s` is the time from its first byte to its last underrun.
    """

    job_id: str
    first_byte_s: float
    played_s: float
    underruns: int
    stalled_s: float
    last_underrun_s: float
    sha256: str


class Player:
    """Requests one text and plays it. `job_id` is set when the response headers arrive, `received` counts bytes."""

    def __init__(self, port: int, body: dict[str, object]) -> None:
        self.job_id = ""
        self.received = 0
        self._port = port
        self._body = body
        self._started_at = time.monotonic()
        self._first_byte_at = self._buffer_empty_at = 0.0
        self._underruns = 0
        self._stalled_s = self._last_underrun_s = 0.0

    async def play(self) -> Playback:
        """Play to the end.

        Raises RuntimeError if the gateway refuses the request, asyncio.IncompleteReadError if the response breaks off.
        """
        reader, writer = await asyncio.open_connection(sock=await _connect(self._port), limit=_READ_BYTES)
        self._started_at = time.monotonic()
        writer.write(_build_request(self._body))
        self.job_id = await _read_job_id(reader)
        digest = hashlib.sha256()
        async for data in _read_body(reader, buffered_s=lambda: self._buffer_empty_at - time.monotonic()):
            self._buffer(data)
            digest.update(data)
        writer.close()
        return Playback(
            self.job_id,
            first_byte_s=self._first_byte_at - self._started_at,
            played_s=self._buffer_empty_at - self._first_byte_at,
            underruns=self._underruns,
            stalled_s=self._stalled_s,
            last_underrun_s=self._last_underrun_s,
            sha256=digest.hexdigest(),
        )

    def _buffer(self, data: bytes) -> None:
        now = time.monotonic()
        if not self.received:
            self._first_byte_at = self._buffer_empty_at = now
        elif now > self._buffer_empty_at:
            self._underruns += 1
            self._stalled_s += now - self._buffer_empty_at
            self._last_underrun_s = now - self._first_byte_at
        self._buffer_empty_at = max(now, self._buffer_empty_at) + len(data) / BYTES_PER_S
        self.received += len(data)


async def _connect(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _TCP_SEGMENT_BYTES)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    return connection


def _build_request(body: dict[str, object]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        "POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _read_job_id(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    if not head.startswith("HTTP/1.1 200"):
        raise RuntimeError(head + (await reader.read(2000)).decode())
    return next(line for line in head.splitlines() if line.lower().startswith("x-oratio-job-id")).split()[-1]


async def _read_body(
    reader: asyncio.StreamReader, *, buffered_s: Callable[[], float]
) -> AsyncIterator[bytes]:
    """Yield the content of a chunked body in pieces of any size, and read on only when the player's buffer has room."""
    while remaining := int(await reader.readuntil(b"\r\n"), 16):
        while remaining:
            await asyncio.sleep(max(0.0, buffered_s() - MAX_BUFFERED_S))
            data = await reader.read(min(remaining, _READ_BYTES))
            if not data:
                raise asyncio.IncompleteReadError(b"", remaining)
            remaining -= len(data)
            yield data
        await reader.readexactly(2)
