"""Resident memory after 200 jobs: of the service's processes, and of the bare engine after the same texts."""

import http.client
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import psutil

from bench.table import show
from bench.texts import sentences
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings

JOBS = 200
# An idle worker returns freed memory to the system within a second.
SETTLE_S = 2.0


def main() -> None:
    texts = [text for text, _ in zip(sentences(), range(JOBS), strict=False)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        bare_mb = pool.apply(_measure_bare_engine_mb, (texts,))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), port=0)
        with Stack(
            settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)], publish=False
        ) as stack:
            _synthesize_all(stack.settings.port, texts)
            time.sleep(SETTLE_S)
            resident = {name: resident_mb(pid) for name, pid in stack.pids().items()}
    worker_mb = resident["worker-1"]
    rows = [("bare engine", f"{bare_mb:.0f}", "")]
    rows += [
        (name, f"{mb:.0f}", f"{worker_mb - bare_mb:+.0f}" if mb == worker_mb else "")
        for name, mb in resident.items()
    ]
    show(f"Resident memory after {JOBS} jobs, in MB", ("process", "MB", "over the bare engine"), rows)


def _measure_bare_engine_mb(texts: list[str]) -> float:
    from hibari import Hibari

    engine = Hibari(voice="heart", threads=1)
    for text in texts:
        engine(text, seed=1)
    return resident_mb()


def _synthesize_all(port: int, texts: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for text in texts:
        connection.request(
            "POST", "/synthesize", json.dumps({"text": text}), {"Content-Type": "application/json"}
        )
        with connection.getresponse() as response:
            job = json.load(response)
        if job.get("status") != "completed":
            raise RuntimeError(f"The job was not completed: {job}")
    connection.close()


def resident_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process, by default of this one."""
    return psutil.Process(pid).memory_info().rss / 1e6


if __name__ == "__main__":
    main()
