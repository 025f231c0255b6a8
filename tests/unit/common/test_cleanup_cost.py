"""Cleanups and dry runs of many rows and files: their cost does not grow with the table."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from common.db.database import Database
from common.db.tables import Idempotency, Job
from common.jobs import changes, cleanup, retention
from common.jobs.retention import RemovalCounts
from common.settings import Settings
from common.store import Store
from tests.support.backlogs import queue_many
from tests.support.query_cost import query_cost
from tests.support.retention import add_completed_job, end_all, limits
from tests.support.rows import new_job


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}")


def test_the_cost_of_a_batch_does_not_grow_with_the_rows(database: Database, store: Store) -> None:
    """Of the rows that are kept, and of those that later batches delete."""
    old = [add_completed_job(database, store, hours_ago=50) for _ in range(3)]
    with database.write() as connection:
        changes.remove(connection, old[0], owner="local")
    settings = limits(jobs_max=100, clean_max_history=100)
    costs = []
    for count in (1_000, 8_000):
        job = new_job()
        queue_many(database, job, count=count)
        end_all(database)
        costs.append(query_cost(database, lambda connection: read_batches(connection, settings)))
    assert costs[1] < 1.5 * costs[0] + 20


def read_batches(connection: Connection, settings: Settings) -> None:
    edges = retention.find_edges(connection, settings)
    assert retention.old_jobs(connection, edges)
    assert retention.old_recordings(connection, edges)
    assert retention.pending_deletes(connection)
    for moment in (Job.deleted_at, Idempotency.created_at):
        assert not connection.scalars(select(moment).where(moment < 1)).all()


@pytest.mark.parametrize("limit", [{"clean_max_hours": 1}, {"jobs_max": 100, "clean_max_history": 100}])
def test_the_cost_of_a_dry_run_does_not_grow_with_the_rows(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int]
) -> None:
    monkeypatch.setattr(retention, "COUNT_MAX", 10)
    settings = limits(clean_min_age_s=0, **limit)
    costs = []
    for count in (1_000, 8_000):
        queue_many(database, new_job(), count=count)
        end_all(database, hours_ago=2)
        costs.append(query_cost(database, lambda connection: count_many(connection, settings)))
    assert costs[1] < 1.5 * costs[0] + 20


def count_many(connection: Connection, settings: Settings) -> None:
    counts = retention.count_removable(connection, retention.find_edges(connection, settings))
    assert counts == RemovalCounts(jobs=10, recordings=10, files=10, size_bytes=10, is_at_least=True)


def test_a_dry_run_lists_a_limited_number_of_files(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        add_completed_job(database, store)
    for files, is_at_least in ((2, True), (3, False)):
        monkeypatch.setattr(cleanup, "LISTED_MAX", files)
        assert cleanup.count_removable(database, store, limits()).is_at_least == is_at_least
