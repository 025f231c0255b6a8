"""Workers, ops and beat as real processes, started by the command lines of `oratio up`."""

import hashlib
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import select

from cli.service import processes
from cli.service.processes import Command
from common import worker_registry
from common.db.database import Database
from common.db.tables import Part
from common.jobs import queries
from common.jobs.kept_audio import KeptAudio
from common.jobs.submission import NewJob
from common.messaging import broker
from common.messaging.messages import PartMessage
from common.settings import Settings
from tests.support.rows import new_job, submit
from tests.support.waiting import wait_for


def fake_job(text: str, **changes: Any) -> NewJob:
    """A job for the fake engine, which obeys the commands in its text."""
    fields = {"voice_id": "fake", "model": "fake", "queue": "fake.interactive", "text": text}
    return new_job(**fields | changes)


@dataclass
class WorkerFleet:
    """Processes that share one database, one Redis prefix and one folder for logs."""

    settings: Settings
    database: Database
    client: redis.Redis
    logs: Path
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _commands: dict[str, Command] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        with (self.logs / f"{command.name}.log").open("ab") as log:
            child = subprocess.Popen(
                command.argv,
                env=os.environ | command.env,
                cwd=command.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.children[command.name] = child
        self._commands[command.name] = command
        return child

    def start_worker(self, name: str = "worker-1", *, models: tuple[str, ...] = ("fake", "stub")) -> None:
        """Start a worker and wait until it has announced itself."""
        self.start(processes.worker(self.settings, models=models, name=name))
        self.wait_announced(self.children[name].pid)

    def start_ops(self) -> None:
        """Start beat and the ops worker that runs the sweep."""
        processes.beat_folder(self.settings).mkdir(parents=True, exist_ok=True)
        self.start(processes.ops(self.settings))
        self.start(processes.beat(self.settings))

    def restart_on_death(self, name: str) -> None:
        """Restart a process that died, as the supervisor does, until `end`."""
        threading.Thread(target=self._supervise, args=(name,), daemon=True).start()

    def _supervise(self, name: str) -> None:
        while not self._stopping.wait(0.1):
            if self.children[name].poll() is not None and not self._stopping.is_set():
                self.start(self._commands[name])

    def signal(self, name: str, number: int) -> None:
        self.children[name].send_signal(number)

    def wait_announced(self, pid: int) -> None:
        wait_for(lambda: any(worker.announcement.pid == pid for worker in self.statuses()), timeout_s=60)

    def statuses(self) -> list[worker_registry.WorkerStatus]:
        with self.database.read() as connection:
            return list(worker_registry.recent_workers(connection))

    def submit(self, *jobs: NewJob, publish: bool = True) -> None:
        submit(self.database, *jobs)
        if publish:
            self.publish(*jobs)

    def publish(self, *jobs: NewJob) -> None:
        messages = [PartMessage(job.part_id, job.queue, False) for job in jobs]
        broker.publish_parts(self.client, messages, prefix=self.settings.queue_prefix)

    def row(self, job: NewJob) -> Any:
        with self.database.read() as connection:
            row = queries.get_job(connection, job.id, owner="local")
        assert row is not None
        return row

    def wait_status(self, job: NewJob, *statuses: str, timeout_s: float = 60.0) -> Any:
        def reached() -> Any:
            row = self.row(job)
            return row if row.status in statuses else None

        return wait_for(reached, timeout_s=timeout_s)

    def wait_ended(self, job: NewJob, *, timeout_s: float = 60.0) -> Any:
        return self.wait_status(job, "completed", "failed", "cancelled", timeout_s=timeout_s)

    def engine_pids(self, name: str) -> list[int]:
        """The engine processes of a worker."""
        children = psutil.Process(self.children[name].pid).children()
        return [child.pid for child in children if "worker.inference.engine_process" in child.cmdline()]

    def files(self) -> list[Path]:
        folder = self.settings.data_dir / "outputs" / "audio"
        return sorted(folder.glob("*")) if folder.exists() else []

    def engine_calls(self) -> int:
        log = self.settings.data_dir / "fake" / "calls.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def repeats(self, segments: Iterable[str]) -> int:
        """How many engine calls spoke one of these segments again. They must be texts that are spoken verbatim."""
        lines = (self.settings.data_dir / "fake" / "calls.log").read_text().splitlines()
        calls = Counter(line.split()[1] for line in lines)
        return sum(max(0, calls[hashlib.sha256(one.encode()).hexdigest()] - 1) for one in segments)

    def kept_files(self, job: NewJob) -> list[str]:
        """The keys of the files with finished segments of a job."""
        with self.database.read() as connection:
            row = connection.scalar(select(Part.kept_audio).where(Part.id == job.part_id))
        return KeptAudio.from_row(row or {}).keys(job.id)

    def log_of(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()

    def end(self) -> None:
        self._stopping.set()
        for child in self.children.values():
            child.send_signal(signal.SIGCONT)
            child.kill()
        for child in self.children.values():
            child.wait(10)


@contextmanager
def open_worker_fleet(settings: Settings, logs: Path) -> Iterator[WorkerFleet]:
    logs.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, role="gateway")
    client = broker.connect(settings)
    fleet = WorkerFleet(settings, database, client, logs)
    try:
        yield fleet
    finally:
        fleet.end()
        client.close()
        database.close()
