"""How many segments of a job are in flight at once, and what happens when one is cancelled."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from tests.support.claimed_parts import claimed_part
from tests.support.utterances import settings_of
from worker.engines import create
from worker.engines.protocol import Engine, Speech, Utterance
from worker.synthesis import segment_synthesis
from worker.synthesis.callbacks import JobCallbacks, SynthesisStopped
from worker.synthesis.job_facts import JobFacts
from worker.synthesis.segment_synthesis import SegmentNormalizer, SegmentSynthesis, SynthesizedSegment
from worker.synthesis.segmentation import Segment, plan_segments

TEXT = "\n\n".join(f"This is paragraph number {number}, and it has words enough." for number in range(12))


class RecordingDispatcher:
    """Returns speech at once. Records for each utterance how many segments the test had received before."""

    max_in_flight = 8

    def __init__(self, engine: Engine) -> None:
        self.call_count = 0
        self.engine = engine
        self.received = 0
        self.received_before: list[int] = []
        self.urgent: list[bool] = []

    def submit(self, utterance: Utterance, *, lane: str, is_urgent: bool = False) -> Future[Speech]:
        self.call_count += 1
        self.urgent.append(is_urgent)
        self.received_before.append(self.received)
        future: Future[Speech] = Future()
        future.set_result(Speech(np.full(240, 0.1, np.float32), 24_000))
        return future


def synthesis_of(
    part: ClaimedPart, dispatcher: RecordingDispatcher, *, while_waiting: Callable[[], None] = lambda: None
) -> SegmentSynthesis:
    return SegmentSynthesis(
        dispatcher,
        part,
        normalizer=SegmentNormalizer(part, None),
        speed=1.0,
        callbacks=JobCallbacks(lambda: None, lambda _: None, lambda _done, _total: False),
        while_waiting=while_waiting,
    )


class FinishedBefore:
    """The segments of an earlier attempt, by their number."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def find(self, segment: Segment) -> SynthesizedSegment | None:
        speech = Speech(np.full(240, 0.1, np.float32), 24_000)
        return SynthesizedSegment(segment, speech) if segment.index in self._numbers else None

    def add(self, spoken: SynthesizedSegment) -> None:
        pass


@pytest.fixture
def dispatcher(tmp_path: Path) -> RecordingDispatcher:
    return RecordingDispatcher(create("fake", settings_of(tmp_path, fake_engine=True)))


def received_before(dispatcher: RecordingDispatcher, *, streamed: bool) -> list[int]:
    """For each of 12 segments, how many were received before it was submitted."""
    part = claimed_part(TEXT, voice_id="fake", options=Options(streamed=streamed))
    synthesis = synthesis_of(part, dispatcher)
    segments = plan_segments(part, max_chars=dispatcher.engine.max_chars).segments
    for done, _ in enumerate(synthesis.speak(segments), start=1):
        dispatcher.received = done
    assert synthesis.total == len(dispatcher.received_before) == 12
    return dispatcher.received_before


