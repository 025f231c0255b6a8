"""The state of queues and the parts that workers hold, on SQLite and Postgres."""

import pytest
from sqlalchemy import Connection

from common.db.database import Database
from common.jobs import lease, queues
from common.jobs.queries import COUNT_MAX
from common.jobs.queues import QueueStatus, RunningPart
from tests.support.backlogs import queue_many
from tests.support.query_cost import query_cost
from tests.support.rows import claim_part, complete, new_job, submit


def read_queues(database: Database) -> tuple[list[RunningPart], dict[str, QueueStatus]]:
    with database.read() as connection:
        parts = queues.running_parts(connection)
        return list(parts), dict(queues.queue_statuses(connection, parts))


def test_an_empty_database_has_no_queues(database: Database) -> None:
    assert read_queues(database) == ([], {})


def test_queues_with_queued_or_running_parts_are_listed(database: Database) -> None:
    first, second, running = new_job(), new_job(), new_job(text="Spoken now.")
    other, completed = new_job(queue="kokoro.bulk"), new_job(queue="parler.bulk")
    submit(database, first, second, running, other, completed)
    complete(database, completed)
    part = claim_part(database, running)
    with database.write() as connection:
        assert lease.report_progress(connection, part, done=1, total=3)
    [found], statuses = read_queues(database)
    assert (found.part_id, found.job_id, found.worker_id) == (running.part_id, running.id, "test")
    assert (found.voice_id, found.model, found.chars) == ("hibari_heart", "hibari", len("Spoken now."))
    assert (found.segments_done, found.segments_total) == (1, 3)
    assert found.started_at == part.started_at
    assert found.lease_until is not None
    assert found.lease_until > part.claimed_at
    assert set(statuses) == {"hibari.interactive", "kokoro.bulk"}
    hibari = statuses["hibari.interactive"]
    assert (hibari.queued, hibari.at_least, hibari.running) == (2, False, 1)
    assert hibari.oldest_at is not None
    assert hibari.oldest_at < part.claimed_at


def test_a_queue_without_queued_parts_has_no_oldest_part(database: Database) -> None:
    job = new_job()
    submit(database, job)
    claim_part(database, job)
    _, statuses = read_queues(database)
    assert statuses == {"hibari.interactive": QueueStatus(running=1)}


@pytest.mark.parametrize("count", [COUNT_MAX - 1, COUNT_MAX])
def test_counts_are_limited_and_say_so(database: Database, count: int) -> None:
    queue_many(database, new_job(), count=count)
    _, statuses = read_queues(database)
    hibari = statuses["hibari.interactive"]
    assert (hibari.queued, hibari.at_least) == (COUNT_MAX, count == COUNT_MAX)


def test_the_cost_does_not_grow_with_the_queues(database: Database) -> None:
    queue_many(database, new_job(), count=COUNT_MAX)
    queue_many(database, new_job(queue="hibari.bulk"), count=COUNT_MAX)
    queue_many(database, new_job(queue="kokoro.bulk"), count=5_000)
    before = query_cost(database, _read_statuses)
    queue_many(database, new_job(), count=20_000)
    queue_many(database, new_job(queue="hibari.bulk"), count=10_000)
    assert query_cost(database, _read_statuses) < 1.5 * before + 20
    _, statuses = read_queues(database)
    assert {name: one.queued for name, one in statuses.items()} == {
        "hibari.interactive": COUNT_MAX,
        "hibari.bulk": COUNT_MAX,
        "kokoro.bulk": 5_001,
    }


def _read_statuses(connection: Connection) -> None:
    queues.queue_statuses(connection, queues.running_parts(connection))
