"""Engine processes of other servers, whose command lines do not tell them apart: each leaves a file (see `speaker`)."""

from pathlib import Path

import psutil

from bench.processes import ENGINE, OTHER, role_of


def role_by_pid_file(folder: Path, process: psutil.Process) -> str:
    if (folder / str(process.pid)).exists():
        return ENGINE
    return "valkey" if role_of(process) == "valkey" else OTHER
