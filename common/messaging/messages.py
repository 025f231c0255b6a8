"""Task messages: the names of the tasks and Celery's message format.

The gateway builds Celery's messages (protocol 2, in the envelope of kombu's Redis transport) itself: publishing through
Celery takes several times the CPU time and would load Celery into the gateway. A test reads these messages with a stock
Celery worker.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

SPEAK = "oratio.speak"
DOWNLOAD = "oratio.download"
TRANSCODE = "oratio.transcode"
SWEEP = "oratio.sweep"
# Commands for one worker: scan the models folder again, load weights, unload weights.
RESCAN, WARM, UNLOAD = "oratio.rescan", "oratio.warm", "oratio.unload"


@dataclass(frozen=True, slots=True)
class PartMessage:
    """Asks the workers of `queue` to take a part. `isolated` must match the row, otherwise no worker takes it."""

    part_id: str
    queue: str
    isolated: bool


def task_message(task: str, args: list[Any], *, queue: str) -> str:
    """Build a Celery protocol 2 message in kombu's envelope. `queue` is the full name of the queue."""
    task_id = str(uuid.uuid4())
    nothing = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    body = base64.b64encode(json.dumps([args, {}, nothing]).encode()).decode()
    return json.dumps(
        {
            "body": body,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": task,
                "id": task_id,
                "shadow": None,
                "eta": None,
                "expires": None,
                "group": None,
                "group_index": None,
                "retries": 0,
                "timelimit": [None, None],
                "root_id": task_id,
                "parent_id": None,
                "argsrepr": "-",
                "kwargsrepr": "-",
                "origin": "oratio",
                "ignore_result": True,
                "replaced_task_nesting": 0,
                "stamped_headers": None,
                "stamps": {},
            },
            "properties": {
                "correlation_id": task_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": task_id,
            },
        }
    )
