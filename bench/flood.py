"""How long a sentence takes while long texts with low priority wait, compared with an idle service.

`python -m bench flood [--seconds 40] [--scenarios 40x5000,18x60000]`. Each route gets a sentence a second, whether the
last one has been answered or not: first without other work, then with the long texts queued. A sentence has about
9 s of audio and counts as answered when its last byte has arrived. The long texts that are left are cancelled.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from bench.http_client import HttpClient
from bench.service import run_service
from bench.table import percentile, show
from bench.texts import long_texts
from bench.throughput.texts import new_sentences
from bench.throughput.this_service import SPEECH, SYNTHESIZE, VOICE, speech_body

ROUTES = (SYNTHESIZE, SPEECH)
INTERVAL_S = 1.0
# A sentence that takes longer counts as never answered.
ANSWER_TIMEOUT_S = 120.0
END_TIMEOUT_S = 120.0
# The most that the 95th percentile may grow.
MAX_RATIO = 2.0
UNFINISHED = ("queued", "running")


def main() -> None:
    options = _parse_arguments()
    texts = new_sentences(str(time.time_ns()))
    with tempfile.TemporaryDirectory() as folder, run_service(Path(folder)) as service:
        for _ in range(8):
            _answer_s(service.port, SPEECH, next(texts))
        for count, chars in options.scenarios:
            _wait_until_ended(service.port)
            idle, _ = _send_sentences(service.port, texts, seconds=options.seconds)
            job_ids = _queue_long_texts(service.port, count=count, chars=chars)
            flooded, left = _send_sentences(service.port, texts, seconds=options.seconds)
            _cancel(service.port, job_ids)
            _show(f"{count} texts of {chars} characters", idle, flooded, left=left)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench flood", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=40, help="how long to send sentences, idle and flooded"
    )
    parser.add_argument("--scenarios", type=_parse_scenarios, default="40x5000,18x60000")
    return parser.parse_args()


def _parse_scenarios(text: str) -> list[tuple[int, int]]:
    return [(int(count), int(chars)) for count, chars in (part.split("x") for part in text.split(","))]


def _send_sentences(port: int, texts: Iterator[str], *, seconds: int) -> tuple[dict[str, list[float]], int]:
    """Send a sentence a second by each route.

    Return the seconds until each was answered, and how many jobs were unfinished when the last had been sent.
    """
    running: dict[str, list[Future[float]]] = {route: [] for route in ROUTES}
    total = seconds * len(ROUTES)
    started = time.monotonic()
    with ThreadPoolExecutor(total) as pool:
        for number, text in enumerate(islice(texts, total)):
            due_at = started + number * INTERVAL_S / len(ROUTES)
            time.sleep(max(0.0, due_at - time.monotonic()))
            route = ROUTES[number % len(ROUTES)]
            running[route].append(pool.submit(_answer_s, port, route, text))
        unfinished = _count_unfinished(port)
    return {route: [future.result() for future in futures] for route, futures in running.items()}, unfinished


def _answer_s(port: int, route: str, text: str) -> float:
    """Return how long the route took to answer, infinity if it did not answer with speech."""
    client = HttpClient(port, timeout_s=ANSWER_TIMEOUT_S)
    body = speech_body(text) if route == SPEECH else {"text": text, "voice_id": VOICE}
    started = time.perf_counter()
    try:
        answer = client.post(route, body)
    except (OSError, RuntimeError):
        return math.inf
    finally:
        client.close()
    elapsed_s = time.perf_counter() - started
    return elapsed_s if route == SPEECH or json.loads(answer)["status"] == "completed" else math.inf


def _queue_long_texts(port: int, *, count: int, chars: int) -> list[str]:
    client = HttpClient(port)
    bodies = (
        {"text": text, "voice_id": VOICE, "priority": "bulk"} for text in islice(long_texts(chars), count)
    )
    path = f"{SYNTHESIZE}?async_mode=true"
    return [json.loads(client.post(path, body))["job_id"] for body in bodies]


def _count_unfinished(port: int) -> int:
    client = HttpClient(port)
    pages = (json.loads(client.get(f"/jobs?status={status}&limit=100")) for status in UNFINISHED)
    return sum(len(page["items"]) for page in pages)


def _cancel(port: int, job_ids: list[str]) -> None:
    """Cancel the jobs. Those that have ended refuse it."""
    client = HttpClient(port)
    for job_id in job_ids:
        try:
            client.post(f"/jobs/{job_id}/cancel", {})
        except RuntimeError:
            client.close()


def _wait_until_ended(port: int) -> None:
    deadline = time.monotonic() + END_TIMEOUT_S
    while _count_unfinished(port) and time.monotonic() < deadline:
        time.sleep(0.2)


def _show(title: str, idle: dict[str, list[float]], flooded: dict[str, list[float]], *, left: int) -> None:
    rows = [_row(route, idle[route], flooded[route]) for route in ROUTES]
    columns = ("", "idle p50", "p95", "flooded p50", "p95", "p50 ratio", "p95 ratio", "unanswered")
    show(f"A sentence beside {title}, in ms; goal: p95 ratio at most {MAX_RATIO:g}", columns, rows)
    print(f"{left} jobs were unfinished when the last sentence had been sent.")


def _row(route: str, idle: list[float], flooded: list[float]) -> tuple[str, ...]:
    quantiles: tuple[Callable[[list[float]], float], ...] = (
        statistics.median,
        lambda values: percentile(values, 0.95),
    )
    idle_s, flooded_s = ([quantile(values) for quantile in quantiles] for values in (idle, flooded))
    ratios = [busy / calm for busy, calm in zip(flooded_s, idle_s, strict=True)]
    unanswered = sum(value == math.inf for value in (*idle, *flooded))
    return (
        route,
        *(f"{value * 1000:.0f}" for value in (*idle_s, *flooded_s)),
        *(f"{ratio:.1f}" for ratio in ratios),
        str(unanswered),
    )


if __name__ == "__main__":
    main()
