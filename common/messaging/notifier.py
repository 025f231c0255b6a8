"""Publishes task messages and events. If Redis is down, they are dropped.

No information is lost, because it is also in the database: the sweep publishes task messages again, and readers of
events also read the row.
"""

import time
from collections.abc import Sequence
from typing import Any

from common.messaging import audio_window, broker, events
from common.messaging.messages import DOWNLOAD, SWEEP, TRANSCODE, PartMessage
from common.messaging.redis_link import RedisLink

# A full queue gets no messages for this long. The sweep refills it later.
FULL_S = 1.0


class Notifier:
    """`max_depth`: the number of messages at which a queue is full."""

    def __init__(self, link: RedisLink, *, max_depth: int) -> None:
        self._link = link
        self._max_depth = max_depth
        self._full_until: dict[str, float] = {}

    def notify_parts(
        self, parts: Sequence[PartMessage], *, even_if_full: bool = False, heard_ids: Sequence[str] = ()
    ) -> None:
        """Publish in one round trip. Messages to full queues are dropped unless `even_if_full`.

        `heard_ids`: the jobs that have listeners.
        """
        now = time.monotonic()
        wanted = [part for part in parts if even_if_full or self._full_until.get(part.queue, 0.0) <= now]
        if not wanted:
            return
        nothing: dict[str, int] = {}
        marks = [
            (audio_window.listeners_key(job_id, prefix=self._link.prefix), audio_window.PRESENCE_TTL_S)
            for job_id in heard_ids
        ]
        depths = self._link.call(
            lambda client: broker.publish_parts(client, wanted, marks=marks, prefix=self._link.prefix),
            default=nothing,
        )
        for queue, depth in depths.items():
            if depth >= self._max_depth:
                self._full_until[queue] = now + FULL_S

    def notify_download(self, download_id: str) -> None:
        self._publish_ops_task(DOWNLOAD, download_id)

    def notify_rendition(self, job_id: str, audio_format: str) -> None:
        self._publish_ops_task(TRANSCODE, job_id, audio_format)

    def request_sweep(self) -> None:
        self._publish_ops_task(SWEEP)

    def send_command(self, worker_id: str, task: str, *args: str) -> None:
        """Make one worker run a task. The command expires after a minute."""
        self._link.call(
            lambda client: broker.publish_command(client, worker_id, task, args, prefix=self._link.prefix),
            default=None,
        )

    def publish_event(self, topic: str, name: str, **data: Any) -> None:
        """`topic`: the id of a job or download, or the topic of a rendition."""
        self._link.call(
            lambda client: events.append(client, topic, name, data, prefix=self._link.prefix), default=None
        )

    def _publish_ops_task(self, task: str, *args: str) -> None:
        self._link.call(
            lambda client: broker.publish_ops_task(client, task, args, prefix=self._link.prefix), default=None
        )
