"""Redis as the broker: connections and queues. Functions raise redis.RedisError if Redis does not respond.

Messages carry only ids. If all messages are lost, no job is lost: the sweep publishes them again.
"""

from collections.abc import Sequence

import redis

from common.messaging.messages import SPEAK, PartMessage, task_message
from common.messaging.queue_names import OPS, full_name, worker_queue
from common.settings import Settings

KEY_PREFIX = "ov:"

# Time-out of a publisher. It can be short, because the row is committed and the sweep publishes again.
PUBLISH_TIMEOUT_S = 1.0
# A command expires if no worker reads it within this time, so that the queues of dead workers do not stay.
COMMAND_EXPIRES_S = 60


def queue_key(queue: str, *, prefix: str) -> str:
    """The Redis key of a queue."""
    return KEY_PREFIX + full_name(queue, prefix=prefix)


def connect(settings: Settings, *, timeout_s: float = PUBLISH_TIMEOUT_S) -> redis.Redis:
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        socket_keepalive=True,
        retry=None,
    )


def without_password(url: str) -> str:
    """Return a URL that may be logged or shown. The query is removed too, because it may contain a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def publish_parts(
    client: redis.Redis, parts: Sequence[PartMessage], *, marks: Sequence[tuple[str, int]] = (), prefix: str
) -> dict[str, int]:
    """Publish in one round trip, and first set keys that expire: `marks` are (key, seconds).

    Returns the number of messages in each of their queues.
    """
    if not parts:
        return {}
    pipeline = client.pipeline(transaction=False)
    for key, ttl_s in marks:
        pipeline.set(key, 1, ex=ttl_s)
    for part in parts:
        name = full_name(part.queue, prefix=prefix)
        pipeline.lpush(KEY_PREFIX + name, task_message(SPEAK, [part.part_id, part.isolated], queue=name))
    depths = pipeline.execute()[len(marks) :]
    return dict(zip([part.queue for part in parts], depths, strict=True))


def publish_ops_task(client: redis.Redis, task: str, args: Sequence[str], *, prefix: str) -> None:
    name = full_name(OPS, prefix=prefix)
    client.lpush(KEY_PREFIX + name, task_message(task, list(args), queue=name))


def publish_command(
    client: redis.Redis, worker_id: str, task: str, args: Sequence[str], *, prefix: str
) -> None:
    """Publish a command to one worker."""
    name = full_name(worker_queue(worker_id), prefix=prefix)
    pipeline = client.pipeline(transaction=False)
    pipeline.lpush(KEY_PREFIX + name, task_message(task, list(args), queue=name))
    pipeline.expire(KEY_PREFIX + name, COMMAND_EXPIRES_S)
    pipeline.execute()


def depth(client: redis.Redis, queue: str, *, prefix: str) -> int:
    """The number of messages in a queue, without those that workers have received."""
    return int(client.llen(queue_key(queue, prefix=prefix)))
