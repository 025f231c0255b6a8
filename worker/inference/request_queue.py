"""The queue of a batcher: requests that wait for its thread, ordered by when they are due."""

import time
from bisect import insort
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from common.messaging.queue_names import BULK
from worker.engines.protocol import Engine, Speech, Utterance
from worker.inference.model_cache import ModelCache

# A request is due this long after its arrival, and the request that is due first runs first. So a preferred request has
# only a head start, and a flood of preferred requests blocks no other for ever. A listener who hears the first segment
# of a text can wait for the next ones, and nobody listens to bulk jobs.
_LATER_SEGMENT_DELAY_S = 2.0
_BULK_DELAY_S = 5.0
PRELOAD_DELAY_S = 10.0


def due_delay_s(utterance: Utterance, *, lane: str) -> float:
    return (0.0 if utterance.is_first else _LATER_SEGMENT_DELAY_S) + (_BULK_DELAY_S if lane == BULK else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRequest:
    """A request to speak an utterance, or only to load the engine if there is no utterance.

    Requests with the same `batch_key` may share an engine call. A request without a key runs alone.
    """

    engine: Engine
    utterance: Utterance | None
    due_delay_s: float
    batch_key: Hashable | None
    arrived_at: float = field(default_factory=time.monotonic)
    future: Future[Speech] = field(default_factory=Future)

    @property
    def due_at(self) -> float:
        return self.arrived_at + self.due_delay_s

    @property
    def job_id(self) -> str:
        return self.utterance.job_id if self.utterance else ""

    @property
    def max_batch(self) -> int:
        """How many requests may share its call."""
        return 1 if self.batch_key is None else self.engine.max_batch


class RequestQueue:
    """Not thread-safe: the batcher holds its lock."""

    def __init__(self, cache: ModelCache) -> None:
        self._cache = cache
        self._requests: list[SegmentRequest] = []

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, request: SegmentRequest) -> None:
        insort(self._requests, request, key=lambda queued: queued.due_at)

    def next_batch(self) -> list[SegmentRequest]:
        """The next request and those that may share its call. They stay in the queue.

        A process that dies costs each job the segments in its call. So a call takes one of each job, and more of the
        same job only if it has room for more.
        """
        head = self._next()
        if head is None:
            return []
        if head.max_batch == 1:
            return [head]
        alike = [request for request in self._requests if request.batch_key == head.batch_key]
        one_of_each_job = {request.job_id: request for request in (*reversed(alike), head)}
        chosen = set(one_of_each_job.values())
        alike.sort(key=lambda request: (request is not head, request not in chosen))
        return alike[: head.max_batch]

    def dequeue(self, requests: Sequence[SegmentRequest]) -> list[SegmentRequest]:
        """Remove requests from the queue. Returns those that were not cancelled: now they can't be."""
        for request in requests:
            self._requests.remove(request)
        return [request for request in requests if request.future.set_running_or_notify_cancel()]

    def cancel_all(self) -> None:
        for request in self._requests:
            request.future.cancel()
        self.dequeue(list(self._requests))

    def _next(self) -> SegmentRequest | None:
        """The request that is due first. For a limited time, one whose model is loaded goes before it."""
        head = next(iter(self._requests), None)
        if head is None or self._cache.is_loaded(head.engine) or self._has_waited_long(head):
            return head
        loaded = (request for request in self._requests if self._cache.is_loaded(request.engine))
        return next(loaded, head)

    def _has_waited_long(self, request: SegmentRequest) -> bool:
        return time.monotonic() - request.arrived_at > 2 * self._cache.last_load_s(request.engine)


def batch_key_of(engine: Engine, utterance: Utterance) -> Hashable | None:
    """The key of a request. Texts of one batch differ in length by less than a factor of two, which bounds padding."""
    if engine.max_batch == 1 or (engine_key := engine.batch_key(utterance)) is None:
        return None
    return id(engine), engine_key, len(utterance.text).bit_length()
