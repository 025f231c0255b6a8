"""Resynchronizing the event stream of a job, step by step."""

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from api.jobs import job_events
from common.db.database import Database
from common.jobs.records import JobRecord
from common.messaging.events import Event
from common.status import JobStatus
from tests.support.rows import new_job

JOB = new_job()


class FakeEventBus:
    """A Redis stream that holds `events`. Runs `on_replay` after each read."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.on_replay = lambda: None

    async def replay(self, job_id: str, *, after: str) -> list[Event]:
        found = [event for event in self.events if event.id > after]
        self.on_replay()
        return found


@pytest.fixture
def row(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The changeable columns of the row."""
    columns: dict[str, Any] = {"status": JobStatus.RUNNING}

    def find_job(database: Database, job_id: str) -> JobRecord:
        return replace(JobRecord.queued(JOB, created_at=0.0), **columns)

    monkeypatch.setattr(job_events, "find_job", find_job)
    return columns


def event(number: int, name: str) -> Event:
    return Event(JOB.id, f"{number}-0", name, {"number": number})


def resync(bus: FakeEventBus) -> tuple[list[str], bool]:
    """Return the names of the messages, and whether the stream is done."""
    reader = job_events._EventReader(
        cast(Any, None), JOB.id, last_id=None, database=cast(Any, None), event_bus=cast(Any, bus)
    )
    messages = asyncio.run(reader.resync())
    return [message.split("event: ")[1].split("\n")[0] for message in messages], reader.is_done


def test_a_job_that_ends_during_a_resync_loses_no_events(row: dict[str, Any]) -> None:
    bus = FakeEventBus(event(1, "progress"))

    def finish() -> None:
        bus.events += [event(2, "progress"), event(3, "cancelled")]
        row["status"] = JobStatus.CANCELLED

    bus.on_replay = finish
    assert resync(bus) == (["progress"], False)


def test_the_final_event_ends_the_stream_even_if_the_row_was_read_before_it(row: dict[str, Any]) -> None:
    bus = FakeEventBus(event(1, "progress"), event(2, "cancelled"))
    bus.on_replay = lambda: row.update(status=JobStatus.CANCELLED)
    assert resync(bus) == (["progress", "cancelled"], True)


def test_a_job_that_is_retried_continues_after_its_failure(row: dict[str, Any]) -> None:
    row["status"] = JobStatus.QUEUED
    assert resync(FakeEventBus(event(1, "failed"))) == (["failed"], False)


def test_a_lost_final_event_is_replaced_by_the_row(row: dict[str, Any]) -> None:
    row["status"] = JobStatus.CANCELLED
    assert resync(FakeEventBus(event(1, "progress"))) == (["progress", "cancelled"], True)
