"""Which waiting utterance goes to which engine process, with a clock of the test and without processes."""

from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from common.messaging.queue_names import BULK, INTERACTIVE
from tests.support.utterances import utterance
from worker.inference.call_record import RunningCall
from worker.inference.engine_handle import EngineHandle, PendingSpeech
from worker.inference.engine_turns import EngineTurns


class Turns:
    """The turns under test, and processes that only hold what they took."""

    def __init__(self, *, processes: int, max_batch: int = 1) -> None:
        self.now_s = 100.0
        self.turns = EngineTurns(clock=lambda: self.now_s)
        self.processes = [process(max_batch=max_batch) for _ in range(processes)]
        self._ids = count(1)

    def add(
        self,
        text: str,
        *,
        lane: str = INTERACTIVE,
        first: bool = True,
        deaths: int = 0,
        weights: str = "fake",
        job_id: str = "",
        urgent: bool = False,
    ) -> PendingSpeech:
        spoken = utterance(text, is_first=first, job_id=job_id)
        due_at = self.turns.due_at(spoken, lane=lane, is_urgent=urgent)
        request = PendingSpeech(next(self._ids), weights, spoken, lane, due_at, deaths, urgent)
        self.turns.add(request)
        return request

    def take(self) -> tuple[str, int] | None:
        """Give out one utterance. Returns its text and the number of the process."""
        turn = self.turns.take(cast("list[EngineHandle]", self.processes))
        if turn is None:
            return None
        request, handle = turn
        handle.outstanding[request.id] = request
        return request.utterance.text, self.processes.index(handle)

    def take_all(self) -> list[tuple[str, int]]:
        return list(iter(self.take, None))

    def finish(self, number: int) -> None:
        """Let a process finish what it holds."""
        self.processes[number].outstanding.clear()


