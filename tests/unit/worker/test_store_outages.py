"""Finished speech waits for a store that is away, and no job fails for it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.db.database import Database
from common.jobs import queries
from common.jobs.records import JobRecord
from common.settings import Settings
from common.store import AUDIO_FOLDER, StoreUnavailable
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import PipelineRunner, ToneEngine, open_pipeline_runner
from tests.support.rows import claim_part, new_job, submit
from worker.runtime import store_wait
from worker.runtime.leases import HeldLease
from worker.synthesis.outcomes import Outcomes


@pytest.fixture
def runner(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineRunner]:
    monkeypatch.setattr(store_wait, "RETRY_EVERY_S", 0.0)
    with open_pipeline_runner(settings) as opened:
        yield opened


@pytest.fixture
def obstacle(settings: Settings) -> Path:
    """A file where the folder of the store should be."""
    path = settings.data_dir / Path(AUDIO_FOLDER).parent
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def test_a_store_that_returns_in_time_gets_the_file(runner: PipelineRunner, obstacle: Path) -> None:
    engine, tries = ToneEngine(), []

    def check() -> None:
        tries.append(1)
        if len(tries) == 3:
            obstacle.unlink()

    result = runner.speak(claimed_part("Hello there."), engine, check=check, store_wait_s=60.0)
    assert runner.store.size(result.key) == result.size_bytes
    assert (len(tries), len(engine.spoken)) == (3, 1), "nothing is spoken again"


def test_a_longer_outage_is_reported_as_one(runner: PipelineRunner, obstacle: Path) -> None:
    assert obstacle.exists()
    with pytest.raises(StoreUnavailable):
        runner.speak(claimed_part("Hello there."), ToneEngine())


def test_waiting_ends_when_the_lease_is_lost(runner: PipelineRunner, obstacle: Path) -> None:
    assert obstacle.exists()

    class LeaseLost(Exception):
        pass

    def check() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        runner.speak(claimed_part("Hello there."), ToneEngine(), check=check, store_wait_s=60.0)


def record(database: Database, job_id: str) -> JobRecord:
    with database.read() as connection:
        found = queries.get_job(connection, job_id, owner="local")
    assert found is not None
    return found


def test_a_job_that_is_put_off_counts_no_failure(database: Database) -> None:
    job, published = new_job(), list[Any]()
    submit(database, job)
    part = claim_part(database, job)
    notifier = SimpleNamespace(publish_event=lambda _topic, name, **data: published.append((name, data)))
    context: Any = SimpleNamespace(database=database, notifier=notifier)
    held = HeldLease(part.lease, database, lease_s=30.0, hand_back=lambda _connection: None)
    assert Outcomes(context, part, held).put_off() is False
    row = record(database, job.id)
    assert (row.status, row.attempts, row.error_code) == ("queued", 0, None)
    [(name, data)] = published
    assert (name, data["code"]) == ("retrying", "store_unavailable")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE parts SET not_before = 0")
    again = claim_part(database, job)
    assert (again.failures, again.attempt) == (0, 2)
