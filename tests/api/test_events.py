"""GET /jobs/{id}/events: a snapshot, then what comes, replayed after a break, ended with the job."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.jobs import job_events
from common.jobs import changes
from common.messaging.events import Event
from common.settings import Settings
from tests.support.gateway import Running, run_gateway
from tests.support.waiting import wait_for


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings) as running:
        wait_for(lambda: running.client.get("/health").json()["broker_ok"])
        yield running


@dataclass(frozen=True)
class Message:
    id: str | None
    name: str
    data: dict[str, Any]


def parse(lines: Iterator[str]) -> Iterator[Message]:
    fields: dict[str, str] = {}
    for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Message(fields.get("id"), fields["event"], json.loads(fields["data"]))
            fields = {}


class Reader:
    """A client that listens in a thread of its own."""

    def __init__(self, gateway: Running, job_id: str, *, last_id: str | None = None) -> None:
        self.messages: list[Message] = []
        self.headers = httpx.Headers()
        self._gateway, self._job_id, self._last_id = gateway, job_id, last_id
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        with self._gateway.client.stream("GET", f"/jobs/{self._job_id}/events", headers=headers) as answer:
            self.headers = answer.headers
            for message in parse(answer.iter_lines()):
                self.messages.append(message)

    def wait_for(self, name: str) -> None:
        wait_for(lambda: name in self.names, timeout_s=10)

    @property
    def names(self) -> list[str]:
        return [message.name for message in self.messages]

    def ended(self) -> list[str]:
        self.thread.join(10)
        assert not self.thread.is_alive(), "the stream goes on"
        return self.names


def test_a_job_is_followed_from_its_snapshot_to_its_end(gateway: Running) -> None:
    job_id = gateway.queue()
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.tell(job_id, "started", attempt=1)
    gateway.tell(job_id, "progress", segments_done=1, segments_total=2)
    gateway.complete(job_id)
    assert reader.ended() == ["snapshot", "started", "progress", "completed"]
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["x-accel-buffering"] == "no"
    snapshot, started, progress, completed = reader.messages
    assert snapshot.data == gateway.client.get(f"/jobs/{job_id}").json() | {
        key: snapshot.data[key] for key in snapshot.data.keys() - {"job_id", "text", "created_at"}
    }
    assert (started.data, progress.data["segments_done"], completed.data["duration_s"]) == (
        {"attempt": 1},
        1,
        0.1,
    )


def test_a_break_is_made_up_for_without_gap_or_double(gateway: Running) -> None:
    job_id = gateway.queue()
    for number in range(5):
        gateway.tell(job_id, "progress", segments_done=number)
    whole = Reader(gateway, job_id, last_id="0-0")
    wait_for(lambda: len(whole.messages) == 5)
    second = whole.messages[1].id
    again = Reader(gateway, job_id, last_id=second)
    wait_for(lambda: len(again.messages) == 3)
    gateway.complete(job_id)
    assert whole.ended() == ["progress"] * 5 + ["completed"]
    assert again.ended() == ["progress"] * 3 + ["completed"]
    assert [message.data.get("segments_done") for message in again.messages[:3]] == [2, 3, 4]
    assert again.messages == whole.messages[2:]


def test_events_while_readers_come_are_told_each_once(gateway: Running) -> None:
    job_id = gateway.queue()
    readers: list[Reader] = []
    for number in range(60):
        gateway.tell(job_id, "progress", segments_done=number)
        if number % 10 == 5:
            readers.append(Reader(gateway, job_id, last_id="0-0"))
    gateway.complete(job_id)
    for reader in readers:
        reader.ended()
        told = [message.data["segments_done"] for message in reader.messages[:-1]]
        assert told == list(range(60))
        assert reader.names[-1] == "completed"


def test_a_job_that_ended_tells_its_end(gateway: Running) -> None:
    job_id = gateway.queue()
    gateway.tell(job_id, "started", attempt=1)
    gateway.complete(job_id)
    first = Reader(gateway, job_id)
    assert first.ended() == ["snapshot", "completed"]
    # The client reconnects when a stream ends; a 204 tells it that it has everything.
    last_id = first.messages[-1].id
    assert last_id is not None
    answer = gateway.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": last_id})
    assert answer.status_code == 204
    # Much later the stream is forgotten, the row is not.
    gateway.redis.flushdb()
    assert Reader(gateway, job_id).ended() == ["snapshot", "completed"]
    assert Reader(gateway, job_id, last_id="5-0").ended() == ["completed"]


def test_a_job_that_is_tried_again_goes_on(gateway: Running) -> None:
    job_id = gateway.queue()
    gateway.fail(job_id, code="engine_failed")
    assert Reader(gateway, job_id).ended() == ["snapshot", "failed"]
    assert gateway.client.post(f"/jobs/{job_id}/retry").status_code == 202
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.complete(job_id)
    assert reader.ended() == ["snapshot", "completed"]


def test_cancelling_and_deleting_end_the_stream(gateway: Running) -> None:
    for how in ("cancel", "delete"):
        job_id = gateway.queue()
        reader = Reader(gateway, job_id)
        reader.wait_for("snapshot")
        if how == "cancel":
            gateway.client.post(f"/jobs/{job_id}/cancel")
        else:
            gateway.client.delete(f"/jobs/{job_id}")
        assert reader.ended() == ["snapshot", "cancelled"]


def test_the_end_comes_from_the_row_when_its_event_is_lost(gateway: Running) -> None:
    job_id = gateway.queue()
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    with gateway.database.write() as connection:
        changes.cancel(connection, job_id, owner="local")
    assert reader.ended() == ["snapshot", "cancelled"]


def test_a_quiet_stream_shows_that_it_lives(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_events, "HEARTBEAT_S", 0.05)
    job_id = gateway.queue()
    with gateway.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        comment = next(line for line in answer.iter_lines() if line.startswith(":"))
    assert comment


@pytest.mark.parametrize("given", ["x", "1", "1-", "-1-0", "1-0 ", "99999999999999999999-0", "1-1-1"])
def test_an_id_that_is_none_of_ours_is_refused(gateway: Running, given: str) -> None:
    job_id = gateway.queue()
    answer = gateway.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": given + "!"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_event_id"


def test_whoever_went_away_is_forgotten(gateway: Running) -> None:
    job_id = gateway.queue()
    hub = gateway.server.config.app.state.gateway.event_bus  # type: ignore[union-attr]
    with gateway.client.stream("GET", f"/jobs/{job_id}/events") as answer:
        lines = answer.iter_lines()  # kept: a generator that nobody holds closes the answer
        next(lines)
        assert job_id in hub._readers
    wait_for(lambda: job_id not in hub._readers)


CUES = [[0.0, 1.5, 0, 20], [1.7, 2.5, 21, 40], [2.7, 3.5, 41, 60]]


def test_the_snapshot_has_all_that_was_spoken(gateway: Running) -> None:
    job_id = gateway.queue()
    gateway.tell(job_id, "started", attempt=1, segments_total=4)
    gateway.tell(job_id, "progress", attempt=1, segments_done=1, segments_total=4, cues=CUES[:1])
    gateway.tell(job_id, "progress", attempt=1, segments_done=3, segments_total=4, cues=CUES[1:])
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.complete(job_id)
    assert reader.ended() == ["snapshot", "completed"]
    assert reader.messages[0].data["spoken"] == CUES


def event(name: str, **data: Any) -> Event:
    return Event("job", "1-0", name, data)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ([event("retrying", code="worker_crashed")], []),
        ([event("queued")], []),
        # Of a worker that handed it back nothing is told but by the next one.
        ([event("started", attempt=2)], []),
        ([event("progress", attempt=2, cues=CUES[:1])], CUES[:1]),
        # Of a worker that was only slow.
        ([event("retrying"), event("progress", attempt=1, cues=CUES[2:])], []),
        ([event("started", attempt=2), event("progress", attempt=1, cues=CUES[2:])], []),
        ([event("retrying"), event("started", attempt=2), event("progress", attempt=2, cues=CUES)], CUES),
        ([event("completed")], CUES[:2]),
    ],
)
def test_only_the_present_attempt_counts(since: list[Event], expected: list[Any]) -> None:
    before = [event("started", attempt=1), event("progress", attempt=1, cues=CUES[:2])]
    assert job_events.spoken_captions([*before, *since]) == expected
