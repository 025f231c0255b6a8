"""What is loaded: the budget, who goes first, and what happens while something is being loaded."""

import threading
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.engines.protocol import EngineError, OutOfMemory, Speech, Utterance
from worker.inference.model_cache import ModelCache

LONG_S = 10.0


class Book:
    """An engine that remembers what is done with it."""

    executor: str = "books"
    max_batch: int = 1
    max_chars: int = 100
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0

    def __init__(self, alias: str, *, memory_bytes: int = 10, pinned: bool = False) -> None:
        self.alias: str = alias
        self.pinned: bool = pinned
        self.size = memory_bytes
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.loading = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def load(self) -> None:
        self.done.append("load")
        self.loading.set()
        assert self.go_on.wait(LONG_S)
        if self.errors:
            raise self.errors.pop(0)

    def voices(self) -> tuple[str, ...]:
        return ()

    def memory_bytes(self) -> int:
        return self.size

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        raise NotImplementedError

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        return None

    def close(self) -> None:
        self.done.append("close")


@pytest.fixture
def books() -> list[Book]:
    return [Book(name) for name in "abcd"]


def touch(shelf: ModelCache, *books: Book) -> None:
    for book in books:
        with shelf.use(book):
            assert shelf.is_loaded(book)
            assert shelf.in_use(book)


def loaded(shelf: ModelCache, books: Sequence[Book]) -> str:
    return "".join(book.alias for book in books if shelf.is_loaded(book))


