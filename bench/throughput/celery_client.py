"""An unmodified Celery: a prefork worker with two processes, and results through the same Redis-protocol server.

The server keeps nothing on disk, so that Celery is as fast as it can be.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.processes import read_times
from bench.redis_server import run_redis_server
from bench.service import ONE_THREAD, run_process
from bench.throughput.contestant import ServerContestant
from bench.throughput.load import OpenClient, Speak, duration_s
from bench.throughput.pid_files import role_by_pid_file
from cli.service.child import tail

PROCESSES = 2
_TASK_TIMEOUT_S = 300.0
_START_TIMEOUT_S = 60.0


@contextmanager
def run_celery(folder: Path) -> Iterator[list[ServerContestant]]:
    engines = folder / "engines"
    engines.mkdir()
    celery = (sys.executable, "-m", "celery", "-A", "bench.throughput.celery_app", "worker")
    argv = (*celery, "-c", str(PROCESSES))
    with ExitStack() as stack:
        url, server = stack.enter_context(run_redis_server(folder))
        environment = {**ONE_THREAD, "BENCH_REDIS_URL": url, "BENCH_ENGINES": str(engines)}
        log = folder / "celery.log"
        worker = stack.enter_context(run_process(argv, environment=environment, log=log))
        contestant = ServerContestant(
            f"Celery, {PROCESSES} processes",
            _client_of(url),
            lambda: read_times([server.pid, worker.pid], partial(role_by_pid_file, engines)),
        )
        _wait_for_engines(engines, log=log)
        contestant.warm_up()
        yield [contestant]


def _client_of(url: str) -> OpenClient:
    from celery import Celery

    app = Celery("client", broker=url, backend=url)
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
