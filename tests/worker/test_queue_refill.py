"""Lost messages are published again by workers, also after Redis was down."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import update

from common.db.database import Database, open_database
from common.db.tables import Part
from common.jobs.submission import NewJob
from common.messaging import broker, events
from common.messaging.messages import PartMessage
from common.messaging.notifier import Notifier
from common.messaging.redis_link import PAUSE_S, RedisLink
from common.settings import Settings
from tests.support.rows import new_job, submit
from tests.support.valkey import running_valkey
from tests.support.waiting import wait_for
from worker.runtime.queue_refill import LOST_AFTER_S, QueueRefill

QUEUE = "hibari.interactive"
MAX_DEPTH = 8


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"bells_max": MAX_DEPTH})


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = open_database(settings, role="worker")
    yield opened
    opened.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with broker.connect(settings) as connected:
        yield connected


@pytest.fixture
def link(settings: Settings) -> Iterator[RedisLink]:
    opened = RedisLink(settings)
    yield opened
    opened.close()


@pytest.fixture
def refill(link: RedisLink, database: Database) -> QueueRefill:
    return refill_by(link, database)


def refill_by(link: RedisLink, database: Database) -> QueueRefill:
    return QueueRefill(link, Notifier(link, max_depth=MAX_DEPTH), database, max_depth=MAX_DEPTH)


def submit_due(database: Database, count: int, *, queue: str = QUEUE) -> list[NewJob]:
    """Jobs whose first message was lost, oldest first."""
    jobs = [new_job(queue=queue) for _ in range(count)]
    submit(database, *jobs)
    change(database, next_message_at=0)
    return jobs


def change(database: Database, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(Part).values(**values))


def depth(client: redis.Redis, settings: Settings, queue: str = QUEUE) -> int:
    return broker.depth(client, queue, prefix=settings.queue_prefix)


def take(client: redis.Redis, settings: Settings, count: int) -> list[bytes]:
    """Take messages as a worker does, oldest first."""
    taken: Any = client.rpop(broker.queue_key(QUEUE, prefix=settings.queue_prefix), count)
    return list(taken)


def test_a_queue_is_filled_up_to_its_bound_oldest_parts_first(
    refill: QueueRefill, client: redis.Redis, database: Database, settings: Settings
) -> None:
    jobs = submit_due(database, 20)
    elsewhere = submit_due(database, 1, queue="stub.bulk")
    assert refill.refill(QUEUE) == MAX_DEPTH == depth(client, settings)
    assert refill.refill(QUEUE) == 0
    assert _part_ids(take(client, settings, 3)) == [job.part_id for job in jobs[:3]]
    assert refill.refill(QUEUE) == 3
    assert _part_ids(take(client, settings, MAX_DEPTH)) == [job.part_id for job in jobs[3:11]]
    assert refill.refill("stub.bulk") == 1
    assert refill.refill("nobody.waits") == 0
    assert depth(client, settings, elsewhere[0].queue) == 1


def _part_ids(messages: list[bytes]) -> list[str]:
    return [json.loads(base64.b64decode(json.loads(message)["body"]))[0][0] for message in messages]


def test_a_full_queue_gets_no_messages(
    refill: QueueRefill, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 3)
    crowd = [PartMessage(f"x{number}.0", QUEUE, False) for number in range(MAX_DEPTH + 5)]
    broker.publish_parts(client, crowd, prefix=settings.queue_prefix)
    assert refill.refill(QUEUE) == 0


def test_a_queue_is_topped_up_when_three_quarters_are_taken(
    refill: QueueRefill, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 20)
    refill.top_up(QUEUE)
    assert depth(client, settings) == MAX_DEPTH
    take(client, settings, MAX_DEPTH - 3)
    _top_up_is_due(refill)
    refill.top_up(QUEUE)
    assert depth(client, settings) == 3
    take(client, settings, 1)
    # Each check costs a round trip, so the next one is not due at once.
    refill.top_up(QUEUE)
    assert depth(client, settings) == 2
    _top_up_is_due(refill)
    refill.top_up(QUEUE)
    assert depth(client, settings) == MAX_DEPTH


def _top_up_is_due(refill: QueueRefill) -> None:
    refill._topped_up_at = 0.0


def test_an_empty_queue_means_that_messages_were_lost(
    refill: QueueRefill, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 5)
    assert refill.refill(QUEUE) == 5
    # Published just now: the messages may be on their way to a worker.
    take(client, settings, 5)
    assert refill.refill(QUEUE) == 0
    change(database, created_at=Part.created_at - LOST_AFTER_S - 1)
    assert refill.refill(QUEUE) == 5
    # One is still in the queue, so a worker took the others: their back-off counts.
    take(client, settings, 4)
    assert refill.refill(QUEUE) == 0


def test_a_hung_redis_costs_one_time_out_and_then_a_pause(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    jobs = submit_due(database, 4)
    with running_valkey(tmp_path) as server:
        settings = settings.model_copy(update={"redis_url": server.url})
        link = RedisLink(settings)
        notifier, refill = Notifier(link, max_depth=MAX_DEPTH), refill_by(link, database)
        notifier.publish_event(jobs[0].id, "started")
        server.hang()
        assert 0.9 < _seconds(lambda: notifier.publish_event(jobs[0].id, "progress")) < 5
        paused_at = time.monotonic()
        assert _seconds(lambda: notifier.publish_event(jobs[0].id, "progress")) < 0.9
        assert _seconds(lambda: refill.top_up(QUEUE)) < 0.9
        server.resume()
        wait_for(lambda: _published(notifier, jobs[0].id, settings), timeout_s=10)
        assert time.monotonic() - paused_at > PAUSE_S - 0.1
        refill.top_up(QUEUE)
        with broker.connect(settings) as client:
            assert depth(client, settings) == 4
        link.close()


def _published(notifier: Notifier, job_id: str, settings: Settings) -> bool:
    notifier.publish_event(job_id, "completed")
    with broker.connect(settings) as client:
        entries: Any = client.xrange(events.stream_key(job_id, prefix=settings.queue_prefix))
    return any(event.name == "completed" for event in events.from_stream(job_id, entries))


def _seconds(call: Callable[[], None]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_without_redis_no_row_is_marked(database: Database, settings: Settings) -> None:
    submit_due(database, 4)
    link = RedisLink(settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"}))
    refill = refill_by(link, database)
    refill.top_up(QUEUE)
    assert refill.refill(QUEUE) == 0
    link.close()
    back = RedisLink(settings)
    assert refill_by(back, database).refill(QUEUE) == 4
    back.close()
