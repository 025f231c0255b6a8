"""One supervised process, with its log and its restart delay."""

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
# A process that ran for this long starts again with the shortest delay.
STABLE_AFTER_S = 60.0

_PARENT_DEATH_SCRIPT = str(Path(__file__).parent / "parent_death.py")


class Child:
    """One supervised process. One thread must make all calls, and must outlive the process.

    The kernel kills the process when the thread that started it ends (see parent_death).
    """

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
        """Start the process. Raises OSError."""
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
                # Ctrl-C must reach only the supervisor, which stops the processes in order.
                start_new_session=True,
            )

    def poll(self) -> int | None:
        """Return the exit code once after the process has ended, else None."""
        code = self._process.poll() if self._process else None
        if code is not None:
            self._process = None
        return code

    def schedule_restart(self) -> float:
        """Set `due_at`, when the process may start again. Return the delay: 0, 1, 2, 4, ... up to 30 s."""
        if time.monotonic() - self._started_at > STABLE_AFTER_S:
            self.deaths = 0
        wait_s = min(RESTART_MAX_S, 2.0 ** (self.deaths - 1)) if self.deaths else 0.0
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
    """Return a command line that runs `argv` and that the kernel kills when this process dies (Linux only)."""
    return [sys.executable, "-I", "-S", _PARENT_DEATH_SCRIPT, str(os.getpid()), *argv]


def describe_exit(code: int) -> str:
    """Return an exit code in words: "exit code 3" or the name of the signal."""
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
