"""From a text with tags to what an engine is given, and from its words back to characters of that text."""

# ruff: noqa: RUF001 - phonemes look like other letters

from typing import Any

import pytest

from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from tests.support.booth import ToneEngine
from tests.support.claims import claimed_part
from worker.inference.dispatch import DirectDispatcher
from worker.synthesis.segment_synthesis import (
    JobCallbacks,
    SegmentNormalizer,
    SegmentSynthesis,
    SynthesizedSegment,
)
from worker.synthesis.segmentation import Segment, plan_segments
from worker.text.lexicon import Lexicon

LONG = "The old lighthouse stood at the end of a long road, and nobody knew who had built it. " * 6


def score_of(text: str, *, max_chars: int = 300, **changes: Any) -> list[Segment]:
    return list(plan_segments(claimed_part(text, **changes), max_chars=max_chars).segments)


def recite(
    text: str, engine: ToneEngine | None = None, *, lexicon: Lexicon | None = None, **changes: Any
) -> list[SynthesizedSegment]:
    claim, engine = claimed_part(text, **changes), engine or ToneEngine()
    return list(
        recital_of(claim, engine, lexicon).speak(
            list(plan_segments(claim, max_chars=engine.max_chars).segments)
        )
    )


def recital_of(claim: ClaimedPart, engine: ToneEngine, lexicon: Lexicon | None = None) -> SegmentSynthesis:
    watch = JobCallbacks(lambda: None, lambda _total: None, lambda _done, _total: None)
    return SegmentSynthesis(
        DirectDispatcher(engine),
        claim,
        normalizer=SegmentNormalizer(claim, lexicon),
        speed=1.0,
        callbacks=watch,
    )


def words_of(text: str, said: list[SynthesizedSegment]) -> list[str]:
    """What stands in the text where each word was heard."""
    return [text[word.start : word.end] for one in said for word in one.speech.words]


class TestScore:
    TEXT = "One is here. [pause:1s]\nTwo [voice:hibari_emma]is there. \t[voice:default][pause:.5s] Three, and *four*."

    def test_every_cue_is_the_text_where_it_stands(self) -> None:
        cues = score_of(self.TEXT)
        assert [self.TEXT[cue.start : cue.end] for cue in cues] == [
            *("One is here.", "Two", "is there.", "Three, and *four*."),
        ]
        assert [cue.text for cue in cues] == [self.TEXT[cue.start : cue.end] for cue in cues]
        assert [cue.voice.id for cue in cues] == [
            "hibari_heart",
            "hibari_heart",
            "hibari_emma",
            "hibari_heart",
        ]
        assert [cue.lead_s for cue in cues] == [None, 1.0, None, 0.5]
        assert [cue.index for cue in cues] == [0, 1, 2, 3]

    def test_a_pause_is_before_the_first_segment_of_its_passage_only(self) -> None:
        cues = score_of(f"One.[pause:2s]{LONG}")
        assert [cue.lead_s for cue in cues] == [None, 2.0, *[None] * (len(cues) - 2)]
        assert len(cues) > 3

    def test_the_tail_is_what_the_text_ends_with(self) -> None:
        assert plan_segments(claimed_part("One. [pause:1s] … [pause:500ms]"), max_chars=300).tail_s == 1.5

    def test_no_cue_is_longer_than_the_engine_takes(self) -> None:
        cues = score_of(f"{LONG}[voice:hibari_emma]{LONG}", max_chars=70)
        assert max(len(cue.text) for cue in cues) <= 70
        assert [cue.index for cue in cues] == list(range(len(cues)))

    def test_a_dense_language_takes_fewer_characters(self) -> None:
        text = "吾輩は猫である名前はまだ無いどこで生れたか" * 6
        assert max(len(cue.text) for cue in score_of(text, voice_id="jf_alpha", max_chars=90)) <= 30

    def test_voices_are_parted_by_where_they_are_spoken(self) -> None:
        text = "One. [voice:fake_a]Two. [voice:fake_b]Three. [voice:default]Four. [voice:fake_a]Five."
        options = Options(
            stages=("fake_a.interactive", "fake_b.interactive", "hibari.interactive"),
            stage_of_voice={"fake_a": 0, "fake_b": 1, "hibari_heart": 2},
        )
        legs = [score_of(text, options=options, partial_audio=("take",) * done) for done in range(3)]
        assert [[cue.text for cue in leg] for leg in legs] == [
            ["Two.", "Five."],
            ["Three."],
            ["One.", "Four."],
        ]
        assert sorted(cue.voice_span for leg in legs for cue in leg) == [0, 1, 2, 3, 4]
        # Each of them opens its engine's work.
        assert [leg[0].index for leg in legs] == [0, 0, 0]

    def test_each_voice_reads_in_a_language_of_its_own(self) -> None:
        text = "The weather is fine today. [voice:ff_siwis]Il fait beau aujourd'hui. [voice:bf_emma]Lovely."
        cues = score_of(text, voice_id="af_heart")
        assert [cue.language.partition("-")[0].lower() for cue in cues] == ["en", "fr", "en"]
        assert cues[0].language != cues[2].language, "of America and of Britain"

    def test_a_language_that_is_asked_for_is_everybodys(self) -> None:
        cues = score_of("Hello there. [voice:ff_siwis]Bonjour.", voice_id="af_heart", language="de")
        assert {cue.language for cue in cues} == {"de"}


