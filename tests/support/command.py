"""Runs the `oratio` command as users do: in a process of its own, with a clean environment, in any folder."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from cli.service.address_file import ServiceAddress, read_address
from tests.support.waiting import wait_for

ORATIO = (sys.executable, "-m", "cli.main")
# The models of this environment. Workers of other environments take seconds to start, so only some tests use them.
BASE_MODELS = "hibari,kokoro,stub,fake"


def environment(**settings: str) -> dict[str, str]:
    """Return the environment without the settings of the developer's shell, and with `settings`."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ORATIO_") and name not in ("HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN")
    }
    return clean | {f"ORATIO_{name.upper()}": value for name, value in settings.items()}


def oratio(
    *arguments: str, folder: Path, stdin: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ORATIO, *arguments],
        cwd=folder,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass
class Up:
    """A running `oratio up` process."""

    process: subprocess.Popen[str]
    data_dir: Path

    @property
    def address(self) -> ServiceAddress:
        address = read_address(self.data_dir)
        assert address is not None, "not running"
        return address

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, *words: str) -> psutil.Process | None:
        """Return the child whose command line contains all the words."""
        for child in self.descendants():
            try:
                line = " ".join(child.cmdline())
            except psutil.NoSuchProcess:
                continue
            if all(word in line for word in words) and "parent_death.py" not in line:
                return child
        return None


@contextmanager
def up(data_dir: Path, *arguments: str, **settings: str) -> Iterator[Up]:
    """Run `oratio up` while the block runs, from when it is ready. Kill it and its children at the end."""
    process = subprocess.Popen(
        [*ORATIO, "up", "--port", "0", "--data-dir", str(data_dir), "--engines", "1", *arguments],
        cwd=data_dir.parent,
        env=environment(**{"stop_grace_s": "10", "worker_models": BASE_MODELS} | settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for(lambda: _is_published(data_dir, process.pid) or process.poll() is not None, timeout_s=60)
        assert process.poll() is None, process.communicate()[0]
        yield Up(process, data_dir)
    finally:
        process.kill()
        process.communicate()


def _is_published(data_dir: Path, pid: int) -> bool:
    """Return whether this process has published its address. A killed process leaves its address behind."""
    address = read_address(data_dir)
    return address is not None and address.pid == pid
