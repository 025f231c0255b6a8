"""An isolated part that has outlived what its dead worker held: first its row changes, then the next part may begin."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import OperationalError

from common.db.database import Database
from common.db.tables import Part
from common.jobs import changes
from common.jobs.lease import ClaimedPart
from tests.support.rows import claim_part, new_job, submit
from worker.runtime.leases import HeldLease
from worker.synthesis.acquittal import Acquittal


class SometimesDown(Database):
    is_down = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.is_down:
            raise OperationalError("BEGIN", {}, Exception("no answer"))
        with super().write() as connection:
            yield connection


@pytest.fixture
def database(database_url: str) -> Iterator[SometimesDown]:
    opened = SometimesDown(database_url, role="worker")
    yield opened
    opened.close()


class Setup:
    def __init__(self, database: SometimesDown, *, isolated: bool) -> None:
        self._database = database
        job = new_job()
        submit(database, job)
        with database.write() as connection:
            connection.execute(update(Part).values(isolated=isolated))
        self.part: ClaimedPart = claim_part(database, job, isolated=isolated)
        self.held = HeldLease(self.part.lease, database, lease_s=30.0, hand_back=lambda _: None)
        # Whether the row was isolated when the next part was let in.
        self.next_let_in: list[bool] = []
        acquit = SimpleNamespace(acquit=lambda: self.next_let_in.append(self.is_isolated))
        context: Any = SimpleNamespace(database=database, isolated_parts=acquit)
        self.acquittal = Acquittal(context, self.part, self.held)

    @property
    def is_isolated(self) -> bool:
        with self._database.read() as connection:
            return bool(connection.scalar(select(Part.isolated)))


def test_the_row_changes_before_the_next_part_begins_and_once_only(database: SometimesDown) -> None:
    setup = Setup(database, isolated=True)
    setup.acquittal.proceed()
    setup.acquittal.proceed()
    assert setup.next_let_in == [False]


def test_a_part_that_is_not_isolated_changes_nothing(database: SometimesDown) -> None:
    setup = Setup(database, isolated=False)
    database.is_down = True
    setup.acquittal.proceed()
    assert setup.next_let_in == []


def test_while_the_database_is_down_the_part_stays_isolated(database: SometimesDown) -> None:
    setup = Setup(database, isolated=True)
    database.is_down = True
    setup.acquittal.proceed()
    assert setup.next_let_in == []
    assert setup.is_isolated
    assert not setup.held.lost.is_set()
    database.is_down = False
    setup.acquittal.proceed()
    assert setup.next_let_in == [False]


def test_a_part_whose_lease_is_lost_is_not_acquitted(database: SometimesDown) -> None:
    setup = Setup(database, isolated=True)
    with database.write() as connection:
        changes.cancel(connection, setup.part.job.id, owner="local")
    setup.acquittal.proceed()
    assert setup.held.lost.is_set()
    assert setup.next_let_in == []
