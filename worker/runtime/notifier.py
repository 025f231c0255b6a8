"""The worker's line to Redis: events out, bells rung again. Redis away is a slower service, never a failed job."""

import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

import redis

from common import worker_registry
from common.db.database import Database
from common.jobs import sweep
from common.messaging import audio_window, broker, events, text_stream
from common.settings import Settings
from common.telemetry import get_logger

log = get_logger(__name__)

# After a failure nothing is tried for this long: each try may cost the whole time-out.
PAUSE_S = 2.0
TOP_UP_EVERY_S = 0.5
# An empty queue beside queued rows this old means that bells were lost: no need to wait for their back-off.
LOST_AFTER_S = 2.0


class Bells:
    def __init__(self, settings: Settings, database: Database) -> None:
        self._client = broker.connect(settings)
        self._database = database
        self._prefix = settings.queue_prefix
        self._bells_max = settings.bells_max
        self._paused_until = 0.0
        self._topped_up_at = 0.0
        self._lock = Lock()

    def emit(self, job_id: str, name: str, **data: Any) -> None:
        """Tell whoever listens; lost when Redis is away, for listeners also look at the row."""
        if time.monotonic() < self._paused_until:
            return
        try:
            events.emit(self._client, job_id, name, data, prefix=self._prefix)
        except redis.RedisError as error:
            self._pause(error)

    def append_live(self, job_id: str, chunks: Sequence[audio_window.Chunk]) -> bool:
        """Whether anybody listens; nobody, when Redis is away. Raises redis.ResponseError for a stale attempt."""
        if time.monotonic() < self._paused_until:
            return False
        try:
            return audio_window.append(self._client, job_id, chunks, prefix=self._prefix)
        except redis.ResponseError:
            raise
        except redis.RedisError as error:
            self._pause(error)
            return False

    def read_text(self, job_id: str, *, after: str, within_s: float) -> list[tuple[str, text_stream.Piece]]:
        """(id, piece) of a text that comes while it is spoken; none when nothing came in time or Redis is away."""
        wait_s = self._paused_until - time.monotonic()
        if wait_s > 0:
            time.sleep(min(wait_s, within_s))
            return []
        key = text_stream.key(job_id, prefix=self._prefix)
        try:
            found: Any = self._client.xread({key: after}, block=max(1, int(within_s * 1000)))
        except redis.RedisError as error:
            self._pause(error)
            return []
        return text_stream.pieces_of(found[0][1] if found else [])

    def is_heard(self, job_id: str) -> bool:
        """Whether anybody listens; true also when Redis is away."""
        try:
            return bool(self._client.exists(audio_window.audience_key(job_id, prefix=self._prefix)))
        except redis.RedisError as error:
            self._pause(error)
            return True

    def forget_live(self, job_id: str) -> None:
        """Lost when Redis is away: the window ends by itself."""
        if time.monotonic() < self._paused_until:
            return
        try:
            audio_window.forget(self._client, job_id, prefix=self._prefix)
        except redis.RedisError as error:
            self._pause(error)

    def tell_worker(self, worker_id: str, task: str, *args: Any) -> None:
        """Lost when Redis is away."""
        try:
            broker.tell_worker(self._client, worker_id, task, list(args), prefix=self._prefix)
        except redis.RedisError as error:
            self._pause(error)

    def rescan(self) -> None:
        """Have every worker that lives look into its models folder again."""
        with self._database.read() as connection:
            workers = [seen.announcement.id for seen in worker_registry.seen_lately(connection) if seen.alive]
        for worker_id in workers:
            self.tell_worker(worker_id, broker.RESCAN)

    def ring(self, part_id: str, *, queue: str) -> None:
        """At once, however many wait. Lost when Redis is away: the row says when to ring again."""
        if time.monotonic() < self._paused_until:
            return
        try:
            broker.ring(self._client, [sweep.Bell(part_id, queue, alone=False)], prefix=self._prefix)
        except redis.RedisError as error:
            self._pause(error)

    def top_up(self, queue: str) -> None:
        """Ring for rows beyond the bound of bells as soon as there is room, not only at the next sweep."""
        now = time.monotonic()
        with self._lock:
            if now < max(self._topped_up_at + TOP_UP_EVERY_S, self._paused_until):
                return
            self._topped_up_at = now
        try:
            if broker.depth(self._client, queue, prefix=self._prefix) <= self._bells_max // 4:
                self.ring_due(queue)
        except redis.RedisError as error:
            self._pause(error)

    def ring_due(self, queue: str) -> int:
        """Fill a queue up to its bound with its oldest due parts; how many were rung. Raises redis.RedisError."""
        waiting = broker.depth(self._client, queue, prefix=self._prefix)
        with self._database.write() as connection:
            bells = sweep.due_bells(
                connection,
                queue=queue,
                limit=self._bells_max - waiting,
                lost_after_s=None if waiting else LOST_AFTER_S,
            )
        broker.ring(self._client, bells, prefix=self._prefix)
        return len(bells)

    def ring_download(self, download_id: str) -> None:
        broker.ring_download(self._client, download_id, prefix=self._prefix)

    def ring_rendition(self, job_id: str, audio_format: str) -> None:
        broker.ring_rendition(self._client, job_id, audio_format, prefix=self._prefix)

    def close(self) -> None:
        self._client.close()

    def _pause(self, error: redis.RedisError) -> None:
        self._paused_until = time.monotonic() + PAUSE_S
        log.warning("redis does not answer", error=type(error).__name__)
