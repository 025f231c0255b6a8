"""The doorbell. A message carries ids only; losing all of them loses nothing, for the sweep rings again.

The gateway writes Celery's message (protocol 2, as kombu's Redis transport lays it out) by hand: publishing through
Celery costs several times as much and would load Celery into the gateway. A test holds the two together by having a
stock Celery worker read what is written here.
"""

import base64
import json
import uuid
from collections.abc import Sequence
from typing import Any

import redis

from common.jobs.sweep import Bell
from common.settings import Settings

KEY_PREFIX = "ov:"
SPEAK = "oratio.speak"
DOWNLOAD = "oratio.download"
TRANSCODE = "oratio.transcode"
# What one worker is told: look into the models folder again, load weights, unload them.
RESCAN, WARM, UNLOAD = "oratio.rescan", "oratio.warm", "oratio.unload"
INTERACTIVE, BULK = "interactive", "bulk"
LANES = (INTERACTIVE, BULK)
OPS = "ops"

# A publisher must not hang with a hung Redis: the row is committed, and the sweep will ring.
PUBLISH_TIMEOUT_S = 1.0
TOLD_FOR_S = 60


def queue_name(queue: str, *, prefix: str) -> str:
    """The name on the broker: deployments that share a Redis differ in `prefix`."""
    return f"{prefix}.{queue}"


def job_queue(model: str, *, lane: str) -> str:
    return f"{model}.{lane}"


def own_queue(worker_id: str) -> str:
    """Where one worker hears what is meant for it alone."""
    return f"at.{worker_id}"


def queue_key(queue: str, *, prefix: str) -> str:
    return KEY_PREFIX + queue_name(queue, prefix=prefix)


def connect(settings: Settings, *, timeout_s: float = PUBLISH_TIMEOUT_S) -> redis.Redis:
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        socket_keepalive=True,
        retry=None,
    )


def without_password(url: str) -> str:
    """A URL that may be logged or shown. The query goes too: Redis and Postgres both take a password there."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def ring(client: redis.Redis, bells: Sequence[Bell], *, prefix: str) -> dict[str, int]:
    """Ring for parts in one round trip; how many messages each queue holds now. Raises redis.RedisError."""
    if not bells:
        return {}
    pipeline = client.pipeline(transaction=False)
    for bell in bells:
        name = queue_name(bell.queue, prefix=prefix)
        pipeline.lpush(KEY_PREFIX + name, message(SPEAK, [bell.part_id, bell.alone], queue=name))
    return dict(zip([bell.queue for bell in bells], pipeline.execute(), strict=True))


def ring_download(client: redis.Redis, download_id: str, *, prefix: str) -> None:
    name = queue_name(OPS, prefix=prefix)
    client.lpush(KEY_PREFIX + name, message(DOWNLOAD, [download_id], queue=name))


def ring_rendition(client: redis.Redis, job_id: str, audio_format: str, *, prefix: str) -> None:
    name = queue_name(OPS, prefix=prefix)
    client.lpush(KEY_PREFIX + name, message(TRANSCODE, [job_id, audio_format], queue=name))


def tell_worker(client: redis.Redis, worker_id: str, task: str, args: list[Any], *, prefix: str) -> None:
    """Heard within a minute or never: a worker that is gone leaves nothing behind."""
    name = queue_name(own_queue(worker_id), prefix=prefix)
    pipeline = client.pipeline(transaction=False)
    pipeline.lpush(KEY_PREFIX + name, message(task, args, queue=name))
    pipeline.expire(KEY_PREFIX + name, TOLD_FOR_S)
    pipeline.execute()


def depth(client: redis.Redis, queue: str, *, prefix: str) -> int:
    """Messages that wait in a queue (those being worked on are not among them)."""
    return int(client.llen(queue_key(queue, prefix=prefix)))


def message(task: str, args: list[Any], *, queue: str) -> str:
    """A Celery protocol 2 message in kombu's envelope for a queue (full name) on Redis."""
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
