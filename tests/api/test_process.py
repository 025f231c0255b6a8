"""The gateway as a process: imports, memory, address and shutdown."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest

from common.addresses import is_loopback
from common.db.database import Database
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.ports import free_port
from tests.support.waiting import wait_for


def environment(settings: Settings, **more: str) -> dict[str, str]:
    values = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "QUEUE_PREFIX": settings.queue_prefix,
    } | more
    return dict(os.environ) | {f"ORATIO_{name}": value for name, value in values.items()}


@contextmanager
def process(settings: Settings, **more: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "-m", "api.serve"],
        env=environment(settings, PORT=str(port), **more),
        stderr=subprocess.PIPE,
        text=True,
    )
    # A full pipe would block the process, so a thread reads it.
    drained: list[str] = []
    assert child.stderr is not None
    drain = threading.Thread(target=lambda: drained.extend(child.stderr or ()))
    drain.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
            wait_for(lambda: _answers(client) or child.poll() is not None, timeout_s=20)
            assert child.poll() is None, drained
            yield child, client
    finally:
        child.kill()
        child.wait(10)
        drain.join(10)
        child.stderr.close()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def observer(settings: Settings) -> Iterator[RunningGateway]:
    """A second gateway on the same database, to inspect it."""
    with run_gateway(settings) as running:
        yield running


@pytest.mark.slow
def test_the_gateway_imports_no_synthesis_libraries() -> None:
    code = "import sys, json, api.app, api.serve; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    # structlog imports Rich if it is installed.
    assert not loaded & {
        "numpy",
        "torch",
        "celery",
        "kombu",
        "onnxruntime",
        "alembic",
        "httpx",
        "typer",
        "worker",
    }


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_waits_and_finishes_requests(
    settings: Settings, observer: RunningGateway, stop: signal.Signals
) -> None:
    with process(settings) as (child, client), ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(client.post, "/synthesize", json={"text": "Hello."})
        job_id = observer.next_queued_job()
        assert job_id is not None
        listening = threading.Event()

        def listen() -> list[str]:
            with client.stream("GET", f"/jobs/{job_id}/events") as response:
                lines = []
                for line in response.iter_lines():
                    lines.append(line)
                    listening.set()
                return lines

        stream = pool.submit(listen)
        assert listening.wait(10)
        started = time.monotonic()
        child.send_signal(stop)
        response = waiting.result(10)
        assert (response.status_code, response.headers["location"]) == (202, f"/jobs/{job_id}")
        assert "event: snapshot" in stream.result(10)
        assert child.wait(10) == 0
        assert time.monotonic() - started < 5
    assert observer.client.get(f"/jobs/{job_id}").json()["status"] == "queued"


@pytest.mark.slow
def test_a_connection_from_before_the_stop_is_answered(settings: Settings, observer: RunningGateway) -> None:
    """A proxy has just connected and sends its POST when the gateway has stopped listening. It may not repeat it."""
    request = (
        b"POST /synthesize?async_mode=true HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 18\r\n\r\n{"text": "Hello."}'
    )
    with process(settings) as (child, client):
        address = (client.base_url.host, client.base_url.port or 0)
        with socket.create_connection(address, timeout=10) as connection:
            child.send_signal(signal.SIGTERM)
            wait_for(lambda: _refuses(address))
            connection.sendall(request)
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert b"connection: close" in answer
        assert child.wait(10) == 0


def _refuses(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) != 0


@pytest.mark.slow
def test_memory_stays_small_after_two_hundred_jobs(settings: Settings, observer: RunningGateway) -> None:
    with process(settings) as (child, client):
        for number in range(200):
            response = client.post("/synthesize?async_mode=true", json={"text": f"Text {number}"})
            job_id = response.json()["job_id"]
            observer.complete(job_id)
            assert len(client.get(f"/jobs/{job_id}/audio").content) > 44
        for path in (
            "/jobs?limit=200",
            "/history?limit=200",
            "/voices",
            "/analytics",
            "/openapi.json",
            "/docs",
        ):
            assert client.get(path).status_code == 200
        memory_bytes = psutil.Process(child.pid).memory_info().rss
        assert memory_bytes < 120 * 2**20, f"{memory_bytes / 2**20:.0f} MiB"


@pytest.mark.slow
def test_it_refuses_an_open_address_without_a_setting(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.serve"],
        env=environment(settings, HOST="0.0.0.0", PORT=str(free_port())),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "ORATIO_ALLOW_OPEN=1" in done.stderr
    with process(settings, HOST="0.0.0.0", ALLOW_OPEN="1") as (_, client):
        assert client.get("/health").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "warns"), [("*", True), ("speech.example", False)])
def test_it_warns_if_every_host_name_is_allowed(settings: Settings, allowed: str, *, warns: bool) -> None:
    with socket.socket() as taken:  # so that the process ends
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "api.serve"],
            env=environment(settings, PORT=str(taken.getsockname()[1]), ALLOWED_HOSTS=allowed),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ("ORATIO_ALLOWED_HOSTS=*" in done.stderr) is warns


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "")],
)
def test_loopback_addresses(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_a_gateway_killed_after_the_commit_leaves_a_durable_job(
    settings: Settings, observer: RunningGateway
) -> None:
    with process(settings) as (child, client):
        job: dict[str, Any] = client.post("/synthesize?async_mode=true", json={"text": "Hello."}).json()
        child.kill()
        child.wait(10)
    database = Database(settings.database_url, role="worker")
    database.close()
    assert observer.client.get(f"/jobs/{job['job_id']}").json()["status"] == "queued"
