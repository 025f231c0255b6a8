# ruff: noqa: RUF001 - phonemes look like other letters
"""SSML and mended lines on their way to the engine: segments, phonemes, rates, and words of the source."""

import io
from typing import Any

import numpy as np
import pytest

from common.catalogue import find_voice
from common.jobs.options import Options
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import ToneEngine
from worker.engines.protocol import Speech, Utterance, Word
from worker.inference.dispatch import DirectDispatcher
from worker.synthesis.callbacks import JobCallbacks
from worker.synthesis.mark_pauses import MIN_PAUSE_S, lengthen_pauses
from worker.synthesis.partial_audio import read_partial, write_partial
from worker.synthesis.segment_synthesis import SegmentNormalizer, SegmentSynthesis, SynthesizedSegment
from worker.synthesis.segmentation import Segment, plan_segments

RATE_HZ = 24_000


def plan(text: str, **changes: Any) -> list[Segment]:
    return list(plan_segments(claimed_part(text, **changes), max_chars=300).segments)


def speak(text: str, engine: ToneEngine, **changes: Any) -> list[SynthesizedSegment]:
    part = claimed_part(text, **changes)
    synthesis = SegmentSynthesis(
        DirectDispatcher(engine),
        part,
        normalizer=SegmentNormalizer(part, None),
        speed=part.job.speed,
        callbacks=JobCallbacks(lambda: None, lambda _total: None, lambda _done, _total: None),
    )
    return list(synthesis.speak(plan_segments(part, max_chars=engine.max_chars).segments))


def utterances(text: str, **changes: Any) -> list[Utterance]:
    engine = ToneEngine()
    speak(text, engine, **changes)
    return engine.spoken


def words_of(text: str, **changes: Any) -> list[tuple[str, str]]:
    """(word that the engine spoke, its source in the text)."""
    engine = ToneEngine()
    synthesized = speak(text, engine, **changes)
    spoken = [word.strip(",.") for utterance in engine.spoken for word in utterance.text.split()]
    sources = [text[word.start : word.end] for one in synthesized for word in one.speech.words]
    return list(zip(spoken, sources, strict=True))


class TestSsml:
    def test_words_are_places_in_the_ssml(self) -> None:
        text = (
            '<speak>\n  Ünïcode &amp; <sub alias="two words">x</sub>\n costs <emphasis>$5</emphasis> on the '
            '<say-as interpret-as="ordinal">3</say-as>.</speak>'
        )
        assert words_of(text) == [
            *(("Ünïcode", "Ünïcode"), ("and", "&amp;"), ("two", "x"), ("words", "x"), ("costs", "costs")),
            *(("five", "$5"), ("dollars", "$5"), ("on", "on"), ("the", "the"), ("third", "3")),
        ]

    def test_the_normalizer_reads_what_remains(self) -> None:
        (utterance,) = utterances("<speak>It is <say-as interpret-as='time'>10:30</say-as>, Dr. Who.</speak>")
        assert utterance.text == "It is ten thirty, Doctor Who."

    def test_phonemes_reach_the_engine_in_its_alphabet(self) -> None:
        (utterance,) = utterances('<speak>Call 3 <phoneme ph="dʒoʊ.ˈreɪ">Joray</phoneme> now.</speak>')
        ((start, end, phonemes),) = utterance.phonemes
        assert (utterance.text[start:end], phonemes) == ("Joray", "ʤOˈɹA")
        assert utterance.text == "Call three Joray now."

    @pytest.mark.parametrize("normalize", [True, False])
    def test_phonemes_of_ascii_letters_and_of_several_words(self, normalize: bool) -> None:
        text = '<speak><phoneme ph="kat">cat</phoneme> or <phoneme ph="dog">dog</phoneme> 5.</speak>'
        (utterance,) = utterances(text, options=Options(normalize=normalize))
        found = [(utterance.text[start:end], symbols) for start, end, symbols in utterance.phonemes]
        assert found == [("cat", "kat"), ("dog", "dog")]

    def test_the_stub_gets_the_words_without_tags(self) -> None:
        text = '<speak>Call <phoneme ph="dʒoʊ">Jo</phoneme> <emphasis>now</emphasis>.</speak>'
        (utterance,) = utterances(text, queue="stub.interactive")
        assert utterance.text == "Call Jo now."

    def test_a_rate_multiplies_the_speed_within_the_range_of_the_engine(self) -> None:
        text = '<speak>One is here. <prosody rate="50%">Two is here.</prosody></speak>'
        engine = ToneEngine(native_speed=(0.5, 2.0))
        speak(text, engine, speed=1.5)
        assert [one.speed for one in engine.spoken] == [1.5, 0.75]
        assert [segment.rate for segment in plan(text)] == [1.0, 0.5]
        assert [one.speed for one in utterances(text, speed=1.5)] == [1.0, 1.0]

    def test_a_sentence_that_changes_its_manner_ends_neither_sentence_nor_paragraph(self) -> None:
        segments = plan('<speak>One is <prosody rate="slow">two</prosody>. <p>Three.</p></speak>')
        assert [(one.sentence_end, one.paragraph_end) for one in segments] == [
            (False, False),
            (True, True),
            (True, True),
        ]

    def test_partial_audio_returns_an_equal_segment(self) -> None:
        text = (
            '<speak>One is <prosody rate="50%"><phoneme ph="kat">cat</phoneme> &amp; two.</prosody></speak>'
        )
        synthesized = speak(text, ToneEngine())
        file = io.BytesIO()
        write_partial(synthesized, file)
        file.seek(0)
        read = list(read_partial(file))
        assert [one.segment for one in read] == [one.segment for one in synthesized]
        assert [one.speech.words for one in read] == [one.speech.words for one in synthesized]

    def test_the_language_of_an_element_chooses_the_rules(self) -> None:
        text = '<speak>5 apples <lang xml:lang="fr-FR">5 pommes</lang></speak>'
        assert [one.text for one in utterances(text)] == ["five apples", "cinq pommes"]

    def test_the_language_is_detected_without_the_tags(self) -> None:
        tags = "<emphasis>" * 20, "</emphasis>" * 20
        text = f"<speak>{tags[0]}Il fait beau aujourd'hui et nous allons au marché.{tags[1]}</speak>"
        voice_id = "mms_fra" if "fr" in find_voice("mms_fra").languages else "ff_siwis"
        assert plan(text, voice_id=voice_id)[0].language.startswith("fr")

    def test_a_text_marked_as_text_is_no_ssml(self) -> None:
        (segment,) = plan("<speak>Hello there.</speak>", options=Options(input_type="text"))
        assert segment.text == "<speak>Hello there.</speak>"


