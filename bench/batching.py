"""Models of full size, many texts at once beside one alone: throughput, memory, first sound, on any device.

`python -m bench.batching [--families speecht5,mms] [--texts 1,8] [--seconds 10]`, in an environment that has the
libraries; `make bench-models` runs it in all of them. All calls go through the batcher that workers use, which puts
together what the engine gains by and speaks the rest one by one; `--force` batches everything, to see what that would
cost. Weights are random but Kokoro's: what is computed does not depend on their values. Texts are of equal length.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.fullsize import BUILDERS, text_of
from bench.table import show
from common.settings import Settings
from worker.batcher import Batcher
from worker.device import find_device
from worker.engines import available_aliases, create
from worker.engines.protocol import Engine, Utterance
from worker.shelf import Shelf

KEYS = {"mms": "mms_eng"}
VOICES = {
    "speecht5": "slt",
    "mms": "eng",
    "bark": "v2/en_speaker_6",
    "parler": "Laura",
    "kokoro": "jf_alpha",
}
DEADLINE_S = 36_000.0


def main() -> None:
    asked = _arguments()
    here = [family for family in asked.families.split(",") if family in available_aliases(Settings())]
    for family in here:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            BUILDERS[family](Path(folder), seconds=asked.seconds)
            _measure(family, Path(folder), asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default=",".join(BUILDERS))
    parser.add_argument("--texts", default="1,4,8,16", help="at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sound for each text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--force", action="store_true", help="batch what is better spoken one by one, too")
    parser.add_argument("--folder", help="where the models are written for the time being (4 GB for Parler)")
    return parser.parse_args()


def _measure(family: str, folder: Path, asked: argparse.Namespace) -> None:
    settings = Settings(_env_file=None, models_dir=folder)
    utterance = _utterance(family, seconds=asked.seconds)
    rows: list[tuple[str, ...]] = []
    alone = 0.0
    for texts in map(int, asked.texts.split(",")):
        engine = create(KEYS.get(family, family), settings)
        if asked.force:
            engine.max_batch = texts
        run = _run(engine, utterance, texts, rounds=asked.rounds)
        pace = statistics.median(texts * run.audio_s / took for took in run.took_s)
        alone = alone or pace
        spread = f"{min(run.took_s):.2f}-{max(run.took_s):.2f}"
        row = (texts, run.calls, f"{run.audio_s:.1f}", f"{statistics.median(run.took_s):.2f}", spread)
        figures = (f"{pace:.2f}", f"{pace / alone:.2f}", f"{run.first_s:.2f}", f"{run.peak_mb:.0f}")
        rows.append((*map(str, row), *figures))
    columns = ("texts", "calls", "s each", "median s", "range", "audio s/s", "x alone", "first s", "peak MB")
    show(_title(family, settings), columns, rows)


def _title(family: str, settings: Settings) -> str:
    device = find_device(settings)
    engine: Any = create(KEYS.get(family, family), settings)
    precision = "int8" if family == "kokoro" else engine._dtype
    threads = "" if device.is_gpu else f", {settings.cpu_threads} thread"
    parameters = 82 if family == "kokoro" else engine.memory_bytes() / (2e6 if "16" in precision else 4e6)
    return f"{family}, {parameters:.0f} M parameters, {precision}, {device.name}{threads}"


@dataclass(frozen=True)
class Run:
    """`took_s` of each round, `audio_s` of a text, `first_s` until the first of them was there, `calls` a round."""

    took_s: list[float]
    audio_s: float
    first_s: float
    calls: int
    peak_mb: float


def _run(engine: Engine, utterance: Utterance, texts: int, *, rounds: int) -> Run:
    shelf = Shelf(budget_bytes=10**15)
    batcher = Batcher(shelf, deadline_s=DEADLINE_S, load_within_s=DEADLINE_S, linger_s=0.2)
    try:
        batcher.warm([engine]).result()
        batcher.submit([engine], utterance, first=True).result()
        _forget_peak()
        before = batcher.calls[engine]
        spoken = [_round(batcher, engine, utterance, texts) for _ in range(rounds)]
        calls = (batcher.calls[engine] - before) // rounds
        took, first, audio = zip(*spoken, strict=True)
        return Run(list(took), audio[0], statistics.median(first), calls, _peak_mb())
    finally:
        batcher.close(DEADLINE_S)
        shelf.close(timeout_s=DEADLINE_S)


def _round(batcher: Batcher, engine: Engine, utterance: Utterance, texts: int) -> tuple[float, float, float]:
    """(seconds for all, until the first was there, of sound in each)."""
    began = time.perf_counter()
    futures = [batcher.submit([engine], utterance, first=True) for _ in range(texts)]
    wait(futures, return_when=FIRST_COMPLETED)
    first_s = time.perf_counter() - began
    speeches = [future.result() for future in futures]
    took_s = time.perf_counter() - began
    return took_s, first_s, len(speeches[0].samples) / speeches[0].sample_rate_hz


def _utterance(family: str, *, seconds: float) -> Utterance:
    return Utterance(
        text=text_of(family, seconds=seconds),
        voice=VOICES[family],
        model_id="",
        language="en",
        speed=1.0,
        style=None,
        seed=1,
        seed_given=False,
    )


def _peak_mb() -> float:
    """Of the GPU where there is one, else of this process."""
    if find_device(Settings()).kind == "cuda":
        import torch

        return float(torch.cuda.max_memory_allocated()) / 1e6
    return _highest_mb()


def _forget_peak() -> None:
    if find_device(Settings()).kind == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")


def _highest_mb() -> float:
    """The highest resident memory since it was last forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
