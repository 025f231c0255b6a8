"""What becomes of a job or a download, as server-sent events; a stream that breaks goes on behind the last one."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.client.connection import AGAIN_AFTER_S, Connection
from cli.client.errors import Failed
from cli.client.records import TERMINAL

LOST_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is what `Last-Event-ID` takes; of a snapshot, `data` is the whole job or download."""

    id: str | None
    name: str
    data: Mapping[str, Any]

    @property
    def is_last(self) -> bool:
        return self.name in TERMINAL


def follow(connection: Connection, path: str, *, last_event_id: str | None = None) -> Iterator[Event]:
    """Of what is at `path`, until it ends. Raises Failed when it is gone, or the service for `LOST_AFTER_S`."""
    lost_at = time.monotonic() + LOST_AFTER_S
    while True:
        try:
            was_over = False
            for event in _once(connection, path, last_event_id):
                last_event_id = event.id or last_event_id
                lost_at = time.monotonic() + LOST_AFTER_S
                yield event
                if event.is_last:
                    return
                was_over = event.name == "snapshot" and event.data.get("status") in TERMINAL
            if was_over:
                return
        except _NoMore:
            return
        except Failed as failure:
            if not failure.is_lost or time.monotonic() > lost_at:
                raise
        time.sleep(AGAIN_AFTER_S)


class _NoMore(Exception):
    """The service says that nothing will come after that id."""


def _once(connection: Connection, path: str, last_event_id: str | None) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    with connection.opened("GET", f"{path}/events", headers=headers) as answer:
        if answer.status_code == 204:
            raise _NoMore
        yield from parse(answer.iter_lines())


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """By the rules of server-sent events; an event that was cut off before its empty line is none."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "data" in fields:
            yield Event(fields.get("id") or None, fields.get("event", "message"), _data(fields["data"]))
        fields = {}


def _data(said: str) -> Mapping[str, Any]:
    try:
        data = json.loads(said)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise Failed("The service told an event that cannot be read.", "unexpected_answer")
    return data
