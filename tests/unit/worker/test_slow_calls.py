"""Which calls are slow, with a clock of the test and without processes."""

from typing import Any

import pytest

from tests.support.utterances import utterance
from worker.inference.call_record import RunningCall
from worker.inference.engine_handle import PendingSpeech
from worker.inference.slow_calls import SLOW_AFTER_S, SlowCalls


class Process:
    def __init__(self, calls: "Calls") -> None:
        self.outstanding: dict[int, PendingSpeech] = {}
        self.running: RunningCall | None = None
        self._calls = calls

    def has_loaded(self, _: str) -> bool:
        return self._calls.loaded


class Calls:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.calls = SlowCalls(clock=lambda: self.now_s)
        self.loaded = True
        self.process: Any = Process(self)

    def begin(self, *texts: str) -> list[PendingSpeech]:
        """Begin a call with the first text, and let the others wait behind it."""
        requests = [
            PendingSpeech(number, "fake", utterance(text), "interactive", due_at=0.0)
            for number, text in enumerate(texts)
        ]
        for request in requests:
            self.process.outstanding[request.id] = request
            self.calls.note_handed_out(self.process)
        self.process.running = RunningCall(1, began_at=self.now_s, timeout_s=600.0, request_ids=(0,))
        return requests

    def speak(self, text: str, *, seconds: float) -> None:
        [request] = self.begin(text)
        self.now_s += seconds
        self.calls.note_spoken(self.process, request)
        self.process.outstanding.clear()
        self.process.running = None

    def slow_after_s(self) -> float:
        """How long the running call takes until it is slow, in whole seconds."""
        began_at = self.now_s
        while not self.calls.is_slow(self.process):
            self.now_s += 1.0
            assert self.now_s < began_at + 10_000
        return self.now_s - began_at - 1.0


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.mark.parametrize(("chars", "limit_s"), [(10, 5.0), (100, 20.0), (200, 40.0)])
def test_a_call_is_slow_after_ten_times_its_expected_time(calls: Calls, chars: int, limit_s: float) -> None:
    assert SLOW_AFTER_S == 5.0
    calls.speak("x" * 50, seconds=1.0)
    calls.begin("x" * chars)
    assert calls.slow_after_s() == limit_s


def test_a_call_is_not_slow_if_nothing_is_known_or_its_model_is_being_loaded(calls: Calls) -> None:
    calls.begin("x" * 10)
    calls.now_s += 1000.0
    assert not calls.calls.is_slow(calls.process)
    calls.process.outstanding.clear()
    calls.speak("x" * 50, seconds=5.0)
    calls.begin("x" * 10)
    calls.loaded = False
    calls.now_s += 1000.0
    assert not calls.calls.is_slow(calls.process)
    calls.loaded = True
    assert calls.calls.is_slow(calls.process)


def test_what_waits_behind_a_call_is_taken(calls: Calls) -> None:
    spoken, *waiting = calls.begin("Spoken.", "Waiting.", "Waiting too.")
    assert calls.calls.take_waiting(calls.process) == waiting
    assert list(calls.process.outstanding.values()) == [spoken]
