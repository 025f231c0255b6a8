"""How a segment gets to an engine: by a seat at its desk, or straight, where the engine is on the network."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from worker.engines.protocol import Engine, Speech, Utterance
from worker.inference.batcher import Batcher


class Dispatcher(Protocol):
    """`window`: how many segments of one job may be under way at once; `calls`: engine calls so far.

    `engine` answers questions about limits and voices, loaded or not.
    """

    @property
    def window(self) -> int: ...

    @property
    def calls(self) -> int: ...

    @property
    def engine(self) -> Engine: ...

    def submit(self, utterance: Utterance, *, first: bool, lane: str) -> Future[Speech]: ...


class BatchedDispatcher:
    """Weights at their desk."""

    def __init__(self, batcher: Batcher, copies: Sequence[Engine]) -> None:
        self.copies = copies
        self._batcher = batcher

    @property
    def calls(self) -> int:
        return self._batcher.calls[self.engine]

    @property
    def engine(self) -> Engine:
        return self.copies[0]

    @property
    def window(self) -> int:
        # Enough to fill a batch while the last one is spoken; few enough to stop soon when cancelled.
        return 2 * self.engine.max_batch

    def submit(self, utterance: Utterance, *, first: bool, lane: str) -> Future[Speech]:
        return self._batcher.submit(self.copies, utterance, first=first, lane=lane)

    def warm(self) -> Future[Speech]:
        return self._batcher.warm(self.copies)


class DirectDispatcher:
    """An engine on the network needs no thread of its own: the task waits for it, and many tasks may."""

    window = 1

    def __init__(self, engine: Engine) -> None:
        self.calls = 0
        self.engine = engine
        engine.load()

    def submit(self, utterance: Utterance, *, first: bool, lane: str) -> Future[Speech]:  # noqa: ARG002  # one is as good as another
        self.calls += 1
        future: Future[Speech] = Future()
        try:
            future.set_result(self.engine.speak([utterance])[0])
        except Exception as error:
            future.set_exception(error)
        return future
