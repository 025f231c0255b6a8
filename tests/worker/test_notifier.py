"""Bells rung again by workers, and what happens to them while Redis is away."""

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
from common.jobs.sweep import Bell
from common.messaging import broker, events
from common.settings import Settings
from tests.support.rows import new_job, submit
from tests.support.valkey import running
from tests.support.waiting import wait_for
from worker.runtime.notifier import LOST_AFTER_S, PAUSE_S, Bells

QUEUE = "hibari.interactive"
BELLS_MAX = 8


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"bells_max": BELLS_MAX})


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
def bells(settings: Settings, database: Database) -> Iterator[Bells]:
    opened = Bells(settings, database)
    yield opened
    opened.close()


def submit_due(database: Database, count: int, *, queue: str = QUEUE) -> list[NewJob]:
    """Jobs whose first bell nobody heard, oldest first."""
    jobs = [new_job(queue=queue) for _ in range(count)]
    submit(database, *jobs)
    change(database, next_bell_at=0)
    return jobs


def change(database: Database, **values: Any) -> None:
    with database.write() as connection:
        connection.execute(update(Part).values(**values))


def depth(client: redis.Redis, settings: Settings, queue: str = QUEUE) -> int:
    return broker.depth(client, queue, prefix=settings.queue_prefix)


def hear(client: redis.Redis, settings: Settings, count: int) -> list[bytes]:
    """Take messages as a worker does, oldest first."""
    taken: Any = client.rpop(broker.queue_key(QUEUE, prefix=settings.queue_prefix), count)
    return list(taken)


def test_a_queue_is_filled_up_to_its_bound_with_the_oldest(
    bells: Bells, client: redis.Redis, database: Database, settings: Settings
) -> None:
    jobs = submit_due(database, 20)
    elsewhere = submit_due(database, 1, queue="stub.bulk")
    assert bells.ring_due(QUEUE) == BELLS_MAX == depth(client, settings)
    assert bells.ring_due(QUEUE) == 0
    assert _part_ids(hear(client, settings, 3)) == [job.part_id for job in jobs[:3]]
    assert bells.ring_due(QUEUE) == 3
    assert _part_ids(hear(client, settings, BELLS_MAX)) == [job.part_id for job in jobs[3:11]]
    assert bells.ring_due("stub.bulk") == 1
    assert bells.ring_due("nobody.waits") == 0
    assert depth(client, settings, elsewhere[0].queue) == 1


def _part_ids(messages: list[bytes]) -> list[str]:
    return [json.loads(base64.b64decode(json.loads(message)["body"]))[0][0] for message in messages]


def test_a_queue_beyond_its_bound_gets_none(
    bells: Bells, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 3)
    crowd = [Bell(f"x{number}.0", QUEUE, False) for number in range(BELLS_MAX + 5)]
    broker.ring(client, crowd, prefix=settings.queue_prefix)
    assert bells.ring_due(QUEUE) == 0


def test_a_queue_is_topped_up_when_three_quarters_are_heard(
    bells: Bells, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 20)
    bells.top_up(QUEUE)
    assert depth(client, settings) == BELLS_MAX
    hear(client, settings, BELLS_MAX - 3)
    _top_up_is_due(bells)
    bells.top_up(QUEUE)
    assert depth(client, settings) == 3
    hear(client, settings, 1)
    # Each look costs a round trip, so the next one is not due at once.
    bells.top_up(QUEUE)
    assert depth(client, settings) == 2
    _top_up_is_due(bells)
    bells.top_up(QUEUE)
    assert depth(client, settings) == BELLS_MAX


def _top_up_is_due(bells: Bells) -> None:
    bells._topped_up_at = 0.0


def test_lost_bells_are_known_by_an_empty_queue(
    bells: Bells, client: redis.Redis, database: Database, settings: Settings
) -> None:
    submit_due(database, 5)
    assert bells.ring_due(QUEUE) == 5
    # Just rung: their bells may still be on the way to a worker.
    hear(client, settings, 5)
    assert bells.ring_due(QUEUE) == 0
    change(database, created_at=Part.created_at - LOST_AFTER_S - 1)
    assert bells.ring_due(QUEUE) == 5
    # One is still in the queue, so the others were heard by somebody: they wait for their back-off.
    hear(client, settings, 4)
    assert bells.ring_due(QUEUE) == 0


def test_a_hung_redis_costs_one_time_out_and_then_a_pause(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    jobs = submit_due(database, 4)
    with running(tmp_path) as server:
        settings = settings.model_copy(update={"redis_url": server.url})
        bells = Bells(settings, database)
        bells.emit(jobs[0].id, "started")
        server.hang()
        assert 0.9 < _seconds(lambda: bells.emit(jobs[0].id, "progress")) < 5
        paused_at = time.monotonic()
        assert _seconds(lambda: bells.emit(jobs[0].id, "progress")) < 0.9
        assert _seconds(lambda: bells.top_up(QUEUE)) < 0.9
        server.go_on()
        wait_for(lambda: _emitted(bells, jobs[0].id, settings), timeout_s=10)
        assert time.monotonic() - paused_at > PAUSE_S - 0.1
        bells.top_up(QUEUE)
        with broker.connect(settings) as client:
            assert depth(client, settings) == 4
        bells.close()


def _emitted(bells: Bells, job_id: str, settings: Settings) -> bool:
    bells.emit(job_id, "completed")
    with broker.connect(settings) as client:
        entries: Any = client.xrange(events.stream_key(job_id, prefix=settings.queue_prefix))
    return any(event.name == "completed" for event in events.replayed(job_id, entries))


def _seconds(call: Callable[[], None]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_without_redis_nothing_is_marked_as_rung(database: Database, settings: Settings) -> None:
    submit_due(database, 4)
    bells = Bells(settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"}), database)
    bells.top_up(QUEUE)
    bells.emit("job", "progress")
    with pytest.raises(redis.RedisError):
        bells.ring_due(QUEUE)
    with pytest.raises(redis.RedisError):
        bells.ring_download("download")
    bells.close()
    back = Bells(settings, database)
    assert back.ring_due(QUEUE) == 4
    back.close()
