"""The batcher, with a real thread and small engines that tests control."""

import threading
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import CancelledError, Future

import numpy as np
import pytest

from common.messaging.queue_names import BULK, INTERACTIVE
from tests.support.waiting import wait_for
from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, Speech, Utterance
from worker.inference import request_queue
from worker.inference.batcher import Batcher, EngineCall
from worker.inference.model_cache import ModelCache

LONG_S = 10.0


class Recorder:
    """Returns one sample per character. Records calls and threads. Each call waits until a test sets `may_return`."""

    alias: str = "recorder"
    timeout_factor: float = 1.0
    pinned: bool = False
    max_chars: int = 300
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False

    def __init__(self, *, max_batch: int = 1) -> None:
        self.max_batch: int = max_batch
        self.load_count = 0
        self.may_return = threading.Event()
        self.calls: list[list[str]] = []
        self.threads: set[threading.Thread] = set()
        self.closed = False

    def load(self) -> None:
        self.load_count += 1
        self.threads.add(threading.current_thread())

    def memory_bytes(self) -> int:
        return 100

    def voices(self) -> tuple[str, ...]:
        return ("one", "two")

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self.threads.add(threading.current_thread())
        self.calls.append([utterance.text for utterance in batch])
        assert self.may_return.wait(LONG_S)
        return [Speech(np.zeros(len(utterance.text), np.float32), 24_000) for utterance in batch]

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        self.closed = True


class FailingOnBadText(Recorder):
    """Fails the whole batch when one of its texts is bad."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        speeches = super().speak(batch)
        if any(utterance.text == "oops" for utterance in batch):
            raise RuntimeError("a message that quotes the bad text")
        return speeches


class DroppingLast(Recorder):
    """Returns no result for the last utterance of a batch."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return super().speak(batch)[: max(1, len(batch) - 1)]


def utterance(text: str, *, voice: str = "one", is_first: bool = True, job_id: str = "") -> Utterance:
    return Utterance(
        text,
        voice,
        "",
        language="en",
        speed=1.0,
        style=None,
        seed=0,
        seed_given=False,
        is_first=is_first,
        job_id=job_id,
    )


class Setup:
    """A batcher with the engines that a test controls, and the calls that it has reported."""

    def __init__(self, engines: Sequence[Recorder], *, budget_bytes: int, linger_s: float) -> None:
        self.engines = engines
        self.cache = ModelCache(budget_bytes=budget_bytes)
        self.reported: list[EngineCall] = []
        self.ended_count = 0
        self.now_s = 0.0
        self.batcher = Batcher(
            self.cache,
            call_timeout_s=60.0,
            load_timeout_s=90.0,
            linger_s=linger_s,
            clock=lambda: self.now_s,
            call_began=self.reported.append,
            call_ended=self._count_end,
        )

    def submit(
        self, utterance: Utterance, *, to: Recorder | None = None, lane: str = INTERACTIVE
    ) -> Future[Speech]:
        return self.batcher.submit(to or self.engines[0], utterance, lane=lane)

    def occupy(self, engine: Recorder) -> Future[Speech]:
        """Keep the engine busy until the test sets its `may_return`."""
        calls = len(engine.calls)
        future = self.submit(utterance("busy"), to=engine)
        wait_for(lambda: len(engine.calls) > calls, interval_s=0.001)
        return future

    def _count_end(self) -> None:
        self.ended_count += 1


class SetupFactory:
    """Creates batchers with engines and closes them after the test."""

    def __init__(self) -> None:
        self.created: list[Setup] = []

    def __call__(self, *engines: Recorder, budget_bytes: int = 10_000, linger_s: float = 0.003) -> Setup:
        self.created.append(Setup(engines, budget_bytes=budget_bytes, linger_s=linger_s))
        return self.created[-1]


@pytest.fixture
def create() -> Iterator[SetupFactory]:
    factory = SetupFactory()
    yield factory
    for setup in factory.created:
        for engine in setup.engines:
            engine.may_return.set()
        setup.batcher.close(timeout_s=LONG_S)


