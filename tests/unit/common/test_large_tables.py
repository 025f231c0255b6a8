"""Queries of many rows and long texts: their cost does not grow with the table, and pages are bounded."""

from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from common.db.database import Database, clock
from common.db.keyset import PAGE_BYTES, Page, take_page
from common.db.leased_table import Evidence
from common.db.tables import Part
from common.jobs import changes, lease, queries, sweep
from common.recordings import queries as recordings
from common.recordings.search import RecordingFilter
from tests.support.backlogs import queue_many
from tests.support.query_cost import query_cost
from tests.support.rows import complete, new_job, submit


def test_a_page_of_long_texts_ends_early(database: Database) -> None:
    jobs = [new_job(text="é" * 200_000) for _ in range(7)]
    for job in jobs:
        submit(database, job)
        complete(database, job)
    newest = [job.id for job in reversed(jobs)]
    with database.read() as connection:
        page = queries.list_jobs(connection, owner="local", limit=50)
        assert ([row.id for row in page.rows], page.has_more) == (newest[:2], True)
        after = (page.rows[-1].created_at, page.rows[-1].id)
        page = queries.list_jobs(connection, owner="local", limit=1, after=after)
        assert ([row.id for row in page.rows], page.has_more) == (newest[2:3], True)
        for filters in (RecordingFilter(), RecordingFilter(jobs[0].text[:20])):
            found = recordings.list_recordings(connection, owner="local", limit=50, filters=filters)
            assert ([row.job_id for row in found.rows], found.has_more) == (newest[:2], True)


def test_a_text_larger_than_a_page_is_listed_alone() -> None:
    texts = ["x" * (PAGE_BYTES + 1)] * 2
    assert take_page(texts, limit=9, text_of=str) == Page(texts[:1], has_more=True)
    assert take_page(texts[:1], limit=9, text_of=str) == Page(texts[:1], has_more=False)
    assert take_page([], limit=9, text_of=str) == Page([], has_more=False)


@pytest.mark.parametrize("lost_after_s", [None, 2.0])
def test_the_cost_of_a_top_up_does_not_grow_with_the_backlog(
    database: Database, lost_after_s: float | None
) -> None:
    """Neither if no message is due, nor if all are."""
    costs = []
    for count in (1_500, 12_000):
        queue_many(database, new_job(), count=count)
        for due_at in (10**12, 0):
            with database.write() as connection:
                connection.execute(update(Part).values(next_message_at=due_at))
            costs.append(query_cost(database, lambda connection: top_up(connection, lost_after_s)))
    for small, large in zip(costs[:2], costs[2:], strict=True):
        assert large < 1.5 * small + 20


def top_up(connection: Connection, lost_after_s: float | None) -> None:
    (queue,) = queries.queues_with_queued_parts(connection)
    sweep.claim_due_messages(connection, queue=queue, limit=200, lost_after_s=lost_after_s)
    lease.PARTS.holders(connection)
    sweep.release_expired(connection, Evidence(now=clock(connection), lease_s=30.0))


def test_a_due_message_behind_many_that_are_not_due_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "OLDEST_MAX", 3)
    jobs = [new_job() for _ in range(9)]
    submit(database, *jobs)
    for due in (jobs[7], jobs[1]):
        with database.write() as connection:
            connection.execute(update(Part).where(Part.id == due.part_id).values(next_message_at=0))
    with database.write() as connection:
        messages = sweep.claim_due_messages(connection, queue="hibari.interactive", limit=5)
        assert [message.part_id for message in messages] == [jobs[1].part_id, jobs[7].part_id]
        assert sweep.claim_due_messages(connection, queue="hibari.interactive", limit=5) == []


def test_queue_positions_are_counted_up_to_a_limit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "POSITION_MAX", 3)
    first, bulk = [new_job() for _ in range(2)], [new_job(queue="hibari.bulk") for _ in range(3)]
    submit(database, *first, *bulk)
    with database.read() as connection:
        positions = [queries.queue_position(connection, job.id) for job in bulk]
    assert [(one.ahead, one.at_least) for one in positions if one] == [(2, False), (3, False), (3, True)]


def test_the_cost_of_finding_a_few_jobs_does_not_grow(database: Database) -> None:
    oldest = new_job(voice_id="hibari_emma", model="mms")
    submit(database, oldest)
    with database.write() as connection:
        changes.cancel(connection, oldest.id, owner="local")
    costs = []
    for count in (2_000, 16_000):
        queue_many(database, new_job(), count=count)
        with database.write() as connection:
            connection.execute(text("UPDATE jobs SET status = 'completed' WHERE status = 'queued'"))
            connection.execute(text("ANALYZE"))
        costs.append([cost_of_listing(database, oldest.id, **filters) for filters in FILTERS])
    for small, large in zip(*costs, strict=True):
        assert large < 1.5 * small + 20


FILTERS = ({"status": "cancelled"}, {"voice_id": "hibari_emma"}, {"model": "mms"})


def cost_of_listing(database: Database, expected: str, **filters: Any) -> int:
    def list_few(connection: Connection) -> None:
        page = queries.list_jobs(connection, owner="local", limit=5, **filters)
        assert [row.id for row in page.rows] == [expected]

    return query_cost(database, list_few)
