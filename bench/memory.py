"""Memory after 200 jobs: the service's worker with its engine processes, and bare engines that spoke the same texts.

`python -m bench memory [--jobs 200]`. There are two bare engines, each in a process of its own, and two clients of the
service, so each of two engines speaks about half of the texts. The resident memory (RSS) counts a page once for each
process that has it, the proportional memory (PSS) once in all: other programs that run the same code lower it.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil

from bench.http_client import HttpClient
from bench.processes import ENGINE, WORKER, descendants, role_of
from bench.service import ONE_THREAD, Service, run_service
from bench.table import show
from bench.texts import sentences
from bench.throughput.speaker import VOICE, Speaker

JOBS = 200
ENGINES = 2
# An idle worker returns freed memory to the system within a second.
SETTLE_S = 3.0
# The most that a worker with two engine processes may need beyond two bare engines.
MAX_ADDED_MB = 130


@dataclass(frozen=True, slots=True)
class Memory:
    role: str
    rss_mb: float
    pss_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench memory", description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS)
    jobs = parser.parse_args().jobs
    texts = list(islice(sentences(), jobs))
    halves = [texts[index::ENGINES] for index in range(ENGINES)]
    bare = _measure_bare_engines(halves)
    with tempfile.TemporaryDirectory() as folder, run_service(Path(folder)) as service:
        with ThreadPoolExecutor(ENGINES) as pool:
            list(pool.map(lambda half: _synthesize_all(service.port, half), halves))
        time.sleep(SETTLE_S)
        ours = _read_service(service)
    _show(bare, ours, jobs=jobs)


def _measure_bare_engines(halves: Sequence[list[str]]) -> list[Memory]:
    """Let each engine speak its texts in a process of its own, and measure them while all are there."""
    os.environ.update(ONE_THREAD)
    spawning = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = [stack.enter_context(spawning.Pool(1)) for _ in halves]
        running = [pool.apply_async(_speak_all, (half,)) for pool, half in zip(pools, halves, strict=True)]
        pids = [process.get() for process in running]
        return [_read(psutil.Process(pid), "bare engine") for pid in pids]


# Kept after the call, so that the memory of the engine can be measured.
_speakers: list[Speaker] = []


def _speak_all(texts: list[str]) -> int:
    """Speak the texts and return the id of this process."""
    _speakers.append(Speaker())
    for text in texts:
        _speakers[0].speak(text)
    return os.getpid()


def _synthesize_all(port: int, texts: list[str]) -> None:
    client = HttpClient(port)
    for text in texts:
        job = json.loads(client.post("/synthesize", {"text": text, "voice_id": VOICE}))
        if job["status"] != "completed" or job["provider"] != "local":
            raise RuntimeError(f"The job was not completed by a local worker: {job}")
    client.close()


def _read_service(service: Service) -> list[Memory]:
    found = [_read(process, role_of(process)) for process in descendants(service.pid)]
    return sorted(found, key=lambda memory: (memory.role not in (WORKER, ENGINE), memory.role))


def _read(process: psutil.Process, role: str) -> Memory:
    usage = process.memory_full_info()
    return Memory(role, usage.rss / 1e6, usage.pss / 1e6)


def _show(bare: list[Memory], ours: list[Memory], *, jobs: int) -> None:
    speaking = [memory for memory in ours if memory.role in (WORKER, ENGINE)]
    workers = sum(memory.role == WORKER for memory in ours)
    rows: list[Sequence[str]] = [_row(memory.role, [memory]) for memory in (*bare, *ours)]
    rows.append(_row(f"{ENGINES} bare engines together", bare))
    name = f"workers with their engine processes ({workers} and {len(speaking) - workers})"
    rows.append(_row(name, speaking))
    added_mb = [sum(values) for values in zip(*(_signed(bare, -1), _signed(speaking, 1)), strict=True)]
    rows.append((f"added (goal: at most {MAX_ADDED_MB})", *(f"{value:+.0f}" for value in added_mb)))
    show(f"Memory after {jobs} jobs, in MB", ("process", "RSS", "PSS"), rows)


def _signed(memories: Sequence[Memory], sign: int) -> tuple[float, float]:
    return sign * sum(memory.rss_mb for memory in memories), sign * sum(memory.pss_mb for memory in memories)


def _row(name: str, memories: Sequence[Memory]) -> tuple[str, str, str]:
    rss_mb, pss_mb = _signed(memories, 1)
    return name, f"{rss_mb:.0f}", f"{pss_mb:.0f}"


if __name__ == "__main__":
    main()
