"""A thousand jobs over four models on one worker with room for two: does memory grow, is a job lost?

`python -m bench.switching [--jobs 1000] [--at-once 4]`. The models are tiny ones of the real classes (MMS twice,
SpeechT5, Bark), so that what each load and unload leaves behind shows; retention is off. `make setup-test-flavours`
builds what it needs.
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
# Bark and SpeechT5 together; any two of the four fit, and not all of them.
ROOM_MB = 2.1
TURN = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = _build(Path(folder) / "models")
        with Stack(_settings(Path(folder), models), worker_groups=_worker_groups(), publish=False) as stack:
            _measure(stack, jobs=asked.jobs, at_once=asked.at_once)


def _build(models: Path) -> Path:
    models.mkdir()
    for family in ("mms", "speecht5", "bark"):
        build_tiny(models, family)
    french = models / "facebook_mms-tts-fra"
    french.mkdir()
    for path in (models / "facebook_mms-tts-eng").iterdir():
        (french / path.name).write_bytes(path.read_bytes())
    return models


def _settings(folder: Path, models: Path) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=models,
        port=0,
        model_memory_mb=ROOM_MB,
        clean_max_hours=0,
        clean_max_history=0,
        jobs_max=0,
    )


def _worker_groups() -> list[WorkerGroup]:
    torch = WorkerGroup("torch", FLAVOURS["torch"], 1, concurrency=16, python=str(python_of("torch")))
    return [WorkerGroup("worker", ("hibari", "stub"), 1), torch]


def _measure(stack: Stack, *, jobs: int, at_once: int) -> None:
    texts = cycle(text[:40] for text in sentences())
    asked = [(VOICES[number % len(VOICES)], text) for number, text in enumerate(islice(texts, jobs))]
    ended: Counter[str] = Counter()
    rows = []
    with httpx.Client(base_url=stack.url, timeout=600) as client, ThreadPoolExecutor(at_once) as pool:
        for start in range(0, jobs, TURN):
            ended.update(pool.map(lambda one: _speak(client, *one), asked[start : start + TURN]))
            rows.append((start + TURN, *_figures(stack, client)))
    base = next(row[1] for row in rows if row[0] >= min(200, jobs))
    highest = max(row[1] for row in rows if row[0] >= min(200, jobs))
    columns = ("jobs", "resident MB", "loads", "unloads")
    show(f"One worker, {len(VOICES)} models, room for two", columns, [tuple(map(_text, row)) for row in rows])
    print(f"ended: {dict(ended)}; growth after the first 200: {100 * (highest / base - 1):+.1f} %")


def _speak(client: httpx.Client, voice_id: str, text: str) -> str:
    job: Any = client.post("/synthesize", json={"text": text, "voice_id": voice_id}).json()
    return f"{job.get('status')} {job.get('provider')} attempt {job.get('attempts')}"


def _figures(stack: Stack, client: httpx.Client) -> tuple[float, int, int]:
    """Resident memory now, and how often models were loaded and unloaded."""
    models = client.get("/models/status").json()["models"]
    workers: Iterator[Any] = (worker for model in models for worker in model["workers"])
    torch = next(worker for worker in workers if worker["flavour"] == "torch")
    resident_mb = psutil.Process(stack.pids()["torch-1"]).memory_info().rss / 1e6
    return resident_mb, torch["loads"], torch["unloads"]


def _text(value: float) -> str:
    return f"{value:.0f}"


if __name__ == "__main__":
    main()
