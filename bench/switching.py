"""A thousand jobs for four models on one worker that has memory for two: memory growth and lost jobs.

`python -m bench.switching [--jobs 1000] [--at-once 4]`. The models are tiny ones of the real classes (MMS twice,
SpeechT5, Bark), so that memory leaked by each load and unload is visible. Retention is off. Needs the environments that
`make setup-test-flavours` builds.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.table import show
from bench.texts import sentences
from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from cli.service.worker_groups import FLAVOURS, python_of
from common.settings import Settings
from tests.support.flavours import build_tiny

VOICES = ("mms_eng", "speecht5_slt", "mms_fra", "bark_en_6")
# The size of Bark and SpeechT5 together. Any two of the four models fit, but not all of them.
MODEL_MEMORY_MB = 2.1
JOBS_PER_ROW = 100
# Memory still grows while caches fill, so the growth is measured from here on.
WARM_UP_JOBS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models_dir = _build_models(Path(folder) / "models")
        settings = _settings(Path(folder), models_dir)
        with Stack(settings, worker_groups=_worker_groups(), publish=False) as stack:
            _measure(stack, jobs=options.jobs, at_once=options.at_once)


def _build_models(models_dir: Path) -> Path:
    models_dir.mkdir()
    for family in ("mms", "speecht5", "bark"):
        build_tiny(models_dir, family)
    french = models_dir / "facebook_mms-tts-fra"
    french.mkdir()
    for path in (models_dir / "facebook_mms-tts-eng").iterdir():
        (french / path.name).write_bytes(path.read_bytes())
    return models_dir


def _settings(folder: Path, models_dir: Path) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=models_dir,
        port=0,
        model_memory_mb=MODEL_MEMORY_MB,
        clean_max_hours=0,
        clean_max_history=0,
        jobs_max=0,
    )


def _worker_groups() -> list[WorkerGroup]:
    torch = WorkerGroup("torch", FLAVOURS["torch"], 1, concurrency=16, python=str(python_of("torch")))
    return [WorkerGroup("worker", ("hibari", "stub"), 1), torch]


def _measure(stack: Stack, *, jobs: int, at_once: int) -> None:
    texts = cycle(text[:40] for text in sentences())
    requests = [(VOICES[number % len(VOICES)], text) for number, text in enumerate(islice(texts, jobs))]
    outcomes: Counter[str] = Counter()
    rows = []
    with httpx.Client(base_url=stack.url, timeout=600) as client, ThreadPoolExecutor(at_once) as pool:
        for start in range(0, jobs, JOBS_PER_ROW):
            batch = requests[start : start + JOBS_PER_ROW]
            outcomes.update(pool.map(lambda request: _synthesize(client, *request), batch))
            rows.append((start + JOBS_PER_ROW, *_read_worker(stack, client)))
    settled_mb = [row[1] for row in rows if row[0] >= min(WARM_UP_JOBS, jobs)]
    growth = max(settled_mb) / settled_mb[0] - 1
    columns = ("jobs", "resident MB", "loads", "unloads")
    formatted = [tuple(f"{value:.0f}" for value in row) for row in rows]
    show(f"One worker, {len(VOICES)} models, memory for two", columns, formatted)
    print(f"Outcomes: {dict(outcomes)}. Growth after the first {WARM_UP_JOBS} jobs: {100 * growth:+.1f} %.")


def _synthesize(client: httpx.Client, voice_id: str, text: str) -> str:
    """Run one job and describe its outcome."""
    job: Any = client.post("/synthesize", json={"text": text, "voice_id": voice_id}).json()
    return f"{job.get('status')} {job.get('provider')} attempt {job.get('attempts')}"


def _read_worker(stack: Stack, client: httpx.Client) -> tuple[float, int, int]:
    """Return the resident MB of the torch worker, and how often it loaded and unloaded models."""
    models = client.get("/models/status").json()["models"]
    workers: Iterator[Any] = (worker for model in models for worker in model["workers"])
    torch = next(worker for worker in workers if worker["flavour"] == "torch")
    resident_mb = psutil.Process(stack.pids()["torch-1"]).memory_info().rss / 1e6
    return resident_mb, torch["loads"], torch["unloads"]


if __name__ == "__main__":
    main()
