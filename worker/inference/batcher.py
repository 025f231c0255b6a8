"""Runs engine calls in batches, on threads of its own. Nothing else calls a local engine.

A batcher has one thread for each call that may run at the same time, and each engine has one instance per thread. An
idle thread runs what waits at once. Only an engine that gains by batching waits, for `linger_s` after the first arrival
and only while no thread is busy.

When several models share a batcher, requests for a loaded model go before those that need another model to be loaded,
but no request waits for that longer than twice the time of its load.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager
from dataclasses import dataclass

from common.messaging.queue_names import INTERACTIVE
from worker.engines.protocol import DeviceLost, Engine, EngineError, OutOfMemory, Speech, Utterance
from worker.inference.model_cache import ModelCache, error_location
from worker.inference.request_queue import (
    PRELOAD_DELAY_S,
    RequestQueue,
    SegmentRequest,
    batch_key_of,
    due_delay_s,
)

LOAD_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class EngineCall:
    """A running call of an engine, or the load before it. `deadline` is a reading of the batcher's clock."""

    utterances: tuple[Utterance, ...]
    futures: tuple[Future[Speech], ...]
    timeout_s: float
    deadline: float

    def fail(self, error: EngineError) -> None:
        """Release the tasks that wait. The engine itself can only be stopped with its process."""
        for future in self.futures:
            _complete(future, error)


