"""What waits in each queue and who holds what, on SQLite and on Postgres."""

import pytest
from sqlalchemy import Connection

from common.db.database import Database
from common.jobs import lease, queues
from common.jobs.queries import POSITION_MAX
from common.jobs.queues import QueueStatus, RunningPart
from tests.support.backlogs import queue_many
from tests.support.query_cost import query_cost
from tests.support.rows import claim_part, complete, new_job, submit


def look(database: Database) -> tuple[list[RunningPart], dict[str, QueueStatus]]:
    with database.read() as connection:
        held = queues.running_parts(connection)
        return list(held), dict(queues.queue_statuses(connection, held))


def test_nothing_is_no_queue(database: Database) -> None:
    assert look(database) == ([], {})


def test_queues_that_have_something_are_told(database: Database) -> None:
    first, second, running = new_job(), new_job(), new_job(text="Spoken now.")
    other, ended = new_job(queue="kokoro.bulk"), new_job(queue="parler.bulk")
    submit(database, first, second, running, other, ended)
    complete(database, ended)
    claim = claim_part(database, running)
    with database.write() as connection:
        assert lease.report_progress(connection, claim, done=1, total=3)
    [held], standing = look(database)
    assert (held.part_id, held.job_id, held.worker_id) == (running.part_id, running.id, "test")
    assert (held.voice_id, held.model, held.chars) == ("hibari_heart", "hibari", len("Spoken now."))
    assert (held.segments_done, held.segments_total) == (1, 3)
    assert held.started_at == claim.started_at
    assert held.lease_until is not None
    assert held.lease_until > claim.claimed_at
    assert set(standing) == {"hibari.interactive", "kokoro.bulk"}
    hibari = standing["hibari.interactive"]
    assert (hibari.queued, hibari.at_least, hibari.running) == (2, False, 1)
    assert hibari.oldest_at is not None
    assert hibari.oldest_at < claim.claimed_at


def test_a_queue_of_which_all_runs_has_no_oldest(database: Database) -> None:
    job = new_job()
    submit(database, job)
    claim_part(database, job)
    _, standing = look(database)
    assert standing == {"hibari.interactive": QueueStatus(running=1)}


@pytest.mark.parametrize("more", [POSITION_MAX - 1, POSITION_MAX])
def test_a_count_says_where_it_ends(database: Database, more: int) -> None:
    queue_many(database, new_job(), count=more)
    _, standing = look(database)
    hibari = standing["hibari.interactive"]
    assert (hibari.queued, hibari.at_least) == (POSITION_MAX, more == POSITION_MAX)


def test_a_longer_backlog_costs_no_more(database: Database) -> None:
    queue_many(database, new_job(), count=POSITION_MAX)
    queue_many(database, new_job(queue="hibari.bulk"), count=POSITION_MAX)
    queue_many(database, new_job(queue="kokoro.bulk"), count=5_000)
    before = query_cost(database, _standings)
    queue_many(database, new_job(), count=20_000)
    queue_many(database, new_job(queue="hibari.bulk"), count=10_000)
    assert query_cost(database, _standings) < 1.5 * before + 20
    _, standing = look(database)
    assert {name: one.queued for name, one in standing.items()} == {
        "hibari.interactive": POSITION_MAX,
        "hibari.bulk": POSITION_MAX,
        "kokoro.bulk": 5_001,
    }


def _standings(connection: Connection) -> None:
    queues.queue_statuses(connection, queues.running_parts(connection))
