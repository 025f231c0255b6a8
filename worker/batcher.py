"""The only caller of an engine: tasks hand in segments, one thread per loaded instance speaks them in batches.

Nothing is polled and nothing waits for company while an engine could be at work on it: an idle instance takes what is
there at once. Only an engine that gains by a batch, and only when no instance is busy, waits `linger_s` after the first
arrival for more.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import wait as wait_for_all
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from worker.engines.protocol import Engine, EngineError, Speech, Utterance


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    utterance: Utterance
    first: bool
    key: Hashable
    arrived_at: float = field(default_factory=time.monotonic)
    future: Future[Speech] = field(default_factory=Future)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call of an engine that is under way."""

    utterances: tuple[Utterance, ...]
    futures: tuple[Future[Speech], ...]
    started_at: float

    def fail(self, error: EngineError) -> None:
        """Let go of those who wait for it. The engine itself cannot be stopped, only its process can."""
        for future in self.futures:
            _settle(future, error)


class Batcher:
    """`load` before `submit`; `close` at the end."""

    def __init__(
        self,
        engine_factory: Callable[[], Engine],
        *,
        instances: int,
        deadline_s: float,
        linger_s: float = 0.003,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.calls = 0
        self._factory = engine_factory
        self._deadline_s = deadline_s
        self._linger_s = linger_s
        self._clock = clock
        self._changed = threading.Condition()
        self._line = _Line()
        self._running: list[Call] = []
        self._closing = False
        self._loaded: tuple[Future[Engine], ...] = tuple(Future() for _ in range(instances))
        self._threads = [
            threading.Thread(target=self._work, args=(loaded,), name=f"engine-{number}", daemon=True)
            for number, loaded in enumerate(self._loaded)
        ]

    def load(self) -> None:
        """Load every instance, side by side. Raises what creating or loading raised; the others are closed then."""
        for thread in self._threads:
            thread.start()
        wait_for_all(self._loaded)
        errors = [error for loaded in self._loaded if (error := loaded.exception()) is not None]
        if errors:
            self.close(timeout_s=self._deadline_s)
            raise errors[0]

    @property
    def engine(self) -> Engine:
        """An instance to ask about its limits and voices; only the batcher lets it speak."""
        return self._loaded[0].result()

    def submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]:
        """`first`: of its job, whose listener waits for it. Cancel the future to take it back.

        Fails with EngineError; anything else that an engine raises becomes one.
        """
        item = _Item(utterance, first, self._key(utterance))
        with self._changed:
            if self._closing:
                raise RuntimeError("this batcher is closed")
            self._line.add(item)
            self._changed.notify()
        return item.future

    def overdue(self) -> list[Call]:
        """Calls past the deadline, for a keeper to fail and then end the process."""
        with self._changed:
            latest = self._clock() - self._deadline_s
            return [call for call in self._running if call.started_at < latest]

    def close(self, timeout_s: float) -> None:
        """Cancel what waits, let calls under way end and the instances close, for up to `timeout_s` in all."""
        with self._changed:
            self._closing = True
            self._line.cancel_all()
            self._changed.notify_all()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _key(self, utterance: Utterance) -> Hashable:
        """Texts within a factor of two of each other's length: padding wastes no more than that."""
        if self.engine.max_batch == 1:
            return None
        return self.engine.batch_key(utterance), len(utterance.text).bit_length()

    def _work(self, loaded: Future[Engine]) -> None:
        try:
            engine = self._factory()
            engine.load()
        except BaseException as error:  # whatever it is belongs to the caller of `load`, in another thread
            loaded.set_exception(error)
            return
        loaded.set_result(engine)
        while batch := self._take(engine.max_batch):
            self._speak(engine, batch)
        engine.close()

    def _take(self, limit: int) -> list[_Item]:
        """The next batch, claimed from those who may cancel; empty when closing."""
        with self._changed:
            while not self._closing:
                together = self._line.together(limit)
                patience_s = self._patience_s(together, limit)
                if patience_s > 0:
                    self._changed.wait(patience_s)
                elif claimed := self._line.claim(together):
                    # The one notice of an arrival may have woken this thread while others could work.
                    if self._line:
                        self._changed.notify()
                    return claimed
                elif not together:
                    self._changed.wait()
            return []

    def _patience_s(self, together: Sequence[_Item], limit: int) -> float:
        if limit == 1 or self._running or not 0 < len(together) < limit:
            return 0.0
        return together[0].arrived_at + self._linger_s - time.monotonic()

    def _speak(self, engine: Engine, batch: Sequence[_Item]) -> None:
        outcomes = self._outcomes(engine, batch)
        if isinstance(outcomes, list):
            for item, speech in zip(batch, outcomes, strict=True):
                _settle(item.future, speech)
        elif len(batch) == 1:
            _settle(batch[0].future, outcomes)
        else:
            # One of them may be to blame: alone, it fails alone.
            for item in batch:
                self._speak(engine, [item])

    def _outcomes(self, engine: Engine, batch: Sequence[_Item]) -> list[Speech] | EngineError:
        try:
            return self._call(engine, batch)
        except BaseException as error:  # a thread that died would leave everybody waiting
            return _as_engine_error(error, alias=engine.alias)

    def _call(self, engine: Engine, batch: Sequence[_Item]) -> list[Speech]:
        utterances = tuple(item.utterance for item in batch)
        call = Call(utterances, tuple(item.future for item in batch), self._clock())
        with self._changed:
            self.calls += 1
            self._running.append(call)
        try:
            speeches = engine.speak(utterances)
        finally:
            with self._changed:
                self._running.remove(call)
        if len(speeches) != len(batch):
            raise EngineError(
                "engine_failed", f"The engine {engine.alias} gave {len(speeches)} for {len(batch)}."
            )
        return speeches


class _Line:
    """What waits: first segments of a job before the others, each in the order of arrival."""

    def __init__(self) -> None:
        self._first: deque[_Item] = deque()
        self._other: deque[_Item] = deque()

    def __bool__(self) -> bool:
        return bool(self._first or self._other)

    def add(self, item: _Item) -> None:
        self._side(item).append(item)

    def together(self, limit: int) -> list[_Item]:
        """The next item and those that may share its call."""
        found: list[_Item] = []
        for item in chain(self._first, self._other):
            if not found or item.key == found[0].key:
                found.append(item)
                if len(found) == limit:
                    break
        return found

    def claim(self, items: Sequence[_Item]) -> list[_Item]:
        """Take them out; those that are still wanted. From here on they can't be cancelled."""
        for item in items:
            self._side(item).remove(item)
        return [item for item in items if item.future.set_running_or_notify_cancel()]

    def cancel_all(self) -> None:
        for item in chain(self._first, self._other):
            item.future.cancel()
        self.claim(list(chain(self._first, self._other)))

    def _side(self, item: _Item) -> deque[_Item]:
        return self._first if item.first else self._other


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
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return EngineError("engine_failed", f"The engine {alias} failed: {type(error).__name__}{where}.")
