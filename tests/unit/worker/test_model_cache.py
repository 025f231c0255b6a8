"""The model cache: its budget, evictions, and concurrent use while a model is being loaded."""

import threading
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.engines.protocol import EngineError, OutOfMemory, Speech, Utterance
from worker.inference.model_cache import ModelCache

LONG_S = 10.0


class RecordingEngine:
    """An engine that records its loads and closes."""

    max_batch: int = 1
    max_chars: int = 100
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0

    def __init__(self, alias: str, *, memory_bytes: int = 10, pinned: bool = False) -> None:
        self.alias: str = alias
        self.pinned: bool = pinned
        self.size_bytes = memory_bytes
        self.actions: list[str] = []
        self.errors: list[Exception] = []
        self.loading = threading.Event()
        self.may_load = threading.Event()
        self.may_load.set()

    def load(self) -> None:
        self.actions.append("load")
        self.loading.set()
        assert self.may_load.wait(LONG_S)
        if self.errors:
            raise self.errors.pop(0)

    def voices(self) -> tuple[str, ...]:
        return ()

    def memory_bytes(self) -> int:
        return self.size_bytes

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        raise NotImplementedError

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        return None

    def close(self) -> None:
        self.actions.append("close")


@pytest.fixture
def engines() -> list[RecordingEngine]:
    return [RecordingEngine(name) for name in "abcd"]


def use(cache: ModelCache, *engines: RecordingEngine) -> None:
    for engine in engines:
        with cache.use(engine):
            assert cache.is_loaded(engine)
            assert cache.in_use(engine)


def loaded(cache: ModelCache, engines: Sequence[RecordingEngine]) -> str:
    """The aliases of the loaded engines."""
    return "".join(engine.alias for engine in engines if cache.is_loaded(engine))


