"""How many submissions one gateway process accepts, job row committed, beside an empty route of the same server.

No worker takes the jobs: this measures the door. Sixteen connections, one client process.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.table import percentile, show
from cli.service import processes, valkey
from cli.service.ports import free_port
from common import worker_registry
from common.db.database import Database
from common.db.migration import migrate
from common.settings import Settings
from common.worker_registry import Announcement, ServedWeights

CONNECTIONS = 16
SECONDS = 4.0
ROUNDS = 3
BODY = json.dumps({"text": "A sentence that nobody speaks today.", "voice_id": "hibari_heart"})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _gateway(Path(folder)) as ours, _empty_route() as empty:
        results: dict[str, list[tuple[float, float]]] = {"empty route": [], "submissions": []}
        for _ in range(ROUNDS):
            results["empty route"].append(_load(empty, "/empty"))
            results["submissions"].append(_load(ours, "/synthesize?async_mode=true"))
    best = statistics.median(rate for rate, _ in results["empty route"])
    rows = []
    for name, rounds in results.items():
        rate = statistics.median(rate for rate, _ in rounds)
        p99 = statistics.median(p99 for _, p99 in rounds)
        rows.append((name, f"{rate:.0f}", f"{rate / best:.0%}", f"{p99:.1f}"))
    show(
        f"Requests per second, {CONNECTIONS} connections, median of {ROUNDS} rounds",
        ("", "per second", "of the empty route", "p99 ms"),
        rows,
    )


@contextmanager
def _gateway(folder: Path) -> Iterator[int]:
    server = valkey.prepare(folder)
    settings = Settings(
        data_dir=folder, port=free_port("127.0.0.1"), redis_url=server.url, queue_max=10_000_000
    )
    migrate(settings.database)
    _announce_a_worker(settings)
    command = processes.gateway(settings)
    with (
        _running(server.command.argv, env={}, folder=server.command.folder),
        _running(command.argv, env=command.env, folder=command.folder),
    ):
        _wait_for_port(settings.port)
        yield settings.port


def _announce_a_worker(settings: Settings) -> None:
    database = Database(settings.database, role="worker")
    with database.write() as connection:
        served = (ServedWeights(model="hibari", weights="hibari", voices=("heart",), loaded=True),)
        worker = Announcement(
            id="absent", flavour="base", version="0", device="cpu", pid=1, served=served, formats=("wav",)
        )
        worker_registry.announce(connection, worker)
    database.close()


@contextmanager
def _empty_route() -> Iterator[int]:
    port = free_port("127.0.0.1")
    argv = (sys.executable, "-m", "uvicorn", "bench.empty:app", "--port", str(port), "--no-access-log")
    with _running((*argv, "--loop", "uvloop", "--http", "httptools"), env={}, folder=Path.cwd()):
        _wait_for_port(port)
        yield port


@contextmanager
def _running(argv: tuple[str, ...], *, env: dict[str, str], folder: Path) -> Iterator[None]:
    child = subprocess.Popen(
        argv, env=os.environ | env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def _wait_for_port(port: int) -> None:
    import socket

    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def _load(port: int, path: str) -> tuple[float, float]:
    """Requests per second and the 99th percentile in ms, by a client in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_client, (port, path))


def _client(port: int, path: str) -> tuple[float, float]:
    return asyncio.run(_clients(port, path))


async def _clients(port: int, path: str) -> tuple[float, float]:
    request = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
    ).encode()
    until = time.perf_counter() + SECONDS
    took = await asyncio.gather(*(_one(port, request, until) for _ in range(CONNECTIONS)))
    every = [ms for one in took for ms in one]
    return len(every) / SECONDS, percentile(every, 0.99)


async def _one(port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took: list[float] = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        took.append((time.perf_counter() - began) * 1000)
    writer.close()
    return took


if __name__ == "__main__":
    main()
