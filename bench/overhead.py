"""The time that the service adds to the bare engine, for a warm synchronous job of one sentence over HTTP.

A second instance of the engine runs in this process, with one thread. Its calls alternate with requests to the
service. Both speak every sentence, in alternating order, so the two times of a pair differ only by the service. All
sentences are different. There are two runs: call by call, which lets the service's processes idle before each request,
and in turns of ten, which is closer to a service in use. A no-op task of an unmodified Celery shows how fast the
machine is during these runs.
"""

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

from bench.http_client import HttpClient
from bench.redis_server import run_redis_server
from bench.service import ONE_THREAD, run_service
from bench.table import show, spread
from bench.texts import sentences

WARM_UP_CALLS = 20
PAIRS = 240
CALLS_PER_TURN = 10
# The most that the service may add: the median and the 99th percentile.
GOAL_MS = (10.0, 25.0)


def main() -> None:
    os.environ.update(ONE_THREAD)
    from bench.throughput.speaker import Speaker

    speaker = Speaker()
    with tempfile.TemporaryDirectory() as folder:
        with run_service(Path(folder)) as service:
            client = HttpClient(service.port)
            measure(speaker.speak, lambda text: _synthesize(client, text))
            client.close()
        with run_redis_server(Path(folder)) as (url, _):
            _measure_celery_noop(url)


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
        ("goal", f"{GOAL_MS[0]:g}", "", f"{GOAL_MS[1]:g}"),
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


def _synthesize(client: HttpClient, text: str) -> None:
    job = json.loads(client.post("/synthesize", {"text": text}))
    if job.get("status") != "completed" or job["provider"] != "local":
        raise RuntimeError(f"The job was not completed by a local worker: {job}")


if __name__ == "__main__":
    main()
