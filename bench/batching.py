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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.fullsize import BUILDERS, text_of
from bench.table import show
from common.settings import Settings
from worker.engines import available_aliases, create
from worker.engines.protocol import Engine, Utterance
from worker.host.device import find_device
from worker.inference.batcher import Batcher
from worker.inference.model_cache import ModelCache

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
    for texts in map(int, asked.texts.split(",")):
        engine = create(KEYS.get(family, family), settings)
        if asked.force:
            engine.max_batch = texts
        run = _run(engine, utterance, texts, rounds=asked.rounds)
        together, isolated = statistics.median(run.together_s), statistics.median(run.alone_s)
        spread = f"{min(run.together_s):.2f}-{max(run.together_s):.2f}"
        figures = (
            run.audio_s,
            isolated,
            together,
            texts * run.audio_s / together,
            isolated / together,
            run.first_s,
        )
        first, *others = (f"{figure:.2f}" for figure in figures)
        rows.append((str(texts), str(run.calls), first, *others, spread, f"{run.peak_mb:.0f}"))
    columns = ("texts", "calls", "s each", "one by one s", "at once s", "audio s/s", "gain", "first s")
    show(_title(family, settings), (*columns, "range of at once", "peak MB"), rows)


def _title(family: str, settings: Settings) -> str:
    device = find_device(settings)
    engine: Any = create(KEYS.get(family, family), settings)
    precision = "int8" if family == "kokoro" else engine._dtype
    threads = "" if device.is_gpu else f", {settings.cpu_threads} thread"
    parameters = 82 if family == "kokoro" else engine.memory_bytes() / (2e6 if "16" in precision else 4e6)
    return f"{family}, {parameters:.0f} M parameters, {precision}, {device.name}{threads}"


@dataclass(frozen=True)
class Run:
    """Seconds of each round, one by one and all at once; of sound in a text; until the first of them was there."""

    alone_s: list[float]
    together_s: list[float]
    audio_s: float
    first_s: float
    calls: int
    peak_mb: float


def _run(engine: Engine, utterance: Utterance, texts: int, *, rounds: int) -> Run:
    """One by one and at once in turn, so that a machine whose pace drifts misleads nobody."""
    shelf = ModelCache(budget_bytes=10**15)
    batcher = Batcher(shelf, call_timeout_s=DEADLINE_S, load_timeout_s=DEADLINE_S, linger_s=0.2)
    try:
        batcher.preload([engine]).result()
        speech = batcher.submit([engine], utterance).result()
        _forget_peak()
        isolated, together, first, calls = [], [], [], 0
        for _ in range(rounds):
            isolated.append(_one_by_one(batcher, engine, utterance, texts))
            before = batcher.call_counts[engine]
            first_s, all_s = _at_once(batcher, engine, utterance, texts)
            first.append(first_s)
            together.append(all_s)
            calls = batcher.call_counts[engine] - before
        audio_s = len(speech.samples) / speech.sample_rate_hz
        return Run(isolated, together, audio_s, statistics.median(first), calls, _peak_mb())
    finally:
        batcher.close(DEADLINE_S)
        shelf.close(timeout_s=DEADLINE_S)


def _one_by_one(batcher: Batcher, engine: Engine, utterance: Utterance, texts: int) -> float:
    began = time.perf_counter()
    # With a seed of the caller's nothing waits for company.
    isolated = replace(utterance, seed_given=True)
    for _ in range(texts):
        batcher.submit([engine], isolated).result()
    return time.perf_counter() - began


def _at_once(batcher: Batcher, engine: Engine, utterance: Utterance, texts: int) -> tuple[float, float]:
    """(seconds until the first was there, for all)."""
    began = time.perf_counter()
    futures = [batcher.submit([engine], utterance) for _ in range(texts)]
    wait(futures, return_when=FIRST_COMPLETED)
    first_s = time.perf_counter() - began
    for future in futures:
        future.result()
    return first_s, time.perf_counter() - began


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
