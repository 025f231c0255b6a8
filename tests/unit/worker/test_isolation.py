"""Who may run beside whom."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event, Lock

import pytest

from tests.support.waiting import wait_for
from worker.runtime.isolation import IsolationGate

LIMIT_S = 10.0


class Guest:
    """Enters in a thread of its own and stays until it is told to go."""

    def __init__(self, gate: IsolationGate, threads: ThreadPoolExecutor, *, isolated: bool) -> None:
        self.inside = Event()
        self._go = Event()
        self._visit: Future[None] = threads.submit(self._enter, gate, isolated=isolated)

    def _enter(self, gate: IsolationGate, *, isolated: bool) -> None:
        with gate.enter(isolated=isolated):
            self.inside.set()
            assert self._go.wait(LIMIT_S)

    def leave(self) -> None:
        assert self.inside.wait(LIMIT_S)
        self._go.set()
        self._visit.result(LIMIT_S)


@pytest.fixture
def gate() -> IsolationGate:
    return IsolationGate()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def waits_alone(gate: IsolationGate) -> None:
    """Until somebody who wants to be alone stands in front of the gate."""
    wait_for(lambda: gate._waiting_alone, timeout_s=LIMIT_S, interval_s=0.001)


def test_many_are_inside_at_once(gate: IsolationGate, threads: ThreadPoolExecutor) -> None:
    together = Barrier(8)

    def meet() -> None:
        with gate.enter(isolated=False):
            together.wait(LIMIT_S)

    for visit in [threads.submit(meet) for _ in range(8)]:
        visit.result(LIMIT_S)


def test_alone_waits_for_all_who_are_inside(gate: IsolationGate, threads: ThreadPoolExecutor) -> None:
    first, second = (Guest(gate, threads, isolated=False) for _ in range(2))
    assert first.inside.wait(LIMIT_S)
    assert second.inside.wait(LIMIT_S)
    isolated = Guest(gate, threads, isolated=True)
    waits_alone(gate)
    first.leave()
    assert not isolated.inside.is_set()
    second.leave()
    isolated.leave()


def test_newcomers_do_not_starve_one_that_waits_to_be_alone(
    gate: IsolationGate, threads: ThreadPoolExecutor
) -> None:
    inside = Guest(gate, threads, isolated=False)
    assert inside.inside.wait(LIMIT_S)
    isolated = Guest(gate, threads, isolated=True)
    waits_alone(gate)
    newcomers = [Guest(gate, threads, isolated=False) for _ in range(6)]
    inside.leave()
    assert isolated.inside.wait(LIMIT_S)
    assert not any(newcomer.inside.is_set() for newcomer in newcomers)
    isolated.leave()
    for newcomer in newcomers:
        newcomer.leave()


def test_nobody_is_ever_beside_one_alone(gate: IsolationGate, threads: ThreadPoolExecutor) -> None:
    inside: list[bool] = []
    lock, start = Lock(), Barrier(12)

    @contextmanager
    def counted(isolated: bool) -> Iterator[None]:
        with lock:
            inside.append(isolated)
            assert inside == [True] or True not in inside
        yield
        with lock:
            inside.remove(isolated)

    def visit(number: int) -> None:
        start.wait(LIMIT_S)
        for turn in range(100):
            isolated = (number + turn) % 4 == 0
            with gate.enter(isolated=isolated), counted(isolated):
                # Longer than no time at all, so that others come to the gate meanwhile.
                Event().wait(0.0001)

    for future in [threads.submit(visit, number) for number in range(12)]:
        future.result(60)
    assert inside == []


@pytest.mark.parametrize("failed_alone", [True, False])
@pytest.mark.parametrize("next_alone", [True, False])
def test_whoever_fails_inside_leaves(
    gate: IsolationGate, threads: ThreadPoolExecutor, failed_alone: bool, next_alone: bool
) -> None:
    with pytest.raises(RuntimeError, match="inside"), gate.enter(isolated=failed_alone):
        raise RuntimeError("inside")
    Guest(gate, threads, isolated=next_alone).leave()
    Guest(gate, threads, isolated=not next_alone).leave()