def test_a_streamed_job_gets_its_first_segment_before_the_second_is_submitted(
    dispatcher: RecordingDispatcher,
) -> None:
    assert received_before(dispatcher, streamed=True) == [0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_a_job_that_is_not_streamed_uses_the_whole_limit(dispatcher: RecordingDispatcher) -> None:
    assert received_before(dispatcher, streamed=False) == [0] * 8 + [1, 2, 3, 4]


def test_the_first_segment_is_submitted_before_the_rest_is_split(dispatcher: RecordingDispatcher) -> None:
    part = claimed_part(TEXT, voice_id="fake")
    submitted: list[int] = []

    def segments() -> Iterator[Segment]:
        for segment in plan_segments(part, max_chars=dispatcher.engine.max_chars).segments:
            submitted.append(dispatcher.call_count)
            yield segment

    next(synthesis_of(part, dispatcher).speak(segments()))
    assert submitted[:2] == [0, 1]


@pytest.mark.parametrize(
    ("text", "clean_pages", "warnings"),
    [
        ("A TALE\nOne.\fA TALE 2\nTwo.", True, ("Lines left out as page numbers or running heads: 1.",)),
        ("A TALE\nOne.\fA TALE 2\nTwo.", False, ()),
        ("<speak>A TALE\nOne.\nPage 3</speak>", True, ()),
        ("Nothing to leave out.", True, ()),
    ],
)
def test_lines_left_out_of_pages_are_counted(text: str, clean_pages: bool, warnings: tuple[str, ...]) -> None:
    part = claimed_part(text, voice_id="fake", options=Options(clean_pages=clean_pages))
    assert JobFacts(part.job).page_warnings == warnings


@pytest.mark.parametrize(
    ("text", "language", "normalize", "warnings"),
    [
        (
            "See † here, then ⌘ and † again.",
            "en",
            True,
            ("These symbols have no name and may be silent: ⌘ †",),
        ),
        ("Voir † ici.", "fr", True, ("These symbols have no name and may be silent: †",)),
        ("<speak>A ⌘ key</speak>", "en", True, ("These symbols have no name and may be silent: ⌘",)),
        ("A ★ and an ∃, 5 € and 😀. │ ■ A note.†", "en", True, ()),
        ("A ⌘ key", "ja", True, ()),
        ("A ⌘ key", "en", False, ()),
        ("Only words.", "en", True, ()),
    ],
)
def test_symbols_that_no_rule_reads_are_named_once(
    text: str, language: str, normalize: bool, warnings: tuple[str, ...]
) -> None:
    part = claimed_part(text, voice_id="fake", language=language, options=Options(normalize=normalize))
    assert JobFacts(part.job).symbol_warnings == warnings


def test_the_facts_of_a_job_are_computed_while_the_first_segment_is_spoken(
    dispatcher: RecordingDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = claimed_part("Only one segment.", voice_id="fake")
    facts = JobFacts(part.job)
    were_known: list[bool] = []

    class Waited(Future[Speech]):
        def result(self, timeout: float | None = None) -> Speech:
            were_known.append({"recipe", "language_warnings"} <= vars(facts).keys())
            return super().result(timeout)

    def submit(_utterance: Utterance, **_: object) -> Future[Speech]:
        were_known.append("recipe" in vars(facts))
        future = Waited()
        future.set_result(Speech(np.full(240, 0.1, np.float32), 24_000))
        return future

    monkeypatch.setattr(dispatcher, "submit", submit)
    segments = plan_segments(part, max_chars=dispatcher.engine.max_chars).segments
    assert len(list(synthesis_of(part, dispatcher).speak(facts.compute_meanwhile(segments)))) == 1
    assert were_known == [False, True]


def test_a_segment_that_is_cancelled_while_it_is_awaited_stops_the_job(
    dispatcher: RecordingDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = claimed_part("An engine call without an end.", voice_id="fake")
    future: Future[Speech] = Future()
    waits = itertools.count()

    def while_waiting() -> None:
        future.cancel()
        assert next(waits) < 3, "the job still waits for a cancelled segment"

    monkeypatch.setattr(segment_synthesis, "WAIT_STEP_S", 0.01)
    monkeypatch.setattr(dispatcher, "submit", lambda _utterance, **_: future)
    segments = plan_segments(part, max_chars=dispatcher.engine.max_chars).segments
    with pytest.raises(SynthesisStopped):
        list(synthesis_of(part, dispatcher, while_waiting=while_waiting).speak(segments))


@pytest.mark.parametrize(
    ("kept", "outlived_after"),
    [
        pytest.param((), [8], id="nothing kept"),
        pytest.param((0, 1), [10], id="the first two kept"),
        # The dead worker may have held the eight segments behind the last one that it kept.
        pytest.param((0, 2), [11], id="one between them not kept"),
        pytest.param((0, 1, 2, 3), [], id="no more than a worker holds behind the kept ones"),
    ],
)
def test_a_job_has_outlived_what_a_dead_worker_held(
    dispatcher: RecordingDispatcher, kept: tuple[int, ...], outlived_after: list[int]
) -> None:
    part = claimed_part(TEXT, voice_id="fake")
    received: list[int] = []
    seen: list[int] = []
    synthesis = SegmentSynthesis(
        dispatcher,
        part,
        normalizer=SegmentNormalizer(part, None),
        speed=1.0,
        callbacks=JobCallbacks(
            lambda: None,
            lambda _: None,
            lambda _done, _total: False,
            outlived=lambda: seen.append(len(received)),
        ),
        finished=FinishedBefore(*kept),
    )
    for spoken in synthesis.speak(plan_segments(part, max_chars=dispatcher.engine.max_chars).segments):
        received.append(spoken.segment.index)
    assert received == list(range(12))
    assert seen == outlived_after


@pytest.mark.parametrize("isolated", [False, True])
def test_only_the_segments_that_end_an_isolation_are_urgent(
    dispatcher: RecordingDispatcher, isolated: bool
) -> None:
    part = claimed_part(TEXT, voice_id="fake", isolated=isolated)
    list(synthesis_of(part, dispatcher).speak(plan_segments(part, max_chars=300).segments))
    assert dispatcher.urgent == [isolated] * 8 + [False] * 4
