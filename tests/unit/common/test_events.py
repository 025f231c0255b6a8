"""Events of jobs: published on the channel and replayed from the stream."""

import secrets
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import redis

from common.ids import new_id
from common.messaging import events
from common.messaging.events import Event
from tests.support.valkey import Valkey

DATA: list[tuple[str, dict[str, Any]]] = [
    ("queued", {}),
    ("started", {"attempt": 1, "segments_total": 3}),
    ("progress", {"segments_done": 1, "segments_total": 3}),
    ("retrying", {"message": "spaces, ünïcode, 話す,\nand a new line", "delay_s": 1.5}),
    ("completed", {"timings": {"rtf": 0.04, "queue_ms": None}}),
]


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url) as connected:
        yield connected


@pytest.fixture
def prefix() -> str:
    return f"t{secrets.token_hex(4)}"


@pytest.fixture
def subscription(client: redis.Redis, prefix: str) -> Iterator[redis.client.PubSub]:
    with client.pubsub() as subscribed:  # type: ignore[no-untyped-call]
        subscribed.subscribe(events.channel(prefix))
        assert subscribed.get_message(timeout=5)["type"] == "subscribe"
        yield subscribed


def stream(client: redis.Redis, job_id: str, prefix: str, *, after: str = "-") -> list[Event]:
    entries: Any = client.xrange(events.stream_key(job_id, prefix=prefix), min=after)
    return events.from_stream(job_id, entries)


def test_published_and_replayed_events_are_the_same(
    client: redis.Redis, prefix: str, subscription: redis.client.PubSub
) -> None:
    job_id = new_id()
    for name, data in DATA:
        events.append(client, job_id, name, data, prefix=prefix)
    published = [events.from_channel(subscription.get_message(timeout=5)["data"]) for _ in DATA]
    assert [(event.job_id, event.name, event.data) for event in published] == [
        (job_id, name, data) for name, data in DATA
    ]
    assert stream(client, job_id, prefix) == published
    assert [event.ends_job for event in published] == [False, False, False, False, True]
    for earlier, later in pairwise(published):
        assert events.comes_after(later.id, earlier.id)
        assert not events.comes_after(earlier.id, later.id)
    # A client that reconnects reads from its last event on.
    assert stream(client, job_id, prefix, after=f"({published[2].id}") == published[3:]


def test_jobs_and_deployments_get_only_their_own_events(
    client: redis.Redis, prefix: str, subscription: redis.client.PubSub
) -> None:
    job_id, other = new_id(), new_id()
    events.append(client, other, "queued", {}, prefix=f"{prefix}x")
    events.append(client, other, "queued", {}, prefix=prefix)
    events.append(client, job_id, "failed", {"code": "timeout"}, prefix=prefix)
    assert [events.from_channel(subscription.get_message(timeout=5)["data"]).job_id for _ in range(2)] == [
        other,
        job_id,
    ]
    assert [event.name for event in stream(client, other, prefix)] == ["queued"]
    assert stream(client, new_id(), prefix) == []


def test_an_end_without_earlier_events_is_published_but_not_stored(
    client: redis.Redis, prefix: str, subscription: redis.client.PubSub
) -> None:
    job_id = new_id()
    events.append(client, job_id, "completed", {"duration_s": 1.0}, prefix=prefix)
    event = events.from_channel(subscription.get_message(timeout=5)["data"])
    assert (event.job_id, event.name, event.data) == (job_id, "completed", {"duration_s": 1.0})
    assert events.is_end_id(event.id)
    assert client.exists(events.stream_key(job_id, prefix=prefix)) == 0


def test_the_stream_of_an_ended_job_expires_after_a_minute(client: redis.Redis, prefix: str) -> None:
    job_id = new_id()
    key = events.stream_key(job_id, prefix=prefix)
    events.append(client, job_id, "started", {}, prefix=prefix)
    events.append(client, job_id, "failed", {}, prefix=prefix)
    assert [event.name for event in stream(client, job_id, prefix)] == ["started", "failed"]
    assert 0 < client.ttl(key) <= 60
    events.append(client, job_id, "queued", {}, prefix=prefix)
    assert client.ttl(key) > 60, "a retried job goes on"


def test_ends_are_recognized_by_their_ids_and_stay_in_order(client: redis.Redis, prefix: str) -> None:
    job_id = new_id()
    for name in ("queued", "cancelled", "completed", "queued", "progress", "failed"):
        events.append(client, job_id, name, {}, prefix=prefix)
    appended = stream(client, job_id, prefix)
    assert [events.is_end_id(event.id) for event in appended] == [event.ends_job for event in appended]
    for earlier, later in pairwise(appended):
        assert events.comes_after(later.id, earlier.id)
    end_id = events.end_id(appended[-2].id)
    assert events.is_end_id(end_id)
    assert events.comes_after(end_id, appended[-2].id)


def test_a_redis_without_memory_still_publishes(valkey: Valkey, prefix: str) -> None:
    with redis.Redis.from_url(valkey.url) as client, client.pubsub() as subscribed:
        subscribed.subscribe(events.channel(prefix))
        assert subscribed.get_message(timeout=5)["type"] == "subscribe"
        job_id = new_id()
        events.append(client, job_id, "started", {}, prefix=prefix)
        valkey.fill()
        events.append(client, job_id, "progress", {"segments_done": 1}, prefix=prefix)
        events.append(client, job_id, "completed", {}, prefix=prefix)
        published = [events.from_channel(subscribed.get_message(timeout=5)["data"]) for _ in range(3)]
        assert [event.name for event in published] == ["started", "progress", "completed"]
        assert events.is_end_id(published[-1].id)
        assert [event.name for event in stream(client, job_id, prefix)] == ["started"]


def test_a_stream_has_a_maximum_length_and_expires(client: redis.Redis, prefix: str) -> None:
    job_id = new_id()
    key = events.stream_key(job_id, prefix=prefix)
    for done in range(events.KEEP_EVENTS + 300):
        events.append(client, job_id, "progress", {"segments_done": done}, prefix=prefix)
    # The maximum is approximate: Redis drops whole nodes of 100 entries.
    assert events.KEEP_EVENTS <= client.xlen(key) < events.KEEP_EVENTS + 100
    assert stream(client, job_id, prefix)[-1].data == {"segments_done": events.KEEP_EVENTS + 299}
    assert events.KEEP_S - 60 < client.ttl(key) <= events.KEEP_S


def test_each_event_renews_the_expiry(client: redis.Redis, prefix: str) -> None:
    job_id = new_id()
    key = events.stream_key(job_id, prefix=prefix)
    events.append(client, job_id, "queued", {}, prefix=prefix)
    client.expire(key, 5)
    events.append(client, job_id, "started", {}, prefix=prefix)
    assert client.ttl(key) > 5


@pytest.mark.parametrize(
    ("later", "earlier"),
    [("10-0", "9-9"), ("5-10", "5-9"), ("5-1", "5"), ("1700000000001-0", "1700000000000-7"), ("1-0", "0")],
)
def test_event_ids_are_compared_as_numbers(later: str, earlier: str) -> None:
    assert events.comes_after(later, earlier)
    assert not events.comes_after(earlier, later)
    assert not events.comes_after(later, later)
