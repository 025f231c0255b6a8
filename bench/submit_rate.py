"""Submissions per second of one gateway process, with each job row committed, compared with an empty route.

No worker takes the jobs, so only the gateway is measured. One client process sends the requests over 16 connections.
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
ROUND_S = 4.0
ROUNDS = 3
GOAL = "goal: 50 %, p99 at most 50 ms"
BODY = json.dumps({"text": "A sentence that nobody speaks today.", "voice_id": "hibari_heart"})


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        _run_gateway(Path(folder)) as gateway_port,
        _run_empty_route() as empty_port,
    ):
        results: dict[str, list[tuple[float, float]]] = {"empty route": [], "submissions": []}
        for _ in range(ROUNDS):
            results["empty route"].append(_measure_load(empty_port, "/empty"))
            results["submissions"].append(_measure_load(gateway_port, "/synthesize?async_mode=true"))
    reference_rate = statistics.median(rate for rate, _ in results["empty route"])
    rows = []
    for name, rounds in results.items():
        rate = statistics.median(rate for rate, _ in rounds)
        p99_ms = statistics.median(p99_ms for _, p99_ms in rounds)
        rows.append((name, f"{rate:.0f}", f"{rate / reference_rate:.0%}", f"{p99_ms:.1f}"))
    show(
        f"Requests per second, {CONNECTIONS} connections, median of {ROUNDS} rounds; {GOAL}",
        ("", "per second", "of the empty route", "p99 ms"),
        rows,
    )


@contextmanager
def _run_gateway(folder: Path) -> Iterator[int]:
    server = valkey.prepare(folder)
    settings = Settings(
        data_dir=folder, port=free_port("127.0.0.1"), redis_url=server.url, queue_max=10_000_000
    )
    migrate(settings.database)
    _announce_worker(settings)
    command = processes.gateway(settings)
    with (
        _run(server.command.argv, env={}, folder=server.command.folder),
        _run(command.argv, env=command.env, folder=command.folder),
    ):
        _wait_for_port(settings.port)
        yield settings.port


def _announce_worker(settings: Settings) -> None:
    """Announce a worker that does not exist. Without an announcement the gateway refuses submissions."""
    database = Database(settings.database, role="worker")
    with database.write() as connection:
        served = (ServedWeights(model="hibari", weights="hibari", voices=("heart",), loaded=True),)
        worker = Announcement(
            id="absent", flavour="base", version="0", device="cpu", pid=1, served=served, formats=("wav",)
        )
        worker_registry.announce(connection, worker)
    database.close()


@contextmanager
def _run_empty_route() -> Iterator[int]:
    port = free_port("127.0.0.1")
    argv = (sys.executable, "-m", "uvicorn", "bench.empty:app", "--port", str(port), "--no-access-log")
    with _run((*argv, "--loop", "uvloop", "--http", "httptools"), env={}, folder=Path.cwd()):
        _wait_for_port(port)
        yield port


@contextmanager
def _run(argv: tuple[str, ...], *, env: dict[str, str], folder: Path) -> Iterator[None]:
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

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"No server listens on port {port}")


def _measure_load(port: int, path: str) -> tuple[float, float]:
    """Return the requests per second and the 99th percentile in ms, measured by a client in another process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run_client, (port, path))


def _run_client(port: int, path: str) -> tuple[float, float]:
    return asyncio.run(_send_on_all_connections(port, path))


async def _send_on_all_connections(port: int, path: str) -> tuple[float, float]:
    request = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
    ).encode()
    deadline = time.perf_counter() + ROUND_S
    connections = await asyncio.gather(
        *(_send_until(port, request, deadline=deadline) for _ in range(CONNECTIONS))
    )
    times_ms = [time_ms for connection in connections for time_ms in connection]
    return len(times_ms) / ROUND_S, percentile(times_ms, 0.99)


async def _send_until(port: int, request: bytes, *, deadline: float) -> list[float]:
    """Send the request again and again on one connection, and return the milliseconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times_ms: list[float] = []
    while (started := time.perf_counter()) < deadline:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
            raise RuntimeError(head.decode())
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times_ms.append((time.perf_counter() - started) * 1000)
    writer.close()
    return times_ms


if __name__ == "__main__":
    main()
