"""Listeners of live audio, as a gateway in this process counts them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.streaming.event_bus import EventBus
from api.streaming.presence import Presence
from tests.support.gateway import RunningGateway
from tests.support.live_attempts import StreamClient
from tests.support.waiting import wait_for


def presence_of(gateway: RunningGateway) -> Presence:
    presence: Presence = gateway.server.config.app.state.gateway.presence  # type: ignore[union-attr]
    return presence


def listener_count(gateway: RunningGateway) -> int:
    return sum(presence_of(gateway)._listening.values())


@contextmanager
def one_listener(gateway: RunningGateway, job_id: str) -> Iterator[None]:
    """Keep a listener that waits for the first byte until the block ends."""
    before = listener_count(gateway)
    client = StreamClient(gateway.url, f"/jobs/{job_id}/stream")
    try:
        wait_for(lambda: listener_count(gateway) == before + 1)
        yield
    finally:
        client.disconnect()
        wait_for(lambda: listener_count(gateway) == before)


def wait_for_grace_times(gateway: RunningGateway) -> None:
    """Wait until the grace times of all departures so far are over."""
    wait_for(lambda: not presence_of(gateway)._tasks)


def record_answers(monkeypatch: pytest.MonkeyPatch, method: str) -> list[Any]:
    """The list grows whenever this method of an event bus has returned, by what it returned."""
    answers: list[Any] = []
    original = getattr(EventBus, method)

    async def call_and_record(self: EventBus, *arguments: Any) -> Any:
        answers.append(await original(self, *arguments))
        return answers[-1]

    monkeypatch.setattr(EventBus, method, call_and_record)
    return answers
