"""What waits at a desk, and who goes next."""

import time
from bisect import insort
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from common.messaging.queue_names import BULK
from worker.engines.protocol import Engine, Speech, Utterance
from worker.inference.model_cache import ModelCache

# How long after its arrival something is due. What is due first goes first, so that a head start is all that anybody
# has before others, and a flood of the one keeps nobody waiting for ever. Those who hear the beginning of a text can
# wait for what follows; nobody listens to bulk.
_FOLLOWING_S = 2.0
_BULK_S = 5.0
WARMING_S = 10.0


def grace_s(*, first: bool, lane: str) -> float:
    return (0.0 if first else _FOLLOWING_S) + (_BULK_S if lane == BULK else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentRequest:
    """`copies` are one engine for each thread; without an utterance it only asks for them to be loaded.

    It is due `grace_s` after its arrival. Items of equal `key` may share a call; one without a key is spoken alone.
    """

    copies: Sequence[Engine]
    utterance: Utterance | None
    grace_s: float
    key: Hashable | None
    arrived_at: float = field(default_factory=time.monotonic)
    future: Future[Speech] = field(default_factory=Future)

    @property
    def engine(self) -> Engine:
        """The one to ask about limits."""
        return self.copies[0]

    @property
    def due_at(self) -> float:
        return self.arrived_at + self.grace_s


class RequestQueue:
    """What waits, in the order in which it is due."""

    def __init__(self, cache: ModelCache) -> None:
        self._cache = cache
        self._items: list[SegmentRequest] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: SegmentRequest) -> None:
        insort(self._items, item, key=lambda one: one.due_at)

    def together(self) -> list[SegmentRequest]:
        """The next item and those that may share its call."""
        head = self._next()
        if head is None:
            return []
        found = [head]
        for item in self._items if head.key is not None else ():
            if len(found) == limit(head):
                break
            if item is not head and item.key == head.key:
                found.append(item)
        return found

    def claim(self, items: Sequence[SegmentRequest]) -> list[SegmentRequest]:
        """Take them out; those that are still wanted. From here on they can't be cancelled."""
        for item in items:
            self._items.remove(item)
        return [item for item in items if item.future.set_running_or_notify_cancel()]

    def cancel_all(self) -> None:
        for item in self._items:
            item.future.cancel()
        self.claim(list(self._items))

    def _next(self) -> SegmentRequest | None:
        """The first in line; one whose model is loaded before one whose is not, for a while."""
        head = next(iter(self._items), None)
        if head is None or self._cache.is_loaded(head.engine) or self._has_waited(head):
            return head
        loaded = (item for item in self._items if self._cache.is_loaded(item.engine))
        return next(loaded, head)

    def _has_waited(self, item: SegmentRequest) -> bool:
        return time.monotonic() - item.arrived_at > 2 * self._cache.load_s(item.engine)


def limit(item: SegmentRequest) -> int:
    """How many may share its call."""
    return 1 if item.key is None else item.engine.max_batch


def key_of(engine: Engine, utterance: Utterance) -> Hashable | None:
    """Texts within a factor of two of each other's length: padding wastes no more than that."""
    if engine.max_batch == 1 or (own := engine.batch_key(utterance)) is None:
        return None
    return id(engine), own, len(utterance.text).bit_length()
