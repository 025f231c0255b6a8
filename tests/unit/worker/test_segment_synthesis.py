"""How many segments of a job are under way at once, by a speaker that tells what it was given."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from common.jobs.options import Options
from tests.support.claimed_parts import claimed_part
from tests.support.utterances import settings_of
from worker.engines import create
from worker.engines.protocol import Engine, Speech, Utterance
from worker.synthesis.segment_synthesis import JobCallbacks, SegmentNormalizer, SegmentSynthesis
from worker.synthesis.segmentation import Segment, plan_segments

TEXT = "\n\n".join(f"This is paragraph number {number}, and it has words enough." for number in range(12))


class Told:
    """Speaks at once, and notes how many segments were taken over from it when it got each."""

    window = 8

    def __init__(self, engine: Engine) -> None:
        self.calls = 0
        self.engine = engine
        self.heard = 0
        self.places: list[int] = []

    def submit(self, utterance: Utterance, *, first: bool, lane: str) -> Future[Speech]:
        self.calls += 1
        self.places.append(self.heard)
        future: Future[Speech] = Future()
        future.set_result(Speech(np.full(240, 0.1, np.float32), 24_000))
        return future


def watch() -> JobCallbacks:
    return JobCallbacks(lambda: None, lambda _: None, lambda _done, _total: None)


@pytest.fixture
def speaker(tmp_path: Path) -> Told:
    return Told(create("fake", settings_of(tmp_path, fake_engine=True)))


def places(speaker: Told, *, streamed: bool) -> list[int]:
    """For each segment, how many were handed over when the engine got it."""
    claim = claimed_part(TEXT, voice_id="fake", options=Options(streamed=streamed))
    recital = SegmentSynthesis(
        speaker, claim, normalizer=SegmentNormalizer(claim, None), speed=1.0, callbacks=watch()
    )
    cues = plan_segments(claim, max_chars=speaker.engine.max_chars).segments
    for done, _ in enumerate(recital.speak(cues), start=1):
        speaker.heard = done
    assert recital.total == len(speaker.places) == 12
    return speaker.places


def test_who_listens_gets_the_first_before_the_second_is_begun(speaker: Told) -> None:
    assert places(speaker, streamed=True) == [0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_a_file_is_made_with_as_many_at_once_as_there_is_room_for(speaker: Told) -> None:
    assert places(speaker, streamed=False) == [0] * 8 + [1, 2, 3, 4]


def test_the_engine_has_the_first_before_the_text_is_cut_to_its_end(speaker: Told) -> None:
    claim = claimed_part(TEXT, voice_id="fake")
    recital = SegmentSynthesis(
        speaker, claim, normalizer=SegmentNormalizer(claim, None), speed=1.0, callbacks=watch()
    )
    calls_at: list[int] = []

    def cues() -> Iterator[Segment]:
        for cue in plan_segments(claim, max_chars=speaker.engine.max_chars).segments:
            calls_at.append(speaker.calls)
            yield cue

    next(recital.speak(cues()))
    assert calls_at[:2] == [0, 1]