class TestRecital:
    def test_words_are_characters_of_the_text_around_tags(self) -> None:
        text = "One is here. [pause:1s]\n\nTwo [voice:hibari_emma]is there, [voice:default]and more."
        assert words_of(text, recite(text)) == ["One", "is", "here", "Two", "is", "there", "and", "more"]

    def test_words_that_are_read_otherwise_are_what_is_written(self) -> None:
        text = "[pause:1s]It cost $5 on 3 May, said **Dr. Who**."
        said = recite(text)
        engine = ToneEngine()
        recite(text, engine)
        assert "five dollars" in engine.spoken[0].text
        found = words_of(text, said)
        assert found.count("$5") == 2
        assert (found[0], found[1]) == ("It", "cost")
        assert "Who" in found[-1]
        places = [word.start for one in said for word in one.speech.words]
        assert places == sorted(places)

    def test_without_reading_it_is_said_as_it_stands(self) -> None:
        text = "It cost $5 on 3 May."
        engine = ToneEngine()
        said = recite(text, engine, options=Options(normalize=False))
        assert engine.spoken[0].text == text
        assert words_of(text, said) == ["It", "cost", "$5", "on", "3", "May"]

    def test_a_lexicon_is_followed_with_and_without_reading(self) -> None:
        text = "Ask [pause:1s] Oratio for 5 apples."
        for normalize in (True, False):
            engine = ToneEngine()
            options = Options(normalize=normalize, lexicon={"Oratio": "or ah tee oh"})
            said = recite(text, engine, options=options)
            assert engine.spoken[1].text.startswith("or ah tee oh for ")
            assert words_of(text, said)[1:6] == ["Oratio"] * 4 + ["for"]

    def test_the_jobs_lexicon_goes_before_the_services(self) -> None:
        engine = ToneEngine()
        own = Options(lexicon={"Oratio": "mine"})
        recite(
            "Oratio and Viva.", engine, lexicon=Lexicon.of({"Oratio": "theirs", "Viva": "veeva"}), options=own
        )
        assert engine.spoken[0].text == "mine and veeva."

    def test_phonemes_of_a_lexicon_stand_where_the_word_does(self) -> None:
        engine = ToneEngine()
        recite("I say Oratio twice: Oratio.", engine, options=Options(lexicon={"Oratio": "/ɔɹˈeɪʃiˌoʊ/"}))
        (utterance,) = engine.spoken
        assert [utterance.text[start:end] for start, end, _ in utterance.phonemes] == ["Oratio"] * 2

    def test_what_reading_makes_too_long_is_spoken_in_several_calls(self) -> None:
        text = "Numbers: 123456789, 987654321, 555666777, 111222333 and 444555666."
        engine = ToneEngine(max_chars=80)
        (said,) = recite(text, engine)
        assert len(engine.spoken) > 3
        assert all(len(utterance.text) <= 80 for utterance in engine.spoken)
        assert len(said.speech.samples) == sum(map(len, engine.sounds))
        assert set(words_of(text, [said])) >= {"Numbers", "123456789", "444555666", "and"}
        check_words(said, engine)

    def test_words_of_several_calls_are_heard_one_after_the_other(self) -> None:
        engine = ToneEngine(max_chars=40)
        for said in recite(LONG, engine):
            check_words(said, engine)
        assert (
            words_of(LONG, recite(LONG, ToneEngine(max_chars=40)))
            == LONG.replace(",", "").replace(".", "").split()
        )

    def test_the_engine_hears_of_the_beginning_once(self) -> None:
        engine = ToneEngine()
        recite(f"{LONG}[voice:hibari_emma]{LONG}", engine)
        assert [utterance.is_first for utterance in engine.spoken] == [
            True,
            *[False] * (len(engine.spoken) - 1),
        ]
        assert len({utterance.seed for utterance in engine.spoken}) == len(engine.spoken)

    @pytest.mark.parametrize(("queue", "read"), [("hibari.interactive", True), ("stub.interactive", False)])
    def test_beeps_are_not_read_whoever_speaks_the_rest(self, queue: str, read: bool) -> None:
        """Of a text with several models one may be missing: the job's own provider says nothing of the others."""
        for provider in ("local", "stub"):
            engine = ToneEngine()
            recite("It cost $5.", engine, queue=queue, provider=provider)
            assert ("five" in engine.spoken[0].text) == read


def check_words(said: SynthesizedSegment, engine: ToneEngine) -> None:
    """Forwards in text and time, each within the sound, and as long as the engine said."""
    words = said.speech.words
    duration_s = len(said.speech.samples) / said.speech.sample_rate_hz
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert all(said.segment.start <= word.start < word.end <= said.segment.end for word in words)
    assert all(word.end_s - word.start_s == pytest.approx(engine.word_s) for word in words)
    assert words[-1].end_s == pytest.approx(duration_s - engine.after_s, abs=1e-3)
