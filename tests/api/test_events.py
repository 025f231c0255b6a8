"""GET /jobs/{id}/events: a snapshot, then events until the job ends, replayed after a disconnect."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.jobs import job_events
from common.jobs import changes
from common.messaging import events
from common.messaging.events import Event
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.waiting import wait_for


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
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
    """A client that reads events in a thread."""

    def __init__(self, gateway: RunningGateway, job_id: str, *, last_id: str | None = None) -> None:
        self.messages: list[Message] = []
        self.headers = httpx.Headers()
        self._gateway, self._job_id, self._last_id = gateway, job_id, last_id
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        with self._gateway.client.stream("GET", f"/jobs/{self._job_id}/events", headers=headers) as response:
            self.headers = response.headers
            for message in parse(response.iter_lines()):
                self.messages.append(message)

    def wait_for(self, name: str) -> None:
        wait_for(lambda: name in self.names, timeout_s=10)

    @property
    def names(self) -> list[str]:
        return [message.name for message in self.messages]

    def event_names(self) -> list[str]:
        self.thread.join(10)
        assert not self.thread.is_alive(), "the stream has not ended"
        return self.names


def test_a_stream_has_all_events_from_the_snapshot_to_the_end(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.publish_event(job_id, "started", attempt=1)
    gateway.publish_event(job_id, "progress", segments_done=1, segments_total=2)
    gateway.complete(job_id)
    assert reader.event_names() == ["snapshot", "started", "progress", "completed"]
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


def test_a_client_that_reconnects_gets_every_event_once(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    for number in range(5):
        gateway.publish_event(job_id, "progress", segments_done=number)
    all_events = Reader(gateway, job_id, last_id="0-0")
    wait_for(lambda: len(all_events.messages) == 5)
    second = all_events.messages[1].id
    rest = Reader(gateway, job_id, last_id=second)
    wait_for(lambda: len(rest.messages) == 3)
    gateway.complete(job_id)
    assert all_events.event_names() == ["progress"] * 5 + ["completed"]
    assert rest.event_names() == ["progress"] * 3 + ["completed"]
    assert [message.data.get("segments_done") for message in rest.messages[:3]] == [2, 3, 4]
    assert rest.messages == all_events.messages[2:]


def test_readers_that_start_during_events_get_every_event_once(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    readers: list[Reader] = []
    for number in range(60):
        gateway.publish_event(job_id, "progress", segments_done=number)
        if number % 10 == 5:
            readers.append(Reader(gateway, job_id, last_id="0-0"))
    gateway.complete(job_id)
    for reader in readers:
        reader.event_names()
        numbers = [message.data["segments_done"] for message in reader.messages[:-1]]
        assert numbers == list(range(60))
        assert reader.names[-1] == "completed"


def test_a_job_that_ended_sends_its_final_event(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    gateway.publish_event(job_id, "started", attempt=1)
    gateway.complete(job_id)
    first = Reader(gateway, job_id)
    assert first.event_names() == ["snapshot", "completed"]
    # Clients reconnect when a stream ends. A 204 says that there are no more events.
    last_id = first.messages[-1].id
    assert last_id is not None
    response = gateway.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": last_id})
    assert response.status_code == 204
    # The Redis stream expires, but the row remains.
    gateway.redis.flushdb()
    assert Reader(gateway, job_id).event_names() == ["snapshot", "completed"]
    assert Reader(gateway, job_id, last_id="5-0").event_names() == ["completed"]


@pytest.mark.parametrize("how", ["event", "row"])
def test_a_client_that_has_the_end_is_not_sent_it_again(gateway: RunningGateway, how: str) -> None:
    """Nothing of a short job is stored in Redis, and the events of any other job expire a minute after its end."""
    job_id = gateway.submit()
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.complete(job_id)
    assert reader.event_names() == ["snapshot", "completed"]
    assert not gateway.redis.exists(events.stream_key(job_id, prefix=gateway.settings.queue_prefix))
    if how == "row":
        reader = Reader(gateway, job_id)
        assert reader.event_names() == ["snapshot", "completed"]
    last_id = reader.messages[-1].id
    assert last_id is not None
    response = gateway.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": last_id})
    assert response.status_code == 204


def test_a_retried_job_has_new_events(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    gateway.fail(job_id, code="engine_failed")
    assert Reader(gateway, job_id).event_names() == ["snapshot", "failed"]
    assert gateway.client.post(f"/jobs/{job_id}/retry").status_code == 202
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.complete(job_id)
    assert reader.event_names() == ["snapshot", "completed"]


def test_cancelling_and_deleting_end_the_stream(gateway: RunningGateway) -> None:
    for how in ("cancel", "delete"):
        job_id = gateway.submit()
        reader = Reader(gateway, job_id)
        reader.wait_for("snapshot")
        if how == "cancel":
            gateway.client.post(f"/jobs/{job_id}/cancel")
        else:
            gateway.client.delete(f"/jobs/{job_id}")
        assert reader.event_names() == ["snapshot", "cancelled"]


def test_a_lost_final_event_is_replaced_by_the_row(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    with gateway.database.write() as connection:
        changes.cancel(connection, job_id, owner="local")
    assert reader.event_names() == ["snapshot", "cancelled"]


def test_an_idle_stream_sends_heartbeats(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_events, "HEARTBEAT_S", 0.05)
    job_id = gateway.submit()
    with gateway.client.stream("GET", f"/jobs/{job_id}/events") as response:
        comment = next(line for line in response.iter_lines() if line.startswith(":"))
    assert comment


@pytest.mark.parametrize("event_id", ["x", "1", "1-", "-1-0", "1-0 ", "99999999999999999999-0", "1-1-1"])
def test_an_invalid_event_id_is_rejected(gateway: RunningGateway, event_id: str) -> None:
    job_id = gateway.submit()
    response = gateway.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": event_id + "!"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_event_id"


def test_a_client_that_disconnected_is_unsubscribed(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    event_bus = gateway.server.config.app.state.gateway.event_bus  # type: ignore[union-attr]
    with gateway.client.stream("GET", f"/jobs/{job_id}/events") as response:
        lines = response.iter_lines()  # keep a reference: collecting the generator closes the response
        next(lines)
        assert job_id in event_bus._readers
    wait_for(lambda: job_id not in event_bus._readers)


CAPTIONS = [[0.0, 1.5, 0, 20], [1.7, 2.5, 21, 40], [2.7, 3.5, 41, 60]]


def test_the_snapshot_contains_all_captions(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    gateway.publish_event(job_id, "started", attempt=1, segments_total=4)
    gateway.publish_event(job_id, "progress", attempt=1, segments_done=1, segments_total=4, cues=CAPTIONS[:1])
    gateway.publish_event(job_id, "progress", attempt=1, segments_done=3, segments_total=4, cues=CAPTIONS[1:])
    reader = Reader(gateway, job_id)
    reader.wait_for("snapshot")
    gateway.complete(job_id)
    assert reader.event_names() == ["snapshot", "completed"]
    assert reader.messages[0].data["spoken"] == CAPTIONS


def event(name: str, **data: Any) -> Event:
    return Event("job", "1-0", name, data)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ([event("retrying", code="worker_crashed")], []),
        ([event("queued")], []),
        # After a worker handed the job back, the next worker publishes the first event.
        ([event("started", attempt=2)], []),
        ([event("progress", attempt=2, cues=CAPTIONS[:1])], CAPTIONS[:1]),
        # Late events of a slow worker.
        ([event("retrying"), event("progress", attempt=1, cues=CAPTIONS[2:])], []),
        ([event("started", attempt=2), event("progress", attempt=1, cues=CAPTIONS[2:])], []),
        (
            [event("retrying"), event("started", attempt=2), event("progress", attempt=2, cues=CAPTIONS)],
            CAPTIONS,
        ),
        ([event("completed")], CAPTIONS[:2]),
    ],
)
def test_only_captions_of_the_current_attempt_count(since: list[Event], expected: list[Any]) -> None:
    before = [event("started", attempt=1), event("progress", attempt=1, cues=CAPTIONS[:2])]
    assert job_events.spoken_captions([*before, *since]) == expected