def process(*, max_batch: int = 1, loaded: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(
        outstanding={},
        is_ready=True,
        running=None,
        max_batch=lambda _: max_batch,
        has_loaded=lambda weights: weights in loaded,
    )


def texts(taken: list[tuple[str, int]]) -> list[str]:
    return [text for text, _ in taken]


def holders(taken: list[tuple[str, int]]) -> list[int]:
    return [number for _, number in taken]


def test_first_segments_go_before_later_ones_and_bulk_goes_last() -> None:
    turns = Turns(processes=1, max_batch=10)
    turns.add("bulk first", lane=BULK)
    turns.add("later", first=False)
    turns.add("bulk later", lane=BULK, first=False)
    turns.add("first")
    assert texts(turns.take_all()) == ["first", "later", "bulk first", "bulk later"]


def test_a_first_segment_has_only_a_head_start() -> None:
    turns = Turns(processes=1, max_batch=10)
    turns.add("later", first=False)
    turns.add("bulk", lane=BULK)
    turns.now_s += 3.0
    turns.add("a newer first")
    turns.now_s += 30.0
    turns.add("the newest first")
    assert texts(turns.take_all()) == ["later", "a newer first", "bulk", "the newest first"]


@pytest.mark.parametrize("max_batch", [1, 4])
def test_urgent_segments_go_before_those_that_wait(max_batch: int) -> None:
    turns = Turns(processes=1, max_batch=max_batch)
    for number in range(2 * max_batch):
        turns.add(f"waits {number}", first=False, job_id=f"job {number}")
    turns.now_s += 5
    urgent = [f"urgent {number}" for number in range(2 * max_batch)]
    for text in urgent:
        turns.add(text, first=False, job_id="isolated", urgent=True)
    assert texts(turns.take_all()) == urgent


def test_urgent_bulk_work_goes_behind_interactive_work() -> None:
    turns = Turns(processes=1, max_batch=10)
    turns.add("bulk", lane=BULK)
    turns.add("urgent bulk", lane=BULK, first=False, urgent=True)
    turns.add("later", first=False)
    assert texts(turns.take_all()) == ["later", "urgent bulk", "bulk"]


def test_a_process_holds_as_much_as_two_calls_take() -> None:
    turns = Turns(processes=2, max_batch=3)
    for number in range(20):
        turns.add(f"{number}")
    taken = holders(turns.take_all())
    assert (taken.count(0), taken.count(1)) == (6, 6)
    turns.finish(0)
    assert set(holders(turns.take_all())) == {0}


def test_a_process_that_batches_takes_segments_of_many_jobs() -> None:
    turns = Turns(processes=1, max_batch=2)
    for text in ("a1", "a2", "a3", "a4", "b1", "b2", "c1", "d1"):
        turns.add(text, job_id=text[0], first=False)
    assert texts(turns.take_all()) == ["a1", "b1", "c1", "d1"]
    turns.finish(0)
    assert texts(turns.take_all()) == ["a2", "b2", "a3", "a4"]


def test_two_processes_that_batch_hold_segments_of_different_jobs() -> None:
    turns = Turns(processes=2, max_batch=2)
    for text in ("a1", "b1", "c1", "d1", "a2", "b2", "e1", "f1", "g1", "h1"):
        turns.add(text, job_id=text[0], first=False)
    assert sorted(texts(turns.take_all())) == ["a1", "b1", "c1", "d1", "e1", "f1", "g1", "h1"]


def test_a_process_without_batches_takes_segments_in_order() -> None:
    turns = Turns(processes=1)
    for text in ("a1", "a2", "b1"):
        turns.add(text, job_id=text[0], first=False)
    assert texts(turns.take_all()) == ["a1", "a2"]


def test_other_jobs_go_first_only_with_the_same_lane_and_model() -> None:
    turns = Turns(processes=1, max_batch=2)
    for text in ("a1", "a2"):
        turns.add(text, job_id="a")
    turns.add("another model", job_id="b", weights="other")
    turns.add("bulk", job_id="c", lane=BULK)
    assert texts(turns.take_all()) == ["a1", "a2", "another model", "bulk"]


def test_an_idle_process_goes_before_a_busy_one() -> None:
    turns = Turns(processes=2)
    turns.add("one")
    turns.add("two")
    assert sorted(holders(turns.take_all())) == [0, 1]


def test_an_idle_process_with_the_model_goes_first() -> None:
    turns = Turns(processes=2)
    turns.processes[1] = process(loaded=("kokoro",))
    turns.add("one", weights="kokoro")
    assert turns.take() == ("one", 1)


def test_of_busy_processes_the_one_whose_call_began_first_goes_first() -> None:
    turns = Turns(processes=2)
    turns.add("one")
    turns.add("two")
    turns.take_all()
    for number, began_at in ((0, 50.0), (1, 40.0)):
        turns.processes[number].running = RunningCall(1, began_at, 60.0, (1,))
    turns.add("three")
    assert turns.take() == ("three", 1)


def test_processes_that_have_not_reported_take_nothing() -> None:
    turns = Turns(processes=1)
    turns.processes[0].is_ready = False
    turns.add("one")
    assert turns.take() is None
    assert len(turns.turns) == 1


def test_a_suspect_is_alone_in_a_process() -> None:
    turns = Turns(processes=2, max_batch=4)
    turns.add("neighbour")
    turns.take_all()
    turns.add("suspect", deaths=1)
    turns.add("another", deaths=1)
    turns.add("next")
    # The suspects go first. One gets the empty process, and the other waits until there is another one.
    assert turns.take_all() == [("suspect", 1), ("next", 0)]
    turns.finish(0)
    assert turns.take_all() == [("another", 0)]


def test_one_process_stays_free_of_bulk_work_while_interactive_work_comes() -> None:
    turns = Turns(processes=2, max_batch=2)
    turns.add("sentence")
    turns.take_all()
    turns.processes[0].outstanding.clear()
    for number in range(20):
        turns.add(f"bulk {number}", lane=BULK)
    assert len(set(holders(turns.take_all()))) == 1
    turns.now_s += 5.1
    assert len(set(holders(turns.take_all()))) == 1, "the other process gets bulk work too"
    assert all(process.outstanding for process in turns.processes)


def test_a_single_process_takes_bulk_work_too() -> None:
    turns = Turns(processes=1)
    turns.add("sentence")
    turns.add("bulk", lane=BULK)
    assert texts(turns.take_all()) == ["sentence", "bulk"]


def test_bulk_work_that_a_process_holds_keeps_no_interactive_work_out() -> None:
    turns = Turns(processes=1, max_batch=2)
    for number in range(10):
        turns.add(f"bulk {number}", lane=BULK)
    turns.take_all()
    turns.add("sentence")
    assert turns.take() == ("sentence", 0)


def test_cancelled_utterances_are_left_out() -> None:
    turns = Turns(processes=1)
    cancelled = turns.add("cancelled")
    turns.add("kept")
    cancelled.future.cancel()
    assert texts(turns.take_all()) == ["kept"]
    assert len(turns.turns) == 0


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
def test_draining_returns_everything_that_waits(lane: str) -> None:
    turns = Turns(processes=0)
    waiting = [turns.add("one", lane=lane), turns.add("two", lane=lane)]
    assert turns.turns.drain() == waiting
    assert len(turns.turns) == 0


def test_a_call_may_end_while_the_next_utterance_is_given_out() -> None:
    class EndingCall:
        """A process whose call ends after the first look."""

        is_ready = True

        def __init__(self) -> None:
            self.outstanding: dict[int, PendingSpeech] = {}
            self._looks = iter([RunningCall(1, 90.0, 60.0, (1,))])

        @property
        def running(self) -> RunningCall | None:
            return next(self._looks, None)

        def max_batch(self, _: str) -> int:
            return 4

        def has_loaded(self, _: str) -> bool:
            return True

    turns = Turns(processes=1)
    turns.processes = [EndingCall(), EndingCall()]
    for number in range(4):
        turns.add(f"text {number}")
    assert len(turns.take_all()) == 4
