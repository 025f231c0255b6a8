"""Frames on a local stream socket: a JSON header, then raw bytes, each with its length in front.

A frame holds only data. Unlike a pickle, it can't run code in the process that reads it.
"""

import socket
import struct
from collections.abc import Sequence

_LENGTHS = struct.Struct(">IQ")
_MAX_HEADER_BYTES = 64 * 1024 * 1024
# An hour of float32 samples at 48 kHz has 0.7 GB.
_MAX_PAYLOAD_BYTES = 1024 * 1024 * 1024


class BrokenFrame(Exception):
    """The other process sent something that is not a frame, or one that is too large."""


def send_frame(connection: socket.socket, header: bytes, payload: bytes | memoryview = b"") -> None:
    """Send a frame. The caller holds a lock if several threads send. Raises OSError if the other process is gone."""
    body = memoryview(payload).cast("B")
    _send_all(connection, [memoryview(_LENGTHS.pack(len(header), len(body)) + header), body])


def receive_frame(connection: socket.socket) -> tuple[bytes, bytearray] | None:
    """Wait for a frame and return (header, payload). None if the other process closed the connection.

    The payload is written once, where the caller gets it. Raises BrokenFrame and OSError.
    """
    lengths = _receive(connection, _LENGTHS.size)
    if lengths is None:
        return None
    header_bytes, payload_bytes = _LENGTHS.unpack(lengths)
    if header_bytes > _MAX_HEADER_BYTES or payload_bytes > _MAX_PAYLOAD_BYTES:
        raise BrokenFrame(f"a frame of {header_bytes} and {payload_bytes} bytes")
    header, payload = _receive(connection, header_bytes), _receive(connection, payload_bytes)
    return None if header is None or payload is None else (bytes(header), payload)


def _send_all(connection: socket.socket, parts: Sequence[memoryview]) -> None:
    unsent = [part for part in parts if len(part)]
    while unsent:
        sent = connection.sendmsg(unsent)
        while unsent and sent >= len(unsent[0]):
            sent -= len(unsent.pop(0))
        if sent:
            unsent[0] = unsent[0][sent:]


def _receive(connection: socket.socket, size: int) -> bytearray | None:
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        received = connection.recv_into(rest)
        if not received:
            return None
        rest = rest[received:]
    return data
