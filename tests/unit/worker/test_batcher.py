"""The batcher with real threads and small engines that tests hold by the hand."""

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError, Future

import numpy as np
import pytest

from common.messaging.queue_names import BULK, INTERACTIVE
from tests.support.waiting import wait_for
from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, Speech, Utterance
from worker.inference import request_queue
from worker.inference.batcher import Batcher
from worker.inference.model_cache import ModelCache

LONG_S = 10.0


class Recorder:
    """Speaks an array of the text's length; remembers each call and its thread; waits at a gate that tests open."""

    alias: str = "recorder"
    executor: str = "recorder"
    timeout_factor: float = 1.0
    pinned: bool = False
    max_chars: int = 300
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False

    def __init__(self, *, max_batch: int = 1) -> None:
        self.max_batch: int = max_batch
        self.loaded = 0
        self.gate = threading.Event()
        self.calls: list[list[str]] = []
        self.threads: set[threading.Thread] = set()
        self.closed = False

    def load(self) -> None:
        self.loaded += 1
        self.threads.add(threading.current_thread())

    def memory_bytes(self) -> int:
        return 100

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


class Desk:
    """A batcher with one model on it, each copy of which a test holds by the hand."""

    def __init__(self, batcher: Batcher, engines: Sequence[Recorder], shelf: ModelCache) -> None:
        self.batcher = batcher
        self.engines = engines
        self.shelf = shelf

    def submit(
        self, utterance: Utterance, *, first: bool, to: Sequence[Recorder] = (), lane: str = INTERACTIVE
    ) -> Future[Speech]:
        return self.batcher.submit(to or self.engines, utterance, first=first, lane=lane)

    def occupy(self, engine: Recorder) -> Future[Speech]:
        """Give the engine something that it is at until its gate opens."""
        calls = len(engine.calls)
        future = self.submit(utterance("busy"), first=True, to=[engine])
        wait_for(lambda: len(engine.calls) > calls, interval_s=0.001)
        return future


class Start:
    """Makes desks and closes them after the test."""

    def __init__(self) -> None:
        self.started: list[Desk] = []

    def __call__(
        self,
        *engines: Recorder,
        threads: int | None = None,
        budget_bytes: int = 10_000,
        linger_s: float = 0.003,
        clock: Callable[[], float] | None = None,
    ) -> Desk:
        timing = {} if clock is None else {"clock": clock}
        shelf = ModelCache(budget_bytes=budget_bytes)
        batcher = Batcher(
            shelf,
            threads=threads or len(engines),
            deadline_s=60.0,
            load_within_s=90.0,
            linger_s=linger_s,
            **timing,
        )
        self.started.append(Desk(batcher, engines, shelf))
        return self.started[-1]


@pytest.fixture
def start() -> Iterator[Start]:
    start = Start()
    yield start
    for desk in start.started:
        for engine in desk.engines:
            engine.gate.set()
        desk.batcher.close(timeout_s=LONG_S)


def length(future: Future[Speech]) -> int:
    return len(future.result(LONG_S).samples)


def test_speaks_and_counts(start: Start) -> None:
    engine = Recorder()
    engine.gate.set()
    desk = start(engine)
    futures = [desk.submit(utterance("a" * number), first=False) for number in range(1, 5)]
    assert [length(future) for future in futures] == [1, 2, 3, 4]
    assert desk.batcher.calls == {engine: 4}


def test_one_thread_alone_has_the_engine(start: Start) -> None:
    engines = (Recorder(), Recorder())
    desk = start(*engines)
    futures = [desk.submit(utterance(f"text {number}"), first=False) for number in range(20)]
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
    desk = start(engine)
    desk.occupy(engine)
    orders = [("a", False), ("b", False), ("c", True), ("d", False), ("e", True)]
    futures = [desk.submit(utterance(text), first=first) for text, first in orders]
    engine.gate.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls == [["busy"], ["c"], ["e"], ["a"], ["b"], ["d"]]


def test_nobody_listens_to_bulk(start: Start) -> None:
    engine = Recorder()
    desk = start(engine)
    desk.occupy(engine)
    orders = [("a", True, BULK), ("b", False, INTERACTIVE), ("c", False, BULK), ("d", True, INTERACTIVE)]
    futures = [desk.submit(utterance(text), first=first, lane=lane) for text, first, lane in orders]
    engine.gate.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls == [["busy"], ["d"], ["b"], ["a"], ["c"]]


