"""The only caller of engines: tasks hand in segments, the threads of a desk speak them in batches.

A desk has one thread for each copy of its engines that may work at the same time; on a device that is one. Nothing is
polled and nothing waits for company while an engine could be at work on it: an idle thread takes what is there at
once. Only an engine that gains by a batch, and only when no thread is busy, waits `linger_s` after the first arrival
for more.

Where several models share a desk, one that is loaded goes on before another is loaded in its place, but nobody waits
for that longer than twice the time that loading takes.
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
from worker.inference.model_cache import ModelCache, raised_in
from worker.inference.request_queue import WARMING_S, RequestQueue, SegmentRequest, grace_s, key_of, limit

LOAD_WITHIN_S = 600.0


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call of an engine that is under way, or the loading before it, and when it must be over."""

    utterances: tuple[Utterance, ...]
    futures: tuple[Future[Speech], ...]
    within_s: float
    ends_at: float

    def fail(self, error: EngineError) -> None:
        """Let go of those who wait for it. The engine itself cannot be stopped, only its process can."""
        for future in self.futures:
            _settle(future, error)


class Batcher:
    """One desk. `close` at the end. `calls` are counted by the first copy of each engine."""

    def __init__(
        self,
        cache: ModelCache,
        *,
        threads: int = 1,
        name: str = "engine",
        deadline_s: float,
        load_within_s: float = LOAD_WITHIN_S,
        linger_s: float = 0.003,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.calls: Counter[Engine] = Counter()
        self.device_lost = False
        self._cache = cache
        self._deadline_s = deadline_s
        self._load_within_s = load_within_s
        self._linger_s = linger_s
        self._clock = clock
        self._changed = threading.Condition()
        self._queue = RequestQueue(cache)
        self._running: list[Call] = []
        self._closing = False
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def threads(self) -> int:
        return len(self._threads)

    def submit(
        self, copies: Sequence[Engine], utterance: Utterance, *, first: bool, lane: str = INTERACTIVE
    ) -> Future[Speech]:
        """`first`: of its job, whose listener waits for it. Cancel the future to take it back.

        Fails with EngineError; anything else that an engine raises becomes one.
        """
        grace = grace_s(first=first, lane=lane)
        return self._add(SegmentRequest(copies, utterance, grace, key_of(copies[0], utterance)))

    def warm(self, copies: Sequence[Engine]) -> Future[Speech]:
        """Load all copies; the future ends, with no samples, when they are. Fails as `submit`."""
        return self._add(SegmentRequest(copies, None, WARMING_S, None))

    @property
    def is_lost(self) -> bool:
        """Nothing will be spoken here any more: another process must go on."""
        return self.device_lost or not (self._closing or all(thread.is_alive() for thread in self._threads))

    def overdue(self) -> list[Call]:
        """Calls past their deadline, for a keeper to fail and then end the process."""
        with self._changed:
            now = self._clock()
            return [call for call in self._running if call.ends_at < now]

    def close(self, timeout_s: float) -> None:
        """Cancel what waits and let calls under way end, for up to `timeout_s` in all."""
        with self._changed:
            self._closing = True
            self._queue.cancel_all()
            self._changed.notify_all()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _add(self, item: SegmentRequest) -> Future[Speech]:
        with self._changed:
            if self._closing:
                raise RuntimeError("this batcher is closed")
            self._queue.add(item)
            self._changed.notify()
        return item.future

    def _work(self, number: int) -> None:
        while batch := self._take():
            if batch[0].utterance is None:
                self._warm(batch[0])
            else:
                self._speak(batch, number)

    def _take(self) -> list[SegmentRequest]:
        """The next batch, claimed from those who may cancel; empty when it is over."""
        with self._changed:
            while not self._closing and not self.device_lost:
                together = self._queue.together()
                patience_s = self._patience_s(together)
                if patience_s > 0:
                    self._changed.wait(patience_s)
                elif claimed := self._queue.claim(together):
                    # The one notice of an arrival may have woken this thread while others could work.
                    if self._queue:
                        self._changed.notify()
                    return claimed
                elif not together:
                    self._changed.wait()
            return []

    def _patience_s(self, together: Sequence[SegmentRequest]) -> float:
        if not together or self._running or not 1 <= len(together) < limit(together[0]):
            return 0.0
        return together[0].arrived_at + self._linger_s - time.monotonic()

    def _warm(self, item: SegmentRequest) -> None:
        try:
            for engine in item.copies:
                with self._under_way([item], within_s=self._load_within_s):
                    self._cache.acquire(engine)
                self._cache.release(engine)
        except BaseException as error:
            self.device_lost = self.device_lost or isinstance(error, DeviceLost)
            _settle(item.future, _as_engine_error(error, alias=item.engine.alias))
        else:
            _settle(item.future, Speech.nothing())

    def _speak(self, batch: Sequence[SegmentRequest], number: int) -> None:
        outcomes = self._outcomes(batch, number)
        if isinstance(outcomes, list):
            for item, speech in zip(batch, outcomes, strict=True):
                _settle(item.future, speech)
        elif len(batch) == 1:
            _settle(batch[0].future, outcomes)
        else:
            # Half of it may fit; or one of them is to blame, and alone it fails alone.
            step = (len(batch) + 1) // 2 if isinstance(outcomes, OutOfMemory) else 1
            for start in range(0, len(batch), step):
                self._speak(batch[start : start + step], number)

    def _outcomes(self, batch: Sequence[SegmentRequest], number: int) -> list[Speech] | EngineError:
        engine = batch[0].copies[number]
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
        except BaseException as error:  # a thread that died would leave everybody waiting
            return _as_engine_error(error, alias=engine.alias)

    def _call(self, engine: Engine, batch: Sequence[SegmentRequest]) -> list[Speech]:
        utterances = tuple(item.utterance for item in batch if item.utterance)
        with self._under_way(batch, within_s=self._load_within_s):
            self._cache.acquire(engine)
        try:
            with self._under_way(batch, within_s=self._deadline_s * engine.timeout_factor):
                self.calls[batch[0].engine] += 1
                speeches = engine.speak(utterances)
        finally:
            self._cache.release(engine)
        if len(speeches) != len(batch):
            raise EngineError(
                "engine_failed", f"The engine {engine.alias} gave {len(speeches)} for {len(batch)}."
            )
        return speeches

    @contextmanager
    def _under_way(self, batch: Sequence[SegmentRequest], *, within_s: float) -> Iterator[None]:
        utterances = tuple(item.utterance for item in batch if item.utterance)
        call = Call(utterances, tuple(item.future for item in batch), within_s, self._clock() + within_s)
        with self._changed:
            self._running.append(call)
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(call)


def _settle(future: Future[Speech], outcome: Speech | EngineError) -> None:
    """A future whose call was given up as overdue is settled already."""
    try:
        if isinstance(outcome, EngineError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
    except InvalidStateError:
        pass


def _as_engine_error(error: BaseException, *, alias: str) -> EngineError:
    """Says where it was raised instead of what: messages of libraries quote the text."""
    if isinstance(error, EngineError):
        return error
    return EngineError(
        "engine_failed", f"The engine {alias} failed: {type(error).__name__}{raised_in(error)}."
    )