def test_is_loaded_once_and_stays(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    touch(shelf, books[0], books[0])
    assert books[0].done == ["load"]
    assert not shelf.in_use(books[0])
    assert shelf.memory_bytes(books[0]) == 10
    assert (shelf.loads, shelf.unloads) == (1, 0)


def test_the_least_recently_used_goes_for_a_new_one(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=20)
    a, b, c, _ = books
    touch(shelf, a, b, a, c)
    assert loaded(shelf, books) == "ac"
    touch(shelf, b)
    assert loaded(shelf, books) == "bc"
    assert (shelf.loads, shelf.unloads) == (4, 2)
    assert b.done == ["load", "close", "load"]


def test_nothing_in_use_goes_even_when_the_budget_is_overdrawn(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=20)
    a, b, c, d = books
    with shelf.use(a), shelf.use(b):
        touch(shelf, c)
        assert loaded(shelf, books) == "abc"
        touch(shelf, d)
        assert loaded(shelf, books) == "abd"


def test_one_that_is_larger_than_the_budget_is_alone(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=20)
    big = Book("big", memory_bytes=50)
    touch(shelf, *books[:2], big)
    assert loaded(shelf, [*books, big]) == "big"


def test_pinned_ones_stay_and_are_no_part_of_the_budget(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=20)
    pinned = Book("p", memory_bytes=1000, pinned=True)
    touch(shelf, pinned, *books)
    assert loaded(shelf, [pinned, *books]) == "pcd"
    shelf.unload_idle(idle_s=0)
    shelf.unload_others(books[0])
    assert loaded(shelf, [pinned, *books]) == "p"


def test_one_that_takes_more_than_it_said_is_made_room_for_and_remembered(books: list[Book]) -> None:
    class Modest(Book):
        def memory_bytes(self) -> int:
            return 30 if self.done[-1:] == ["load"] else 1

    shelf = ModelCache(budget_bytes=40)
    modest = Modest("m")
    touch(shelf, *books[:3], modest)
    assert loaded(shelf, [*books, modest]) == "cm"
    shelf.unload([modest])
    touch(shelf, books[0], books[1])
    assert loaded(shelf, [*books, modest]) == "abc"
    touch(shelf, modest)
    assert loaded(shelf, [*books, modest]) == "bm"


def test_what_the_device_has_left_counts_too(books: list[Book]) -> None:
    free = [100]
    shelf = ModelCache(budget_bytes=1000, free_bytes=lambda: free[0])
    touch(shelf, *books[:2])
    free[0] = 5
    touch(shelf, books[2])
    assert loaded(shelf, books) == "c"


def test_idle_ones_go_after_their_time(books: list[Book]) -> None:
    now_s = [0.0]
    released: list[str] = []
    shelf = ModelCache(
        budget_bytes=100, clock=lambda: now_s[0], release_memory=lambda: released.append("released")
    )
    touch(shelf, books[0])
    now_s[0] = 50.0
    touch(shelf, books[1])
    with shelf.use(books[2]):
        now_s[0] = 60.0
        shelf.unload_idle(idle_s=60.0)
        assert loaded(shelf, books) == "bc"
        now_s[0] = 500.0
        shelf.unload_idle(idle_s=60.0)
        assert loaded(shelf, books) == "c", "a call that is under way is no idleness"
    shelf.unload_idle(idle_s=60.0)
    assert loaded(shelf, books) == "c", "its use has just ended"
    assert len(released) == 2


def test_unloading_by_name_leaves_what_is_in_use(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    touch(shelf, books[0])
    with shelf.use(books[1]):
        assert shelf.unload(books[:2])
        assert loaded(shelf, books) == "b"


def test_nobody_waits_for_a_load_but_those_who_need_it(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a, b, *_ = books
    touch(shelf, a)
    b.go_on.clear()
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(touch, shelf, b) for _ in range(2)]
        assert b.loading.wait(LONG_S)
        touch(shelf, a)
        shelf.unload_idle(idle_s=0)
        assert not shelf.unload([a])
        assert shelf.is_loaded(a), "nothing is unloaded meanwhile"
        b.go_on.set()
        for one in slow:
            one.result(LONG_S)
    assert b.done == ["load"]


def test_who_unloads_by_name_may_wait_for_a_load(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a, b = books[:2]
    touch(shelf, a)
    b.go_on.clear()
    with ThreadPoolExecutor(2) as others:
        loading = others.submit(touch, shelf, b)
        assert b.loading.wait(LONG_S)
        unloading = others.submit(shelf.unload, [a], wait_s=LONG_S)
        b.go_on.set()
        loading.result(LONG_S)
        assert unloading.result(LONG_S)
    assert loaded(shelf, books) == "b"


def test_no_memory_for_loading_takes_the_others_away_and_tries_once_more(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a, b, c, _ = books
    touch(shelf, a, b)
    c.errors = [OutOfMemory("c")]
    touch(shelf, c)
    assert loaded(shelf, books) == "c"
    assert c.done == ["load", "close", "load"]


def test_no_memory_at_all_is_said_and_forgotten(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a = books[0]
    a.errors = [OutOfMemory("a"), OutOfMemory("a")]
    with pytest.raises(OutOfMemory):
        touch(shelf, a)
    assert shelf.trouble(a) is None
    touch(shelf, a)


def test_what_is_broken_is_not_tried_again_until_its_files_change(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a = books[0]
    a.errors = [RuntimeError("/a/secret/path")]
    for _ in range(2):
        with pytest.raises(EngineError) as caught:
            touch(shelf, a)
        assert caught.value.code == "model_broken"
        assert "RuntimeError in test_model_cache.py" in caught.value.message
        assert "secret" not in caught.value.message
    assert a.done == ["load", "close"]
    assert shelf.trouble(a) is caught.value
    shelf.renew(a)
    touch(shelf, a)
    assert shelf.trouble(a) is None


def test_files_that_change_while_it_is_used_or_loaded_are_loaded_before_the_next_use(
    books: list[Book],
) -> None:
    shelf = ModelCache(budget_bytes=100)
    a, b = books[:2]
    with shelf.use(a):
        shelf.renew(a)
        shelf.unload([a])
        assert shelf.is_loaded(a)
    touch(shelf, a, a)
    assert a.done == ["load", "close", "load"]
    b.go_on.clear()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(touch, shelf, b)
        assert b.loading.wait(LONG_S)
        shelf.renew(b)
        b.go_on.set()
        first.result(LONG_S)
    touch(shelf, b, b)
    assert b.done == ["load", "close", "load"]


def test_files_that_change_during_a_load_that_fails_are_tried_again(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    a = books[0]
    a.errors = [RuntimeError("half of it")]
    a.go_on.clear()
    with ThreadPoolExecutor(1) as other:
        first = other.submit(touch, shelf, a)
        assert a.loading.wait(LONG_S)
        shelf.renew(a)
        a.go_on.set()
        with pytest.raises(EngineError):
            first.result(LONG_S)
    touch(shelf, a)
    assert shelf.trouble(a) is None


def test_an_error_of_its_own_passes(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=100)
    books[0].errors = [EngineError("model_broken", "The file x is damaged.")]
    with pytest.raises(EngineError, match="x is damaged"):
        touch(shelf, books[0])


def test_many_threads_with_room_for_two(books: list[Book]) -> None:
    shelf = ModelCache(budget_bytes=20)

    def work(number: int) -> None:
        for step in range(100):
            touch(shelf, books[(number + step) % 4])

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(work, number) for number in range(4)]:
            one.result(60)
    assert shelf.loads - shelf.unloads == len(loaded(shelf, books))
    for book in books:
        assert book.done == (["load", "close"] * 1000)[: len(book.done)], "one after the other"
    shelf.close(timeout_s=1.0)
    assert loaded(shelf, books) == ""
