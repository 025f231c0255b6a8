"""Writes of finished work while the database is frozen or down."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from common.db.leased_table import Lease
from common.jobs.lease import PARTS
from worker.runtime import leases
from worker.runtime.leases import PATIENCE_LEASES, HeldLease

LEASE_S = 30.0


class FailingDatabase:
    """Fails `failures` times. Each failure takes `hangs_s` by its own clock."""

    def __init__(self, *, failures: float, hangs_s: float) -> None:
        self.failures = failures
        self.hangs_s = hangs_s
        self.now = 0.0

    @contextmanager
    def write(self) -> Iterator[None]:
        self.failures -= 1
        if self.failures >= 0:
            self.now += self.hangs_s
            raise OperationalError("BEGIN", {}, Exception("no answer"))
        yield


def held_in(database: Any, monkeypatch: pytest.MonkeyPatch) -> HeldLease:
    monkeypatch.setattr(leases, "time", SimpleNamespace(monotonic=lambda: database.now))
    lease = Lease(PARTS, ("part",), 1)
    held = HeldLease(lease, database, lease_s=LEASE_S, hand_back=lambda _connection: None)
    monkeypatch.setattr(held.lost, "wait", lambda _timeout_s: False)  # retry without a pause
    return held


@pytest.mark.parametrize(
    ("failures", "hangs_s"),
    [pytest.param(1, 10 * LEASE_S, id="frozen"), pytest.param(20, 2.0, id="refuses connections for 40 s")],
)
def test_finished_work_outlasts_a_stall_of_the_database(
    monkeypatch: pytest.MonkeyPatch, failures: int, hangs_s: float
) -> None:
    held = held_in(FailingDatabase(failures=failures, hangs_s=hangs_s), monkeypatch)
    assert held.write(lambda _connection: "written") == "written"


def test_a_write_is_given_up_when_the_database_stays_down(monkeypatch: pytest.MonkeyPatch) -> None:
    database = FailingDatabase(failures=math.inf, hangs_s=1.0)
    with pytest.raises(OperationalError):
        held_in(database, monkeypatch).write(lambda _connection: None)
    assert database.now == pytest.approx(PATIENCE_LEASES * LEASE_S, abs=2.0)
