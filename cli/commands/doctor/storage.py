"""Checks the data folder, the disk and the models folder. Changes nothing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rich.filesize import decimal

from cli.commands.doctor.result import CheckResult
from cli.program_name import program_name
from common.settings import Settings
from worker.host.models_folder import scan

ENOUGH_DISK_BYTES = 1_000_000_000
MIN_DISK_BYTES = 100_000_000


def check_data_folder(settings: Settings) -> Iterator[CheckResult]:
    folder = settings.data_dir
    there = _existing_parent(folder)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        advice = f"Make {there} writable, or set ORATIO_DATA_DIR to another folder."
        yield CheckResult("Data folder", "problem", f"{folder} is not writable", advice)
        return
    yield CheckResult(
        "Data folder", "ok", str(folder) if folder.exists() else f"{folder} (created at the first start)"
    )
    free = shutil.disk_usage(there).free
    message = f"{free / 1e9:.1f} GB free"
    if free >= ENOUGH_DISK_BYTES:
        yield CheckResult("Disk", "ok", message)
    else:
        state: Literal["note", "problem"] = "problem" if free < MIN_DISK_BYTES else "note"
        yield CheckResult(
            "Disk", state, message, "Free some space, or set ORATIO_DATA_DIR to a folder on a larger disk."
        )


def check_models_folder(settings: Settings) -> Iterator[CheckResult]:
    folder = settings.models_dir.absolute()
    there = _existing_parent(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        advice = f"Make {there} writable, or set ORATIO_MODELS_DIR to another folder."
        yield CheckResult(
            "Models folder", "note", f"{folder} is not writable, so models cannot be downloaded", advice
        )
    elif folder.exists():
        yield CheckResult("Models folder", "ok", str(folder))
        yield from _models(folder)
    else:
        yield CheckResult("Models folder", "ok", f"{folder} (created at the first download)")


def _models(folder: Path) -> Iterator[CheckResult]:
    for key, found in scan(folder).items():
        name, size = f"Weights {key}", decimal(found.size_bytes)
        if found.state == "partial":
            advice = f"Download the rest with: {program_name()} models download {key}"
            yield CheckResult(name, "note", f"incomplete, {size}", advice)
        elif found.size_bytes:
            yield CheckResult(name, "ok", size)


def _existing_parent(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
