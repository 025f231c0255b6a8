"""The sweep of an ops process, with real databases and processes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from common import worker_registry
from common.db.database import Database
from common.db.tables import Part, Worker
from common.worker_registry import Announcement
from tests.support.rows import claim_part, new_job, submit
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


class Clock(Database):
    """A database whose rows are as old as if `passed_s` had gone by: the heartbeats and leases are moved back."""

    def pass_time(self, seconds: float) -> None:
        with self.write() as connection:
            connection.execute(update(Part).values(lease_until=Part.lease_until - seconds))
            connection.execute(update(Worker).values(heartbeat_at=Worker.heartbeat_at - seconds))


def test_a_sweep_after_a_stall_releases_nothing_and_renewals_succeed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of the sweep stands still between two sweeps, or jumps by more than a lease."""
    events: list[tuple[str, str]] = []
    database = Clock(database_url, role="worker")
    shift_s = 0.0
    monkeypatch.setattr(module, "clock", lambda connection: worker_clock(connection) + shift_s)
    sweep, job = sweep_of(database, events), new_job()
    submit(database, job)
    worker_id = announce(database, pid=1, started=1, namespace="another machine")
    part = claim_part(database, job, worker_id=worker_id, lease_s=LEASE_S)
    for shift_s in (0.0, 14.0, 28.0):
        sweep.run()
    shift_s += 45.0
    sweep.run()
    assert events == []
    with database.write() as connection:
        now = worker_clock(connection) + shift_s
        held = part.lease.rows.renew(connection, [part.lease], lease_s=LEASE_S + shift_s)
        connection.execute(update(Worker).values(heartbeat_at=now))
    assert held == []
    for _ in range(3):
        shift_s += 14.0
        with database.write() as connection:
            part.lease.rows.renew(connection, [part.lease], lease_s=LEASE_S + shift_s)
        sweep.run()
    assert events == []
    database.close()
