"""From segments to one file: its pauses, what its captions say, and that nothing is changed that should not be."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.messaging.text_stream import Piece
from common.settings import Settings
from tests.support.booth import Booth, Sound, ToneEngine, open_booth
from tests.support.claims import claimed_part
from worker.encoding.pcm import to_int16
from worker.engines.protocol import EngineError

# What trimming leaves of the engine's own silence, in steps of a hundredth of a second.
MARGINS_S, STEP_S = 0.09, 0.025
SENTENCE_S, PARAGRAPH_S = 0.35, 0.75
ONE, TWO, THREE = (f"This is the {which} sentence of all." for which in ("first", "second", "third"))


@pytest.fixture
def booth(settings: Settings) -> Iterator[Booth]:
    with open_booth(settings) as opened:
        yield opened


def gaps_of(booth: Booth, text: str, **changes: Any) -> list[float]:
    """The silences between what is heard, without the margins."""
    made = booth.speak(claimed_part(text, **changes), ToneEngine())
    return [gap_s - MARGINS_S / changes.get("speed", 1.0) for gap_s in booth.sound(made).gaps_s]


def near(*pauses_s: float) -> list[Any]:
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
def test_it_rests_as_long_as_is_asked_for(booth: Booth, between: str, pause_s: float) -> None:
    assert gaps_of(booth, f"{ONE}{between}{TWO}") == near(pause_s)


def test_who_speaks_faster_rests_shorter_but_for_what_a_tag_says(booth: Booth) -> None:
    text = f"{ONE} {TWO}[pause:1s]{THREE}"
    assert gaps_of(booth, text, speed=2.0) == near(SENTENCE_S / 2, 1.0)


@pytest.mark.parametrize(
    ("tag", "tail_s"), [("", 0.0), ("[pause:1.5s]", 1.5), ("[pause:1s]…[pause:1s]", 2.0)]
)
def test_the_silence_at_both_ends_is_what_tags_say(booth: Booth, tag: str, tail_s: float) -> None:
    sound = booth.sound(booth.speak(claimed_part(f"{tag}{ONE}{tag}"), ToneEngine()))
    ((start_s, end_s),) = sound.heard()
    assert start_s == pytest.approx(tail_s + 0.03, abs=STEP_S)
    # Players cut the last moment off, so there is always a little.
    assert sound.duration_s - end_s == pytest.approx(max(tail_s, 0.05) + 0.06, abs=STEP_S)


def test_captions_match_the_sound(booth: Booth) -> None:
    text = f"{ONE} {TWO}\n\n{THREE} [pause:2s] {ONE}"
    made = booth.speak(claimed_part(text), ToneEngine())
    heard = booth.sound(made).heard()
    assert [text[cue.start : cue.end] for cue in made.captions] == [ONE, TWO, THREE, ONE]
    check_cues(made.captions, heard, speed=1.0)
    assert made.duration_s == pytest.approx(booth.sound(made).duration_s)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_captions_match_the_sound_of_another_speed(booth: Booth, speed: float) -> None:
    made = booth.speak(claimed_part(f"{ONE} {TWO}", speed=speed), ToneEngine())
    # A stretch lets tones rise and fall for longer.
    check_cues(made.captions, booth.sound(made).heard(above=0.08), speed=speed)


def test_captions_match_the_sound_that_is_left_as_it_is(booth: Booth) -> None:
    made = booth.speak(claimed_part(f"{ONE} {TWO}", options=Options(mastering=False)), ToneEngine())
    for cue, (start_s, _) in zip(made.captions, booth.sound(made).heard(), strict=True):
        assert cue.start_s == pytest.approx(start_s - 0.2, abs=0.002)
        assert cue.words[0].start_s == pytest.approx(start_s, abs=0.002)


def check_cues(cues: Any, heard: list[tuple[float, float]], *, speed: float) -> None:
    """A segment begins a margin before its sound, a word where it is heard; a stretch blurs that."""
    blur_s, margin_s = (0.005, 0.04) if speed == 1.0 else (0.06, 0.2)
    for cue, (begins_s, ends_s) in zip(cues, heard, strict=True):
        words = cue.words
        assert -blur_s <= begins_s - cue.start_s <= margin_s + blur_s
        assert cue.end_s >= ends_s - blur_s
        assert words[0].start_s == pytest.approx(begins_s, abs=blur_s)
        assert words[-1].end_s == pytest.approx(ends_s, abs=blur_s)
        assert all(before.end_s <= after.start_s + 0.002 for before, after in pairwise(words))


def test_without_mastering_samples_are_untouched(booth: Booth) -> None:
    engine = ToneEngine()
    made = booth.speak(
        claimed_part(f"{ONE} {TWO}[pause:1s]{THREE}", options=Options(mastering=False)), engine
    )
    silence = np.zeros(24_000, np.float32)
    whole = np.concatenate([engine.sounds[0], engine.sounds[1], silence, engine.sounds[2]])
    assert np.array_equal(to_int16(booth.sound(made).samples), to_int16(whole))


def test_mastering_gives_as_many_samples_as_it_says(booth: Booth) -> None:
    made = booth.speak(claimed_part(f"{ONE} {TWO}"), ToneEngine())
    assert round(made.duration_s * made.sample_rate_hz) == len(booth.sound(made).samples)


class TestSeveralModels:
    TEXT = f"{ONE}[voice:fake_a]{TWO}[voice:default]{THREE}"

    def spoken(
        self, booth: Booth, text: str, *, rates_hz: tuple[int, int], **changes: Any
    ) -> tuple[Any, Sound]:
        options = Options(
            stages=("fake_a.interactive", "hibari.interactive"),
            stage_of_voice={"fake_a": 0, "hibari_heart": 1},
        )
        first = claimed_part(text, options=options, queue="fake_a.interactive", **changes)
        take = booth.pass_on(first, ToneEngine(rate_hz=rates_hz[0]))
        last = claimed_part(
            text, options=options, job_id=first.job.id, attempt=2, partial_audio=(take,), **changes
        )
        made = booth.speak(last, ToneEngine(rate_hz=rates_hz[1]))
        return made, booth.sound(made)

    @pytest.mark.parametrize("rates_hz", [(24_000, 24_000), (16_000, 24_000), (44_100, 22_050)])
    def test_they_are_heard_in_the_order_of_the_text(self, booth: Booth, rates_hz: tuple[int, int]) -> None:
        made, sound = self.spoken(booth, self.TEXT, rates_hz=rates_hz)
        assert [cue.voice_id for cue in made.captions] == ["hibari_heart", "fake_a", "hibari_heart"]
        assert [self.TEXT[cue.start : cue.end] for cue in made.captions] == [ONE, TWO, THREE]
        assert made.segments == 3
        assert sound.rate_hz == rates_hz[1], "that of the voice that begins"
        check_cues(made.captions, sound.heard(), speed=1.0)
        assert [end_s - start_s for start_s, end_s in sound.heard()] == [pytest.approx(0.7, abs=0.01)] * 3

    def test_pauses_are_as_with_one(self, booth: Booth) -> None:
        text = f"[pause:1s][voice:fake_a]{ONE} {TWO}[pause:500ms][voice:default]{THREE}[pause:1s]"
        _, sound = self.spoken(booth, text, rates_hz=(24_000, 24_000))
        assert [gap_s - MARGINS_S for gap_s in sound.gaps_s] == near(SENTENCE_S, 0.5)
        assert sound.heard()[0][0] == pytest.approx(1.03, abs=STEP_S)
        assert sound.duration_s - sound.heard()[-1][1] == pytest.approx(1.06, abs=STEP_S)

    def test_a_pitch_stays_through_another_rate(self, booth: Booth) -> None:
        _, sound = self.spoken(booth, self.TEXT, rates_hz=(16_000, 24_000))
        start_s, end_s = sound.heard()[1]
        part = sound.samples[round((start_s + 0.1) * sound.rate_hz) : round((end_s - 0.1) * sound.rate_hz)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        assert np.argmax(spectrum) * sound.rate_hz / len(part) == pytest.approx(440, abs=4)

    def test_one_whose_own_voice_says_nothing_is_spoken(self, booth: Booth) -> None:
        made, sound = self.spoken(booth, f"[voice:fake_a]{ONE} {TWO}", rates_hz=(22_050, 24_000))
        assert [cue.voice_id for cue in made.captions] == ["fake_a", "fake_a"]
        assert (made.segments, sound.rate_hz) == (2, 22_050)

    def test_a_take_that_is_gone_says_so_before_anything_is_spoken(self, booth: Booth) -> None:
        engine = ToneEngine()
        claim = claimed_part(self.TEXT, partial_audio=(f"outputs/audio/{claimed_part('').job.id}.1.take",))
        with pytest.raises(EngineError) as raised:
            booth.speak(claim, engine)
        assert raised.value.code == "take_missing"


class TestSilence:
    def test_a_silent_segment_is_left_out_and_told(self, booth: Booth) -> None:
        text = f"This sentence has a mute voice. {ONE} And this one is mute as well. {TWO}"
        made = booth.speak(claimed_part(text), ToneEngine())
        sound = booth.sound(made)
        assert len(sound.heard()) == len(made.captions) == 2
        assert made.segments == 4
        assert made.warnings[-1].startswith("2 of 4 segments")
        assert sound.heard()[0][0] < 0.05

    def test_nothing_but_silence_is_no_recording(self, booth: Booth) -> None:
        with pytest.raises(EngineError) as raised:
            booth.speak(claimed_part("All of this is mute."), ToneEngine())
        assert (raised.value.code, raised.value.caller_fault) == ("unspeakable_text", True)


class TestLiveText:
    def claim(self) -> ClaimedPart:
        return claimed_part("", options=Options(live_text=True))

    def test_it_rests_after_a_segment_and_no_longer_than_asked_for(self, booth: Booth) -> None:
        pieces = [
            Piece("more", text)
            for text in (f"{ONE} ", f"{TWO} ", "[pause:1s]", f"{THREE} ", "[pause:100ms]", ONE)
        ]
        made = booth.speak(self.claim(), ToneEngine(), *pieces, Piece("end"))
        sound = booth.sound(made)
        # What was rested already cannot be taken back.
        assert [gap_s - MARGINS_S for gap_s in sound.gaps_s] == near(SENTENCE_S, 1.0, SENTENCE_S)
        check_cues(made.captions, sound.heard(), speed=1.0)

    def test_the_text_is_brought_home_with_the_places_of_its_segments(self, booth: Booth) -> None:
        pieces = [Piece("more", text) for text in ("[voice:hibari", f"_emma]{ONE[:9]}", f"{ONE[9:]} {TWO}")]
        made = booth.speak(self.claim(), ToneEngine(), *pieces, Piece("end"))
        assert made.text == f"[voice:hibari_emma]{ONE} {TWO}"
        assert [(made.text[cue.start : cue.end], cue.voice_id) for cue in made.captions] == [
            (ONE, "hibari_emma"),
            (TWO, "hibari_emma"),
        ]

    def test_the_pause_at_its_end_is_heard(self, booth: Booth) -> None:
        pieces = (
            Piece("more", f"{ONE}[pause:1s]"),
            Piece("flush"),
            Piece("more", "[pause:1s]"),
            Piece("end"),
        )
        sound = booth.sound(booth.speak(self.claim(), ToneEngine(), *pieces))
        assert sound.duration_s - sound.heard()[-1][1] == pytest.approx(2.06, abs=STEP_S)

    def test_nothing_said_is_told_as_such(self, booth: Booth) -> None:
        with pytest.raises(EngineError) as raised:
            booth.speak(self.claim(), ToneEngine(), Piece("more", " … "), Piece("end"))
        assert raised.value.code == "unspeakable_text"
