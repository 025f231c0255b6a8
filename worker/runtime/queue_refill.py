"""Publishes messages for queued parts that have none, oldest first, until a queue is full."""

import time
from threading import Lock

from common.db.database import Database
from common.jobs import sweep
from common.messaging import broker
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink

TOP_UP_EVERY_S = 0.5
# If a queue is empty while rows this old are queued, their messages were lost: publish them again without back-off.
LOST_AFTER_S = 2.0


class QueueRefill:
    """`max_depth`: the most messages that a queue holds."""

    def __init__(self, link: RedisLink, notifier: Notifier, database: Database, *, max_depth: int) -> None:
        self._link = link
        self._notifier = notifier
        self._database = database
        self._max_depth = max_depth
        self._topped_up_at = 0.0
        self._lock = Lock()

    def top_up(self, queue: str) -> None:
        """Refill a queue that is at most a quarter full, at most twice a second, without waiting for the next sweep."""
        now = time.monotonic()
        with self._lock:
            if now < self._topped_up_at + TOP_UP_EVERY_S:
                return
            self._topped_up_at = now
        depth = self._depth(queue)
        if depth is not None and depth <= self._max_depth // 4:
            self._refill(queue, depth=depth)

    def refill(self, queue: str) -> int:
        """Returns how many messages were published. 0 if Redis is down: then no row counts as published."""
        depth = self._depth(queue)
        return 0 if depth is None else self._refill(queue, depth=depth)

    def _refill(self, queue: str, *, depth: int) -> int:
        with self._database.write() as connection:
            parts = sweep.claim_due_messages(
                connection,
                queue=queue,
                limit=self._max_depth - depth,
                lost_after_s=None if depth else LOST_AFTER_S,
            )
        self._notifier.notify_parts(parts, even_if_full=True)
        return len(parts)

    def _depth(self, queue: str) -> int | None:
        return self._link.call(
            lambda client: broker.depth(client, queue, prefix=self._link.prefix), default=None
        )
