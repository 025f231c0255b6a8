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
    assert [event.name for event in stream(client, job_id, prefix)] == ["failed"]
    assert stream(client, new_id(), prefix) == []


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