class TestLines:
    def test_words_of_mended_lines_are_places_in_the_text(self) -> None:
        text = "Nobody in the vil-\nlage knew it\nEggs"
        assert words_of(text) == [
            *(("Nobody", "Nobody"), ("in", "in"), ("the", "the"), ("village", "vil-\nlage")),
            *(("knew", "knew"), ("it", "it"), ("Eggs", "Eggs")),
        ]

    def test_without_normalization_lines_stay(self) -> None:
        (utterance,) = utterances("Eggs\nMilk", options=Options(normalize=False))
        assert utterance.text == "Eggs\nMilk"

    def test_pages_are_cleaned_on_request(self) -> None:
        text = "It stood at\n\n12\n\nthe end."
        assert " ".join(one.text for one in utterances(text)) == "It stood at twelve the end."
        (utterance,) = utterances(text, options=Options(clean_pages=True))
        assert utterance.text.split() == ["It", "stood", "at", "the", "end."]


def tone(duration_s: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    times = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 300 * times)).astype(np.float32)


def speech_with_gap(gap_s: float) -> Speech:
    """Two words of 0.3 s, each of them a tone."""
    silence = np.zeros(round(gap_s * RATE_HZ), np.float32)
    words = (Word(0, 3, 0.0, 0.3), Word(6, 9, 0.3 + gap_s, 0.6 + gap_s))
    return Speech(np.concatenate([tone(0.3), silence, tone(0.3)]), RATE_HZ, words)


def longest_silence_s(speech: Speech) -> float:
    loud = np.flatnonzero(np.abs(speech.samples) > 1e-3)
    return float(np.diff(loud).max()) / RATE_HZ


class TestPausesAtMarks:
    @pytest.mark.parametrize(
        "text", ["one — two", "one … two", "one...two", "one---two", "one – two", "one - two"]
    )
    @pytest.mark.parametrize("gap_s", [0.0, 0.07, 0.12])
    def test_a_short_pause_is_lengthened_and_later_words_are_moved(self, text: str, gap_s: float) -> None:
        before = speech_with_gap(gap_s)
        after = lengthen_pauses(before, text=text)
        assert longest_silence_s(after) == pytest.approx(MIN_PAUSE_S, abs=0.03)
        assert longest_silence_s(after) >= MIN_PAUSE_S
        added_s = (len(after.samples) - len(before.samples)) / RATE_HZ
        assert after.words[0] == before.words[0]
        assert after.words[1].start_s == pytest.approx(before.words[1].start_s + added_s)
        assert np.abs(np.diff(after.samples)).max() < 0.1, "the cut does not click"

    @pytest.mark.parametrize(
        ("text", "gap_s"), [("one — two", 0.2), ("one - two", 0.2), ("one, two.", 0.0), ("one-and two", 0.0)]
    )
    def test_other_speech_stays(self, text: str, gap_s: float) -> None:
        speech = speech_with_gap(gap_s)
        assert lengthen_pauses(speech, text=text) is speech

    def test_faster_speech_has_shorter_pauses(self) -> None:
        after = lengthen_pauses(speech_with_gap(0.0), text="one — two", speed=2.0)
        assert longest_silence_s(after) < MIN_PAUSE_S

    def test_speech_without_word_times_stays(self) -> None:
        speech = Speech(tone(0.5), RATE_HZ)
        assert lengthen_pauses(speech, text="one — two") is speech

    def test_without_mastering_the_speech_stays(self) -> None:
        engine = ToneEngine(before_s=0.0, after_s=0.0)
        (with_mastering,) = speak("One — two.", engine)
        (without,) = speak("One — two.", engine, options=Options(mastering=False))
        assert len(without.speech.samples) < len(with_mastering.speech.samples)
