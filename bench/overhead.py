"""The time that the service adds to the bare engine, for a warm synchronous job of one sentence over HTTP.

The same engine class runs in this process. Its calls alternate with requests to the service. Both speak every sentence,
in alternating order, so the two times of a pair differ only by the service. All sentences are different. They alternate
twice: call by call, which lets the service's processes idle before each request, and in turns of ten, which is closer
to a service in use. A no-op task of an unmodified Celery on the same Redis server shows how fast the machine is during
this run.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bench.table import show, spread
from bench.texts import sentences
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings

WARM_UP_CALLS = 20
PAIRS = 240
CALLS_PER_TURN = 10


def main() -> None:
    from hibari import Hibari

    engine = Hibari(voice="heart", threads=1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), port=0)
        with Stack(
            settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)], publish=False
        ) as stack:
            connection = http.client.HTTPConnection("127.0.0.1", stack.settings.port)
            measure(lambda text: engine(text, seed=1), lambda text: _synthesize(connection, text))
            connection.close()
            _measure_celery_noop(stack.settings.redis_url)


def measure(bare: Callable[[str], object], service: Callable[[str], object]) -> None:
    """Time both callables on the same sentences and print the tables."""
    texts = sentences()
    for _ in range(WARM_UP_CALLS):
        text = next(texts)
        bare(text)
        service(text)
    for calls, title in ((1, "call by call"), (CALLS_PER_TURN, f"in turns of {CALLS_PER_TURN}")):
        turns = [
            _time_turn(bare, service, islice(texts, calls), service_first=index % 2 == 1)
            for index in range(PAIRS // calls)
        ]
        _show_overhead(
            title,
            [ms for bare_ms, _ in turns for ms in bare_ms],
            [ms for _, service_ms in turns for ms in service_ms],
        )


def _time_turn(
    bare: Callable[[str], object],
    service: Callable[[str], object],
    texts: Iterator[str],
    *,
    service_first: bool,
) -> tuple[list[float], list[float]]:
    """Return the milliseconds of the bare engine and of the service for the same texts."""
    batch = list(texts)
    times_ms = {}
    for action in (service, bare) if service_first else (bare, service):
        times_ms[action] = [_time_ms(action, text) for text in batch]
    return times_ms[bare], times_ms[service]


def _show_overhead(title: str, bare_ms: list[float], service_ms: list[float]) -> None:
    added_ms = [total - engine for total, engine in zip(service_ms, bare_ms, strict=True)]
    difference_ms = statistics.median(service_ms) - statistics.median(bare_ms)
    rows = [
        ("bare engine", *spread(bare_ms)),
        ("service, end to end", *spread(service_ms)),
        ("added by the service, per pair", *spread(added_ms)),
        ("difference of the medians", f"{difference_ms:.2f}", "", ""),
    ]
    show(f"One sentence, synchronous, {PAIRS} pairs, {title}, in ms", ("", "p50", "p90", "p99"), rows)


def _measure_celery_noop(redis_url: str) -> None:
    """Time `apply_async().get()` of a no-op task on an unmodified Celery worker with a result backend."""
    environment = os.environ | {"BENCH_REDIS_URL": redis_url}
    argv = (sys.executable, "-m", "celery", "-A", "bench.noop", "worker", "-P", "threads", "-c", "4")
    worker = subprocess.Popen(
        (*argv, "-Q", "bench"), env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    os.environ["BENCH_REDIS_URL"] = redis_url
    from bench.noop import nothing

    try:
        nothing.apply_async().get(timeout=30)
        times_ms = [_time_ms(lambda _: nothing.apply_async().get(timeout=30), "") for _ in range(PAIRS)]
    finally:
        worker.terminate()
        worker.wait(20)
    show(
        "Unmodified Celery, a task that does nothing, in ms",
        ("", "p50", "p90", "p99"),
        [("no-op", *spread(times_ms))],
    )


def _time_ms(action: Callable[[str], object], text: str) -> float:
    started = time.perf_counter()
    action(text)
    return (time.perf_counter() - started) * 1000


def _synthesize(connection: http.client.HTTPConnection, text: str) -> None:
    body = json.dumps({"text": text})
    connection.request("POST", "/synthesize", body, {"Content-Type": "application/json"})
    with connection.getresponse() as response:
        job = json.load(response)
    if job.get("status") != "completed" or job["provider"] != "local":
        raise RuntimeError(f"The job was not completed by a local worker: {job}")


if __name__ == "__main__":
    main()
