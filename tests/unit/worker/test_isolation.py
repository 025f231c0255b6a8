"""Who may run beside whom."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Lock

import pytest

from tests.support.waiting import wait_for
from worker.runtime.isolation import Gate

LIMIT_S = 10.0


class Guest:
    """Enters in a thread of its own and stays until it is told to go."""

    def __init__(self, gate: Gate, threads: ThreadPoolExecutor, *, alone: bool) -> None:
        self.inside = Event()
        self._go = Event()
        self._visit: Future[None] = threads.submit(self._enter, gate, alone=alone)

    def _enter(self, gate: Gate, *, alone: bool) -> None:
        with gate.enter(alone=alone):
            self.inside.set()
            assert self._go.wait(LIMIT_S)

    def leave(self) -> None:
        assert self.inside.wait(LIMIT_S)
        self._go.set()
        self._visit.result(LIMIT_S)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def waits_alone(gate: Gate) -> None:
    """Until somebody who wants to be alone stands in front of the gate."""
    wait_for(lambda: gate._waiting_alone, timeout_s=LIMIT_S, interval_s=0.001)


def test_many_are_inside_at_once(gate: Gate, threads: ThreadPoolExecutor) -> None:
    together = Barrier(8)

    def meet() -> None:
        with gate.enter(alone=False):
            together.wait(LIMIT_S)

    for visit in [threads.submit(meet) for _ in range(8)]:
        visit.result(LIMIT_S)


def test_alone_waits_for_all_who_are_inside(gate: Gate, threads: ThreadPoolExecutor) -> None:
    first, second = (Guest(gate, threads, alone=False) for _ in range(2))
    assert first.inside.wait(LIMIT_S)
    assert second.inside.wait(LIMIT_S)
    alone = Guest(gate, threads, alone=True)
    waits_alone(gate)
    first.leave()
    assert not alone.inside.is_set()
    second.leave()
    alone.leave()


def test_newcomers_do_not_starve_one_that_waits_to_be_alone(gate: Gate, threads: ThreadPoolExecutor) -> None:
    inside = Guest(gate, threads, alone=False)
    assert inside.inside.wait(LIMIT_S)
    alone = Guest(gate, threads, alone=True)
    waits_alone(gate)
    newcomers = [Guest(gate, threads, alone=False) for _ in range(6)]
    inside.leave()
    assert alone.inside.wait(LIMIT_S)
    assert not any(newcomer.inside.is_set() for newcomer in newcomers)
    alone.leave()
    for newcomer in newcomers:
        newcomer.leave()


def test_nobody_is_ever_beside_one_alone(gate: Gate, threads: ThreadPoolExecutor) -> None:
    inside: list[bool] = []
    lock, start = Lock(), Barrier(12)

    @contextmanager
    def counted(alone: bool) -> Iterator[None]:
        with lock:
            inside.append(alone)
            assert inside == [True] or True not in inside
        yield
        with lock:
            inside.remove(alone)

    def visit(number: int) -> None:
        start.wait(LIMIT_S)
        for turn in range(100):
            alone = (number + turn) % 4 == 0
            with gate.enter(alone=alone), counted(alone):
                # Longer than no time at all, so that others come to the gate meanwhile.
                Event().wait(0.0001)

    for future in [threads.submit(visit, number) for number in range(12)]:
        future.result(60)
    assert inside == []


@pytest.mark.parametrize("failed_alone", [True, False])
@pytest.mark.parametrize("next_alone", [True, False])
def test_whoever_fails_inside_leaves(
    gate: Gate, threads: ThreadPoolExecutor, failed_alone: bool, next_alone: bool
) -> None:
    with pytest.raises(RuntimeError, match="inside"), gate.enter(alone=failed_alone):
        raise RuntimeError("inside")
    Guest(gate, threads, alone=next_alone).leave()
    Guest(gate, threads, alone=not next_alone).leave()
