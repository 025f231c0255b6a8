"""Ports for test servers, each reserved for one process until that process ends."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below the ephemeral ports of the kernel, so that no client gets one of these.
_RANGE = range(20_000, 32_000)
_FOLDER = Path(tempfile.gettempdir()) / "oratio-test-ports"


def free_port() -> int:
    """Return a port on loopback that no other process of any test run gets while this process lives."""
    _FOLDER.mkdir(exist_ok=True)
    for port in random.Random().sample(_RANGE, len(_RANGE)):  # not a secret
        if _reserve(port):
            return port
    raise RuntimeError("every port is reserved")


def _reserve(port: int) -> bool:
    # The file stays open, and so locked, until the process ends.
    lock = os.open(_FOLDER / str(port), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    return True
