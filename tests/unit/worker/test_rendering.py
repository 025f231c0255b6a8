"""Rendering segments into one file: pauses, captions, sample rates, and samples without mastering."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.messaging.text_stream import TextUpdate
from common.settings import Settings
from tests.support.claimed_parts import claimed_part
from tests.support.decoding import tags_of
from tests.support.pipeline_runner import DecodedAudio, PipelineRunner, ToneEngine, open_pipeline_runner
from tests.support.utterances import utterance
from worker.encoding.pcm import to_int16
from worker.engines.protocol import EngineError
from worker.synthesis.live_audio import LiveAudioWriter
from worker.synthesis.rendering import Rendering
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import plan_segments

# Trimming leaves this much of the engine's own silence, in steps of a hundredth of a second.
MARGINS_S, STEP_S = 0.09, 0.025
SENTENCE_S, PARAGRAPH_S = 0.35, 0.75
ONE, TWO, THREE = (f"This is the {ordinal} sentence of all." for ordinal in ("first", "second", "third"))


@pytest.fixture
def runner(settings: Settings) -> Iterator[PipelineRunner]:
    with open_pipeline_runner(settings) as opened:
        yield opened


def pauses_between(runner: PipelineRunner, text: str, **changes: Any) -> list[float]:
    """The silences between audible spans in seconds, without the margins."""
    result = runner.speak(claimed_part(text, **changes), ToneEngine())
    return [gap_s - MARGINS_S / changes.get("speed", 1.0) for gap_s in runner.decode(result).gaps_s]


def approximately(*pauses_s: float) -> list[Any]:
    return [pytest.approx(pause_s, abs=STEP_S) for pause_s in pauses_s]


@pytest.mark.parametrize(
    ("between", "pause_s"),
    [
        (" ", SENTENCE_S),
        ("\n\n", PARAGRAPH_S),
        (" [pause:1.2s] ", 1.2),
        ("[pause:80ms]", 0.08),
        ("[pause:0]", 0.0),
        ("\n\n[pause:200ms]\n\n", 0.2),
        ("[pause:1s][pause:1s]", 2.0),
        ("[voice:hibari_emma]", PARAGRAPH_S),
        ("[voice:hibari_emma][pause:100ms]", 0.1),
    ],
)
def test_a_pause_lasts_as_long_as_the_text_asks_for(
    runner: PipelineRunner, between: str, pause_s: float
) -> None:
    assert pauses_between(runner, f"{ONE}{between}{TWO}") == approximately(pause_s)


def test_a_faster_voice_shortens_natural_pauses_but_not_tagged_ones(runner: PipelineRunner) -> None:
    text = f"{ONE} {TWO}[pause:1s]{THREE}"
    assert pauses_between(runner, text, speed=2.0) == approximately(SENTENCE_S / 2, 1.0)


@pytest.mark.parametrize(
    ("tag", "lead_s", "tail_s"),
    [
        ("", 0.0, SENTENCE_S),
        # Players cut off the last moment, so there is always a short silence.
        ("[pause:20ms]", 0.02, 0.05),
        ("[pause:1.5s]", 1.5, 1.5),
        ("[pause:1s]…[pause:1s]", 2.0, 2.0),
    ],
)
def test_pause_tags_set_the_silence_at_both_ends(
    runner: PipelineRunner, tag: str, lead_s: float, tail_s: float
) -> None:
    audio = runner.decode(runner.speak(claimed_part(f"{tag}{ONE}{tag}"), ToneEngine()))
    ((start_s, end_s),) = audio.audible_spans()
    assert start_s == pytest.approx(lead_s + 0.03, abs=STEP_S)
    assert audio.duration_s - end_s == pytest.approx(tail_s + 0.06, abs=STEP_S)


@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_sentences_spoken_one_by_one_have_the_pause_of_one_text(runner: PipelineRunner, speed: float) -> None:
    first, second = (
        runner.decode(runner.speak(claimed_part(text, speed=speed), ToneEngine())) for text in (ONE, TWO)
    )
    between_s = first.duration_s - first.audible_spans()[-1][1] + second.audible_spans()[0][0]
    assert [between_s - MARGINS_S / speed] == approximately(SENTENCE_S / speed)


def test_captions_match_the_audio(runner: PipelineRunner) -> None:
    text = f"{ONE} {TWO}\n\n{THREE} [pause:2s] {ONE}"
    result = runner.speak(claimed_part(text), ToneEngine())
    spans = runner.decode(result).audible_spans()
    assert [text[caption.start : caption.end] for caption in result.captions] == [ONE, TWO, THREE, ONE]
    check_captions(result.captions, spans, speed=1.0)
    assert result.duration_s == pytest.approx(runner.decode(result).duration_s)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_captions_match_the_audio_at_another_speed(runner: PipelineRunner, speed: float) -> None:
    result = runner.speak(claimed_part(f"{ONE} {TWO}", speed=speed), ToneEngine())
    # Time stretching lengthens the attack and the decay of a tone.
    check_captions(result.captions, runner.decode(result).audible_spans(above=0.08), speed=speed)


def test_captions_match_the_audio_without_mastering(runner: PipelineRunner) -> None:
    result = runner.speak(claimed_part(f"{ONE} {TWO}", options=Options(mastering=False)), ToneEngine())
    for caption, (start_s, _) in zip(result.captions, runner.decode(result).audible_spans(), strict=True):
        assert caption.start_s == pytest.approx(start_s - 0.2, abs=0.002)
        assert caption.words[0].start_s == pytest.approx(start_s, abs=0.002)


def check_captions(captions: Any, spans: list[tuple[float, float]], *, speed: float) -> None:
    """A caption starts within a margin before its sound, and a word exactly with it.

    Time stretching makes both less exact.
    """
    tolerance_s, margin_s = (0.005, 0.04) if speed == 1.0 else (0.06, 0.2)
    for caption, (start_s, end_s) in zip(captions, spans, strict=True):
        words = caption.words
        assert -tolerance_s <= start_s - caption.start_s <= margin_s + tolerance_s
        assert caption.end_s >= end_s - tolerance_s
        assert words[0].start_s == pytest.approx(start_s, abs=tolerance_s)
        assert words[-1].end_s == pytest.approx(end_s, abs=tolerance_s)
        assert all(before.end_s <= after.start_s + 0.002 for before, after in pairwise(words))


def test_without_mastering_samples_are_unchanged(runner: PipelineRunner) -> None:
    engine = ToneEngine()
    result = runner.speak(
        claimed_part(f"{ONE} {TWO}[pause:1s]{THREE}", options=Options(mastering=False)), engine
    )
    silence = np.zeros(24_000, np.float32)
    expected = np.concatenate([engine.samples[0], engine.samples[1], silence, engine.samples[2]])
    assert np.array_equal(to_int16(runner.decode(result).samples), to_int16(expected))


def test_the_reported_duration_matches_the_number_of_samples(runner: PipelineRunner) -> None:
    result = runner.speak(claimed_part(f"{ONE} {TWO}"), ToneEngine())
    assert round(result.duration_s * result.sample_rate_hz) == len(runner.decode(result).samples)


class TestSeveralModels:
    TEXT = f"{ONE}[voice:fake_a]{TWO}[voice:default]{THREE}"

    def synthesize(
        self, runner: PipelineRunner, text: str, *, rates_hz: tuple[int, int], **changes: Any
    ) -> tuple[Any, DecodedAudio]:
        options = Options(
            stages=("fake_a.interactive", "hibari.interactive"),
            stage_of_voice={"fake_a": 0, "hibari_heart": 1},
        )
        first = claimed_part(text, options=options, queue="fake_a.interactive", **changes)
        key = runner.speak_stage(first, ToneEngine(rate_hz=rates_hz[0]))
        last = claimed_part(
            text, options=options, job_id=first.job.id, attempt=2, partial_audio=(key,), **changes
        )
        result = runner.speak(last, ToneEngine(rate_hz=rates_hz[1]))
        return result, runner.decode(result)

    @pytest.mark.parametrize("rates_hz", [(24_000, 24_000), (16_000, 24_000), (44_100, 22_050)])
    def test_voices_follow_the_order_of_the_text(
        self, runner: PipelineRunner, rates_hz: tuple[int, int]
    ) -> None:
        result, audio = self.synthesize(runner, self.TEXT, rates_hz=rates_hz)
        assert [caption.voice_id for caption in result.captions] == ["hibari_heart", "fake_a", "hibari_heart"]
        assert [self.TEXT[caption.start : caption.end] for caption in result.captions] == [ONE, TWO, THREE]
        assert result.segments == 3
        assert audio.rate_hz == rates_hz[1], "the rate of the first voice"
        check_captions(result.captions, audio.audible_spans(), speed=1.0)
        assert [end_s - start_s for start_s, end_s in audio.audible_spans()] == [
            pytest.approx(0.7, abs=0.01)
        ] * 3

    def test_pauses_are_the_same_as_with_one_model(self, runner: PipelineRunner) -> None:
        text = f"[pause:1s][voice:fake_a]{ONE} {TWO}[pause:500ms][voice:default]{THREE}[pause:1s]"
        _, audio = self.synthesize(runner, text, rates_hz=(24_000, 24_000))
        assert [gap_s - MARGINS_S for gap_s in audio.gaps_s] == approximately(SENTENCE_S, 0.5)
        assert audio.audible_spans()[0][0] == pytest.approx(1.03, abs=STEP_S)
        assert audio.duration_s - audio.audible_spans()[-1][1] == pytest.approx(1.06, abs=STEP_S)

    def test_resampling_keeps_the_pitch(self, runner: PipelineRunner) -> None:
        _, audio = self.synthesize(runner, self.TEXT, rates_hz=(16_000, 24_000))
        start_s, end_s = audio.audible_spans()[1]
        tone = audio.samples[round((start_s + 0.1) * audio.rate_hz) : round((end_s - 0.1) * audio.rate_hz)]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone))))
        assert np.argmax(spectrum) * audio.rate_hz / len(tone) == pytest.approx(440, abs=4)

    def test_a_text_without_the_jobs_own_voice_is_spoken(self, runner: PipelineRunner) -> None:
        result, audio = self.synthesize(runner, f"[voice:fake_a]{ONE} {TWO}", rates_hz=(22_050, 24_000))
        assert [caption.voice_id for caption in result.captions] == ["fake_a", "fake_a"]
        assert (result.segments, audio.rate_hz) == (2, 22_050)

    def test_missing_partial_audio_fails_before_anything_is_spoken(self, runner: PipelineRunner) -> None:
        engine = ToneEngine()
        part = claimed_part(self.TEXT, partial_audio=(f"outputs/audio/{claimed_part('').job.id}.1.take",))
        with pytest.raises(EngineError) as raised:
            runner.speak(part, engine)
        assert raised.value.code == "take_missing"
        assert engine.spoken == []


class TestSilence:
    def test_a_silent_segment_is_skipped_with_a_warning(self, runner: PipelineRunner) -> None:
        text = f"This sentence has a mute voice. {ONE} And this one is mute as well. {TWO}"
        result = runner.speak(claimed_part(text), ToneEngine())
        audio = runner.decode(result)
        assert len(audio.audible_spans()) == len(result.captions) == 2
        assert result.segments == 4
        assert result.warnings[-1].startswith("2 of 4 segments")
        assert audio.audible_spans()[0][0] < 0.05

    def test_a_text_without_any_sound_fails(self, runner: PipelineRunner) -> None:
        with pytest.raises(EngineError) as raised:
            runner.speak(claimed_part("All of this is mute."), ToneEngine())
        assert (raised.value.code, raised.value.caller_fault) == ("unspeakable_text", True)


class TestIncrementalText:
    def part(self) -> ClaimedPart:
        return claimed_part("", options=Options(live_text=True))

    def test_the_pause_after_a_segment_counts_towards_a_tagged_pause(self, runner: PipelineRunner) -> None:
        updates = [
            TextUpdate("more", text)
            for text in (f"{ONE} ", f"{TWO} ", "[pause:1s]", f"{THREE} ", "[pause:100ms]", ONE)
        ]
        result = runner.speak(self.part(), ToneEngine(), *updates, TextUpdate("end"))
        audio = runner.decode(result)
        # A pause that was already written cannot be shortened.
        assert [gap_s - MARGINS_S for gap_s in audio.gaps_s] == approximately(SENTENCE_S, 1.0, SENTENCE_S)
        check_captions(result.captions, audio.audible_spans(), speed=1.0)

    def test_the_result_has_the_whole_text_and_the_span_of_each_segment(self, runner: PipelineRunner) -> None:
        updates = [
            TextUpdate("more", text) for text in ("[voice:hibari", f"_emma]{ONE[:9]}", f"{ONE[9:]} {TWO}")
        ]
        result = runner.speak(self.part(), ToneEngine(), *updates, TextUpdate("end"))
        assert result.text == f"[voice:hibari_emma]{ONE} {TWO}"
        assert [
            (result.text[caption.start : caption.end], caption.voice_id) for caption in result.captions
        ] == [
            (ONE, "hibari_emma"),
            (TWO, "hibari_emma"),
        ]

    def test_brackets_that_are_no_tags_are_named(self, runner: PipelineRunner) -> None:
        updates = (TextUpdate("more", f"{ONE} [la"), TextUpdate("more", "ugh] and more."), TextUpdate("end"))
        (warning,) = runner.speak(self.part(), ToneEngine(), *updates).warnings
        assert "[laugh]" in warning

    def test_a_pause_at_the_end_is_written(self, runner: PipelineRunner) -> None:
        updates = (
            TextUpdate("more", f"{ONE}[pause:1s]"),
            TextUpdate("flush"),
            TextUpdate("more", "[pause:1s]"),
            TextUpdate("end"),
        )
        audio = runner.decode(runner.speak(self.part(), ToneEngine(), *updates))
        assert audio.duration_s - audio.audible_spans()[-1][1] == pytest.approx(2.06, abs=STEP_S)

    def test_a_text_without_words_fails(self, runner: PipelineRunner) -> None:
        with pytest.raises(EngineError) as raised:
            runner.speak(self.part(), ToneEngine(), TextUpdate("more", " … "), TextUpdate("end"))
        assert raised.value.code == "unspeakable_text"


class RecordingWriter(LiveAudioWriter):
    """Records how many bytes each publication has."""

    def __init__(self) -> None:
        self.published: list[int] = []
        self._unpublished = 0

    def append(self, data: bytes) -> None:
        self._unpublished += len(data)

    def flush(self) -> None:
        self.published.append(self._unpublished)
        self._unpublished = 0


def test_a_pause_is_published_with_the_speech_after_it() -> None:
    part, engine, writer = claimed_part(f"{ONE} {TWO} [pause:25s] {THREE}"), ToneEngine(), RecordingWriter()
    rendering = Rendering(
        io.BytesIO(),
        audio_format="wav",
        mastering=True,
        native_speed=None,
        asked_speed=1.0,
        open_live=lambda: writer,
        eager=False,
        level_voices=False,
    )
    for segment in plan_segments(part, max_chars=300).segments:
        [speech] = engine.speak([utterance(segment.text)])
        rendering.add(SynthesizedSegment(segment, speech))
    rendering.end(tail_s=0.0)
    # The first half second and the rest of the first segment, the second, two blocks of the long pause, its rest with
    # the third segment, and the end.
    assert len(writer.published) == 7
    assert all(writer.published)


@pytest.mark.parametrize("audio_format", ["mp3", "flac", "opus"])
def test_files_have_the_title_and_the_voice_as_tags(runner: PipelineRunner, audio_format: str) -> None:
    part = claimed_part(ONE, format=audio_format, created_at=86400.0 * 365, voice_id="hibari_emma")
    data = b"".join(runner.store.read(runner.speak(part, ToneEngine()).key))
    assert tags_of(data, audio_format) == {"title": ONE, "artist": "Emma", "date": "1971-01-01"}


def test_a_job_that_is_stopped_keeps_what_was_spoken(runner: PipelineRunner) -> None:
    text = "One two three.\n\nFour five six.\n\nSeven eight nine.\n\nTen eleven twelve. [pause:9s]"
    engine = ToneEngine()
    result = runner.speak(claimed_part(text), engine, progressed=lambda done, _total: done == 2)
    assert [text[one.start : one.end] for one in result.captions] == ["One two three.", "Four five six."]
    assert result.warnings[-1] == "This recording was stopped after 2 of 4 segments."
    assert (result.segments, result.spoken_chars) == (2, result.captions[-1].end)
    assert result.captions[-1].end_s <= runner.decode(result).duration_s < 5
