"""Runs one process of the service in place of the command, for `oratio gateway`, `worker`, `ops` and `beat`."""

import os
from typing import NoReturn

import typer

from cli.service import processes, worker_groups
from cli.service.processes import Command
from common.provider_names import INFERENCE
from common.settings import Settings


def replace_process(command: Command) -> NoReturn:
    os.chdir(command.folder)
    os.execvpe(command.argv[0], command.argv, os.environ | command.env)  # noqa: S606  # our own command


def worker_command(settings: Settings, *, models: str, concurrency: int | None, name: str) -> Command:
    """Return the command line of a worker. Raises typer.BadParameter for a model that is not installed here."""
    from worker.engines import available_aliases

    available = available_aliases(settings)
    requested = tuple(model.strip() for model in models.split(",") if model.strip())
    served = requested or settings.worker_model_names or tuple(a for a in available if a != INFERENCE)
    if missing := [model for model in served if model.partition("_")[0] not in available]:
        raise typer.BadParameter(_missing(missing, available), param_hint="--models")
    if concurrency is None:
        hosted = served == (INFERENCE,)
        concurrency = settings.inference_concurrency if hosted else worker_groups.concurrency(served)
    return processes.worker(settings, models=served, name=name, concurrency=concurrency)


def _missing(missing: list[str], available: tuple[str, ...]) -> str:
    hint = ". The model inference needs HF_TOKEN or ORATIO_INFERENCE_URL." if INFERENCE in missing else ""
    return f"not installed here: {', '.join(missing)}. Installed: {', '.join(available)}{hint}"
