"""Restarts processes that end, and stops all processes in the order of their dependencies."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from cli.service.child import Child, describe_exit
from cli.service.processes import Command, Role

# First no new requests and no scheduled tasks, then workers finish or hand back their jobs, then the rest.
STOP_ORDER: tuple[Role, ...] = ("gateway", "beat", "worker", "ops", "server")
_CHECK_INTERVAL_S = 0.2
_STOP_POLL_INTERVAL_S = 0.02
_REPORT_WAIT_AFTER_S = 2.0


class Supervisor:
    """Runs processes in a thread of its own, which lives until the last of them has ended.

    The kernel kills the processes when that thread ends (see child), so no error may end it.
    """

    def __init__(self, *, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._report = report
        self._children: list[Child] = []
        self._wake = Event()
        self._stopping = Event()
        self._kill_on_stop = Event()
        self._thread = Thread(target=self._run, name="supervisor", daemon=True)

    def start(self, command: Command) -> None:
        """Start a process and keep it running."""
        self._children.append(Child(command, logs=self._logs))
        if not self._thread.ident:
            self._thread.start()
        self._wake.set()

    def stop(self) -> None:
        """Stop all processes. Returns when the last one has ended."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident:
            self._thread.join()

    def kill_on_stop(self) -> None:
        """Kill the processes instead of waiting for them to stop, except the server, which must save its data."""
        self._kill_on_stop.set()

    def pids(self) -> dict[str, int]:
        return {child.command.name: child.pid for child in self._children if child.pid}

    def most_restarted(self) -> Child | None:
        """Return the process that has ended most often, or None if none has."""
        worst = max(self._children, key=lambda child: child.deaths, default=None)
        return worst if worst and worst.deaths else None

    def _run(self) -> None:
        while not self._stopping.is_set():
            for child in list(self._children):
                with suppress(Exception):  # checked again soon
                    self._check(child)
            self._wake.wait(_CHECK_INTERVAL_S)
            self._wake.clear()
        for role in STOP_ORDER:
            with suppress(Exception):  # the processes of the other roles must stop in their turn
                self._stop_all([child for child in self._children if child.command.role == role])

    def _tell(self, message: str) -> None:
        """Report an event. The reader may be gone, as in `oratio up | head -1`, or its disk may be full."""
        with suppress(Exception):
            self._report(message)

    def _check(self, child: Child) -> None:
        if child.pid:
            code = child.poll()
            if code is not None:
                self._schedule_restart(child, describe_exit(code))
        elif time.monotonic() >= child.due_at:
            try:
                child.spawn()
            except OSError as error:
                self._schedule_restart(child, str(error))

    def _schedule_restart(self, child: Child, reason: str) -> None:
        wait_s = child.schedule_restart()
        when = f"in {wait_s:.0f} s" if wait_s else "now"
        self._tell(f"{child.command.name} exited ({reason}). Restarting {when}. Log: {child.log}")

    def _stop_all(self, group: list[Child]) -> None:
        terminated_at = time.monotonic()
        for child in group:
            child.terminate()
        reported = False
        while running := [child for child in group if child.pid and child.poll() is None]:
            waited_s = time.monotonic() - terminated_at
            for child in running:
                if waited_s > child.command.stop_within_s or self._may_kill(child):
                    child.kill()
            if waited_s > _REPORT_WAIT_AFTER_S and not reported:
                self._tell(_waiting_message(running))
                reported = True
            time.sleep(_STOP_POLL_INTERVAL_S)

    def _may_kill(self, child: Child) -> bool:
        return self._kill_on_stop.is_set() and child.command.role != "server"


def _waiting_message(running: list[Child]) -> str:
    names = ", ".join(child.command.name for child in running)
    limit_s = max(child.command.stop_within_s for child in running)
    return (
        f"Waiting for {names} to stop (at most {limit_s:.0f} s). Press Ctrl-C again to stop at once; unfinished jobs "
        "continue after the next start."
    )
