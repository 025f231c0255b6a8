"""What the service adds to the bare engine: a warm synchronous job of one sentence, end to end, over HTTP.

The same engine's class runs in this process, and its calls alternate with requests to the service, on texts that are
all different. A sentence is spoken by both, the order changing, so each pair differs only by the service. They
alternate call by call, which leaves the service's processes cold each time, and in turns of ten, as a service that is
used finds itself. A stock Celery no-op on the same server, in the same run, says how fast the machine is today.
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

WARM_UP = 20
PAIRS = 240
TURN = 10


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
            _show_noop(stack.settings.redis_url)


def measure(bare: Callable[[str], object], service: Callable[[str], object]) -> None:
    texts = sentences()
    for _ in range(WARM_UP):
        text = next(texts)
        bare(text)
        service(text)
    for turn, title in ((1, "call by call"), (TURN, f"in turns of {TURN}")):
        pairs = [_pair_of_turns(bare, service, texts, turn, swap) for swap in _swaps(PAIRS // turn)]
        _show(title, [ms for bare_ms, _ in pairs for ms in bare_ms], [ms for _, ours in pairs for ms in ours])


def _swaps(count: int) -> Iterator[bool]:
    return (index % 2 == 1 for index in range(count))


def _pair_of_turns(
    bare: Callable[[str], object],
    service: Callable[[str], object],
    texts: Iterator[str],
    turn: int,
    swap: bool,
) -> tuple[list[float], list[float]]:
    """Milliseconds of the bare engine and of the service for the same texts."""
    batch = list(islice(texts, turn))
    took = {}
    for action in (service, bare) if swap else (bare, service):
        took[action] = [_timed(action, text) for text in batch]
    return took[bare], took[service]


def _show(title: str, bare_ms: list[float], service_ms: list[float]) -> None:
    added = [whole - part for whole, part in zip(service_ms, bare_ms, strict=True)]
    between = statistics.median(service_ms) - statistics.median(bare_ms)
    rows = [
        ("bare engine", *spread(bare_ms)),
        ("service, end to end", *spread(service_ms)),
        ("added by the service, pair by pair", *spread(added)),
        ("difference of the medians", f"{between:.2f}", "", ""),
    ]
    show(f"One sentence, synchronous, {PAIRS} pairs, {title}, in ms", ("", "p50", "p90", "p99"), rows)


def _show_noop(redis_url: str) -> None:
    """`apply_async().get()` of a task that does nothing, on a stock worker with a result backend."""
    environment = os.environ | {"BENCH_REDIS_URL": redis_url}
    argv = (sys.executable, "-m", "celery", "-A", "bench.noop", "worker", "-P", "threads", "-c", "4")
    worker = subprocess.Popen(
        (*argv, "-Q", "bench"), env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    os.environ["BENCH_REDIS_URL"] = redis_url
    from bench.noop import nothing

    try:
        nothing.apply_async().get(timeout=30)
        took = [_timed(lambda _: nothing.apply_async().get(timeout=30), "") for _ in range(PAIRS)]
    finally:
        worker.terminate()
        worker.wait(20)
    show(
        "Stock Celery, a task that does nothing, in ms", ("", "p50", "p90", "p99"), [("no-op", *spread(took))]
    )


def _timed(action: Callable[[str], object], text: str) -> float:
    began = time.perf_counter()
    action(text)
    return (time.perf_counter() - began) * 1000


def _synthesize(connection: http.client.HTTPConnection, text: str) -> None:
    body = json.dumps({"text": text})
    connection.request("POST", "/synthesize", body, {"Content-Type": "application/json"})
    with connection.getresponse() as answer:
        job = json.load(answer)
    if job.get("status") != "completed" or job["provider"] != "local":
        raise RuntimeError(f"not spoken: {job}")


if __name__ == "__main__":
    main()