def test_a_head_start_is_no_right_of_way(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_queue, "_FOLLOWING_S", 0.0)
    engine = Recorder()
    desk = start(engine)
    desk.occupy(engine)
    early = desk.submit(utterance("early"), first=False)
    late = desk.submit(utterance("late"), first=True)
    engine.gate.set()
    assert (length(early), length(late)) == (5, 4)
    assert engine.calls == [["busy"], ["early"], ["late"]]


def test_warming_waits_for_those_who_speak_and_never_ends_the_thread(start: Start) -> None:
    class Odd(Recorder):
        def memory_bytes(self) -> int:
            raise RecursionError

    engine, odd = Recorder(), Odd()
    desk = start(engine, odd, threads=1)
    desk.occupy(engine)
    warmed = desk.batcher.warm([odd])
    spoken = desk.submit(utterance("a"), first=False)
    engine.gate.set()
    assert length(spoken) == 1
    error = warmed.exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.code == "model_broken"
    assert length(desk.submit(utterance("bb"), first=True)) == 2
    assert not desk.batcher.is_lost


def test_a_device_that_is_lost_while_warming_ends_the_desk(start: Start) -> None:
    class Lost(Recorder):
        def load(self) -> None:
            raise DeviceLost(self.alias)

    lost = Lost()
    desk = start(lost)
    assert isinstance(desk.batcher.warm([lost]).exception(LONG_S), DeviceLost)
    assert desk.batcher.is_lost


def test_a_closed_batcher_is_not_lost(start: Start) -> None:
    desk = start(Recorder())
    desk.batcher.close(LONG_S)
    assert not desk.batcher.is_lost


def test_batches_what_waits_by_key_and_length(start: Start) -> None:
    engine = Recorder(max_batch=3)
    desk = start(engine)
    desk.occupy(engine)
    texts = [("aa", "one"), ("bb", "two"), ("cc", "one"), ("d" * 100, "one"), ("ee", "one"), ("ff", "one")]
    futures = [desk.submit(utterance(text, voice=voice), first=False) for text, voice in texts]
    engine.gate.set()
    assert [length(future) for future in futures] == [2, 2, 2, 100, 2, 2]
    assert engine.calls == [["busy"], ["aa", "cc", "ee"], ["bb"], ["d" * 100], ["ff"]]


def test_waits_for_company_only_while_nothing_runs(start: Start) -> None:
    engines = (Recorder(max_batch=2), Recorder(max_batch=2))
    desk = start(*engines, linger_s=6 * LONG_S)
    pair = [desk.submit(utterance(text), first=False) for text in ("aa", "bb")]
    wait_for(lambda: [*engines[0].calls, *engines[1].calls] == [["aa", "bb"]], interval_s=0.001)
    isolated = desk.submit(utterance("cc"), first=False)
    wait_for(lambda: ["cc"] in [*engines[0].calls, *engines[1].calls], timeout_s=LONG_S, interval_s=0.001)
    for engine in engines:
        engine.gate.set()
    assert [length(future) for future in [*pair, isolated]] == [2, 2, 2]


def test_company_need_not_come(start: Start) -> None:
    engine = Recorder(max_batch=8)
    engine.gate.set()
    assert length(start(engine).submit(utterance("alone"), first=True)) == 5


def test_a_bad_item_fails_alone(start: Start) -> None:
    engine = Picky(max_batch=4)
    desk = start(engine)
    desk.occupy(engine)
    futures = [desk.submit(utterance(text), first=False) for text in ("nice", "rude", "kind")]
    engine.gate.set()
    assert (length(futures[0]), length(futures[2])) == (4, 4)
    error = futures[1].exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.code == "engine_failed"
    assert error.__cause__ is error.__context__ is None
    assert "RuntimeError in test_batcher.py" in error.message
    assert "heard" not in error.message
    assert engine.calls == [["busy"], ["nice", "rude", "kind"], ["nice"], ["rude"], ["kind"]]


def test_an_engine_that_answers_too_few_is_asked_one_by_one(start: Start) -> None:
    engine = Forgetful(max_batch=2)
    desk = start(engine)
    desk.occupy(engine)
    futures = [desk.submit(utterance(text), first=False) for text in ("aa", "bb")]
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
    desk = start(engine)
    busy = desk.occupy(engine)
    gone, kept = (desk.submit(utterance(text), first=False) for text in ("gone", "kept"))
    assert gone.cancel()
    assert not busy.cancel()
    engine.gate.set()
    assert length(kept) == 4
    assert engine.calls == [["busy"], ["kept"]]