def length(future: Future[Speech]) -> int:
    return len(future.result(LONG_S).samples)


def test_each_utterance_is_spoken_and_each_call_reported(create: SetupFactory) -> None:
    engine = Recorder()
    engine.may_return.set()
    setup = create(engine)
    futures = [setup.submit(utterance("a" * number, is_first=False)) for number in range(1, 5)]
    assert [length(future) for future in futures] == [1, 2, 3, 4]
    loads, calls = setup.reported[::2], setup.reported[1::2]
    assert [call.futures for call in loads] == [call.futures for call in calls] == [(one,) for one in futures]
    wait_for(lambda: setup.ended_count == 8)


def test_first_segments_run_before_later_ones(create: SetupFactory) -> None:
    engine = Recorder()
    setup = create(engine)
    setup.occupy(engine)
    requests = [("a", False), ("b", False), ("c", True), ("d", False), ("e", True)]
    futures = [setup.submit(utterance(text, is_first=first)) for text, first in requests]
    engine.may_return.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls == [["busy"], ["c"], ["e"], ["a"], ["b"], ["d"]]


def test_bulk_requests_run_after_interactive_ones(create: SetupFactory) -> None:
    engine = Recorder()
    setup = create(engine)
    setup.occupy(engine)
    requests = [("a", True, BULK), ("b", False, INTERACTIVE), ("c", False, BULK), ("d", True, INTERACTIVE)]
    futures = [setup.submit(utterance(text, is_first=first), lane=lane) for text, first, lane in requests]
    engine.may_return.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls == [["busy"], ["d"], ["b"], ["a"], ["c"]]


def test_a_first_segment_does_not_overtake_a_request_that_is_due(
    create: SetupFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_queue, "_LATER_SEGMENT_DELAY_S", 0.0)
    engine = Recorder()
    setup = create(engine)
    setup.occupy(engine)
    early = setup.submit(utterance("early", is_first=False))
    late = setup.submit(utterance("late"))
    engine.may_return.set()
    assert (length(early), length(late)) == (5, 4)
    assert engine.calls == [["busy"], ["early"], ["late"]]


def test_a_preload_loads_the_engine_and_calls_nothing(create: SetupFactory) -> None:
    engine = Recorder()
    setup = create(engine)
    assert length(setup.batcher.preload(engine)) == 0
    assert (engine.load_count, engine.calls) == (1, [])
    assert [call.timeout_s for call in setup.reported] == [90.0]


def test_a_preload_waits_for_speech_and_its_failure_does_not_end_the_thread(create: SetupFactory) -> None:
    class Broken(Recorder):
        def memory_bytes(self) -> int:
            raise RecursionError

    engine, broken = Recorder(), Broken()
    setup = create(engine, broken)
    setup.occupy(engine)
    preloaded = setup.batcher.preload(broken)
    spoken = setup.submit(utterance("a", is_first=False))
    engine.may_return.set()
    assert length(spoken) == 1
    error = preloaded.exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.code == "model_broken"
    assert length(setup.submit(utterance("bb"))) == 2
    assert not setup.batcher.device_lost


def test_a_device_lost_during_a_preload_ends_the_batcher(create: SetupFactory) -> None:
    class Lost(Recorder):
        def load(self) -> None:
            raise DeviceLost(self.alias)

    lost = Lost()
    setup = create(lost)
    assert isinstance(setup.batcher.preload(lost).exception(LONG_S), DeviceLost)
    assert setup.batcher.device_lost


def test_waiting_requests_are_batched_by_key_and_length(create: SetupFactory) -> None:
    engine = Recorder(max_batch=3)
    setup = create(engine)
    setup.occupy(engine)
    texts = [("aa", "one"), ("bb", "two"), ("cc", "one"), ("d" * 100, "one"), ("ee", "one"), ("ff", "one")]
    futures = [setup.submit(utterance(text, voice=voice, is_first=False)) for text, voice in texts]
    engine.may_return.set()
    assert [length(future) for future in futures] == [2, 2, 2, 100, 2, 2]
    assert engine.calls == [["busy"], ["aa", "cc", "ee"], ["bb"], ["d" * 100], ["ff"]]


