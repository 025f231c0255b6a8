"""Background threads survive exceptions and report trouble."""

import threading
from queue import SimpleQueue

from common.watched_threads import WatchedThread, troubles
from tests.support.waiting import wait_for


class Divisions:
    """A thread that divides 12 by the numbers of a queue. None ends it."""

    def __init__(self, *, stuck_after_s: float = 60.0) -> None:
        self.numbers: SimpleQueue[int | None] = SimpleQueue()
        self.results: SimpleQueue[float] = SimpleQueue()
        self.refused: SimpleQueue[int] = SimpleQueue()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.thread = WatchedThread(
            "divisions",
            take=self.numbers.get,
            handle=self.divide,
            refuse=self.refused.put,
            stuck_after_s=stuck_after_s,
        )

    def divide(self, number: int) -> None:
        assert self.may_go_on.wait(10)
        self.results.put(12 / number)


def test_an_exception_refuses_its_work_and_the_thread_goes_on() -> None:
    division = Divisions()
    division.thread.start()
    for number in (3, 0, 4):
        division.numbers.put(number)
    assert [division.results.get(timeout=10) for _ in range(2)] == [4.0, 3.0]
    assert division.refused.get(timeout=10) == 0
    assert troubles([division.thread]) == []
    division.numbers.put(None)
    division.thread.join(10)
    assert troubles([division.thread]) == ["divisions has ended"]


def test_a_thread_that_does_not_come_back_is_stuck_and_one_that_waits_is_not() -> None:
    division = Divisions(stuck_after_s=0.0)
    assert division.thread.trouble() is None
    division.thread.start()
    assert division.thread.trouble() is None
    division.may_go_on.clear()
    division.numbers.put(3)
    trouble = wait_for(division.thread.trouble)
    assert trouble.startswith("divisions has been stuck for")
    division.may_go_on.set()
    wait_for(lambda: division.thread.trouble() is None)
    division.numbers.put(None)
    division.thread.join(10)


def test_a_thread_goes_on_when_it_could_not_take_work() -> None:
    failures, taken = iter([OSError("once")]), threading.Event()

    def take() -> int | None:
        for failure in failures:
            raise failure
        taken.set()
        return None

    thread = WatchedThread("taker", take=take, handle=lambda _: None, stuck_after_s=60)
    thread.start()
    thread.join(10)
    assert taken.is_set()
