"""Server-sent events: how messages are written, and the headers of a stream of them."""

import json
from collections.abc import Mapping
from typing import Any

# An idle stream sends a comment this often, so that proxies keep it open.
HEARTBEAT_S = 15.0
HEARTBEAT = ": still here\n\n"
MEDIA_TYPE = "text/event-stream"
# `X-Accel-Buffering` keeps nginx from collecting messages before it passes them on.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def write_message(data: Mapping[str, Any], *, event: str | None = None, event_id: str | None = None) -> str:
    lines = [f"id: {event_id}\n"] if event_id else []
    if event:
        lines.append(f"event: {event}\n")
    return f"{''.join(lines)}data: {json.dumps(data, separators=(',', ':'))}\n\n"
