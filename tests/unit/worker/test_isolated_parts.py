"""Isolated parts run one at a time, beside all others."""

from collections.abc import Iterator
from threading import Event

import pytest

from tests.support.waiting import wait_for
from worker.runtime.isolated_parts import MAX_WAITING, IsolatedParts

LIMIT_S = 10.0


@pytest.fixture
def parts() -> Iterator[IsolatedParts]:
    parts = IsolatedParts()
    yield parts
    parts.close()


def test_isolated_parts_run_one_at_a_time_and_do_not_hold_up_their_caller(parts: IsolatedParts) -> None:
    first_runs, may_end, second_runs = Event(), Event(), Event()

    def first() -> None:
        first_runs.set()
        assert may_end.wait(LIMIT_S)
        assert not second_runs.is_set()

    parts.add(first)
    parts.add(second_runs.set)
    assert first_runs.wait(LIMIT_S)
    may_end.set()
    assert second_runs.wait(LIMIT_S)


def test_a_part_that_fails_does_not_stop_the_next(parts: IsolatedParts) -> None:
    def fail() -> None:
        raise RuntimeError("a failed part")

    ran = Event()
    parts.add(fail)
    parts.add(ran.set)
    assert ran.wait(LIMIT_S)


def test_the_parts_that_wait_are_bounded(parts: IsolatedParts) -> None:
    runs, may_end, done = Event(), Event(), Event()
    ran: list[int] = []

    def hold() -> None:
        runs.set()
        assert may_end.wait(LIMIT_S)

    parts.add(hold)
    assert runs.wait(LIMIT_S)
    for number in range(2 * MAX_WAITING):
        parts.add(lambda number=number: ran.append(number))  # type: ignore[misc]
    may_end.set()
    wait_for(lambda: len(ran) == MAX_WAITING, interval_s=0.001)
    parts.add(done.set)
    assert done.wait(LIMIT_S)
    assert ran == list(range(MAX_WAITING))


def test_a_part_that_comes_after_the_end_is_dropped(parts: IsolatedParts) -> None:
    ran = Event()
    parts.close()
    parts.add(ran.set)
    parts.join(timeout_s=LIMIT_S)
    assert not ran.is_set()
