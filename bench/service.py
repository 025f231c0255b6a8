"""The service as its users start it, by `oratio up`, in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.processes import descendants
from cli.service.address_file import read_address
from cli.service.child import tail, tie_to_parent

ROOT = Path(__file__).parents[1]
# For references: engines that run side by side must not start threads of their own. The service sets its own limits.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 100.0


@dataclass(frozen=True, slots=True)
class Service:
    """`pid` is the process of `oratio up`, whose descendants are all other processes of the service."""

    port: int
    pid: int
    data_dir: Path


@contextmanager
def run_service(folder: Path, *, models: str = "hibari,stub", **settings: str) -> Iterator[Service]:
    """Run the service with the given settings (`sweep_s="1"` for ORATIO_SWEEP_S). Only `models` get workers."""
    data_dir = folder / "data"
    variables = {"worker_models": models, "models_dir": str(folder / "models"), **settings}
    environment = {f"ORATIO_{name.upper()}": value for name, value in variables.items()}
    argv = (sys.executable, "-m", "cli.main", "up", "--port", "0", "--data-dir", str(data_dir))
    with run_process(argv, environment=environment, log=folder / "up.log") as process:
        port = _wait_for_port(process, data_dir, log=folder / "up.log")
        yield Service(port, process.pid, data_dir)


@contextmanager
def run_process(
    argv: tuple[str, ...], *, environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of this repository in the folder of its log. At the end, stop it and all its descendants."""
    inherited = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    variables = inherited | {"PYTHONPATH": str(ROOT)} | environment
    with log.open("ab") as output:
        process = subprocess.Popen(
            tie_to_parent(argv), env=variables, cwd=log.parent, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    # LitServe leaves its workers behind.
    running = list(descendants(process.pid))
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in running:
        with suppress(psutil.NoSuchProcess):
            left.kill()


def _wait_for_port(process: subprocess.Popen[bytes], data_dir: Path, *, log: Path) -> int:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        # The address is published once every process is ready.
        if address := read_address(data_dir):
            return urlsplit(address.url).port or 0
        time.sleep(0.05)
    raise RuntimeError(f"The service did not start:\n{tail(log)}")
