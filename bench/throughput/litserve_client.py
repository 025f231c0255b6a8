"""LitServe with two workers, in an environment of its own that is built on first use."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.http_client import HttpClient
from bench.processes import read_times
from bench.service import ONE_THREAD, ROOT, run_process
from bench.throughput.contestant import ServerContestant
from bench.throughput.load import Speak, duration_s
from bench.throughput.pid_files import role_by_pid_file
from cli.service.child import tail
from cli.service.ports import free_port

WORKERS = 2
_LOCK = ROOT / "requirements" / "bench-litserve.lock"
_START_TIMEOUT_S = 120.0


@contextmanager
def run_litserve(folder: Path) -> Iterator[list[ServerContestant]]:
    port = free_port("127.0.0.1")
    engines = folder / "engines"
    engines.mkdir()
    module = "bench.throughput.litserve_server"
    argv = (str(build_environment()), "-m", module, str(port), str(WORKERS), str(engines))
    with run_process(argv, environment=ONE_THREAD, log=folder / "litserve.log") as process:
        role_of = partial(role_by_pid_file, engines)
        contestant = ServerContestant(
            f"LitServe, {WORKERS} workers",
            lambda: _open_client(port),
            lambda: read_times([process.pid], role_of),
        )
        _wait_until_ready(port, process, log=folder / "litserve.log")
        contestant.warm_up()
        yield [contestant]


@contextmanager
def _open_client(port: int) -> Iterator[Speak]:
    client = HttpClient(port)
    yield lambda text: duration_s(client.post("/predict", {"text": text}))
    client.close()


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], *, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            HttpClient(port).get("/health")
        except (OSError, RuntimeError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"LitServe did not start:\n{tail(log)}")


def build_environment() -> Path:
    """Return the interpreter of the environment, which lies in the user's cache. Each lock file has its own."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "oratioviva"
    environment = cache / f"litserve-{hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]}"
    python = environment / "bin" / "python"
    complete = environment / ".complete"
    if not complete.exists():
        print(f"Installing LitServe in {environment} …", file=sys.stderr)
        _run_uv("venv", "--allow-existing", "--python", sys.executable, str(environment))
        _run_uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(_LOCK))
        complete.touch()
    return python


def _run_uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    variables = {
        "UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", ""),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    subprocess.run([uv, *arguments, "--quiet"], check=True, env=variables | os.environ)
