"""The sweep of an ops process, with real databases and processes."""

import subprocess
import sys
import threading
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from common import worker_registry
from common.db.database import Database, clock
from common.db.tables import Part
from common.worker_registry import Announcement
from tests.support.rows import claim_part, new_job, submit
from worker.app import app
from worker.host.process_identity import own_identity
from worker.ops import sweep as module
from worker.ops.sweep import Sweep, SweepThread

LEASE_S = 30.0


def sweep_of(database: Database, events: list[tuple[str, str]]) -> Sweep:
    notifier = SimpleNamespace(publish_event=lambda _id, name, *, code: events.append((name, code)))
    context: Any = SimpleNamespace(
        database=database,
        settings=SimpleNamespace(lease_s=LEASE_S, sweep_s=5.0),
        notifier=notifier,
        queue_refill=SimpleNamespace(refill=lambda _queue: 0),
    )
    return Sweep(context)


def announce(database: Database, *, pid: int, started: int, namespace: str | None = None) -> str:
    process = own_identity()
    announcement = Announcement(
        id=f"fake@here:{pid}-aaaaaa",
        flavour="base",
        version="1",
        device="cpu",
        pid=pid,
        pid_namespace=namespace or (process.namespace if process else None),
        process_started=started,
    )
    with database.write() as connection:
        worker_registry.announce(connection, announcement)
    return announcement.id


def ended_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        return child.pid


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    ("namespace", "status"), [(None, "queued"), ("another machine's boot and pids", "running")]
)
def test_the_first_sweep_releases_the_parts_of_a_killed_worker_of_this_machine(
    database: Database, namespace: str | None, status: str
) -> None:
    events: list[tuple[str, str]] = []
    job = new_job()
    submit(database, job)
    worker_id = announce(database, pid=ended_pid(), started=1, namespace=namespace)
    claim_part(database, job, worker_id=worker_id, lease_s=10 * LEASE_S)
    sweep_of(database, events).run()
    with database.read() as connection:
        row = connection.execute(select(Part.status, Part.isolated, Part.crashes)).one()
    released = status == "queued"
    assert tuple(row) == (status, released, 1 if released else 0)
    assert events == ([("retrying", "worker_crashed")] if released else [])


def test_after_a_stall_a_sweep_waits_for_a_lease_before_it_believes_in_a_death(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []
    sweep, job = sweep_of(database, events), new_job()

    def run_after(passed_s: float) -> None:
        monkeypatch.setattr(module, "clock", lambda connection: clock(connection) + passed_s)
        sweep.run()

    submit(database, job)
    worker_id = announce(database, pid=1, started=1, namespace="another machine's")
    claim_part(database, job, worker_id=worker_id, lease_s=50.0)
    for passed_s in (0.0, 14.0, 28.0, 42.0):
        run_after(passed_s)
    # The machine was suspended from 42 to 87 s: the lease has expired, and no heartbeat came for 87 s.
    for passed_s in (87.0, 101.0, 115.0):
        run_after(passed_s)
        assert events == []
    run_after(129.0)
    assert events == [("retrying", "worker_crashed")]


def test_no_failure_ends_the_thread() -> None:
    swept_again = threading.Event()
    failures: list[Exception] = [RuntimeError("broken"), OperationalError("BEGIN", {}, Exception("down"))]

    def run() -> None:
        if failures:
            raise failures.pop()
        swept_again.set()

    sweep: Any = SimpleNamespace(every_s=0.001, run=run)
    thread = SweepThread(sweep)
    thread.start()
    assert swept_again.wait(30)
    thread.stop(timeout_s=30)


def test_a_sweep_can_be_asked_for() -> None:
    runs: Queue[None] = Queue()
    sweep: Any = SimpleNamespace(every_s=600, run=lambda: runs.put(None))
    thread = SweepThread(sweep)
    thread.start()
    runs.get(timeout=30)
    thread.sweep_soon()
    runs.get(timeout=30)
    thread.stop(timeout_s=30)


def test_beat_does_not_schedule_the_sweep() -> None:
    assert "sweep" not in app.conf.beat_schedule
