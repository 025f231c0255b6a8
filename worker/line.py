"""What waits at a desk, and who goes next."""

import time
from collections import deque
from collections.abc import Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from worker.engines.protocol import Engine, Speech, Utterance
from worker.shelf import Shelf


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """`copies` are one engine for each thread; without an utterance it only asks for them to be loaded.

    Items of equal `key` may share a call; one without a key is spoken alone.
    """

    copies: Sequence[Engine]
    utterance: Utterance | None
    first: bool
    key: Hashable | None
    arrived_at: float = field(default_factory=time.monotonic)
    future: Future[Speech] = field(default_factory=Future)

    @property
    def engine(self) -> Engine:
        """The one to ask about limits."""
        return self.copies[0]


class Line:
    """What waits: first segments of a job before the others, each in the order of arrival."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._first: deque[Item] = deque()
        self._other: deque[Item] = deque()

    def __len__(self) -> int:
        return len(self._first) + len(self._other)

    def add(self, item: Item) -> None:
        self._side(item).append(item)

    def together(self) -> list[Item]:
        """The next item and those that may share its call."""
        head = self._next()
        if head is None:
            return []
        found = [head]
        for item in chain(self._first, self._other) if head.key is not None else ():
            if len(found) == limit(head):
                break
            if item is not head and item.key == head.key:
                found.append(item)
        return found

    def claim(self, items: Sequence[Item]) -> list[Item]:
        """Take them out; those that are still wanted. From here on they can't be cancelled."""
        for item in items:
            self._side(item).remove(item)
        return [item for item in items if item.future.set_running_or_notify_cancel()]

    def cancel_all(self) -> None:
        for item in chain(self._first, self._other):
            item.future.cancel()
        self.claim(list(chain(self._first, self._other)))

    def _next(self) -> Item | None:
        """The first in line; one whose model is loaded before one whose is not, for a while."""
        head = next(chain(self._first, self._other), None)
        if head is None or self._shelf.is_loaded(head.engine) or self._has_waited(head):
            return head
        loaded = (item for item in chain(self._first, self._other) if self._shelf.is_loaded(item.engine))
        return next(loaded, head)

    def _has_waited(self, item: Item) -> bool:
        return time.monotonic() - item.arrived_at > 2 * self._shelf.load_s(item.engine)

    def _side(self, item: Item) -> deque[Item]:
        return self._first if item.first else self._other


def limit(item: Item) -> int:
    """How many may share its call."""
    return 1 if item.key is None else item.engine.max_batch


def key_of(engine: Engine, utterance: Utterance) -> Hashable | None:
    """Texts within a factor of two of each other's length: padding wastes no more than that."""
    if engine.max_batch == 1 or (own := engine.batch_key(utterance)) is None:
        return None
    return id(engine), own, len(utterance.text).bit_length()
