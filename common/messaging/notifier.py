"""The gateway's line to Redis out of threads: bells and events. Redis away is a slower service, never a refusal."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import redis

from common.jobs.sweep import Bell
from common.messaging import broker, events
from common.settings import Settings
from common.telemetry import get_logger

log = get_logger(__name__)

# After a failure nothing is tried for this long: each try may cost the whole time-out.
PAUSE_S = 2.0
# A queue that is full of bells is left to the workers and the sweep for this long.
FULL_S = 1.0


class Doorbell:
    """Nothing here raises for a Redis that does not answer: the sweep rings again, waiters look at the row."""

    def __init__(self, settings: Settings) -> None:
        self._client = broker.connect(settings)
        self._prefix = settings.queue_prefix
        self._bells_max = settings.bells_max
        self._paused_until = 0.0
        self._full_until: dict[str, float] = {}

    def ring(self, bells: Sequence[Bell]) -> None:
        """One round trip for all of them, but for queues that hold as many messages as they may."""
        now = time.monotonic()
        wanted = [bell for bell in bells if self._full_until.get(bell.queue, 0.0) <= now]
        if not wanted:
            return
        depths = self._try(lambda: broker.ring(self._client, wanted, prefix=self._prefix))
        for queue, depth in (depths or {}).items():
            if depth >= self._bells_max:
                self._full_until[queue] = now + FULL_S

    def ring_downloads(self, download_ids: Sequence[str]) -> None:
        for download_id in download_ids:
            self._try(partial(broker.ring_download, self._client, download_id, prefix=self._prefix))

    def ring_rendition(self, job_id: str, audio_format: str) -> None:
        self._try(partial(broker.ring_rendition, self._client, job_id, audio_format, prefix=self._prefix))

    def tell_worker(self, worker_id: str, task: str, *args: str) -> None:
        self._try(lambda: broker.tell_worker(self._client, worker_id, task, list(args), prefix=self._prefix))

    def tell(self, job_id: str, name: str, **data: Any) -> None:
        self._try(lambda: events.emit(self._client, job_id, name, data, prefix=self._prefix))

    def check(self) -> None:
        """Raises redis.RedisError when Redis does not answer."""
        self._client.ping()

    def close(self) -> None:
        self._client.close()

    def _try(self, action: Callable[[], Any]) -> Any:
        if time.monotonic() < self._paused_until:
            return None
        try:
            return action()
        except redis.RedisError as error:
            self._paused_until = time.monotonic() + PAUSE_S
            log.warning("redis does not answer", error=type(error).__name__)
            return None