class Batcher:
    """The threads that run one or more engines, and the queue in front of them. Call `close` at the end.

    `call_counts` counts calls by the first instance of each engine.
    """

    def __init__(
        self,
        cache: ModelCache,
        *,
        thread_count: int = 1,
        name: str = "engine",
        call_timeout_s: float,
        load_timeout_s: float = LOAD_TIMEOUT_S,
        linger_s: float = 0.003,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.call_counts: Counter[Engine] = Counter()
        self.device_lost = False
        self._cache = cache
        self._call_timeout_s = call_timeout_s
        self._load_timeout_s = load_timeout_s
        self._linger_s = linger_s
        self._clock = clock
        self._changed = threading.Condition()
        self._queue = RequestQueue(cache)
        self._running: list[EngineCall] = []
        self._closing = False
        self._threads = [
            threading.Thread(target=self._run_thread, args=(index,), name=f"{name}-{index}", daemon=True)
            for index in range(thread_count)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def thread_count(self) -> int:
        return len(self._threads)

    def submit(
        self, instances: Sequence[Engine], utterance: Utterance, *, lane: str = INTERACTIVE
    ) -> Future[Speech]:
        """Queue an utterance. The first of a job runs before others, because a listener waits for it.

        The future can be cancelled until a thread takes the request. It fails with EngineError: any other exception of
        an engine becomes one. Raises RuntimeError after `close`.
        """
        delay_s = due_delay_s(utterance, lane=lane)
        return self._add(SegmentRequest(instances, utterance, delay_s, batch_key_of(instances[0], utterance)))

    def preload(self, instances: Sequence[Engine]) -> Future[Speech]:
        """Load all instances. The future completes, with empty speech, when they are loaded. Fails like `submit`."""
        return self._add(SegmentRequest(instances, None, PRELOAD_DELAY_S, None))

    @property
    def is_lost(self) -> bool:
        """True if no thread can run requests any more. Only a new process can."""
        return self.device_lost or not (self._closing or all(thread.is_alive() for thread in self._threads))

    def overdue_calls(self) -> list[EngineCall]:
        """Calls past their deadline. The watchdog fails them and then ends the process."""
        with self._changed:
            now = self._clock()
            return [call for call in self._running if call.deadline < now]

    def close(self, timeout_s: float) -> None:
        """Cancel waiting requests and wait for running calls, up to `timeout_s` in all."""
        with self._changed:
            self._closing = True
            self._queue.cancel_all()
            self._changed.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _add(self, request: SegmentRequest) -> Future[Speech]:
        with self._changed:
            if self._closing:
                raise RuntimeError("this batcher is closed")
            self._queue.add(request)
            self._changed.notify()
        return request.future

    def _run_thread(self, index: int) -> None:
        while batch := self._next_batch():
            if batch[0].utterance is None:
                self._load_instances(batch[0])
            else:
                self._speak(batch, index)

    def _next_batch(self) -> list[SegmentRequest]:
        """Wait for the next batch. Its requests can't be cancelled any more. Empty when this thread must end."""
        with self._changed:
            while not self._closing and not self.device_lost:
                candidates = self._queue.next_batch()
                linger_s = self._remaining_linger_s(candidates)
                if linger_s > 0:
                    self._changed.wait(linger_s)
                elif batch := self._queue.dequeue(candidates):
                    # The only notification of an arrival may have woken this thread while another one is idle.
                    if self._queue:
                        self._changed.notify()
                    return batch
                elif not candidates:
                    self._changed.wait()
            return []

    def _remaining_linger_s(self, batch: Sequence[SegmentRequest]) -> float:
        if not batch or self._running or len(batch) >= batch[0].max_batch:
            return 0.0
        return batch[0].arrived_at + self._linger_s - time.monotonic()

    def _load_instances(self, request: SegmentRequest) -> None:
        try:
            for engine in request.instances:
                with self._tracked([request], timeout_s=self._load_timeout_s):
                    self._cache.acquire(engine)
                self._cache.release(engine)
        except BaseException as error:
            self.device_lost = self.device_lost or isinstance(error, DeviceLost)
            _complete(request.future, _as_engine_error(error, alias=request.engine.alias))
        else:
            _complete(request.future, Speech.nothing())

    def _speak(self, batch: Sequence[SegmentRequest], index: int) -> None:
        result = self._try_call(batch, index)
        if isinstance(result, list):
            for request, speech in zip(batch, result, strict=True):
                _complete(request.future, speech)
        elif len(batch) == 1:
            _complete(batch[0].future, result)
        else:
            # Half of a batch may fit into memory. Otherwise one request is at fault, and only that one must fail.
            step = (len(batch) + 1) // 2 if isinstance(result, OutOfMemory) else 1
            for start in range(0, len(batch), step):
                self._speak(batch[start : start + step], index)

    def _try_call(self, batch: Sequence[SegmentRequest], index: int) -> list[Speech] | EngineError:
        engine = batch[0].instances[index]
        try:
            try:
                return self._call(engine, batch)
            except OutOfMemory:
                if len(batch) > 1:
                    raise
            self._cache.unload_others(engine)
            return self._call(engine, batch)
        except DeviceLost as error:
            self.device_lost = True
            return error
        except BaseException as error:  # if this thread died, its requests would wait for ever
            return _as_engine_error(error, alias=engine.alias)

    def _call(self, engine: Engine, batch: Sequence[SegmentRequest]) -> list[Speech]:
        utterances = tuple(request.utterance for request in batch if request.utterance)
        with self._tracked(batch, timeout_s=self._load_timeout_s):
            self._cache.acquire(engine)
        try:
            with self._tracked(batch, timeout_s=self._call_timeout_s * engine.timeout_factor):
                self.call_counts[batch[0].engine] += 1
                speeches = engine.speak(utterances)
        finally:
            self._cache.release(engine)
        if len(speeches) != len(batch):
            raise EngineError(
                "engine_failed",
                f"The engine {engine.alias} returned {len(speeches)} results for {len(batch)} segments.",
            )
        return speeches

    @contextmanager
    def _tracked(self, batch: Sequence[SegmentRequest], *, timeout_s: float) -> Iterator[None]:
        """The block counts as a running call, which is overdue after `timeout_s`."""
        utterances = tuple(request.utterance for request in batch if request.utterance)
        futures = tuple(request.future for request in batch)
        call = EngineCall(utterances, futures, timeout_s, self._clock() + timeout_s)
        with self._changed:
            self._running.append(call)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(call)


def _complete(future: Future[Speech], result: Speech | EngineError) -> None:
    """Set the result or the exception. The future of an overdue call has its exception already."""
    try:
        if isinstance(result, EngineError):
            future.set_exception(result)
        else:
            future.set_result(result)
    except InvalidStateError:
        pass


def _as_engine_error(error: BaseException, *, alias: str) -> EngineError:
    """Names where the error was raised. The messages of libraries are left out, because they may quote the text."""
    if isinstance(error, EngineError):
        return error
    place = f"{type(error).__name__}{error_location(error)}"
    return EngineError(
        "engine_failed", f"The engine {alias} failed: {place}. Retry the job, or change its text or voice."
    )
