"""The batcher with real threads and small engines that tests hold by the hand."""

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError, Future

import numpy as np
import pytest

from tests.waiting import wait_for
from worker.batcher import Batcher
from worker.engines.protocol import EngineError, Speech, Utterance

LONG_S = 10.0


class Recorder:
    """Speaks an array of the text's length; remembers each call and its thread; waits at a gate that tests open."""

    alias: str = "recorder"
    max_chars: int = 300
    native_speed: tuple[float, float] | None = None

    def __init__(self, *, max_batch: int = 1) -> None:
        self.max_batch: int = max_batch
        self.gate = threading.Event()
        self.calls: list[list[str]] = []
        self.threads: set[threading.Thread] = set()
        self.closed = False

    def load(self) -> None:
        self.threads.add(threading.current_thread())

    def voices(self) -> tuple[str, ...]:
        return ("one", "two")

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.threads.add(threading.current_thread())
        self.calls.append([u.text for u in batch])
        assert self.gate.wait(LONG_S)
        return [Speech(np.zeros(len(u.text), np.float32), 24_000) for u in batch]

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        self.closed = True


class Picky(Recorder):
    """Fails as a whole when one of a batch is bad."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        speeches = super().speak(batch)
        if any(u.text == "rude" for u in batch):
            raise RuntimeError("heard something rude")
        return speeches


class Forgetful(Recorder):
    """Forgets the last of a batch."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return super().speak(batch)[: max(1, len(batch) - 1)]


def utterance(text: str, *, voice: str = "one") -> Utterance:
    return Utterance(text, voice, "", language="en", speed=1.0, style=None, seed=0, seed_given=False)


class Start:
    """Makes loaded batchers and closes them after the test."""

    def __init__(self) -> None:
        self.started: list[tuple[Batcher, tuple[Recorder, ...]]] = []

    def __call__(
        self, *engines: Recorder, linger_s: float = 0.003, clock: Callable[[], float] | None = None
    ) -> Batcher:
        left = list(engines)
        timing = {} if clock is None else {"clock": clock}
        batcher = Batcher(
            lambda: left.pop(0), instances=len(engines), deadline_s=60.0, linger_s=linger_s, **timing
        )
        batcher.load()
        self.started.append((batcher, engines))
        return batcher


@pytest.fixture
def start() -> Iterator[Start]:
    start = Start()
    yield start
    for batcher, engines in start.started:
        for engine in engines:
            engine.gate.set()
        batcher.close(timeout_s=LONG_S)


def occupy(batcher: Batcher, engine: Recorder) -> Future[Speech]:
    """Give the engine something that it is at until its gate opens."""
    calls = len(engine.calls)
    future = batcher.submit(utterance("busy"), first=True)
    wait_for(lambda: len(engine.calls) > calls, interval_s=0.001)
    return future


def length(future: Future[Speech]) -> int:
    return len(future.result(LONG_S).samples)


def test_speaks_and_counts(start: Start) -> None:
    engine = Recorder()
    engine.gate.set()
    batcher = start(engine)
    futures = [batcher.submit(utterance("a" * number), first=False) for number in range(1, 5)]
    assert [length(future) for future in futures] == [1, 2, 3, 4]
    assert batcher.calls == 4
    assert batcher.engine is engine


def test_one_thread_alone_has_the_engine(start: Start) -> None:
    engines = (Recorder(), Recorder())
    batcher = start(*engines)
    futures = [batcher.submit(utterance(f"text {number}"), first=False) for number in range(20)]
    wait_for(lambda: all(engine.calls for engine in engines), interval_s=0.001)
    for engine in engines:
        engine.gate.set()
    assert [length(future) for future in futures] == [len(f"text {number}") for number in range(20)]
    threads = [engine.threads for engine in engines]
    assert [len(own) for own in threads] == [1, 1]
    assert threads[0].isdisjoint(threads[1])
    assert {thread.name for own in threads for thread in own} == {"engine-0", "engine-1"}
    assert all(thread.daemon for own in threads for thread in own)


def test_first_segments_go_before_others(start: Start) -> None:
    engine = Recorder()
    batcher = start(engine)
    occupy(batcher, engine)
    orders = [("a", False), ("b", False), ("c", True), ("d", False), ("e", True)]
    futures = [batcher.submit(utterance(text), first=first) for text, first in orders]
    engine.gate.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls == [["busy"], ["c"], ["e"], ["a"], ["b"], ["d"]]


def test_batches_what_waits_by_key_and_length(start: Start) -> None:
    engine = Recorder(max_batch=3)
    batcher = start(engine)
    occupy(batcher, engine)
    texts = [("aa", "one"), ("bb", "two"), ("cc", "one"), ("d" * 100, "one"), ("ee", "one"), ("ff", "one")]
    futures = [batcher.submit(utterance(text, voice=voice), first=False) for text, voice in texts]
    engine.gate.set()
    assert [length(future) for future in futures] == [2, 2, 2, 100, 2, 2]
    assert engine.calls == [["busy"], ["aa", "cc", "ee"], ["bb"], ["d" * 100], ["ff"]]


