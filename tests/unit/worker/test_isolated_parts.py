"""Parts that may have killed a worker: one that is not acquitted at a time, and the acquitted ones beside it."""

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from common.messaging.queue_names import BULK, INTERACTIVE
from tests.support.waiting import wait_for
from worker.runtime.isolated_parts import MAX_WAITING, IsolatedParts

LIMIT_S = 10.0
SLOTS = {INTERACTIVE: 3, BULK: 2}


class HeldPart:
    """A part that runs until the test ends it, and is acquitted when the test says so."""

    def __init__(self, parts: IsolatedParts) -> None:
        self.runs, self.is_acquitted, self.may_end, self.ended = Event(), Event(), Event(), Event()
        self._parts = parts
        self._goes_on = Event()
        self._acquits = False

    def __call__(self) -> None:
        self.runs.set()
        assert self._goes_on.wait(LIMIT_S)
        if self._acquits:
            self._parts.acquit()
            self.is_acquitted.set()
            assert self.may_end.wait(LIMIT_S)
        self.ended.set()

    def acquit(self) -> None:
        self._acquits = True
        self._goes_on.set()
        assert self.is_acquitted.wait(LIMIT_S)

    def end(self) -> None:
        self.may_end.set()
        self._goes_on.set()


@pytest.fixture
def parts() -> Iterator[IsolatedParts]:
    parts = IsolatedParts(SLOTS)
    yield parts
    parts.close()


@pytest.fixture
def held(parts: IsolatedParts) -> Iterator[Callable[..., HeldPart]]:
    """Adds a part that the test holds."""
    added: list[HeldPart] = []

    def add(lane: str = INTERACTIVE) -> HeldPart:
        part = HeldPart(parts)
        parts.add(str(len(added)), part, lane=lane)
        added.append(part)
        return part

    yield add
    for part in added:
        part.end()


Held = Callable[..., HeldPart]


def test_isolated_parts_run_one_at_a_time_and_do_not_hold_up_their_caller(held: Held) -> None:
    first, second = held(), held()
    assert first.runs.wait(LIMIT_S)
    assert not second.runs.is_set()
    first.end()
    assert second.runs.wait(LIMIT_S)


def test_the_next_part_begins_when_one_is_acquitted(held: Held) -> None:
    first, second, third = held(), held(), held()
    assert first.runs.wait(LIMIT_S)
    first.acquit()
    assert second.runs.wait(LIMIT_S)
    # The end of an acquitted part does not let another one begin beside the second.
    first.end()
    assert not third.runs.is_set()
    second.acquit()
    assert third.runs.wait(LIMIT_S)


def test_a_lane_runs_no_more_parts_than_it_has_slots(held: Held) -> None:
    first, second, third = held(BULK), held(BULK), held(BULK)
    listened = held(INTERACTIVE)
    for part in (first, second):
        assert part.runs.wait(LIMIT_S)
        part.acquit()
    # Bulk has no slot left, so the interactive part goes before the third one.
    assert listened.runs.wait(LIMIT_S)
    listened.acquit()
    assert not third.runs.is_set()
    first.end()
    assert third.runs.wait(LIMIT_S)


def test_a_part_that_fails_does_not_stop_the_next(parts: IsolatedParts) -> None:
    def fail() -> None:
        raise RuntimeError("a failed part")

    ran = Event()
    parts.add("fails", fail, lane=INTERACTIVE)
    parts.add("next", ran.set, lane=INTERACTIVE)
    assert ran.wait(LIMIT_S)


def test_the_parts_that_wait_are_bounded(parts: IsolatedParts, held: Held) -> None:
    done = Event()
    ran: list[int] = []
    first = held()
    assert first.runs.wait(LIMIT_S)
    for number in range(2 * MAX_WAITING):
        parts.add(f"part {number}", lambda number=number: ran.append(number), lane=INTERACTIVE)  # type: ignore[misc]
    first.end()
    wait_for(lambda: len(ran) == MAX_WAITING, interval_s=0.001)
    parts.add("last", done.set, lane=INTERACTIVE)
    assert done.wait(LIMIT_S)
    assert ran == list(range(MAX_WAITING))


def test_a_part_with_two_messages_waits_once(parts: IsolatedParts, held: Held) -> None:
    ran: list[str] = []
    done = Event()
    first = held()
    for _ in range(MAX_WAITING):
        parts.add("twice", lambda: ran.append("twice"), lane=INTERACTIVE)
    parts.add("other", done.set, lane=INTERACTIVE)
    first.end()
    assert done.wait(LIMIT_S)
    assert ran == ["twice"]


def test_a_part_that_comes_after_the_end_is_dropped(parts: IsolatedParts) -> None:
    ran = Event()
    parts.close()
    parts.add("late", ran.set, lane=INTERACTIVE)
    parts.join(timeout_s=LIMIT_S)
    assert not ran.is_set()


def test_the_end_waits_for_acquitted_parts_and_drops_those_that_wait(
    parts: IsolatedParts, held: Held
) -> None:
    first, second, third = held(), held(), held()
    assert first.runs.wait(LIMIT_S)
    first.acquit()
    assert second.runs.wait(LIMIT_S)
    parts.close()
    parts.join(timeout_s=0.0)
    for part in (first, second):
        part.end()
    parts.join(timeout_s=LIMIT_S)
    assert first.ended.is_set()
    assert second.ended.is_set()
    assert not third.runs.is_set()
