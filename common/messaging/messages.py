"""Task messages: the names of the tasks and Celery's message format.

The gateway builds Celery's messages (protocol 2, in the envelope of kombu's Redis transport) itself: publishing through
Celery takes several times the CPU time and would load Celery into the gateway. A test reads these messages with a stock
Celery worker.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SPEAK = "oratio.speak"
DOWNLOAD = "oratio.download"
TRANSCODE = "oratio.transcode"
SWEEP = "oratio.sweep"
# Commands for one worker: scan the models folder again, load weights, unload weights.
RESCAN, PRELOAD, UNLOAD = "oratio.rescan", "oratio.warm", "oratio.unload"


@dataclass(frozen=True, slots=True)
class PartMessage:
    """Asks the workers of `queue` to take a part. `isolated` must match the row, otherwise no worker takes it."""

    part_id: str
    queue: str
    isolated: bool


def task_message(task: str, args: list[Any], *, queue: str) -> str:
    """Build a Celery protocol 2 message in kombu's envelope. `queue` is the full name of the queue."""
    body = base64.b64encode(json.dumps([args, {}, _NO_CALLBACKS]).encode()).decode()
    return _envelope(task, queue).replace(_BODY, body).replace(_TASK_ID, str(uuid.uuid4()))


# Encoding an envelope anew for each message takes twice as long as filling in these.
_BODY, _TASK_ID = "<body>", "<task id>"
_NO_CALLBACKS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


@lru_cache(maxsize=256)
def _envelope(task: str, queue: str) -> str:
    return json.dumps(
        {
            "body": _BODY,
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": task,
                "id": _TASK_ID,
                "shadow": None,
                "eta": None,
                "expires": None,
                "group": None,
                "group_index": None,
                "retries": 0,
                "timelimit": [None, None],
                "root_id": _TASK_ID,
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
                "correlation_id": _TASK_ID,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": _TASK_ID,
            },
        }
    )
