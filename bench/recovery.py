"""Disturbs the service under 16 jobs: which jobs are completed, when the work goes on, what is spoken twice.

`python -m bench recovery [--engines fake,hibari] [--disturbances engine,worker,hang,poison,long] [--seconds 12]`.
Sixteen clients send one text of four segments after the other. After a third of the time the disturbance comes.
`engine` and `worker` are SIGKILL for the engine process that has used the most CPU time, or for such a worker; `hang`
and `poison` are another text, at which the fake engine never returns or always dies. The gap is the longest time in
which no job ended. The jobs are counted by the attempts that they took: one, two, and so on. The fake engine writes a
log of its calls: it gives the number of segments that were spoken again, and in parentheses the most of a job. `long`
is one text of 100,000 characters, whose worker is killed when half of it is spoken.
"""

import argparse
import hashlib
import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, islice, pairwise
from pathlib import Path

import psutil

from bench.http_client import HttpClient
from bench.long_recovery import measure_long, show_long
from bench.options import names
from bench.processes import ENGINE, WORKER, pids_with_role
from bench.service import Service, run_service
from bench.table import show
from bench.throughput.load import Speak, run_clients
from bench.throughput.texts import new_sentences

CLIENTS = 16
SEGMENTS = 4
# The duration of a call of the fake engine, and how long a call may take.
CALL_S = 0.1
ENGINE_TIMEOUT_S = 5.0
VOICES = {"fake": "fake", "hibari": "hibari_heart"}
ROLES = {"engine": ENGINE, "worker": WORKER}
TEXTS = {"hang": "[[hang]] This text never ends.", "poison": "[[die:99]] This text ends its process."}
LONG = "long"
MAX_GAP_S = 3.0


@dataclass(slots=True)
class Outcome:
    """`ended_at` has the time at which each job ended, on the clock of `disturbed_at`, and `job_s` its duration.

    `attempts` counts the jobs by the attempts that they took, and `failed` has the error of each failed job. `texts`
    are those of all jobs. None of this is about the job that disturbs the others.
    """

    disturbed_at: float = 0.0
    ended_at: list[float] = field(default_factory=list)
    job_s: list[float] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    repeated: str = "not counted"

    def longest_gap_s(self, *, afterwards: bool) -> float:
        times = [at for at in sorted(self.ended_at) if (at > self.disturbed_at) == afterwards]
        times = [self.disturbed_at, *times] if afterwards else times
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def main() -> None:
    options = _parse_arguments()
    outcomes = {}
    for disturbance in options.disturbances:
        if disturbance == LONG:
            with tempfile.TemporaryDirectory() as folder:
                show_long(measure_long(Path(folder), call_s=CALL_S))
            continue
        for engine in options.engines if disturbance in ROLES else ["fake"]:
            with tempfile.TemporaryDirectory() as folder:
                outcomes[f"{disturbance}, {engine}"] = _measure(
                    Path(folder), engine, disturbance, seconds=options.seconds
                )
    if outcomes:
        _show(outcomes)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench recovery", description=__doc__)
    parser.add_argument("--engines", default="fake,hibari", type=names)
    parser.add_argument("--disturbances", default=",".join((*ROLES, *TEXTS, LONG)), type=names)
    parser.add_argument("--seconds", type=float, default=12.0, help="how long the clients send texts")
    return parser.parse_args()


def _measure(folder: Path, engine: str, disturbance: str, *, seconds: float) -> Outcome:
    fake = engine == "fake"
    settings = {"fake_engine": "1", "engine_timeout_s": str(ENGINE_TIMEOUT_S)} if fake else {}
    with run_service(folder, models=f"{engine},stub", **settings) as service:
        outcome = Outcome()
        timer = threading.Timer(seconds / 3, _disturb, (service, disturbance, outcome))
        timer.start()
        open_client = partial(_open_client, service, VOICES[engine], outcome)
        run_clients(open_client, _texts(fake=fake), clients=CLIENTS, seconds=seconds)
        timer.join()
        if fake:
            outcome.repeated = _count_repeated(outcome, service.data_dir / "fake" / "calls.log")
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
        outcome.texts.append(text)
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


def _disturb(service: Service, disturbance: str, outcome: Outcome) -> None:
    action: Callable[[], object] = (
        partial(_kill, service, ROLES[disturbance])
        if disturbance in ROLES
        else partial(_submit, service, TEXTS[disturbance])
    )
    outcome.disturbed_at = time.monotonic()
    action()


def _kill(service: Service, role: str) -> None:
    processes = [psutil.Process(pid) for pid in pids_with_role(service.pid, role)]
    victim = max(processes, key=lambda process: process.cpu_times().user)
    os.kill(victim.pid, signal.SIGKILL)


def _submit(service: Service, text: str) -> None:
    HttpClient(service.port).post("/synthesize?async_mode=true", {"text": text, "voice_id": "fake"})


def _count_repeated(outcome: Outcome, log: Path) -> str:
    """Count the segments that were spoken again, of all jobs and the most of one.

    Each line of the log has the id of a call and the digest of a text.
    """
    calls = Counter(line.split()[1] for line in log.read_text().splitlines())
    by_job = [
        sum(calls[hashlib.sha256(segment.encode()).hexdigest()] > 1 for segment in text.split("\n\n"))
        for text in outcome.texts
    ]
    return f"{sum(by_job)} ({max(by_job)})"


def _show(outcomes: dict[str, Outcome]) -> None:
    rows = [
        (
            name,
            str(len(outcome.ended_at)),
            str(len(outcome.failed)),
            " / ".join(str(outcome.attempts[number]) for number in range(1, 1 + max(outcome.attempts))),
            f"{outcome.longest_gap_s(afterwards=False):.2f}",
            f"{outcome.longest_gap_s(afterwards=True):.2f}",
            f"{max(outcome.job_s):.2f}",
            outcome.repeated,
        )
        for name, outcome in outcomes.items()
    ]
    columns = (
        "",
        "jobs",
        "failed",
        "by attempts",
        "gap before s",
        "gap after s",
        "longest job s",
        "repeated",
    )
    show(f"{CLIENTS} jobs at once; goal: none fails, gap at most {MAX_GAP_S:g} s", columns, rows)
    for message in {message for outcome in outcomes.values() for message in outcome.failed}:
        print(message)


if __name__ == "__main__":
    main()
