"""Everything that one machine needs to speak, as one object: starts it, waits until it can, stops it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cli.service import processes, valkey
from cli.service.address_file import published
from cli.service.child import last_lines, leashed
from cli.service.data_dir_lock import claimed
from cli.service.ports import as_url, free_port, is_free
from cli.service.probes import unready, workers_alive
from cli.service.processes import Crew
from cli.service.supervisor import Supervisor
from cli.service.worker_groups import local_models
from common.addresses import is_loopback
from common.settings import Settings

READY_WITHIN_S = 120.0
EVERYONE_WITHIN_S = 60.0
_SERVER_WITHIN_S = 30.0
_PROBE_EVERY_S = 0.05


class StartFailed(Exception):
    """Why the service does not run, and what to do about it."""


class Stopped(Exception):
    """Somebody asked to stop before the service was ready."""


class Stack:
    """`with Stack(settings) as stack:` speaks on `stack.url` inside the block.

    `tell` hears what happens, one line each; `progress` what is being waited for; `cancelled` ends the waiting.
    Raises AlreadyRunning, StartFailed and Stopped on entry.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        crews: Sequence[Crew] = (),
        purpose: str = "oratio up",
        publish: bool = True,
        tell: Callable[[str], None] = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        port = settings.port or free_port(settings.host)
        self.settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute(), "port": port})
        self.crews = tuple(crews) or (Crew("worker", local_models(settings), cores()),)
        self.url = as_url(settings.host, port)
        self.logs = self.settings.data_dir / "logs"
        self._purpose = purpose
        self._publish = publish
        self._tell = tell
        self._progress = progress
        self._cancelled = cancelled
        self._supervisor = Supervisor(logs=self.logs, tell=tell)
        self._held = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def hurry(self) -> None:
        """Stop without waiting for running jobs; they go on after the next start."""
        self._supervisor.hurry()

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        return self._supervisor.pids()

    def _start(self) -> None:
        refuse_address(self.settings)
        self._claim()
        self._held.callback(self._supervisor.stop)
        if uses_bundled_server(self.settings):
            self._start_server()
        self._progress("the database")
        self._migrate()
        self._start_processes()
        if self._publish:
            self._held.enter_context(published(self.settings.data_dir, self.url))

    def _claim(self) -> None:
        folder = self.settings.data_dir
        try:
            self._held.enter_context(claimed(folder, purpose=self._purpose))
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise StartFailed(
                f"The data folder {folder} cannot be used ({error.strerror}); choose another: --data-dir"
            ) from None

    def _start_server(self) -> None:
        server = valkey.prepare(self.settings.data_dir)
        self.settings = self.settings.model_copy(update={"redis_url": server.url})
        self._supervisor.start(server.command)
        self._progress("the queue server")
        if not self._wait_for(server.answers, within_s=_SERVER_WITHIN_S):
            raise StartFailed(self._why("The queue server (Valkey) does not answer."))

    def _migrate(self) -> None:
        """In a process of its own: the parent stays small."""
        log = self.logs / "migrate.log"
        with log.open("ab") as output:
            done = subprocess.run(  # noqa: S603  # our own command
                leashed([sys.executable, "-m", "cli.main", "migrate"]),
                env=os.environ | processes.environment(self.settings),
                cwd=processes.FOLDER,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
        if done.returncode:
            raise StartFailed(f"The database could not be brought up to date:\n{last_lines(log)}")

    def _start_processes(self) -> None:
        """Those that speak first: what sweeps and cleans has time until somebody can be heard.

        Hosted inference comes after the wait: its worker has nothing to load, and alone it is not what was waited for.
        """
        commands = [command for crew in self.crews for command in processes.crew(self.settings, crew)]
        for command in (*commands, processes.gateway(self.settings)):
            self._supervisor.start(command)
        self._wait_until_ready()
        if self.settings.hf_token or self.settings.inference_url:
            self._supervisor.start(processes.inference(self.settings))
        processes.beat_folder(self.settings).mkdir(exist_ok=True)
        self._supervisor.start(processes.ops(self.settings))
        self._supervisor.start(processes.beat(self.settings))

    def _wait_until_ready(self) -> None:
        self._progress("the first worker and the gateway")
        if not self._wait_for(lambda: unready(self.url) is None, within_s=READY_WITHIN_S):
            raise StartFailed(self._why(f"Not ready after {READY_WITHIN_S:.0f} s: {unready(self.url)}."))
        self._wait_for_everyone()

    def _wait_for_everyone(self) -> None:
        """A voice whose worker is still starting would be taken for one that nobody has."""
        wanted = sum(crew.count for crew in self.crews)
        self._progress("the other workers")
        if not self._wait_for(lambda: workers_alive(self.url) >= wanted, within_s=EVERYONE_WITHIN_S):
            self._tell("Not every worker is there yet; those that are missing go on starting.")

    def _wait_for(self, probe: Callable[[], bool], *, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not probe():
            if self._cancelled():
                raise Stopped
            if time.monotonic() > deadline:
                return False
            time.sleep(_PROBE_EVERY_S)
        return True

    def _why(self, what: str) -> str:
        """With the last words of the process that is most likely at fault."""
        child = self._supervisor.troubled()
        log = child.log if child else self.logs / "gateway.log"
        return f"{what} The end of {log}:\n{last_lines(log)}"


def cores() -> int:
    """What this process may use, which in a container is less than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def uses_bundled_server(settings: Settings) -> bool:
    """Unless the user named a Redis."""
    return not ("redis_url" in settings.model_fields_set and settings.redis_url)


def refuse_address(settings: Settings) -> None:
    """Raises StartFailed for an address that others could reach, or where something else already listens."""
    host, port = settings.host, settings.port
    if not is_loopback(host) and not settings.allow_open:
        raise StartFailed(
            f"{host} can be reached from other machines, and the service has no keys. Put a proxy with a login before"
            " it, or say ORATIO_ALLOW_OPEN=1 if everyone who reaches this address may use it."
        )
    try:
        free = is_free(host, port)
    except OSError as error:
        raise StartFailed(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from None
    if not free:
        raise StartFailed(
            f"Port {port} on {host} is in use, by another OratioViva or another program; choose another: "
            f"--port {port + 1}"
        )