def test_a_call_takes_one_segment_of_each_job_before_a_second_one_of_any(create: SetupFactory) -> None:
    engine = Recorder(max_batch=3)
    setup = create(engine)
    setup.occupy(engine)
    texts = ["a1", "a2", "a3", "b1", "b2", "c1", "c2"]
    futures = [setup.submit(utterance(text, is_first=False, job_id=text[0])) for text in texts]
    engine.may_return.set()
    assert [length(future) for future in futures] == [2] * 7
    assert engine.calls == [["busy"], ["a1", "b1", "c1"], ["a2", "b2", "c2"], ["a3"]]


def test_a_call_is_filled_up_with_segments_of_the_same_job(create: SetupFactory) -> None:
    engine = Recorder(max_batch=4)
    setup = create(engine)
    setup.occupy(engine)
    futures = [
        setup.submit(utterance(text, is_first=False, job_id=text[0]))
        for text in ("a1", "a2", "a3", "b1", "a4")
    ]
    engine.may_return.set()
    assert [length(future) for future in futures] == [2] * 5
    assert engine.calls == [["busy"], ["a1", "b1", "a2", "a3"], ["a4"]]


def test_the_thread_lingers_until_a_batch_is_full(create: SetupFactory) -> None:
    engine = Recorder(max_batch=2)
    engine.may_return.set()
    setup = create(engine, linger_s=6 * LONG_S)
    pair = [setup.submit(utterance(text, is_first=False)) for text in ("aa", "bb")]
    assert [length(future) for future in pair] == [2, 2]
    assert engine.calls == [["aa", "bb"]]


def test_a_single_request_runs_after_the_linger_time(create: SetupFactory) -> None:
    engine = Recorder(max_batch=8)
    engine.may_return.set()
    assert length(create(engine).submit(utterance("alone"))) == 5


def test_only_the_bad_request_of_a_batch_fails(create: SetupFactory) -> None:
    engine = FailingOnBadText(max_batch=4)
    setup = create(engine)
    setup.occupy(engine)
    futures = [setup.submit(utterance(text, is_first=False)) for text in ("good", "oops", "fine")]
    engine.may_return.set()
    assert (length(futures[0]), length(futures[2])) == (4, 4)
    error = futures[1].exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.code == "engine_failed"
    assert error.__cause__ is error.__context__ is None
    assert "RuntimeError in test_batcher.py" in error.message
    assert "quotes" not in error.message
    assert engine.calls == [["busy"], ["good", "oops", "fine"], ["good"], ["oops"], ["fine"]]


def test_an_engine_that_returns_too_few_results_is_called_one_by_one(create: SetupFactory) -> None:
    engine = DroppingLast(max_batch=2)
    setup = create(engine)
    setup.occupy(engine)
    futures = [setup.submit(utterance(text, is_first=False)) for text in ("aa", "bb")]
    engine.may_return.set()
    assert [length(future) for future in futures] == [2, 2]


