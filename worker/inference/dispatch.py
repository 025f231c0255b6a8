"""Dispatches utterances to an engine: through a batcher, or directly if the engine is on the network."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from worker.engines.protocol import Engine, Speech, Utterance
from worker.inference.batcher import Batcher


class Dispatcher(Protocol):
    """Submits utterances to one engine.

    `max_in_flight`: how many segments of one job may wait or run at once. `call_count`: engine calls so far. `engine`
    has the limits and the voices, even before it is loaded.
    """

    @property
    def max_in_flight(self) -> int: ...

    @property
    def call_count(self) -> int: ...

    @property
    def engine(self) -> Engine: ...

    def submit(self, utterance: Utterance, *, lane: str) -> Future[Speech]: ...


class BatchedDispatcher:
    """Dispatches to the instances of one engine, which share the threads of a batcher with other engines."""

    def __init__(self, batcher: Batcher, instances: Sequence[Engine]) -> None:
        self.instances = instances
        self._batcher = batcher

    @property
    def call_count(self) -> int:
        return self._batcher.call_counts[self.engine]

    @property
    def engine(self) -> Engine:
        return self.instances[0]

    @property
    def max_in_flight(self) -> int:
        # Enough to fill a batch while another one runs, and few enough to stop soon after a cancellation.
        return 2 * self.engine.max_batch

    def submit(self, utterance: Utterance, *, lane: str) -> Future[Speech]:
        return self._batcher.submit(self.instances, utterance, lane=lane)

    def preload(self) -> Future[Speech]:
        """Load all instances. The future completes, with empty speech, when they are loaded."""
        return self._batcher.preload(self.instances)


class DirectDispatcher:
    """Calls an engine on the network in the thread of the task. Many tasks may wait for it at once."""

    max_in_flight = 1

    def __init__(self, engine: Engine) -> None:
        self.call_count = 0
        self.engine = engine
        engine.load()

    def submit(self, utterance: Utterance, *, lane: str) -> Future[Speech]:  # noqa: ARG002  # nothing waits, so there is no order
        self.call_count += 1
        future: Future[Speech] = Future()
        try:
            future.set_result(self.engine.speak([utterance])[0])
        except Exception as error:
            future.set_exception(error)
        return future
