"""Kills a process of the service under 16 jobs: which jobs are completed, when the work goes on, what is spoken twice.

`python -m bench recovery [--engines fake,hibari] [--victims engine,worker] [--seconds 12]`. Sixteen clients send one
text of four segments after the other. After a third of the time the victim gets SIGKILL: the engine process that has
used the most CPU time, or a worker. The gap is the longest time in which no job ended. The fake engine writes a log of
its calls, which says how many segments were spoken more than once. A job that was interrupted is attempted again.
"""

import argparse
import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice, pairwise
from pathlib import Path

import psutil

from bench.http_client import HttpClient
from bench.options import names
from bench.processes import ENGINE, WORKER, pids_with_role
from bench.service import Service, run_service
from bench.table import show
from bench.throughput.load import Speak, run_clients
from bench.throughput.texts import new_sentences

CLIENTS = 16
SEGMENTS = 4
# The duration of a call of the fake engine.
CALL_S = 0.1
VOICES = {"fake": "fake", "hibari": "hibari_heart"}
VICTIMS = {"engine": ENGINE, "worker": WORKER}
MAX_GAP_S = 3.0


@dataclass(slots=True)
class Outcome:
    """`ended_at` has the time at which each job ended, on the clock of `killed_at`, and `job_s` its duration.

    `attempts` counts the jobs by the attempts that they took, and `failed` has the error of each failed job.
    """

    killed_at: float = 0.0
    ended_at: list[float] = field(default_factory=list)
    job_s: list[float] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    repeated: str = "not counted"

    def longest_gap_s(self, *, after_kill: bool) -> float:
        times = [at for at in sorted(self.ended_at) if (at > self.killed_at) == after_kill]
        times = [self.killed_at, *times] if after_kill else times
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def main() -> None:
    options = _parse_arguments()
    outcomes = {}
    for victim in options.victims:
        for engine in options.engines:
            with tempfile.TemporaryDirectory() as folder:
                outcome = _measure(Path(folder), engine, VICTIMS[victim], seconds=options.seconds)
            if outcome is None:
                print(f"No {VICTIMS[victim]} to kill: this version runs engines inside its workers.")
            else:
                outcomes[f"{VICTIMS[victim]}, {engine}"] = outcome
    if outcomes:
        _show(outcomes)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench recovery", description=__doc__)
    parser.add_argument("--engines", default="fake,hibari", type=names)
    parser.add_argument("--victims", default="engine,worker", type=names)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long the clients send texts")
    return parser.parse_args()


def _measure(folder: Path, engine: str, role: str, *, seconds: float) -> Outcome | None:
    settings = {"fake_engine": "1"} if engine == "fake" else {}
    with run_service(folder, models=f"{engine},stub", **settings) as service:
        if not pids_with_role(service.pid, role):
            return None
        outcome = Outcome()
        texts = _texts(fake=engine == "fake")
        killer = threading.Timer(seconds / 3, lambda: _kill(service, role, outcome))
        killer.start()
        run_clients(
            lambda: _open_client(service, VOICES[engine], outcome), texts, clients=CLIENTS, seconds=seconds
        )
        killer.join()
        if engine == "fake":
            outcome.repeated = _count_repeated(service.data_dir / "fake" / "calls.log")
        return outcome


def _texts(*, fake: bool) -> Iterator[str]:
    """Yield texts of four segments each. A paragraph is a segment of its own."""
    sentences = new_sentences(str(time.time_ns()))
    marker = f"[[slow:{CALL_S}]] " if fake else ""
    for _ in count():
        yield "\n\n".join(f"{marker}{sentence}" for sentence in islice(sentences, SEGMENTS))


@contextmanager
def _open_client(service: Service, voice_id: str, outcome: Outcome) -> Iterator[Speak]:
    client = HttpClient(service.port)

    def speak(text: str) -> float:
        started_at = time.monotonic()
        job = json.loads(client.post("/synthesize", {"text": text, "voice_id": voice_id}))
        outcome.ended_at.append(time.monotonic())
        outcome.job_s.append(time.monotonic() - started_at)
        outcome.attempts[job["attempts"]] += 1
        if job["status"] != "completed" or job["provider"] != "local":
            outcome.failed.append(f"{job['status']}: {job['error']}")
        return float(job["duration_s"] or 0.0)

    yield speak
    client.close()


def _kill(service: Service, role: str, outcome: Outcome) -> None:
    processes = [psutil.Process(pid) for pid in pids_with_role(service.pid, role)]
    victim = max(processes, key=lambda process: process.cpu_times().user)
    outcome.killed_at = time.monotonic()
    os.kill(victim.pid, signal.SIGKILL)


def _count_repeated(log: Path) -> str:
    """Describe how many segments were spoken more than once, from lines of a call's id and a text's digest."""
    calls = Counter(line.split()[1] for line in log.read_text().splitlines())
    repeated = [times for times in calls.values() if times > 1]
    return f"{len(repeated)} of {len(calls)}, at most {max(calls.values())} times"


def _show(outcomes: dict[str, Outcome]) -> None:
    rows = [
        (
            name,
            str(len(outcome.ended_at)),
            str(len(outcome.failed)),
            ", ".join(f"{jobs} in {attempts}" for attempts, jobs in sorted(outcome.attempts.items())),
            f"{outcome.longest_gap_s(after_kill=False):.2f}",
            f"{outcome.longest_gap_s(after_kill=True):.2f}",
            f"{max(outcome.job_s):.2f}",
            outcome.repeated,
        )
        for name, outcome in outcomes.items()
    ]
    columns = (
        "killed",
        "jobs",
        "failed",
        "attempts",
        "gap before s",
        "gap after s",
        "longest job s",
        "segments repeated",
    )
    show(f"SIGKILL under {CLIENTS} jobs; goal: none fails, gap at most {MAX_GAP_S:g} s", columns, rows)
    for message in {message for outcome in outcomes.values() for message in outcome.failed}:
        print(message)


if __name__ == "__main__":
    main()
