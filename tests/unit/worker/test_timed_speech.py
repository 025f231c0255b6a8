"""Cues that are spoken at their times: the position of each in the audio, its speed, and its caption."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from common.jobs.lease import ClaimedPart, SynthesisResult
from common.jobs.options import CUE_SEPARATOR, Options
from common.recordings.captions import as_srt
from common.settings import Settings
from tests.support.caption_readers import read_srt
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import PipelineRunner, ToneEngine, open_pipeline_runner

# The engine speaks a word in a tenth of a second.
WORDS_20 = " ".join(["one two three four five"] * 4)


@pytest.fixture
def runner(settings: Settings) -> Iterator[PipelineRunner]:
    with open_pipeline_runner(settings) as opened:
        yield opened


def timed_part(*cues: tuple[float, float, str], mastering: bool = True, **changes: Any) -> ClaimedPart:
    times_ms = [round(1000 * moment_s) for start_s, end_s, _ in cues for moment_s in (start_s, end_s)]
    text = CUE_SEPARATOR.join(text for *_, text in cues)
    return claimed_part(text, options=Options(cue_times_ms=times_ms, mastering=mastering), **changes)


def spans(runner: PipelineRunner, result: SynthesisResult) -> list[tuple[float, float]]:
    return runner.decode(result).audible_spans()


@pytest.mark.parametrize("mastering", [True, False])
@pytest.mark.parametrize("speed", [1.0, 0.8])
def test_each_cue_starts_at_its_time(runner: PipelineRunner, *, mastering: bool, speed: float) -> None:
    part = timed_part(
        (0.5, 1.0, "One two."),
        (3.0, 4.0, "Three four five."),
        (7.25, 9.0, "Six."),
        mastering=mastering,
        speed=speed,
    )
    result = runner.speak(part, ToneEngine())
    starts_s = [start_s for start_s, _ in spans(runner, result)]
    assert starts_s == [pytest.approx(moment_s, abs=0.05) for moment_s in (0.5, 3.0, 7.25)]
    assert result.warnings == ()
    assert result.duration_s == pytest.approx(9.0, abs=0.06)


def test_speech_that_is_longer_than_the_time_until_the_next_cue_is_faster(runner: PipelineRunner) -> None:
    result = runner.speak(timed_part((0.0, 1.5, WORDS_20), (1.5, 3.0, "One.")), ToneEngine())
    (start_s, end_s), (next_s, _) = spans(runner, result)
    assert end_s - start_s == pytest.approx(1.5, abs=0.1)
    assert next_s == pytest.approx(1.5, abs=0.05)
    assert result.warnings == ()
    first = result.captions[0]
    assert (first.start_s, first.end_s) == (pytest.approx(0.0, abs=0.05), pytest.approx(1.5, abs=0.05))
    assert all(before.end_s <= after.start_s <= 1.5 for before, after in pairwise(first.words))
    assert first.words[-1].end_s == pytest.approx(end_s, abs=0.1)


def test_a_cue_that_does_not_fit_delays_only_what_it_must(runner: PipelineRunner) -> None:
    part = timed_part((1.0, 1.5, WORDS_20), (1.5, 2.0, "One."), (4.0, 5.0, "Two."))
    result = runner.speak(part, ToneEngine())
    first, second, third = spans(runner, result)
    # Two seconds of speech, 1.6 times as fast.
    assert first[1] - first[0] == pytest.approx(1.25, abs=0.1)
    assert 0 < second[0] - first[1] < 0.2
    assert third[0] == pytest.approx(4.0, abs=0.05)
    (warning,) = result.warnings
    assert warning.endswith("starts late: 00:00:01.000.")


def test_cues_at_the_same_time_are_spoken_one_after_the_other(runner: PipelineRunner) -> None:
    result = runner.speak(timed_part((1.0, 2.0, "One two."), (1.0, 2.0, "Three four.")), ToneEngine())
    first, second = spans(runner, result)
    assert first[0] == pytest.approx(1.0, abs=0.05)
    assert 0 <= second[0] - first[1] < 0.2
    assert len(result.warnings) == 1


def test_several_sentences_of_a_cue_are_one_caption(runner: PipelineRunner) -> None:
    text = f"{WORDS_20}. {WORDS_20}. {WORDS_20}."
    part = timed_part((0.5, 9.0, text), (12.0, 13.0, "[voice:hibari_emma] One two."))
    engine = ToneEngine()
    result = runner.speak(part, engine)
    assert len(engine.spoken) == 4
    first, second = result.captions
    assert part.job.text[first.start : first.end] == text
    assert [part.job.text[word.start : word.end] for word in first.words] == text.replace(".", "").split()
    heard = spans(runner, result)
    for caption, start_s in ((first, heard[0][0]), (second, heard[-1][0])):
        assert caption.words[0].start_s == pytest.approx(start_s, abs=0.02)
    assert first.words[-1].end_s == pytest.approx(heard[-2][1], abs=0.02)
    assert second.voice_id == "hibari_emma"


def test_captions_of_the_result_have_the_times_of_the_cues(runner: PipelineRunner) -> None:
    part = timed_part((0.5, 2.0, "One two three."), (3.0, 5.0, "Four five."))
    shown = read_srt(as_srt(runner.speak(part, ToneEngine()).captions, text=part.job.text))
    assert [one.lines for one in shown] == [("One two three.",), ("Four five.",)]
    assert [one.start_ms for one in shown] == [500, 3000]


def test_a_cue_that_cannot_be_spoken_leaves_silence(runner: PipelineRunner) -> None:
    part = timed_part((0.5, 1.0, "One."), (2.0, 3.0, "mute"), (4.0, 5.0, "Two."))
    result = runner.speak(part, ToneEngine())
    assert [start_s for start_s, _ in spans(runner, result)] == [
        pytest.approx(0.5, abs=0.05),
        pytest.approx(4.0, abs=0.05),
    ]
    assert result.warnings == ("1 of 3 segments cannot be spoken by this voice.",)
