"""Two real gateways behind the deployed nginx file are restarted one after the other under load."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway
from tests.support.nginx import start_nginx
from tests.support.ports import free_port
from tests.support.waiting import wait_for

# nginx keeps idle connections for 4 s.
DRAIN_S = 4.5
CLIENTS = 2


class GatewayProcess:
    def __init__(self, settings: Settings, log: Path) -> None:
        self.port = free_port()
        self._log = log
        self._environment = dict(os.environ) | {
            "ORATIO_DATA_DIR": str(settings.data_dir),
            "ORATIO_DATABASE_URL": settings.database_url,
            "ORATIO_REDIS_URL": settings.redis_url,
            "ORATIO_QUEUE_PREFIX": settings.queue_prefix,
            "ORATIO_DRAIN_S": str(DRAIN_S),
            "ORATIO_PORT": str(self.port),
        }
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "api.serve"]
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def answers(self, path: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def restart(self) -> None:
        """Restart it as an operator does: stop it, start it, wait until it answers."""
        self.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not self.answers("/ready"))
        assert self.process.wait(30) == 0
        self.start()
        wait_for(lambda: self.answers("/health"), timeout_s=90)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def observer(settings: Settings) -> Iterator[RunningGateway]:
    """A gateway outside nginx, whose stand-in worker completes the jobs of the others."""
    with run_gateway(settings) as running, StandInWorker(running).running():
        yield running


def requests() -> Iterator[tuple[str, str, object]]:
    yield "POST", "/synthesize", {"text": "Hello there."}
    yield "POST", "/synthesize?async_mode=true", {"text": "Hello there."}
    # A new text each time, because equal requests are one job.
    text = os.urandom(8).hex()
    yield (
        "POST",
        "/v1/audio/speech",
        {"model": "hibari", "voice": "hibari_heart", "input": text, "response_format": "wav"},
    )
    yield "GET", "/jobs?limit=1", None


@contextmanager
def load(url: str) -> Iterator[list[str]]:
    """Send requests until the block ends. The list names those that failed."""
    failures: list[str] = []
    done = threading.Event()

    def send() -> None:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            while not done.is_set():
                for method, path, body in requests():
                    failures.extend(failure_of(client, method, path, body))

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures: list[Future[None]] = [pool.submit(send) for _ in range(CLIENTS)]
        try:
            yield failures
        finally:
            done.set()
    for future in futures:
        future.result()


def failure_of(client: httpx.Client, method: str, path: str, body: object) -> Iterator[str]:
    try:
        response = client.request(method, path, json=body)
    except httpx.TransportError as error:
        yield f"{method} {path}: {error!r}"
        return
    expected = 202 if "async_mode" in path else 200
    if response.status_code != expected:
        yield f"{method} {path}: {response.status_code} {response.text[:200]}"


@pytest.mark.slow
def test_a_rolling_restart_fails_no_request(
    settings: Settings, observer: RunningGateway, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        gateways = [GatewayProcess(settings, tmp_path / f"gateway-{number}.log") for number in (1, 2)]
        for gateway in gateways:
            stack.callback(gateway.end)
        wait_for(lambda: all(gateway.answers("/health") for gateway in gateways), timeout_s=90)
        ports = [gateway.port for gateway in gateways]
        url = stack.enter_context(start_nginx(tmp_path / "nginx", port=free_port(), gateway_ports=ports))
        with load(url) as failures:
            for gateway in gateways:
                gateway.restart()
    assert failures == []
