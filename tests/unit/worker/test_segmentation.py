"""Splitting a text with tags into utterances, and mapping their words back to the text."""

# ruff: noqa: RUF001 - phonemes look like other letters

from typing import Any

import pytest

from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import ToneEngine
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


def plan(text: str, *, max_chars: int = 300, **changes: Any) -> list[Segment]:
    return list(plan_segments(claimed_part(text, **changes), max_chars=max_chars).segments)


def speak(
    text: str, engine: ToneEngine | None = None, *, lexicon: Lexicon | None = None, **changes: Any
) -> list[SynthesizedSegment]:
    part, engine = claimed_part(text, **changes), engine or ToneEngine()
    segments = list(plan_segments(part, max_chars=engine.max_chars).segments)
    return list(synthesis_of(part, engine, lexicon).speak(segments))


def synthesis_of(part: ClaimedPart, engine: ToneEngine, lexicon: Lexicon | None = None) -> SegmentSynthesis:
    callbacks = JobCallbacks(lambda: None, lambda _total: None, lambda _done, _total: None)
    return SegmentSynthesis(
        DirectDispatcher(engine),
        part,
        normalizer=SegmentNormalizer(part, lexicon),
        speed=1.0,
        callbacks=callbacks,
    )


def words_of(text: str, synthesized: list[SynthesizedSegment]) -> list[str]:
    """The word of the text at each word timing."""
    return [text[word.start : word.end] for one in synthesized for word in one.speech.words]


class TestPlan:
    TEXT = "One is here. [pause:1s]\nTwo [voice:hibari_emma]is there. \t[voice:default][pause:.5s] Three, and *four*."

    def test_every_segment_has_the_text_of_its_span(self) -> None:
        segments = plan(self.TEXT)
        assert [self.TEXT[segment.start : segment.end] for segment in segments] == [
            *("One is here.", "Two", "is there.", "Three, and *four*."),
        ]
        assert [segment.text for segment in segments] == [
            self.TEXT[segment.start : segment.end] for segment in segments
        ]
        assert [segment.voice.id for segment in segments] == [
            "hibari_heart",
            "hibari_heart",
            "hibari_emma",
            "hibari_heart",
        ]
        assert [segment.lead_s for segment in segments] == [None, 1.0, None, 0.5]
        assert [segment.index for segment in segments] == [0, 1, 2, 3]

    def test_a_pause_applies_only_to_the_first_segment_after_its_tag(self) -> None:
        segments = plan(f"One.[pause:2s]{LONG}")
        assert [segment.lead_s for segment in segments] == [None, 2.0, *[None] * (len(segments) - 2)]
        assert len(segments) > 3

    def test_pauses_at_the_end_add_up_to_the_tail(self) -> None:
        assert plan_segments(claimed_part("One. [pause:1s] … [pause:500ms]"), max_chars=300).tail_s == 1.5

    def test_no_segment_is_longer_than_the_limit_of_the_engine(self) -> None:
        segments = plan(f"{LONG}[voice:hibari_emma]{LONG}", max_chars=70)
        assert max(len(segment.text) for segment in segments) <= 70
        assert [segment.index for segment in segments] == list(range(len(segments)))

    def test_segments_of_a_dense_language_have_fewer_characters(self) -> None:
        text = "吾輩は猫である名前はまだ無いどこで生れたか" * 6
        assert max(len(segment.text) for segment in plan(text, voice_id="jf_alpha", max_chars=90)) <= 30

    def test_each_stage_has_the_segments_of_its_own_voices(self) -> None:
        text = "One. [voice:fake_a]Two. [voice:fake_b]Three. [voice:default]Four. [voice:fake_a]Five."
        options = Options(
            stages=("fake_a.interactive", "fake_b.interactive", "hibari.interactive"),
            stage_of_voice={"fake_a": 0, "fake_b": 1, "hibari_heart": 2},
        )
        stages = [plan(text, options=options, partial_audio=("key",) * done) for done in range(3)]
        assert [[segment.text for segment in stage] for stage in stages] == [
            ["Two.", "Five."],
            ["Three."],
            ["One.", "Four."],
        ]
        assert sorted(segment.voice_span for stage in stages for segment in stage) == [0, 1, 2, 3, 4]
        # Every stage numbers its segments from 0.
        assert [stage[0].index for stage in stages] == [0, 0, 0]

    def test_each_voice_reads_in_its_own_language(self) -> None:
        text = "The weather is fine today. [voice:ff_siwis]Il fait beau aujourd'hui. [voice:bf_emma]Lovely."
        segments = plan(text, voice_id="af_heart")
        assert [segment.language.partition("-")[0].lower() for segment in segments] == ["en", "fr", "en"]
        assert segments[0].language != segments[2].language, "American and British English"

    def test_a_requested_language_applies_to_every_voice(self) -> None:
        segments = plan("Hello there. [voice:ff_siwis]Bonjour.", voice_id="af_heart", language="de")
        assert {segment.language for segment in segments} == {"de"}


