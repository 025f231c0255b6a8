"""Follows a job or a download by server-sent events, and resumes after the last event if the connection breaks."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.client.connection import RETRY_DELAY_S, Connection
from cli.client.errors import ClientError
from cli.client.records import TERMINAL

GIVE_UP_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `id` is the value for `Last-Event-ID`. The data of a snapshot is the whole job or download."""

    id: str | None
    name: str
    data: Mapping[str, Any]

    @property
    def is_last(self) -> bool:
        return self.name in TERMINAL


def follow(connection: Connection, path: str, *, last_event_id: str | None = None) -> Iterator[Event]:
    """Yield the events of the job or download at `path` until it ends.

    Raises ClientError if it does not exist, or if the service is unreachable for `GIVE_UP_AFTER_S` seconds.
    """
    lost_at = time.monotonic() + GIVE_UP_AFTER_S
    while True:
        try:
            is_over = False
            for event in _read_stream(connection, path, last_event_id):
                last_event_id = event.id or last_event_id
                lost_at = time.monotonic() + GIVE_UP_AFTER_S
                yield event
                if event.is_last:
                    return
                is_over = event.name == "snapshot" and event.data.get("status") in TERMINAL
            if is_over:
                return
        except _StreamEnded:
            return
        except ClientError as failure:
            if not failure.is_lost or time.monotonic() > lost_at:
                raise
        time.sleep(RETRY_DELAY_S)


class _StreamEnded(Exception):
    """The service has no events after the last id."""


def _read_stream(connection: Connection, path: str, last_event_id: str | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    with connection.open("GET", f"{path}/events", headers=headers) as response:
        if response.status_code == 204:
            raise _StreamEnded
        yield from parse(response.iter_lines())


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """Parse a stream of server-sent events. An event without the empty line at its end is incomplete and ignored."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "data" in fields:
            yield Event(fields.get("id") or None, fields.get("event", "message"), _parse_data(fields["data"]))
        fields = {}


def _parse_data(text: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ClientError("The service sent an invalid event.", "unexpected_answer")
    return data
