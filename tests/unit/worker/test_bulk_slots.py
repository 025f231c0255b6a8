"""Bulk parts take a limited number of threads, and stop the delivery of further ones."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.support.waiting import wait_for
from worker.runtime.bulk_slots import BulkSlots

LONG_S = 10.0


class Bulk:
    """Slots, and parts that run until a test ends them."""

    def __init__(self, count: int) -> None:
        self.delivery: list[bool] = []
        self.running: dict[str, threading.Event] = {}
        self.threads: dict[str, str] = {}
        self._slots = BulkSlots(count, pause=self.delivery.append)
        self._pool = ThreadPoolExecutor(8)

    def deliver(self, name: str, *, error: Exception | None = None) -> Future[None]:
        """Hand a part to a task thread, as Celery does. Returns when it runs or is put aside."""
        future = self._pool.submit(self._slots.run, self._part(name, error))
        wait_for(lambda: name in self.running or future.done(), interval_s=0.001)
        return future

    def _part(self, name: str, error: Exception | None) -> Callable[[], None]:
        def work() -> None:
            self.threads[name] = threading.current_thread().name
            ended = self.running[name] = threading.Event()
            assert ended.wait(LONG_S)
            del self.running[name]
            if error:
                raise error

        return work

    def end(self, name: str) -> None:
        wait_for(lambda: name in self.running, interval_s=0.001)
        self.running[name].set()


def test_further_parts_wait_for_a_slot_and_free_their_thread() -> None:
    bulk = Bulk(2)
    tasks = {name: bulk.deliver(name) for name in ("one", "two", "three", "four")}
    assert set(bulk.running) == {"one", "two"}
    assert (tasks["three"].done(), tasks["four"].done()) == (True, True)
    bulk.end("one")
    bulk.end("three")
    bulk.end("four")
    bulk.end("two")
    for task in tasks.values():
        task.result(LONG_S)
    assert bulk.threads["three"] == bulk.threads["one"]


def test_delivery_stops_when_no_slot_is_free_and_resumes_when_half_of_them_are() -> None:
    bulk = Bulk(4)
    tasks = [bulk.deliver(name) for name in "abc"]
    assert bulk.delivery == []
    tasks.append(bulk.deliver("d"))
    assert bulk.delivery == [True]
    bulk.end("a")
    tasks[0].result(LONG_S)
    assert bulk.delivery == [True]
    bulk.end("b")
    tasks[1].result(LONG_S)
    assert bulk.delivery == [True, False]
    for name, task in zip("cd", tasks[2:], strict=True):
        bulk.end(name)
        task.result(LONG_S)
    assert bulk.delivery == [True, False]


def test_a_part_that_fails_frees_its_slot() -> None:
    bulk = Bulk(1)
    task = bulk.deliver("bad", error=ValueError("no"))
    bulk.deliver("aside", error=ValueError("no"))
    bulk.deliver("last")
    for name in ("bad", "aside", "last"):
        bulk.end(name)
    with pytest.raises(ValueError, match="no"):
        task.result(LONG_S)
    assert bulk.delivery == [True, False]
