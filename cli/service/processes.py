"""The command line of every process. `oratio up` starts the same commands as the unit files of a fleet."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from common.messaging.queue_names import LANES, OPS, job_queue
from common.provider_names import INFERENCE
from common.settings import Settings

Role = Literal["server", "worker", "ops", "beat", "gateway"]

FOLDER = Path(__file__).parents[2]

# Tasks mostly wait for the model, which speaks first segments before others. With more tasks than a model can speak at
# once, a few long texts do not block a short one. Bulk jobs take at most half of them.
WORKER_CONCURRENCY = 16
# Two downloads (worker.ops.downloads), two conversions to other formats (worker.ops.transcoding), the cleanup and a
# short task.
OPS_CONCURRENCY = 6
# A process should stop within its own grace time. It is killed this much later.
KILL_AFTER_GRACE_S = 5.0
QUICK_STOP_S = 10.0
# The gateway gives open requests 10 s to end (api.serve).
GATEWAY_STOP_S = 15.0

# One process runs per core, so threads inside a process would only compete for it. glibc keeps the memory of large
# arrays for the next ones: getting it anew costs a worker half of the time that it takes to master a sound. A worker
# returns it in pauses.
_SINGLE_THREADED = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
# Settings that other programs read under the same name.
_SHARED_NAMES = {"hf_token": "HF_TOKEN", "hf_endpoint": "HF_ENDPOINT"}


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a process, and how long after SIGTERM to kill it. `env` is added to the inherited environment."""

    name: str
    role: Role
    argv: tuple[str, ...]
    stop_within_s: float
    env: dict[str, str] = field(default_factory=dict)
    folder: Path = FOLDER


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """The worker processes of one environment. `python` is its interpreter, `count` the number of processes."""

    name: str
    models: tuple[str, ...]
    count: int
    concurrency: int = WORKER_CONCURRENCY
    python: str = sys.executable


def gateway(settings: Settings, *, python: str = sys.executable) -> Command:
    argv = (python, "-m", "api.serve")
    # It drains twice: first it still accepts requests, then it does not.
    stop_within_s = GATEWAY_STOP_S + 2 * settings.drain_s
    return Command("gateway", "gateway", argv, stop_within_s, environment(settings))


def worker(
    settings: Settings,
    *,
    models: Sequence[str],
    name: str,
    concurrency: int = WORKER_CONCURRENCY,
    python: str = sys.executable,
) -> Command:
    argv = _consumer(
        settings,
        python=python,
        name=name,
        queues=[job_queue(model, lane=lane) for lane in LANES for model in models],
        concurrency=concurrency,
    )
    env = _SINGLE_THREADED | environment(settings) | {"ORATIO_WORKER_MODELS": ",".join(models)}
    return Command(name, "worker", argv, settings.stop_grace_s + KILL_AFTER_GRACE_S, _without_inherited(env))


def inference(settings: Settings, *, name: str = INFERENCE) -> Command:
    """Return the worker of hosted inference. It waits for the network, so its concurrency is not tied to cores."""
    return worker(settings, models=(INFERENCE,), name=name, concurrency=settings.inference_concurrency)


def ops(settings: Settings, *, name: str = "ops", python: str = sys.executable) -> Command:
    argv = _consumer(settings, python=python, name=name, queues=[OPS], concurrency=OPS_CONCURRENCY)
    env = _without_inherited(_SINGLE_THREADED | environment(settings))
    return Command(name, "ops", argv, settings.stop_grace_s + KILL_AFTER_GRACE_S, env)


def beat(settings: Settings, *, python: str = sys.executable) -> Command:
    # No pid file, because one left behind by a crash would keep beat from starting again.
    argv = (*_celery(python), "beat", "-s", str(beat_folder(settings) / "schedule"), "--pidfile=")
    argv = (*argv, "--loglevel", settings.log_level)
    return Command("beat", "beat", argv, QUICK_STOP_S, environment(settings))


def group(settings: Settings, group: WorkerGroup) -> list[Command]:
    return [
        worker(
            settings,
            models=group.models,
            name=f"{group.name}-{number}",
            concurrency=group.concurrency,
            python=group.python,
        )
        for number in range(1, group.count + 1)
    ]


def beat_folder(settings: Settings) -> Path:
    return settings.data_dir.absolute() / "beat"


def environment(settings: Settings) -> dict[str, str]:
    """Return every setting as an environment variable, with absolute paths.

    So a child has the settings of its parent, whatever its folder and the `.env` file there.
    """
    named = {
        _SHARED_NAMES.get(name, f"ORATIO_{name.upper()}"): _to_env_text(getattr(settings, name))
        for name in type(settings).model_fields
    }
    return {name: value for name, value in named.items() if value is not None}


def _to_env_text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "1" if value else "0"
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.absolute())
        case dict():
            return json.dumps(value)
    return str(value)


def _without_inherited(env: dict[str, str]) -> dict[str, str]:
    """Leave out the limits on threads and memory that the user has set."""
    return {
        name: value for name, value in env.items() if name not in _SINGLE_THREADED or name not in os.environ
    }


def _celery(python: str) -> tuple[str, ...]:
    return (python, "-m", "celery", "-A", "worker.app")


def _consumer(
    settings: Settings, *, python: str, name: str, queues: Sequence[str], concurrency: int
) -> tuple[str, ...]:
    listed = ",".join(f"{settings.queue_prefix}.{queue}" for queue in queues)
    # Workers announce themselves in the database, so they need not talk to each other through the broker.
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return (
        *(
            *_celery(python),
            "worker",
            "-P",
            "threads",
            "-c",
            str(concurrency),
            "-Q",
            listed,
            "-n",
            f"{name}@%h",
        ),
        *(*quiet, "--loglevel", settings.log_level),
    )
