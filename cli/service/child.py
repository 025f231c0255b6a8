"""One supervised process: its log, its deaths, and when it may start again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cli.service.processes import Command

LOG_LIMIT_BYTES = 10_000_000
RESTART_MAX_S = 30.0
# After so long a life, the next death is a first one again.
STABLE_AFTER_S = 60.0

_PARENT_DEATH_SCRIPT = str(Path(__file__).parent / "parent_death.py")


class Child:
    """Used by one thread, which must outlive the process: the leash is tied to the thread that starts it."""

    def __init__(self, command: Command, *, logs: Path) -> None:
        self.command = command
        self.log = logs / f"{command.name}.log"
        self.deaths = 0
        self.due_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def spawn(self) -> None:
        """Raises OSError."""
        self._started_at = time.monotonic()
        _rotate(self.log)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own command
                tie_to_parent(self.command.argv),
                env=os.environ | self.command.env,
                cwd=self.command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches only us; we say who stops when.
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """The return code of a process that ended since it was last looked at."""
        code = self._process.poll() if self._process else None
        if code is not None:
            self._process = None
        return code

    def schedule_restart(self) -> float:
        """How long until it may start again: 1, 2, 4 … 30 s."""
        if time.monotonic() - self._started_at > STABLE_AFTER_S:
            self.deaths = 0
        wait_s = min(RESTART_MAX_S, 2.0**self.deaths)
        self.deaths += 1
        self.due_at = time.monotonic() + wait_s
        return wait_s

    def terminate(self) -> None:
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def tie_to_parent(argv: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", _PARENT_DEATH_SCRIPT, str(os.getpid()), *argv]


def describe_exit(code: int) -> str:
    """A return code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def tail(log: Path, *, count: int = 20) -> str:
    with suppress(FileNotFoundError), log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 20_000))
        return "\n".join(handle.read().decode(errors="replace").splitlines()[-count:])
    return ""


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
