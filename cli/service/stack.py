"""Runs all processes of the service on one machine: starts them, waits until they are ready, and stops them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from cli.service import processes, valkey
from cli.service.address_file import publish_address
from cli.service.child import tail, tie_to_parent
from cli.service.data_dir_lock import lock_data_dir
from cli.service.ports import as_url, free_port, is_free
from cli.service.probes import count_live_workers, not_ready_reason
from cli.service.processes import WorkerGroup
from cli.service.supervisor import Supervisor
from cli.service.worker_groups import local_models
from common.addresses import is_loopback
from common.settings import ANY_HOST, ANY_HOST_WARNING, Settings

READY_TIMEOUT_S = 120.0
ALL_WORKERS_TIMEOUT_S = 60.0
_SERVER_TIMEOUT_S = 30.0
_PROBE_INTERVAL_S = 0.05


class StartFailed(Exception):
    """The service could not start. The message says why and what to do."""


class StartInterrupted(Exception):
    """The user stopped the service before it was ready."""


class Stack:
    """The service as a context manager: inside `with Stack(settings) as stack:` it answers at `stack.url`.

    `report` receives each event as a line of text, and `progress` what the start is waiting for. The start ends early
    when `is_cancelled` returns true. Entering the block raises AlreadyRunning, StartFailed and StartInterrupted.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        worker_groups: Sequence[WorkerGroup] = (),
        purpose: str = "oratio up",
        publish: bool = True,
        report: Callable[[str], None] = lambda _: None,
        progress: Callable[[str], None] = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        port = settings.port or free_port(settings.host)
        self.settings = settings.model_copy(update={"data_dir": settings.data_dir.absolute(), "port": port})
        self.worker_groups = tuple(worker_groups) or (WorkerGroup("worker", local_models(settings), 1),)
        self.url = as_url(settings.host, port)
        self.logs = self.settings.data_dir / "logs"
        self._purpose = purpose
        self._publish = publish
        self._report = report
        self._progress = progress
        self._is_cancelled = is_cancelled
        self._supervisor = Supervisor(logs=self.logs, report=report)
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def kill_on_stop(self) -> None:
        """Do not wait for running jobs when the service stops. They continue after the next start."""
        self._supervisor.kill_on_stop()

    def pids(self) -> dict[str, int]:
        """Return the process ids of the running processes by name."""
        return self._supervisor.pids()

    def _start(self) -> None:
        if not self.settings.data_dir.exists():  # a refused start must not create it
            check_address(self.settings)
        # First of all, so that a second start for the folder names the service that runs.
        self._lock_data_dir()
        check_address(self.settings)
        if ANY_HOST in self.settings.allowed_host_names:
            self._report(ANY_HOST_WARNING)
        self._resources.callback(self._supervisor.stop)
        if uses_bundled_server(self.settings):
            self._start_server()
        self._progress("the database")
        self._migrate()
        self._start_processes()
        if self._publish:
            self._resources.enter_context(publish_address(self.settings.data_dir, self.url))

    def _lock_data_dir(self) -> None:
        folder = self.settings.data_dir
        try:
            self._resources.enter_context(lock_data_dir(folder, purpose=self._purpose))
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise StartFailed(
                f"Cannot use the data folder {folder}: {error.strerror}. Choose another folder with --data-dir."
            ) from None

    def _start_server(self) -> None:
        server = valkey.prepare(self.settings.data_dir)
        self.settings = self.settings.model_copy(update={"redis_url": server.url})
        self._supervisor.start(server.command)
        self._progress("Redis")
        if not self._wait_for(server.answers, timeout_s=_SERVER_TIMEOUT_S):
            raise StartFailed(self._describe_failure("The bundled Redis (Valkey) does not answer."))

    def _migrate(self) -> None:
        """Migrate the database in a process of its own, so that this process stays small."""
        log = self.logs / "migrate.log"
        with log.open("ab") as output:
            done = subprocess.run(  # noqa: S603  # our own command
                tie_to_parent([sys.executable, "-m", "cli.main", "migrate"]),
                env=os.environ | processes.environment(self.settings),
                cwd=processes.FOLDER,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
            )
        if done.returncode:
            raise StartFailed(f"The database migration failed. The end of {log}:\n{tail(log)}")

    def _start_processes(self) -> None:
        """Start the gateway and the workers, wait until they are ready, then start the other processes.

        The ops worker and beat are not needed for the first job. The worker of hosted inference starts after the wait,
        because it loads no model, and the service must not count as ready with this worker alone.
        """
        commands = [
            command for group in self.worker_groups for command in processes.group(self.settings, group)
        ]
        models = sorted({name.partition("_")[0] for group in self.worker_groups for name in group.models})
        gateway_settings = self.settings.model_copy(update={"expected_models": ",".join(models)})
        for command in (*commands, processes.gateway(gateway_settings)):
            self._supervisor.start(command)
        self._wait_until_ready()
        if self.settings.hf_token or self.settings.inference_url:
            self._supervisor.start(processes.inference(self.settings))
        processes.beat_folder(self.settings).mkdir(exist_ok=True)
        self._supervisor.start(processes.ops(self.settings))
        self._supervisor.start(processes.beat(self.settings))

    def _wait_until_ready(self) -> None:
        self._progress("the first worker and the gateway")
        if not self._wait_for(lambda: not_ready_reason(self.url) is None, timeout_s=READY_TIMEOUT_S):
            raise StartFailed(
                self._describe_failure(
                    f"Not ready after {READY_TIMEOUT_S:.0f} s: {not_ready_reason(self.url)}."
                )
            )
        self._wait_for_all_workers()

    def _wait_for_all_workers(self) -> None:
        """Wait for all workers, because until a worker has started its voices seem to be unavailable."""
        wanted = sum(group.count for group in self.worker_groups)
        self._progress("the other workers")
        if not self._wait_for(
            lambda: count_live_workers(self.url) >= wanted, timeout_s=ALL_WORKERS_TIMEOUT_S
        ):
            self._report("Some workers are still starting. The service runs with the others.")

    def _wait_for(self, probe: Callable[[], bool], *, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not probe():
            if self._is_cancelled():
                raise StartInterrupted
            if time.monotonic() > deadline:
                return False
            time.sleep(_PROBE_INTERVAL_S)
        return True

    def _describe_failure(self, what: str) -> str:
        """Return `what` with the end of the log of the process that has restarted most often."""
        child = self._supervisor.most_restarted()
        log = child.log if child else self.logs / "gateway.log"
        return f"{what} The end of {log}:\n{tail(log)}"


def uses_bundled_server(settings: Settings) -> bool:
    """Return whether the service runs its own Valkey server, which it does unless ORATIO_REDIS_URL is set."""
    return not ("redis_url" in settings.model_fields_set and settings.redis_url)


def check_address(settings: Settings) -> None:
    """Raise StartFailed if other machines can reach the address without permission, or if it is in use."""
    host, port = settings.host, settings.port
    if not is_loopback(host) and not settings.allow_open:
        raise StartFailed(
            f"Other machines can reach {host}, and the service has no authentication. Put a proxy with a login in front"
            " of it, or set ORATIO_ALLOW_OPEN=1 if everyone in your network may use it."
        )
    try:
        free = is_free(host, port)
    except OSError as error:
        raise StartFailed(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from None
    if not free:
        raise StartFailed(
            f"Port {port} on {host} is in use by another program. Choose another port, for example --port {port + 1}."
        )
