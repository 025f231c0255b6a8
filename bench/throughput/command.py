"""Audio seconds per second with one to many clients: this service, LitServe, Celery and the bare engine, in turns.

`python -m bench throughput [--clients 1,8,32] [--seconds 6] [--rounds 3] [--contestants speech,litserve,bare1]
[--write]`. All contestants are started first and stay started. For each number of clients, they take turns; the order
is reversed in every other round. In a turn, each client sends one text after the other and reads the whole WAV file.
All have an instance of the same engine with one thread, and the same texts, which are new in every run. The clients
share the cores with the servers, as on one machine. `--write` puts the tables into RESULTS.md and the curve into docs.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.options import names, numbers
from bench.results_file import write_section
from bench.service import ROOT
from bench.throughput import bare, celery_client, litserve_client, this_service
from bench.throughput.contestant import Contestant
from bench.throughput.curve import draw_curve
from bench.throughput.report import format_report
from bench.throughput.results import Results

CLIENTS = "1,2,4,8,16,32,64"
BARE = {"bare1": 1, "bare2": 2}
ROUTES = {"speech": this_service.SPEECH, "synthesize": this_service.SYNTHESIZE}
CONTESTANTS = (*BARE, "litserve", "celery", *ROUTES)
CURVE = ROOT / "docs" / "throughput.svg"


def main() -> None:
    options = _parse_arguments()
    results = Results()
    with tempfile.TemporaryDirectory() as folder, _run_contestants(options.contestants, Path(folder)) as all_:
        for clients in options.clients:
            for number in range(options.rounds):
                _run_round(results, all_ if number % 2 == 0 else all_[::-1], clients, options.seconds)
    results.turns = {contestant.name: results.turns[contestant.name] for contestant in all_}
    report = format_report(results, note=_describe_run(options))
    print(report)
    if options.write:
        write_section("throughput", report)
        CURVE.write_text(draw_curve(results))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench throughput", description=__doc__)
    parser.add_argument("--clients", default=CLIENTS, type=numbers, help="numbers of clients at once")
    parser.add_argument("--seconds", type=float, default=6.0, help="duration of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestants", default=",".join(CONTESTANTS), type=names)
    parser.add_argument("--write", action="store_true", help="write the tables and the curve into the docs")
    options = parser.parse_args()
    if unknown := set(options.contestants) - set(CONTESTANTS):
        parser.error(f"unknown contestants: {', '.join(unknown)}; known: {', '.join(CONTESTANTS)}")
    return options


@contextmanager
def _run_contestants(wanted: list[str], folder: Path) -> Iterator[list[Contestant]]:
    contestants: list[Contestant] = []
    with ExitStack() as stack:
        if counts := tuple(BARE[name] for name in BARE if name in wanted):
            contestants += stack.enter_context(bare.run_bare(counts))
        if "litserve" in wanted:
            contestants += stack.enter_context(litserve_client.run_litserve(_subfolder(folder, "litserve")))
        if "celery" in wanted:
            contestants += stack.enter_context(celery_client.run_celery(_subfolder(folder, "celery")))
        if routes := tuple(ROUTES[name] for name in ROUTES if name in wanted):
            service_folder = _subfolder(folder, "service")
            contestants += stack.enter_context(this_service.run_this_service(service_folder, routes=routes))
        yield contestants


def _subfolder(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _run_round(results: Results, contestants: list[Contestant], clients: int, seconds: float) -> None:
    seed = str(time.time_ns())
    for contestant in contestants:
        turn = contestant.run(seed, clients=clients, seconds=seconds)
        results.add(contestant.name, clients, turn)
        rate = turn.load.audio_s / turn.load.elapsed_s
        print(
            f"{clients:3} clients, {contestant.name}: {turn.load.texts} texts, {rate:.0f} audio s/s",
            flush=True,
        )


def _describe_run(options: argparse.Namespace) -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, {options.rounds} rounds of {options.seconds:g} s. Load averages at the end over 1, 5"
        f" and 15 minutes: {load}."
    )
