"""Dispatches utterances to an engine: in engine processes, or directly if it needs neither a model nor a core."""

from concurrent.futures import Future
from typing import Protocol

from worker.engines.protocol import Engine, Speech, Utterance
from worker.inference.engine_pool import EnginePool


class Dispatcher(Protocol):
    """Submits utterances to one engine.

    `max_in_flight`: how many segments of one job may wait or run at once. `call_count`: engine calls so far. `engine`
    has the limits and the voices, even before it is loaded. `is_urgent`: other jobs wait for this utterance.
    """

    @property
    def max_in_flight(self) -> int: ...

    @property
    def call_count(self) -> int: ...

    @property
    def engine(self) -> Engine: ...

    def submit(self, utterance: Utterance, *, lane: str, is_urgent: bool = False) -> Future[Speech]: ...


class PoolDispatcher:
    """Dispatches to the engine processes. `engine` answers questions about limits and voices, and is never loaded."""

    def __init__(self, pool: EnginePool, weights: str, engine: Engine) -> None:
        self._pool = pool
        self._weights = weights
        self._engine = engine

    @property
    def call_count(self) -> int:
        return self._pool.call_counts[self._weights]

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def max_in_flight(self) -> int:
        # Enough to fill a batch while another one runs, and few enough to stop soon after a cancellation.
        return 2 * self._pool.process_count * self._pool.max_batch(self._weights)

    def submit(self, utterance: Utterance, *, lane: str, is_urgent: bool = False) -> Future[Speech]:
        return self._pool.submit(self._weights, utterance, lane=lane, is_urgent=is_urgent)


class DirectDispatcher:
    """Calls an engine in the thread of the task: hosted inference, which waits for the network, or the stub."""

    max_in_flight = 1

    def __init__(self, engine: Engine) -> None:
        self.call_count = 0
        self.engine = engine
        engine.load()

    def submit(  # nothing waits, so there is no order
        self,
        utterance: Utterance,
        *,
        lane: str,  # noqa: ARG002
        is_urgent: bool = False,  # noqa: ARG002
    ) -> Future[Speech]:
        self.call_count += 1
        future: Future[Speech] = Future()
        try:
            future.set_result(self.engine.speak([utterance])[0])
        except Exception as error:
            future.set_exception(error)
        return future
