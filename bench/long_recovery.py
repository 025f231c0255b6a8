"""Kills the worker at half of a text of 100,000 characters: what is spoken again, and when the work goes on."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.http_client import HttpClient
from bench.processes import WORKER, pids_with_role
from bench.service import run_service
from bench.table import show
from bench.throughput.texts import new_sentences

CHARS = 100_000
_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class LongOutcome:
    """`killed_at`: the segments that were finished then. `gap_s`: from the death to the next report of progress."""

    status: str
    segments: int
    killed_at: int
    spoken_again: int
    most_of_one: int
    gap_s: float
    total_s: float


def measure_long(folder: Path, *, call_s: float) -> LongOutcome:
    """`call_s`: how long a call of the fake engine takes."""
    with run_service(folder, models="fake,stub", fake_engine="1") as service:
        client = HttpClient(service.port)
        started_at = time.monotonic()
        body = {"text": _text(call_s), "voice_id": "fake"}
        job_id = json.loads(client.post("/synthesize?async_mode=true", body))["job_id"]

        def wait_for(reached: Callable[[Any], bool]) -> Any:
            while time.monotonic() < started_at + _TIMEOUT_S:
                job = json.loads(client.get(f"/jobs/{job_id}"))
                if reached(job):
                    return job
                time.sleep(0.05)
            raise RuntimeError("the job did not get on")

        half = wait_for(lambda job: job["progress"]["percent"] >= 50)
        [pid] = pids_with_role(service.pid, WORKER)
        os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        wait_for(lambda job: job["attempts"] == 2 and job["progress"]["segments_done"] > 0)
        gap_s = time.monotonic() - killed_at
        ended = wait_for(lambda job: job["status"] not in ("queued", "running"))
        calls = Counter(
            line.split()[1] for line in (service.data_dir / "fake" / "calls.log").read_text().splitlines()
        )
        return LongOutcome(
            status=ended["status"],
            segments=len(calls),
            killed_at=half["progress"]["segments_done"],
            spoken_again=calls.total() - len(calls),
            most_of_one=max(calls.values()) - 1,
            gap_s=gap_s,
            total_s=time.monotonic() - started_at,
        )


def show_long(outcome: LongOutcome) -> None:
    columns = ("", "segments", "finished", "spoken again", "most of one", "gap s", "total s")
    row = (
        outcome.status,
        str(outcome.segments),
        str(outcome.killed_at),
        str(outcome.spoken_again),
        str(outcome.most_of_one),
        f"{outcome.gap_s:.1f}",
        f"{outcome.total_s:.1f}",
    )
    show(f"SIGKILL for the worker at half of {CHARS:,} characters", columns, [row])


def _text(call_s: float) -> str:
    """A paragraph is a segment of its own."""
    paragraphs: list[str] = []
    chars = 0
    for sentence in new_sentences(str(time.time_ns())):
        if chars >= CHARS:
            break
        paragraphs.append(f"[[slow:{call_s}]] {sentence}")
        chars += len(sentence) + 2
    return "\n\n".join(paragraphs)