def test_waits_for_company_only_while_nothing_runs(start: Start) -> None:
    engines = (Recorder(max_batch=2), Recorder(max_batch=2))
    batcher = start(*engines, linger_s=6 * LONG_S)
    pair = [batcher.submit(utterance(text), first=False) for text in ("aa", "bb")]
    wait_for(lambda: [*engines[0].calls, *engines[1].calls] == [["aa", "bb"]], interval_s=0.001)
    alone = batcher.submit(utterance("cc"), first=False)
    wait_for(lambda: ["cc"] in [*engines[0].calls, *engines[1].calls], timeout_s=LONG_S, interval_s=0.001)
    for engine in engines:
        engine.gate.set()
    assert [length(future) for future in [*pair, alone]] == [2, 2, 2]


def test_company_need_not_come(start: Start) -> None:
    engine = Recorder(max_batch=8)
    engine.gate.set()
    assert length(start(engine).submit(utterance("alone"), first=True)) == 5


def test_a_bad_item_fails_alone(start: Start) -> None:
    engine = Picky(max_batch=4)
    batcher = start(engine)
    occupy(batcher, engine)
    futures = [batcher.submit(utterance(text), first=False) for text in ("nice", "rude", "kind")]
    engine.gate.set()
    assert (length(futures[0]), length(futures[2])) == (4, 4)
    error = futures[1].exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.code == "engine_failed"
    assert error.__cause__ is error.__context__ is None
    assert "RuntimeError in test_worker_batcher.py" in error.message
    assert "heard" not in error.message
    assert engine.calls == [["busy"], ["nice", "rude", "kind"], ["nice"], ["rude"], ["kind"]]


def test_an_engine_that_answers_too_few_is_asked_one_by_one(start: Start) -> None:
    engine = Forgetful(max_batch=2)
    batcher = start(engine)
    occupy(batcher, engine)
    futures = [batcher.submit(utterance(text), first=False) for text in ("aa", "bb")]
    engine.gate.set()
    assert [length(future) for future in futures] == [2, 2]


def test_its_own_errors_pass_through(start: Start) -> None:
    class Refusing(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            raise EngineError("unspeakable_text", "No.", caller_fault=True)

    error = start(Refusing()).submit(utterance("a"), first=True).exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.caller_fault


@pytest.mark.parametrize("max_batch", [1, 4])
def test_cancelled_items_never_reach_the_engine(start: Start, max_batch: int) -> None:
    engine = Recorder(max_batch=max_batch)
    batcher = start(engine)
    busy = occupy(batcher, engine)
    gone, kept = (batcher.submit(utterance(text), first=False) for text in ("gone", "kept"))
    assert gone.cancel()
    assert not busy.cancel()
    engine.gate.set()
    assert length(kept) == 4
    assert engine.calls == [["busy"], ["kept"]]


def test_overdue_calls_can_be_failed(start: Start) -> None:
    now_s = [0.0]
    engine = Recorder()
    batcher = start(engine, clock=lambda: now_s[0])
    busy = occupy(batcher, engine)
    now_s[0] = 60.0
    assert batcher.overdue() == []
    now_s[0] = 60.1
    (call,) = batcher.overdue()
    assert [u.text for u in call.utterances] == ["busy"]
    call.fail(EngineError("timeout", "Took too long.", retryable=True))
    with pytest.raises(EngineError, match="too long"):
        busy.result(0)
    engine.gate.set()
    assert length(batcher.submit(utterance("next"), first=False)) == 4
    assert batcher.overdue() == []


def test_load_raises_what_an_instance_raises_and_closes_the_others() -> None:
    class Broken(Recorder):
        def load(self) -> None:
            raise EngineError("engine_failed", "No weights.")

    good = Recorder()
    engines = [good, Broken()]
    batcher = Batcher(lambda: engines.pop(0), instances=2, deadline_s=LONG_S)
    with pytest.raises(EngineError, match="No weights"):
        batcher.load()
    assert good.closed
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(utterance("a"), first=True)


def test_load_raises_what_the_factory_raises() -> None:
    def factory() -> Recorder:
        raise ValueError("no such engine")

    with pytest.raises(ValueError, match="no such engine"):
        Batcher(factory, instances=1, deadline_s=LONG_S).load()


def test_close_ends_what_runs_and_cancels_what_waits(start: Start) -> None:
    engine = Recorder()
    batcher = start(engine)
    busy = occupy(batcher, engine)
    waiting = batcher.submit(utterance("waiting"), first=True)
    batcher.close(timeout_s=0.0)
    with pytest.raises(CancelledError):
        waiting.result(LONG_S)
    engine.gate.set()
    batcher.close(timeout_s=LONG_S)
    assert length(busy) == 4
    assert engine.closed
    assert not any(thread.is_alive() for thread in engine.threads)
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(utterance("late"), first=True)


def test_many_at_once_lose_none_and_mix_none(start: Start) -> None:
    engines = (Recorder(max_batch=4), Recorder(max_batch=4))
    for engine in engines:
        engine.gate.set()
    batcher = start(*engines)
    results: dict[int, int] = {}

    def client(base: int) -> None:
        for number in range(base, base + 50):
            results[number] = length(
                batcher.submit(utterance("x" * number, voice="one"), first=number % 5 == 0)
            )

    clients = [threading.Thread(target=client, args=(base,)) for base in range(1, 400, 50)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(LONG_S)
    assert results == {number: number for number in range(1, 401)}
    assert sum(len(call) for engine in engines for call in engine.calls) == 400
    assert batcher.calls == sum(len(engine.calls) for engine in engines)
