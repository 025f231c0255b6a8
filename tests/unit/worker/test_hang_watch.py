"""The watch for engine processes that hang. It counts looks, so the tests need no clock."""

from types import SimpleNamespace
from typing import Any, cast

from worker.inference.call_record import RunningCall
from worker.inference.engine_handle import EngineHandle
from worker.inference.hang_watch import IDLE_TIMEOUT_S, LOOK_EVERY_S, HangWatch

# A call that began long ago: the time on the clock must not matter.
CALL = RunningCall(1, began_at=-1e6, timeout_s=5 * LOOK_EVERY_S, request_ids=(7,))


class Watched:
    def __init__(self, *, running: RunningCall | None = None, has_reported: bool = True) -> None:
        self.process: Any = SimpleNamespace(running=running, has_reported=has_reported, owes_answers=False)
        handle = cast("EngineHandle", self.process)
        self._watch = HangWatch(handle, start_timeout_s=10 * LOOK_EVERY_S)

    def looks_until_hang(self, *, at_most: int) -> int | None:
        """Look until the watch finds a hang, and return the number of looks."""
        return next((number for number in range(1, at_most + 1) if self._watch.look()[0]), None)

    def look(self) -> tuple[bool, RunningCall | None]:
        return self._watch.look()


def test_a_call_hangs_after_its_time_limit() -> None:
    watched = Watched(running=CALL)
    # The first look finds the call, five more are its time.
    assert watched.looks_until_hang(at_most=20) == 7
    assert watched.look() == (True, CALL)


def test_each_call_has_its_own_time() -> None:
    watched = Watched()
    for number in range(1, 10):
        watched.process.running = RunningCall(number, 0.0, CALL.timeout_s, (7,))
        assert watched.looks_until_hang(at_most=5) is None


def test_a_process_between_calls_does_not_hang() -> None:
    watched = Watched(running=CALL)
    assert watched.looks_until_hang(at_most=5) is None
    watched.process.running = None
    assert watched.looks_until_hang(at_most=50) is None


def test_a_process_that_owes_an_answer_must_begin_a_call() -> None:
    watched = Watched()
    watched.process.owes_answers = True
    looks = int(IDLE_TIMEOUT_S / LOOK_EVERY_S)
    assert watched.looks_until_hang(at_most=2 * looks) == looks + 2
    assert watched.look() == (True, None)


def test_a_process_that_answers_between_the_looks_does_not_hang() -> None:
    watched = Watched()
    for number in range(1, 100):
        watched.process.owes_answers = True
        assert not watched.look()[0]
        watched.process.running = RunningCall(number, 0.0, CALL.timeout_s, (7,))
        assert not watched.look()[0]
        watched.process.running = None


def test_a_suspended_machine_makes_no_call_overdue() -> None:
    watched = Watched(running=CALL)
    watched.look()
    # The machine sleeps for hours here: nobody looks.
    assert watched.look() == (False, CALL)


def test_a_process_that_never_reports_hangs_at_its_start() -> None:
    watched = Watched(has_reported=False)
    assert watched.looks_until_hang(at_most=20) == 11
    assert watched.look() == (True, None)