def test_overdue_calls_can_be_failed(start: Start) -> None:
    now_s = [0.0]
    engine = Recorder()
    desk = start(engine, clock=lambda: now_s[0])
    busy = desk.occupy(engine)
    now_s[0] = 60.0
    assert desk.batcher.overdue() == []
    now_s[0] = 60.1
    (call,) = desk.batcher.overdue()
    assert [u.text for u in call.utterances] == ["busy"]
    call.fail(EngineError("timeout", "Took too long.", retryable=True))
    with pytest.raises(EngineError, match="too long"):
        busy.result(0)
    engine.gate.set()
    assert length(desk.submit(utterance("next"), first=False)) == 4
    assert desk.batcher.overdue() == []


def test_a_model_is_loaded_by_its_first_call_in_the_thread_that_calls_it(start: Start) -> None:
    engine = Recorder()
    engine.gate.set()
    desk = start(engine)
    assert engine.loaded == 0
    for _ in range(3):
        assert length(desk.submit(utterance("aaa"), first=True)) == 3
    assert engine.loaded == 1
    assert len(engine.threads) == 1


def test_warming_loads_every_copy_and_says_when(start: Start) -> None:
    engines = (Recorder(), Recorder())
    desk = start(*engines)
    assert length(desk.batcher.warm(engines)) == 0
    assert [engine.loaded for engine in engines] == [1, 1]
    assert desk.batcher.calls.total() == 0


def test_what_cannot_be_loaded_fails_its_calls_and_nobody_elses(start: Start) -> None:
    class Broken(Recorder):
        def load(self) -> None:
            super().load()
            raise ValueError("a secret path")

    good, broken = Recorder(), Broken()
    good.gate.set()
    desk = start(good, broken, threads=1)
    for future in (desk.submit(utterance("a"), first=True, to=[broken]), desk.batcher.warm([broken])):
        error = future.exception(LONG_S)
        assert isinstance(error, EngineError)
        assert error.code == "model_broken"
        assert "ValueError in test_batcher.py" in error.message
        assert "secret" not in error.message
    assert broken.loaded == 1, "tried again although nothing changed"
    assert length(desk.submit(utterance("a"), first=True, to=[good])) == 1
    desk.shelf.renew(broken)
    desk.submit(utterance("a"), first=True, to=[broken]).exception(LONG_S)
    assert broken.loaded == 2


def test_one_thread_serves_models_in_turn_and_the_loaded_one_goes_on_for_a_while(start: Start) -> None:
    class Slow(Recorder):
        def load(self) -> None:
            super().load()
            assert not self.calls or self.wait.wait(LONG_S)

        wait = threading.Event()

    one, other = Recorder(), Slow()
    for engine in (one, other):
        engine.gate.set()
    desk = start(one, other, threads=1, budget_bytes=100)
    # Loading the other has taken a while, so that one may go on before it is loaded again.
    desk.shelf._load_s[other] = 60.0
    one.gate.clear()
    desk.occupy(one)
    orders = [("a", other), ("b", one), ("c", other), ("d", one)]
    futures = [desk.submit(utterance(text), first=False, to=[engine]) for text, engine in orders]
    one.gate.set()
    assert all(length(future) == 1 for future in futures)
    assert one.calls == [["busy"], ["b"], ["d"]]
    assert other.calls == [["a"], ["c"]]
    assert (desk.shelf.loads, desk.shelf.unloads) == (2, 1)


def test_nobody_waits_for_ever_behind_a_loaded_model(start: Start) -> None:
    one, other = Recorder(), Recorder()
    other.gate.set()
    desk = start(one, other, threads=1, budget_bytes=100)
    desk.occupy(one)
    # It was never loaded, so nothing says that loading it takes long.
    late = desk.submit(utterance("a"), first=False, to=[other])
    more = [desk.submit(utterance("b"), first=False, to=[one]) for _ in range(3)]
    one.gate.set()
    assert length(late) == 1
    assert all(length(future) == 1 for future in more)
    assert one.calls[0] == ["busy"]
    assert one.loaded == 2, "the other one took its place before the rest"