def test_engine_errors_are_passed_on_unchanged(create: SetupFactory) -> None:
    class Refusing(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            raise EngineError("unspeakable_text", "No.", caller_fault=True)

    error = create(Refusing()).submit(utterance("a")).exception(LONG_S)
    assert isinstance(error, EngineError)
    assert error.caller_fault


@pytest.mark.parametrize("max_batch", [1, 4])
def test_cancelled_requests_never_reach_the_engine(create: SetupFactory, max_batch: int) -> None:
    engine = Recorder(max_batch=max_batch)
    setup = create(engine)
    busy = setup.occupy(engine)
    cancelled, kept = (setup.submit(utterance(text, is_first=False)) for text in ("cancelled", "kept"))
    assert cancelled.cancel()
    assert not busy.cancel()
    engine.may_return.set()
    assert length(kept) == 4
    assert engine.calls == [["busy"], ["kept"]]


def test_a_model_is_loaded_by_its_first_call_on_the_same_thread(create: SetupFactory) -> None:
    engine = Recorder()
    engine.may_return.set()
    setup = create(engine)
    assert engine.load_count == 0
    for _ in range(3):
        assert length(setup.submit(utterance("aaa"))) == 3
    assert engine.load_count == 1
    assert len(engine.threads) == 1


def test_an_engine_that_cannot_be_loaded_fails_only_its_own_calls(create: SetupFactory) -> None:
    class Broken(Recorder):
        def load(self) -> None:
            super().load()
            raise ValueError("a secret path")

    good, broken = Recorder(), Broken()
    good.may_return.set()
    setup = create(good, broken)
    for future in (setup.submit(utterance("a"), to=broken), setup.batcher.preload(broken)):
        error = future.exception(LONG_S)
        assert isinstance(error, EngineError)
        assert error.code == "model_broken"
        assert "ValueError in test_batcher.py" in error.message
        assert "secret" not in error.message
    assert broken.load_count == 1, "tried again although nothing changed"
    assert length(setup.submit(utterance("a"), to=good)) == 1
    setup.cache.mark_outdated(broken)
    setup.submit(utterance("a"), to=broken).exception(LONG_S)
    assert broken.load_count == 2


def test_a_loaded_model_goes_on_for_a_while_before_another_is_loaded(create: SetupFactory) -> None:
    class Slow(Recorder):
        def load(self) -> None:
            super().load()
            assert not self.calls or self.may_load.wait(LONG_S)

        may_load = threading.Event()

    one, other = Recorder(), Slow()
    for engine in (one, other):
        engine.may_return.set()
    setup = create(one, other, budget_bytes=100)
    # The last load of the other was slow, so requests for the loaded one may overtake it.
    setup.cache._last_load_s[other] = 60.0
    one.may_return.clear()
    setup.occupy(one)
    requests = [("a", other), ("b", one), ("c", other), ("d", one)]
    futures = [setup.submit(utterance(text, is_first=False), to=engine) for text, engine in requests]
    one.may_return.set()
    assert all(length(future) == 1 for future in futures)
    assert one.calls == [["busy"], ["b"], ["d"]]
    assert other.calls == [["a"], ["c"]]
    assert (setup.cache.loads, setup.cache.unloads) == (2, 1)


def test_no_request_waits_for_ever_behind_a_loaded_model(create: SetupFactory) -> None:
    one, other = Recorder(), Recorder()
    other.may_return.set()
    setup = create(one, other, budget_bytes=100)
    setup.occupy(one)
    # The other was never loaded, so no slow load justifies a wait.
    late = setup.submit(utterance("a", is_first=False), to=other)
    more = [setup.submit(utterance("b", is_first=False), to=one) for _ in range(3)]
    one.may_return.set()
    assert length(late) == 1
    assert all(length(future) == 1 for future in more)
    assert one.calls[0] == ["busy"]
    assert one.load_count == 2, "the other model was loaded before the later requests ran"


def test_out_of_memory_splits_the_batch(create: SetupFactory) -> None:
    class Narrow(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            speeches = super().speak(batch)
            if len(batch) > 2:
                raise OutOfMemory("narrow")
            return speeches

    engine = Narrow(max_batch=8)
    setup = create(engine)
    setup.occupy(engine)
    futures = [setup.submit(utterance(text, is_first=False)) for text in ("a", "b", "c", "d", "e")]
    engine.may_return.set()
    assert all(length(future) == 1 for future in futures)
    assert engine.calls[1:] == [["a", "b", "c", "d", "e"], ["a", "b", "c"], ["a", "b"], ["c"], ["d", "e"]]


def test_out_of_memory_with_one_request_unloads_other_models_and_then_fails(create: SetupFactory) -> None:
    class Greedy(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            speeches = super().speak(batch)
            if other_is_loaded() or batch[0].text == "huge":
                raise OutOfMemory("greedy")
            return speeches

    def other_is_loaded() -> bool:
        return setup.cache.is_loaded(other)

    greedy, other = Greedy(), Recorder()
    greedy.may_return.set()
    other.may_return.set()
    setup = create(greedy, other)
    assert length(setup.submit(utterance("a"), to=other)) == 1
    assert length(setup.submit(utterance("bb"), to=greedy)) == 2
    assert (greedy.calls, other.closed) == ([["bb"], ["bb"]], True)
    error = setup.submit(utterance("huge"), to=greedy).exception(LONG_S)
    assert isinstance(error, OutOfMemory)
    assert error.code == "out_of_memory"
    assert length(setup.submit(utterance("a"), to=other)) == 1


def test_a_lost_device_ends_the_batcher(create: SetupFactory) -> None:
    class Lost(Recorder):
        def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
            super().speak(batch)
            raise DeviceLost("lost")

    engine = Lost()
    setup = create(engine)
    busy = setup.occupy(engine)
    waiting = setup.submit(utterance("a"))
    engine.may_return.set()
    assert isinstance(busy.exception(LONG_S), DeviceLost)
    wait_for(lambda: setup.batcher.device_lost)
    assert not waiting.done()
    assert engine.calls == [["busy"]]


def test_a_load_and_a_call_are_reported_with_their_own_time_limits(create: SetupFactory) -> None:
    engine = Recorder()
    engine.timeout_factor = 10.0
    setup = create(engine)
    setup.now_s = 7.0
    future = setup.occupy(engine)
    assert [call.timeout_s for call in setup.reported] == [90.0, 600.0]
    assert {call.began_at for call in setup.reported} == {7.0}
    assert {call.futures for call in setup.reported} == {(future,)}
    assert setup.ended_count == 1, "the load has ended and the call has not"


def test_a_request_without_a_key_is_never_batched(create: SetupFactory) -> None:
    class SometimesKeyless(Recorder):
        def batch_key(self, utterance: Utterance) -> Hashable | None:
            return None if utterance.text == "solo" else utterance.voice

    engine = SometimesKeyless(max_batch=8)
    setup = create(engine)
    setup.occupy(engine)
    futures = [setup.submit(utterance(text, is_first=False)) for text in ("solo", "bold", "solo", "bald")]
    engine.may_return.set()
    for future in futures:
        length(future)
    assert engine.calls == [["busy"], ["solo"], ["bold", "bald"], ["solo"]]


def test_close_finishes_running_calls_and_cancels_waiting_ones(create: SetupFactory) -> None:
    engine = Recorder()
    setup = create(engine)
    busy = setup.occupy(engine)
    waiting = setup.submit(utterance("waiting"))
    setup.batcher.close(timeout_s=0.0)
    with pytest.raises(CancelledError):
        waiting.result(LONG_S)
    engine.may_return.set()
    setup.batcher.close(timeout_s=LONG_S)
    assert length(busy) == 4
    assert not any(thread.is_alive() for thread in engine.threads)
    with pytest.raises(RuntimeError, match="closed"):
        setup.submit(utterance("late"))


def test_concurrent_clients_each_get_their_own_results(create: SetupFactory) -> None:
    engine = Recorder(max_batch=4)
    engine.may_return.set()
    setup = create(engine)
    results: dict[int, int] = {}

    def client(base: int) -> None:
        for number in range(base, base + 50):
            results[number] = length(
                setup.submit(utterance("x" * number, voice="one", is_first=number % 5 == 0))
            )

    clients = [threading.Thread(target=client, args=(base,)) for base in range(1, 400, 50)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(LONG_S)
    assert results == {number: number for number in range(1, 401)}
    assert sum(map(len, engine.calls)) == 400
