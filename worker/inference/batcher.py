"""Runs engine calls in batches, on one thread. Nothing else in an engine process calls an engine.

The thread runs what waits at once. Only an engine that gains by batching waits, for `linger_s` after the first arrival.

When several models share a process, requests for a loaded model go before those that need another model to be loaded,
but no request waits for that longer than twice the time of its load.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
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
    """A running call of an engine, or the load before it. `began_at` is a reading of the batcher's clock."""

    futures: tuple[Future[Speech], ...]
    timeout_s: float
    began_at: float


class Batcher:
    """The thread that runs engines, and the queue in front of it. Call `close` at the end.

    `call_began` and `call_ended` are called around each call of an engine and each load, on the batcher's thread.
    """

    def __init__(
        self,
        cache: ModelCache,
        *,
        call_timeout_s: float,
        load_timeout_s: float = LOAD_TIMEOUT_S,
        linger_s: float = 0.003,
        clock: Callable[[], float] = time.monotonic,
        call_began: Callable[[EngineCall], None] = lambda _: None,
        call_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.device_lost = False
        self._cache = cache
        self._call_timeout_s = call_timeout_s
        self._load_timeout_s = load_timeout_s
        self._linger_s = linger_s
        self._clock = clock
        self._call_began = call_began
        self._call_ended = call_ended
        self._changed = threading.Condition()
        self._queue = RequestQueue(cache)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def submit(self, engine: Engine, utterance: Utterance, *, lane: str = INTERACTIVE) -> Future[Speech]:
        """Queue an utterance. The first of a job runs before others, because a listener waits for it.

        The future can be cancelled until a thread takes the request. It fails with EngineError: any other exception of
        an engine becomes one. Raises RuntimeError after `close`.
        """
        delay_s = due_delay_s(utterance, lane=lane)
        return self._add(SegmentRequest(engine, utterance, delay_s, batch_key_of(engine, utterance)))

    def preload(self, engine: Engine) -> Future[Speech]:
        """Load an engine. The future completes, with empty speech, when it is loaded. Fails like `submit`."""
        return self._add(SegmentRequest(engine, None, PRELOAD_DELAY_S, None))

    def close(self, timeout_s: float) -> None:
        """Cancel waiting requests and wait for the running call, up to `timeout_s`."""
        with self._changed:
            self._closing = True
            self._queue.cancel_all()
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _add(self, request: SegmentRequest) -> Future[Speech]:
        with self._changed:
            if self._closing:
                raise RuntimeError("this batcher is closed")
            self._queue.add(request)
            self._changed.notify()
        return request.future

    def _run(self) -> None:
        while batch := self._next_batch():
            if batch[0].utterance is None:
                self._load(batch[0])
            else:
                self._speak(batch)

    def _next_batch(self) -> list[SegmentRequest]:
        """Wait for the next batch. Its requests can't be cancelled any more. Empty when the thread must end."""
        with self._changed:
            while not self._closing and not self.device_lost:
                candidates = self._queue.next_batch()
                linger_s = self._remaining_linger_s(candidates)
                if linger_s > 0:
                    self._changed.wait(linger_s)
                elif batch := self._queue.dequeue(candidates):
                    return batch
                elif not candidates:
                    self._changed.wait()
            return []

    def _remaining_linger_s(self, batch: Sequence[SegmentRequest]) -> float:
        if not batch or len(batch) >= batch[0].max_batch:
            return 0.0
        return batch[0].arrived_at + self._linger_s - time.monotonic()

    def _load(self, request: SegmentRequest) -> None:
        try:
            with self._tracked([request], timeout_s=self._load_timeout_s):
                self._cache.acquire(request.engine)
            self._cache.release(request.engine)
        except BaseException as error:
            self.device_lost = self.device_lost or isinstance(error, DeviceLost)
            _complete(request.future, _as_engine_error(error, alias=request.engine.alias))
        else:
            _complete(request.future, Speech.nothing())

    def _speak(self, batch: Sequence[SegmentRequest]) -> None:
        result = self._try_call(batch)
        if isinstance(result, list):
            for request, speech in zip(batch, result, strict=True):
                _complete(request.future, speech)
        elif len(batch) == 1:
            _complete(batch[0].future, result)
        else:
            # Half of a batch may fit into memory. Otherwise one request is at fault, and only that one must fail.
            step = (len(batch) + 1) // 2 if isinstance(result, OutOfMemory) else 1
            for start in range(0, len(batch), step):
                self._speak(batch[start : start + step])

    def _try_call(self, batch: Sequence[SegmentRequest]) -> list[Speech] | EngineError:
        engine = batch[0].engine
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
        self._call_began(EngineCall(tuple(request.future for request in batch), timeout_s, self._clock()))
        try:
            yield
        finally:
            self._call_ended()


def _complete(future: Future[Speech], result: Speech | EngineError) -> None:
    if isinstance(result, EngineError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _as_engine_error(error: BaseException, *, alias: str) -> EngineError:
    """Names where the error was raised. The messages of libraries are left out, because they may quote the text."""
    if isinstance(error, EngineError):
        return error
    place = f"{type(error).__name__}{error_location(error)}"
    return EngineError(
        "engine_failed", f"The engine {alias} failed: {place}. Retry the job, or change its text or voice."
    )
