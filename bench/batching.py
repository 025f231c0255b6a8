"""Full-size models with many texts at once, compared with the same texts one by one, on any device.

`python -m bench.batching [--families speecht5,mms] [--texts 1,8] [--seconds 10]`, in an environment that has the
libraries. `make bench-models` runs it in all environments. Reports throughput, memory and the time to the first text.
All calls go through the batcher that workers use. It batches only where the engine gains from it and speaks other
texts one by one; `--force` batches everything to show the cost. All weights but Kokoro's are random, because the amount
of computation does not depend on their values. All texts have the same length.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.fullsize import BUILDERS, text_for
from bench.table import show
from common.settings import Settings
from worker.engines import available_aliases, create
from worker.engines.protocol import Engine, Utterance
from worker.host.device import find_device
from worker.inference.batcher import Batcher, EngineCall
from worker.inference.model_cache import ModelCache

WEIGHTS = {"mms": "mms_eng"}
VOICES = {
    "speecht5": "slt",
    "mms": "eng",
    "bark": "v2/en_speaker_6",
    "parler": "Laura",
    "kokoro": "jf_alpha",
}
DEADLINE_S = 36_000.0


def main() -> None:
    options = _parse_arguments()
    available = available_aliases(Settings())
    for family in options.families.split(","):
        if family in available:
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                BUILDERS[family](Path(folder), seconds=options.seconds)
                _measure_family(family, Path(folder), options)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", default=",".join(BUILDERS))
    parser.add_argument("--texts", default="1,4,8,16", help="numbers of texts to speak at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="of audio per text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--force", action="store_true", help="batch even where the engine does not gain from it"
    )
    parser.add_argument("--folder", help="folder for the temporary models (4 GB for Parler)")
    return parser.parse_args()


def _measure_family(family: str, folder: Path, options: argparse.Namespace) -> None:
    settings = Settings(_env_file=None, models_dir=folder)
    utterance = _utterance(family, seconds=options.seconds)
    rows: list[tuple[str, ...]] = []
    for texts in map(int, options.texts.split(",")):
        engine = create(WEIGHTS.get(family, family), settings)
        if options.force:
            # Torch engines take their limit from the first two names, others have the last.
            vars(engine).update(batch_on_cpu=texts, batch_on_gpu=texts, max_batch=texts)
        measured = _measure(engine, utterance, texts, rounds=options.rounds)
        sequential_s = statistics.median(measured.sequential_s)
        concurrent_s = statistics.median(measured.concurrent_s)
        seconds = (
            measured.audio_s,
            sequential_s,
            concurrent_s,
            texts * measured.audio_s / concurrent_s,
            sequential_s / concurrent_s,
            measured.first_s,
        )
        rows.append(
            (
                str(texts),
                str(measured.calls),
                *(f"{value:.2f}" for value in seconds),
                f"{min(measured.concurrent_s):.2f}-{max(measured.concurrent_s):.2f}",
                f"{measured.peak_mb:.0f}",
            )
        )
    columns = ("texts", "calls", "s each", "one by one s", "at once s", "audio s/s", "gain", "first s")
    show(_title(family, settings), (*columns, "range of at once", "peak MB"), rows)


def _title(family: str, settings: Settings) -> str:
    device = find_device(settings)
    engine: Any = create(WEIGHTS.get(family, family), settings)
    precision = "int8" if family == "kokoro" else engine._dtype
    threads = "" if device.is_gpu else f", {settings.cpu_threads} thread"
    parameters = 82 if family == "kokoro" else engine.memory_bytes() / (2e6 if "16" in precision else 4e6)
    return f"{family}, {parameters:.0f} M parameters, {precision}, {device.name}{threads}"


@dataclass(frozen=True)
class Measurement:
    """Times are in seconds.

    `sequential_s` and `concurrent_s` hold the time of each round, one by one and all at once. `audio_s` is the duration
    of one text's audio, `first_s` the time until the first of the concurrent texts was ready. `calls` counts the engine
    calls of one concurrent round.
    """

    sequential_s: list[float]
    concurrent_s: list[float]
    audio_s: float
    first_s: float
    calls: int
    peak_mb: float


def _measure(engine: Engine, utterance: Utterance, texts: int, *, rounds: int) -> Measurement:
    """Alternate sequential and concurrent rounds, so that a machine whose speed drifts affects both alike."""
    model_cache = ModelCache(budget_bytes=10**15)
    began: list[EngineCall] = []
    batcher = Batcher(
        model_cache,
        call_timeout_s=DEADLINE_S,
        load_timeout_s=DEADLINE_S,
        linger_s=0.2,
        call_began=began.append,
    )
    try:
        batcher.preload(engine).result()
        speech = batcher.submit(engine, utterance).result()
        _reset_peak()
        sequential_s, concurrent_s, first_s, calls = [], [], [], 0
        for _ in range(rounds):
            sequential_s.append(_time_sequential(batcher, engine, utterance, texts))
            began.clear()
            round_first_s, round_s = _time_concurrent(batcher, engine, utterance, texts)
            first_s.append(round_first_s)
            concurrent_s.append(round_s)
            # The load before a call is reported too, even if the model is loaded already.
            calls = len(began) // 2
        audio_s = len(speech.samples) / speech.sample_rate_hz
        return Measurement(sequential_s, concurrent_s, audio_s, statistics.median(first_s), calls, _peak_mb())
    finally:
        batcher.close(DEADLINE_S)
        model_cache.close(timeout_s=DEADLINE_S)


def _time_sequential(batcher: Batcher, engine: Engine, utterance: Utterance, texts: int) -> float:
    started = time.perf_counter()
    # The batcher does not delay an utterance whose seed the caller gave, because it is always spoken by itself.
    isolated = replace(utterance, seed_given=True)
    for _ in range(texts):
        batcher.submit(engine, isolated).result()
    return time.perf_counter() - started


def _time_concurrent(
    batcher: Batcher, engine: Engine, utterance: Utterance, texts: int
) -> tuple[float, float]:
    """Return the seconds until the first text was ready, and until all were."""
    started = time.perf_counter()
    futures = [batcher.submit(engine, utterance) for _ in range(texts)]
    wait(futures, return_when=FIRST_COMPLETED)
    first_s = time.perf_counter() - started
    for future in futures:
        future.result()
    return first_s, time.perf_counter() - started


def _utterance(family: str, *, seconds: float) -> Utterance:
    return Utterance(
        text=text_for(family, seconds=seconds),
        voice=VOICES[family],
        model_id="",
        language="en",
        speed=1.0,
        style=None,
        seed=1,
        seed_given=False,
    )


def _peak_mb() -> float:
    """Return the peak memory of the GPU if there is one, otherwise of this process, since `_reset_peak`."""
    if find_device(Settings()).kind == "cuda":
        import torch

        return float(torch.cuda.max_memory_allocated()) / 1e6
    return _peak_resident_mb()


def _reset_peak() -> None:
    if find_device(Settings()).kind == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    else:
        # "5" resets VmHWM; see proc(5).
        Path("/proc/self/clear_refs").write_text("5")


def _peak_resident_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1e3


if __name__ == "__main__":
    main()
