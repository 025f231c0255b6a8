"""Frames between a worker and its engine processes, over a real socket pair."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from worker.inference import frames
from worker.inference.frames import BrokenFrame, receive_frame, send_frame

Pair = tuple[socket.socket, socket.socket]
# More than a socket holds, so it is sent in several pieces.
LARGE = bytes(range(256)) * 20_000


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for one in (ours, theirs):
        # A socket with a time-out sends as much as fits. One that blocks sends everything, unless a signal comes.
        one.settimeout(10)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    ("header", "payload"),
    [(b"{}", b""), (b"", b""), (b"{}", b"x"), (b"{}", LARGE), (LARGE, b""), (LARGE, LARGE)],
    ids=["header", "empty", "both", "large payload", "large header", "large both"],
)
def test_a_frame_arrives_as_it_was_sent(pair: Pair, header: bytes, payload: bytes) -> None:
    ours, theirs = pair
    sender = threading.Thread(target=send_frame, args=(ours, header, payload))
    sender.start()
    assert receive_frame(theirs) == (header, bytearray(payload))
    sender.join(10)


def test_frames_keep_their_order(pair: Pair) -> None:
    ours, theirs = pair
    for number in range(3):
        send_frame(ours, b"%d" % number, b"x" * number)
    assert [receive_frame(theirs) for _ in range(3)] == [(b"%d" % n, bytearray(b"x" * n)) for n in range(3)]


def test_a_closed_connection_ends_the_frames(pair: Pair) -> None:
    ours, theirs = pair
    ours.close()
    assert receive_frame(theirs) is None


@pytest.mark.parametrize("kept", [3, 12, 14, 20], ids=["lengths", "no header", "header", "payload"])
def test_a_connection_that_closes_within_a_frame_ends_the_frames(pair: Pair, kept: int) -> None:
    ours, theirs = pair
    ours.sendall((struct.pack(">IQ", 4, 100) + b"head" + b"x" * 100)[:kept])
    ours.close()
    assert receive_frame(theirs) is None


@pytest.mark.parametrize(
    "lengths",
    [(frames._MAX_HEADER_BYTES + 1, 0), (0, frames._MAX_PAYLOAD_BYTES + 1)],
    ids=["header", "payload"],
)
def test_a_frame_that_is_too_large_is_refused_before_it_is_read(pair: Pair, lengths: tuple[int, int]) -> None:
    ours, theirs = pair
    ours.sendall(struct.pack(">IQ", *lengths))
    with pytest.raises(BrokenFrame):
        receive_frame(theirs)


def test_sending_to_a_process_that_is_gone_raises_an_error(pair: Pair) -> None:
    ours, theirs = pair
    theirs.close()
    with pytest.raises(OSError, match="Broken pipe"):
        send_frame(ours, b"{}", LARGE)
