"""One Redis subscription per gateway process, which passes the events of jobs to readers in this process.

Events are only hints. Every few seconds one query reads the rows of all jobs that have readers, so that a lost event
or a Redis outage delays a response but never loses it.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, TypeVar

import redis
import redis.asyncio
from anyio import CapacityLimiter, to_thread

from api.streaming.subscriptions import CLOSED, RESYNC, Notice, Subscription, WakeSignal
from api.streaming.watched_task import WatchedTask
from common.db.database import DATABASE_DOWN, Database
from common.jobs.queries import ended_jobs
from common.logs import get_logger
from common.messaging import audio_window, events, text_stream
from common.messaging.broker import PUBLISH_TIMEOUT_S
from common.messaging.events import Event
from common.settings import Settings
from common.watched_threads import troubles

log = get_logger(__name__)

RESYNC_EVERY_S = 2.0
BACKOFF_MIN_S, BACKOFF_MAX_S = 0.1, 2.0
# The gateway is not ready if its subscription has been interrupted for longer than a new connection takes.
INTERRUPTED_MAX_S = 10.0
# Redis is away if it was unreachable for longer than it takes to connect again after a restart of it.
AWAY_AFTER_S = 1.0
# An idle subscription is pinged this often, to notice a Redis server that hangs.
PING_EVERY_S = 5.0
# Chunks of the audio window that one call reads.
WINDOW_CHUNKS = 4
# Raised for content that no worker of ours wrote. Anyone who may write to Redis can send anything.
_MALFORMED = (ValueError, KeyError)


Reader = TypeVar("Reader", Subscription, WakeSignal)


class EventBus:
    """Readers register by job id. All Redis commands of the event loop use its client."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._client = redis.asyncio.Redis.from_url(
            settings.redis_url,
            socket_timeout=PUBLISH_TIMEOUT_S,
            socket_connect_timeout=PUBLISH_TIMEOUT_S,
            socket_keepalive=True,
            retry=None,
        )
        self._prefix = settings.queue_prefix
        self._audio_channel = audio_window.channel(self._prefix).encode()
        self._database = database
        # Requests that wait for the database must not hold up this read, which ends the waits of others.
        self._thread = CapacityLimiter(1)
        self._readers: defaultdict[str, set[Subscription | WakeSignal]] = defaultdict(set)
        self._tasks = (
            WatchedTask("the subscription to events", self._subscribe),
            WatchedTask("the check for missed events", self._resync),
        )
        self._backoff_s = BACKOFF_MIN_S
        self._interrupted_at: float | None = time.monotonic()
        self.connected = asyncio.Event()
        self.stopping = False

    def start(self) -> None:
        for task in self._tasks:
            task.start()

    def trouble(self) -> str | None:
        """Say which task has ended, or that events do not arrive. None if nothing is wrong."""
        for trouble in troubles(self._tasks):
            return trouble
        if self._interrupted_at is None or time.monotonic() - self._interrupted_at < INTERRUPTED_MAX_S:
            return None
        return f"events have not arrived for {time.monotonic() - self._interrupted_at:.0f} s"

    async def is_reachable(self) -> bool:
        """Return whether Redis has a connection. While it has none, wait until it counts as away."""
        interrupted_at = self._interrupted_at
        if interrupted_at is not None:
            left_s = interrupted_at + AWAY_AFTER_S - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.connected.wait(), max(0.0, left_s))
        return self.connected.is_set()

    def stop(self) -> None:
        """Close all readers, because the process is stopping."""
        self.stopping = True
        self._notify_all(CLOSED)

    async def close(self) -> None:
        self.stop()
        for task in self._tasks:
            await task.stop()
        await self._client.aclose()

    def listen(self, job_id: str) -> AbstractContextManager[Subscription]:
        """Subscribe to a job. Call it before submitting the job, so that no event is missed."""
        return self._register(job_id, Subscription())

    def wake(self, job_id: str) -> AbstractContextManager[WakeSignal]:
        """Register a wake signal for a job, before submitting it."""
        return self._register(job_id, WakeSignal())

    @contextmanager
    def _register(self, job_id: str, reader: Reader) -> Iterator[Reader]:
        self._readers[job_id].add(reader)
        if self.stopping:
            reader.put(CLOSED)
        try:
            yield reader
        finally:
            self._readers[job_id].discard(reader)
            if not self._readers[job_id]:
                del self._readers[job_id]

    async def replay(self, job_id: str, *, after: str) -> list[Event]:
        """Return the events of a job after the id `after`, oldest first. Empty if Redis does not answer well."""
        try:
            key = events.stream_key(job_id, prefix=self._prefix)
            entries: Any = await self._client.xrange(key, min=f"({after}")
            return events.from_stream(job_id, entries)
        except (redis.RedisError, *_MALFORMED):
            return []

    async def window(self, job_id: str, *, attempt: int, offset: int) -> list[audio_window.Chunk] | None:
        """Return a few chunks of live audio from `offset` on, or the first ones of a later attempt.

        None if Redis does not answer well.
        """
        try:
            entries: Any = await self._client.xrange(
                audio_window.window_key(job_id, prefix=self._prefix),
                min=audio_window.range_start(attempt, offset),
                count=WINDOW_CHUNKS,
            )
            return audio_window.chunks_of(entries)
        except (redis.RedisError, *_MALFORMED):
            return None

    async def announce_listeners(self, job_ids: Sequence[str]) -> None:
        """Mark these jobs as listened to. Does nothing if Redis does not answer.

        A Redis without free memory refuses to set a mark, but still extends one.
        """
        with suppress(redis.RedisError):
            pipeline = self._client.pipeline(transaction=False)
            for job_id in job_ids:
                key = audio_window.listeners_key(job_id, prefix=self._prefix)
                pipeline.expire(key, audio_window.PRESENCE_TTL_S)
                pipeline.set(key, 1, ex=audio_window.PRESENCE_TTL_S)
            await pipeline.execute()

    async def announce_departure(self, job_id: str) -> None:
        """Let the mark of a job expire soon. Other gateways with listeners renew it, and a listener may return."""
        with suppress(redis.RedisError):
            await self._client.set(
                audio_window.listeners_key(job_id, prefix=self._prefix), 1, px=audio_window.LEFT_TTL_MS
            )

    async def has_listeners(self, job_id: str) -> bool | None:
        """Return whether a job has a listener, or had one a moment ago. None if Redis does not answer."""
        try:
            return bool(await self._client.exists(audio_window.listeners_key(job_id, prefix=self._prefix)))
        except redis.RedisError:
            return None

    async def write_text(self, job_id: str, update: text_stream.TextUpdate) -> None:
        """Append an update of an incremental text. Raises redis.RedisError."""
        key = text_stream.key(job_id, prefix=self._prefix)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.xadd(key, update.fields())  # type: ignore[arg-type]
        pipeline.expire(key, text_stream.KEEP_S)
        await pipeline.execute()

    async def _subscribe(self) -> None:
        """Receive messages until the connection fails, then wait a little."""
        try:
            await self._receive()
        except (redis.RedisError, OSError) as error:
            if self.connected.is_set():
                log.warning("events are interrupted", error=type(error).__name__)
        finally:
            self._note_interruption()
        await asyncio.sleep(self._backoff_s)
        self._backoff_s = min(BACKOFF_MAX_S, self._backoff_s * 2)

    def _note_connection(self) -> None:
        self.connected.set()
        self._backoff_s, self._interrupted_at = BACKOFF_MIN_S, None
        # Events published in the meantime are in the Redis streams.
        self._notify_all(RESYNC)

    def _note_interruption(self) -> None:
        self.connected.clear()
        self._interrupted_at = self._interrupted_at or time.monotonic()

    async def _receive(self) -> None:
        async with self._client.pubsub() as subscription:
            await subscription.subscribe(events.channel(self._prefix), audio_window.channel(self._prefix))
            unanswered = 0
            while True:
                message = await subscription.get_message(timeout=PING_EVERY_S)
                unanswered = 0 if message else unanswered + 1
                if message is None:
                    await _ping(subscription, unanswered=unanswered)
                else:
                    self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._note_connection()
        elif message["type"] == "message":
            try:
                self._dispatch_or_notify(message["channel"], message["data"])
            except _MALFORMED as error:
                # Readers of the job find its end in the row.
                log.warning("a message is malformed", error=type(error).__name__)

    def _dispatch_or_notify(self, channel: bytes, data: bytes) -> None:
        if channel == self._audio_channel:
            self._notify_audio(data)
        else:
            self._dispatch(data)

    def _dispatch(self, line: bytes) -> None:
        job_id = line[: line.find(b" ")].decode()
        readers = self._readers.get(job_id)
        if readers:
            event = events.from_channel(line)
            if not isinstance(event.data, dict):
                raise ValueError("not an object")
            for reader in readers:
                reader.put(event)

    def _notify_audio(self, job_id: bytes) -> None:
        for reader in self._readers.get(job_id.decode(), ()):
            reader.notify_audio()

    def _notify_all(self, notice: Notice) -> None:
        for readers in self._readers.values():
            for reader in readers:
                reader.put(notice)

    async def _resync(self) -> None:
        """Wait a little, then wake the readers of jobs that have ended."""
        await asyncio.sleep(RESYNC_EVERY_S)
        if not self._readers:
            return
        try:
            ended = await to_thread.run_sync(self._ended, list(self._readers), limiter=self._thread)
        except DATABASE_DOWN as error:
            log.warning("could not look at the rows", error=type(error).__name__)
            return
        for job_id in ended:
            for reader in self._readers.get(job_id, ()):
                reader.put(RESYNC)

    def _ended(self, job_ids: list[str]) -> set[str]:
        with self._database.read() as connection:
            return ended_jobs(connection, job_ids)


async def _ping(subscription: redis.asyncio.client.PubSub, *, unanswered: int) -> None:
    if unanswered > 1:
        raise redis.ConnectionError("the subscription went silent")
    await subscription.ping()