def test_out_of_memory_splits_the_batch(start: Start) -> None:
    class Narrow(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            speeches = super().speak(batch)
            if len(batch) > 2:
                raise OutOfMemory("narrow")
            return speeches

    engine = Narrow(max_batch=8)
    desk = start(engine)
    desk.occupy(engine)
    futures = [desk.submit(utterance(text), first=False) for text in ("a", "b", "c", "d", "e")]
    engine.gate.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls[1:] == [["a", "b", "c", "d", "e"], ["a", "b", "c"], ["a", "b"], ["c"], ["d", "e"]]


def test_out_of_memory_alone_unloads_the_others_then_fails(start: Start) -> None:
    class Greedy(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            speeches = super().speak(batch)
            if shelf_is_crowded() or batch[0].text == "huge":
                raise OutOfMemory("greedy")
            return speeches

    def shelf_is_crowded() -> bool:
        return desk.shelf.is_loaded(other)

    greedy, other = Greedy(), Recorder()
    greedy.gate.set()
    other.gate.set()
    desk = start(greedy, other, threads=1)
    assert length(desk.submit(utterance("a"), first=True, to=[other])) == 1
    assert length(desk.submit(utterance("bb"), first=True, to=[greedy])) == 2
    assert (greedy.calls, other.closed) == ([["bb"], ["bb"]], True)
    error = desk.submit(utterance("huge"), first=True, to=[greedy]).exception(LONG_S)
    assert isinstance(error, OutOfMemory)
    assert error.code == "out_of_memory"
    assert length(desk.submit(utterance("a"), first=True, to=[other])) == 1


def test_a_lost_device_ends_the_work_of_its_desk(start: Start) -> None:
    class Lost(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            super().speak(batch)
            raise DeviceLost("lost")

    engine = Lost()
    desk = start(engine)
    busy = desk.occupy(engine)
    waiting = desk.submit(utterance("a"), first=True)
    engine.gate.set()
    assert isinstance(busy.exception(LONG_S), DeviceLost)
    wait_for(lambda: desk.batcher.device_lost)
    assert not waiting.done()
    assert engine.calls == [["busy"]]


def test_loading_has_a_deadline_of_its_own(start: Start) -> None:
    class Stuck(Recorder):
        def load(self) -> None:
            super().load()
            assert self.gate.wait(LONG_S)

    now_s = [0.0]
    engine = Stuck()
    desk = start(engine, clock=lambda: now_s[0])
    future = desk.submit(utterance("a"), first=True)
    wait_for(lambda: engine.loaded)
    now_s[0] = 60.1
    assert desk.batcher.overdue() == []
    now_s[0] = 90.1
    (call,) = desk.batcher.overdue()
    call.fail(EngineError("timeout", "Took too long.", retryable=True))
    with pytest.raises(EngineError, match="too long"):
        future.result(0)


def test_patience_lengthens_the_deadline(start: Start) -> None:
    now_s = [0.0]
    engine = Recorder()
    engine.timeout_factor = 10.0
    desk = start(engine, clock=lambda: now_s[0])
    desk.occupy(engine)
    now_s[0] = 599.0
    assert desk.batcher.overdue() == []
    now_s[0] = 601.0
    assert len(desk.batcher.overdue()) == 1


def test_what_must_be_alone_is_never_batched(start: Start) -> None:
    class Shy(Recorder):
        def batch_key(self, utterance: Utterance) -> Hashable | None:
            return None if utterance.text == "shy" else utterance.voice

    engine = Shy(max_batch=8)
    desk = start(engine)
    desk.occupy(engine)
    futures = [desk.submit(utterance(text), first=False) for text in ("shy", "bold", "shy", "bald")]
    engine.gate.set()
    for future in futures:
        length(future)
    assert engine.calls == [["busy"], ["shy"], ["bold", "bald"], ["shy"]]


def test_close_ends_what_runs_and_cancels_what_waits(start: Start) -> None:
    engine = Recorder()
    desk = start(engine)
    busy = desk.occupy(engine)
    waiting = desk.submit(utterance("waiting"), first=True)
    desk.batcher.close(timeout_s=0.0)
    with pytest.raises(CancelledError):
        waiting.result(LONG_S)
    engine.gate.set()
    desk.batcher.close(timeout_s=LONG_S)
    assert length(busy) == 4
    assert not any(thread.is_alive() for thread in engine.threads)
    with pytest.raises(RuntimeError, match="closed"):
        desk.submit(utterance("late"), first=True)


def test_many_at_once_lose_none_and_mix_none(start: Start) -> None:
    engines = (Recorder(max_batch=4), Recorder(max_batch=4))
    for engine in engines:
        engine.gate.set()
    desk = start(*engines)
    results: dict[int, int] = {}

    def client(base: int) -> None:
        for number in range(base, base + 50):
            results[number] = length(desk.submit(utterance("x" * number, voice="one"), first=number % 5 == 0))

    clients = [threading.Thread(target=client, args=(base,)) for base in range(1, 400, 50)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(LONG_S)
    assert results == {number: number for number in range(1, 401)}
    assert sum(len(call) for engine in engines for call in engine.calls) == 400
    assert desk.batcher.calls == {engines[0]: sum(len(engine.calls) for engine in engines)}