class TestSynthesis:
    def test_words_are_spans_of_the_text_with_tags(self) -> None:
        text = "One is here. [pause:1s]\n\nTwo [voice:hibari_emma]is there, [voice:default]and more."
        assert words_of(text, speak(text)) == ["One", "is", "here", "Two", "is", "there", "and", "more"]

    def test_normalized_words_map_to_the_words_of_the_text(self) -> None:
        text = "[pause:1s]It cost $5 on 3 May, synthesized **Dr. Who**."
        synthesized = speak(text)
        engine = ToneEngine()
        speak(text, engine)
        assert "five dollars" in engine.spoken[0].text
        found = words_of(text, synthesized)
        assert found.count("$5") == 2
        assert (found[0], found[1]) == ("It", "cost")
        assert "Who" in found[-1]
        places = [word.start for one in synthesized for word in one.speech.words]
        assert places == sorted(places)

    def test_without_normalization_the_text_is_spoken_unchanged(self) -> None:
        text = "It cost $5 on 3 May."
        engine = ToneEngine()
        synthesized = speak(text, engine, options=Options(normalize=False))
        assert engine.spoken[0].text == text
        assert words_of(text, synthesized) == ["It", "cost", "$5", "on", "3", "May"]

    def test_a_lexicon_applies_with_and_without_normalization(self) -> None:
        text = "Ask [pause:1s] Oratio for 5 apples."
        for normalize in (True, False):
            engine = ToneEngine()
            options = Options(normalize=normalize, lexicon={"Oratio": "or ah tee oh"})
            synthesized = speak(text, engine, options=options)
            assert engine.spoken[1].text.startswith("or ah tee oh for ")
            assert words_of(text, synthesized)[1:6] == ["Oratio"] * 4 + ["for"]

    def test_the_jobs_lexicon_overrides_the_services(self) -> None:
        engine = ToneEngine()
        options = Options(lexicon={"Oratio": "mine"})
        speak(
            "Oratio and Viva.",
            engine,
            lexicon=Lexicon.of({"Oratio": "theirs", "Viva": "veeva"}),
            options=options,
        )
        assert engine.spoken[0].text == "mine and veeva."

    def test_phonemes_of_a_lexicon_have_the_span_of_the_word(self) -> None:
        engine = ToneEngine()
        speak("I say Oratio twice: Oratio.", engine, options=Options(lexicon={"Oratio": "/ɔɹˈeɪʃiˌoʊ/"}))
        (utterance,) = engine.spoken
        assert [utterance.text[start:end] for start, end, _ in utterance.phonemes] == ["Oratio"] * 2

    def test_a_segment_that_normalization_makes_too_long_is_spoken_in_several_calls(self) -> None:
        text = "Numbers: 123456789, 987654321, 555666777, 111222333 and 444555666."
        engine = ToneEngine(max_chars=80)
        (synthesized,) = speak(text, engine)
        assert len(engine.spoken) > 3
        assert all(len(utterance.text) <= 80 for utterance in engine.spoken)
        assert len(synthesized.speech.samples) == sum(map(len, engine.samples))
        assert set(words_of(text, [synthesized])) >= {"Numbers", "123456789", "444555666", "and"}
        check_words(synthesized, engine)

    def test_words_of_several_calls_follow_each_other(self) -> None:
        engine = ToneEngine(max_chars=40)
        for synthesized in speak(LONG, engine):
            check_words(synthesized, engine)
        assert (
            words_of(LONG, speak(LONG, ToneEngine(max_chars=40)))
            == LONG.replace(",", "").replace(".", "").split()
        )

    def test_only_the_first_utterance_is_marked_as_first(self) -> None:
        engine = ToneEngine()
        speak(f"{LONG}[voice:hibari_emma]{LONG}", engine)
        assert [utterance.is_first for utterance in engine.spoken] == [
            True,
            *[False] * (len(engine.spoken) - 1),
        ]
        assert len({utterance.seed for utterance in engine.spoken}) == len(engine.spoken)

    @pytest.mark.parametrize(
        ("queue", "normalized"), [("hibari.interactive", True), ("stub.interactive", False)]
    )
    def test_text_for_the_stub_is_not_normalized(self, queue: str, normalized: bool) -> None:
        """The queue decides. One of several models may be missing, so the job's provider does not tell."""
        for provider in ("local", "stub"):
            engine = ToneEngine()
            speak("It cost $5.", engine, queue=queue, provider=provider)
            assert ("five" in engine.spoken[0].text) == normalized


def check_words(synthesized: SynthesizedSegment, engine: ToneEngine) -> None:
    """Words are in order, lie within their segment and its audio, and are as long as the engine reported."""
    words = synthesized.speech.words
    duration_s = len(synthesized.speech.samples) / synthesized.speech.sample_rate_hz
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert [word.start_s for word in words] == sorted(word.start_s for word in words)
    assert all(
        synthesized.segment.start <= word.start < word.end <= synthesized.segment.end for word in words
    )
    assert all(word.end_s - word.start_s == pytest.approx(engine.word_s) for word in words)
    assert words[-1].end_s == pytest.approx(duration_s - engine.after_s, abs=1e-3)
