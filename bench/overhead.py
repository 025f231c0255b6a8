"""What the service adds to the bare engine: a warm synchronous job of one sentence, end to end, over HTTP.

The same engine object's class runs in this process, and its calls alternate with requests to the service, on texts
that are all different. A sentence is spoken by both, the order changing, so each pair differs only by the service.
"""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.table import show, spread
from bench.texts import sentences
from cli.processes import Crew
from cli.stack import Stack
from common.settings import Settings

WARM_UP = 20
PAIRS = 300


def main() -> None:
    from hibari import Hibari

    engine = Hibari(voice="heart", threads=1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), port=0)
        with Stack(settings, crews=[Crew("worker", ("hibari", "stub"), 1)], publish=False) as stack:
            connection = http.client.HTTPConnection("127.0.0.1", stack.settings.port)
            measure(lambda text: engine(text, seed=1), lambda text: _synthesize(connection, text))
            connection.close()


def measure(bare: Callable[[str], object], service: Callable[[str], object]) -> None:
    texts = sentences()
    for _ in range(WARM_UP):
        text = next(texts)
        bare(text)
        service(text)
    bare_ms, service_ms = [], []
    for index in range(PAIRS):
        text = next(texts)
        first, second = (bare, service) if index % 2 else (service, bare)
        took = {first: _timed(first, text), second: _timed(second, text)}
        bare_ms.append(took[bare])
        service_ms.append(took[service])
    added = [whole - part for whole, part in zip(service_ms, bare_ms, strict=True)]
    rows = [
        ("bare engine", *spread(bare_ms)),
        ("service, end to end", *spread(service_ms)),
        ("added by the service, pair by pair", *spread(added)),
        (
            "difference of the medians",
            f"{statistics.median(service_ms) - statistics.median(bare_ms):.2f}",
            "",
            "",
        ),
    ]
    show(f"One sentence, synchronous, {PAIRS} pairs, in ms", ("", "p50", "p90", "p99"), rows)


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