def test_a_used_model_is_loaded_once_and_stays(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    use(cache, engines[0], engines[0])
    assert engines[0].actions == ["load"]
    assert not cache.in_use(engines[0])
    assert cache.memory_bytes(engines[0]) == 10
    assert (cache.loads, cache.unloads) == (1, 0)


def test_the_least_recently_used_model_is_evicted(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=20)
    a, b, c, _ = engines
    use(cache, a, b, a, c)
    assert loaded(cache, engines) == "ac"
    use(cache, b)
    assert loaded(cache, engines) == "bc"
    assert (cache.loads, cache.unloads) == (4, 2)
    assert b.actions == ["load", "close", "load"]


def test_models_in_use_stay_even_over_budget(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=20)
    a, b, c, d = engines
    with cache.use(a), cache.use(b):
        use(cache, c)
        assert loaded(cache, engines) == "abc"
        use(cache, d)
        assert loaded(cache, engines) == "abd"


def test_a_model_larger_than_the_budget_evicts_all_others(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=20)
    big = RecordingEngine("big", memory_bytes=50)
    use(cache, *engines[:2], big)
    assert loaded(cache, [*engines, big]) == "big"


def test_pinned_models_stay_and_do_not_count_against_the_budget(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=20)
    pinned = RecordingEngine("p", memory_bytes=1000, pinned=True)
    use(cache, pinned, *engines)
    assert loaded(cache, [pinned, *engines]) == "pcd"
    cache.unload_idle(idle_s=0)
    cache.unload_others(engines[0])
    assert loaded(cache, [pinned, *engines]) == "p"


def test_a_model_larger_than_its_estimate_evicts_others_and_is_remembered(
    engines: list[RecordingEngine],
) -> None:
    class Underestimating(RecordingEngine):
        def memory_bytes(self) -> int:
            return 30 if self.actions[-1:] == ["load"] else 1

    cache = ModelCache(budget_bytes=40)
    underestimating = Underestimating("m")
    use(cache, *engines[:3], underestimating)
    assert loaded(cache, [*engines, underestimating]) == "cm"
    cache.unload([underestimating])
    use(cache, engines[0], engines[1])
    assert loaded(cache, [*engines, underestimating]) == "abc"
    use(cache, underestimating)
    assert loaded(cache, [*engines, underestimating]) == "bm"


def test_models_are_evicted_when_the_device_is_short_of_memory(engines: list[RecordingEngine]) -> None:
    free = [100]
    cache = ModelCache(budget_bytes=1000, free_bytes=lambda: free[0])
    use(cache, *engines[:2])
    free[0] = 5
    use(cache, engines[2])
    assert loaded(cache, engines) == "c"


def test_idle_models_are_unloaded_after_their_time(engines: list[RecordingEngine]) -> None:
    now_s = [0.0]
    released: list[str] = []
    cache = ModelCache(
        budget_bytes=100, clock=lambda: now_s[0], release_memory=lambda: released.append("released")
    )
    use(cache, engines[0])
    now_s[0] = 50.0
    use(cache, engines[1])
    with cache.use(engines[2]):
        now_s[0] = 60.0
        cache.unload_idle(idle_s=60.0)
        assert loaded(cache, engines) == "bc"
        now_s[0] = 500.0
        cache.unload_idle(idle_s=60.0)
        assert loaded(cache, engines) == "c", "a model in use is not idle"
    cache.unload_idle(idle_s=60.0)
    assert loaded(cache, engines) == "c", "its last use has just ended"
    assert len(released) == 2


def test_unload_skips_models_in_use(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    use(cache, engines[0])
    with cache.use(engines[1]):
        assert cache.unload(engines[:2])
        assert loaded(cache, engines) == "b"


def test_only_users_of_a_model_wait_for_its_load(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    a, b, *_ = engines
    use(cache, a)
    b.may_load.clear()
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(use, cache, b) for _ in range(2)]
        assert b.loading.wait(LONG_S)
        use(cache, a)
        cache.unload_idle(idle_s=0)
        assert not cache.unload([a])
        assert cache.is_loaded(a), "nothing is unloaded during a load"
        b.may_load.set()
        for future in slow:
            future.result(LONG_S)
    assert b.actions == ["load"]


def test_unload_can_wait_for_a_load_to_end(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    a, b = engines[:2]
    use(cache, a)
    b.may_load.clear()
    with ThreadPoolExecutor(2) as others:
        loading = others.submit(use, cache, b)
        assert b.loading.wait(LONG_S)
        unloading = others.submit(cache.unload, [a], wait_s=LONG_S)
        b.may_load.set()
        loading.result(LONG_S)
        assert unloading.result(LONG_S)
    assert loaded(cache, engines) == "b"


def test_out_of_memory_during_a_load_evicts_the_others_and_retries_once(
    engines: list[RecordingEngine],
) -> None:
    cache = ModelCache(budget_bytes=100)
    a, b, c, _ = engines
    use(cache, a, b)
    c.errors = [OutOfMemory("c")]
    use(cache, c)
    assert loaded(cache, engines) == "c"
    assert c.actions == ["load", "close", "load"]


def test_a_repeated_out_of_memory_fails_and_is_not_remembered(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    a = engines[0]
    a.errors = [OutOfMemory("a"), OutOfMemory("a")]
    with pytest.raises(OutOfMemory):
        use(cache, a)
    assert cache.load_error(a) is None
    use(cache, a)


def test_a_broken_model_is_not_loaded_again_until_its_files_change(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    a = engines[0]
    a.errors = [RuntimeError("/a/secret/path")]
    for _ in range(2):
        with pytest.raises(EngineError) as caught:
            use(cache, a)
        assert caught.value.code == "model_broken"
        assert "RuntimeError in test_model_cache.py" in caught.value.message
        assert "secret" not in caught.value.message
    assert a.actions == ["load", "close"]
    assert cache.load_error(a) is caught.value
    cache.mark_outdated(a)
    use(cache, a)
    assert cache.load_error(a) is None


def test_files_that_change_during_a_use_or_a_load_are_loaded_before_the_next_use(
    engines: list[RecordingEngine],
) -> None:
    cache = ModelCache(budget_bytes=100)
    a, b = engines[:2]
    with cache.use(a):
        cache.mark_outdated(a)
        cache.unload([a])
        assert cache.is_loaded(a)
    use(cache, a, a)
    assert a.actions == ["load", "close", "load"]
    b.may_load.clear()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(use, cache, b)
        assert b.loading.wait(LONG_S)
        cache.mark_outdated(b)
        b.may_load.set()
        first.result(LONG_S)
    use(cache, b, b)
    assert b.actions == ["load", "close", "load"]


def test_files_that_change_during_a_failed_load_are_loaded_again(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    a = engines[0]
    a.errors = [RuntimeError("an incomplete file")]
    a.may_load.clear()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(use, cache, a)
        assert a.loading.wait(LONG_S)
        cache.mark_outdated(a)
        a.may_load.set()
        with pytest.raises(EngineError):
            first.result(LONG_S)
    use(cache, a)
    assert cache.load_error(a) is None


def test_an_engines_own_error_is_passed_on(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=100)
    engines[0].errors = [EngineError("model_broken", "The file x is damaged.")]
    with pytest.raises(EngineError, match="x is damaged"):
        use(cache, engines[0])


def test_many_threads_share_a_budget_for_two_models(engines: list[RecordingEngine]) -> None:
    cache = ModelCache(budget_bytes=20)

    def work(number: int) -> None:
        for step in range(100):
            use(cache, engines[(number + step) % 4])

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, number) for number in range(4)]:
            future.result(60)
    assert cache.loads - cache.unloads == len(loaded(cache, engines))
    for engine in engines:
        assert engine.actions == (["load", "close"] * 1000)[: len(engine.actions)], (
            "loads and closes alternate"
        )
    cache.close(timeout_s=1.0)
    assert loaded(cache, engines) == ""
