"""Word timings: word spans, alignment with a normalized text, and the timings that hibari reports."""

# ruff: noqa: RUF001 - phonemes look like other letters

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hibari.voices import voice_path
from numpy.testing import assert_array_equal
from onnxruntime import InferenceSession, SessionOptions

from tests.support.transcription import transcribe_words
from tests.support.utterances import utterance
from worker.engines.hibari.engine import HibariEngine
from worker.engines.onnx_graph import find_durations, open_session
from worker.engines.protocol import Speech, Word
from worker.engines.word_timings import align_words, word_spans

TEXT = (
    "The quick brown fox jumps over the lazy dog. She has three dogs and one black cat. The house stood on a low "
    "hill above the river, and one could hear the bells of cattle long before one saw them."
)


def words_of(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]


def timed_words(text: str, normalized: str) -> list[tuple[str, float, float]]:
    """The (word, start_s, end_s) of each word of `text` when each word of `normalized` takes a second."""
    timings = [
        Word(start, end, second, second + 1) for second, (start, end) in enumerate(word_spans(normalized))
    ]
    words = align_words(text, normalized=normalized, timings=timings)
    return [(text[word.start : word.end], word.start_s, word.end_s) for word in words]


class TestAlignment:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("“Don't”, he said (twice)!", ["Don't", "he", "said", "twice"]),
            ("a well-known man—or two…three", ["a", "well-known", "man", "or", "two", "three"]),
            ("It costs $9.99, or 5 €.", ["It", "costs", "$9.99", "or", "5", "€"]),
            ("吾輩は猫である。名前は", ["吾輩は猫である", "名前は"]),
            ("  *** -- … 😀\n", []),
            ("¿Qué tal?", ["Qué", "tal"]),
        ],
    )
    def test_word_spans_leave_out_outer_marks(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words

    def test_equal_texts_match_word_by_word(self) -> None:
        assert timed_words("One, two!", "one two") == [("One", 0, 1), ("two", 1, 2)]

    @pytest.mark.parametrize(
        ("text", "normalized", "words"),
        [
            ("Dr. Who came", "Doctor Who came", [("Dr", 0, 1), ("Who", 1, 2), ("came", 2, 3)]),
            ("paid $5 now", "paid five dollars now", [("paid", 0, 1), ("$5", 1, 3), ("now", 3, 4)]),
            ("at 12:30 pm", "at twelve thirty P.M.", [("at", 0, 1), ("12:30", 1, 3), ("pm", 3, 4)]),
            (
                "with 7kg 3cm, he",
                "with 7 kilograms 3 centimeters he",
                [("with", 0, 1), ("7kg 3cm", 1, 5), ("he", 5, 6)],
            ),
            ("A & B", "A and B", [("A", 0, 1), ("B", 2, 3)]),
            ("yes 東京 no", "yes no", [("yes", 0, 1), ("no", 1, 2)]),
            ("東京", "", []),
            ("안녕 세상", "annyeong sesang", [("안녕", 0, 1), ("세상", 1, 2)]),
            ("no 東 京 大 学 校 yes", "no dong jing yes", [("no", 0, 1), ("yes", 3, 4)]),
            ("", "one", []),
        ],
    )
    def test_words_of_a_normalized_text_map_to_the_original(
        self, text: str, normalized: str, words: list[Any]
    ) -> None:
        assert timed_words(text, normalized) == words

    def test_words_that_share_a_timing_become_one_word(self) -> None:
        timings = [Word(0, 5, 0.0, 1.0), Word(6, 14, 1.0, 2.0), Word(15, 18, 2.0, 3.0)]
        text = "Here: New York, yes"
        words = align_words(text, normalized="Here: New York yes", timings=timings)
        assert [text[word.start : word.end] for word in words] == ["Here", "New York", "yes"]

    def test_timings_within_a_word_become_one_word(self) -> None:
        timings = [Word(0, 3, 0.0, 1.0), Word(3, 6, 1.5, 2.0)]
        assert align_words("cannot", normalized="cannot", timings=timings) == (Word(0, 6, 0.0, 2.0),)


@pytest.fixture(scope="module")
def hibari(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HibariEngine]:
    engine = HibariEngine(voices_dir=tmp_path_factory.mktemp("voices"))
    engine.load()
    yield engine
    engine.close()


def say(engine: HibariEngine, text: str, **changes: Any) -> Speech:
    return engine.speak([utterance(text, voice="heart", **changes)])[0]


class TestHibari:
    @pytest.mark.parametrize("speed", [0.8, 1.0])
    def test_word_times_match_a_transcription(self, hibari: HibariEngine, speed: float) -> None:
        """Whisper's own word times are off by about a tenth of a second."""
        speech = say(hibari, TEXT, speed=speed)
        file = io.BytesIO()
        soundfile.write(file, speech.samples, speech.sample_rate_hz, format="WAV")
        transcribed = transcribe_words(file.getvalue())
        assert [word for word, _, _ in transcribed] == [word.lower() for word in words_of(TEXT)]
        errors_s = [
            abs(word.start_s - start_s)
            for word, (_, start_s, _) in zip(speech.words, transcribed, strict=True)
        ]
        assert sum(errors_s) / len(errors_s) < 0.12
        assert max(errors_s) < 0.6

    @pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
    def test_words_are_in_order_and_within_the_audio(self, hibari: HibariEngine, speed: float) -> None:
        speech = say(hibari, TEXT, speed=speed)
        assert [(word.start, word.end) for word in speech.words] == word_spans(TEXT)
        previous_end_s = 0.2 / speed
        for word in speech.words:
            assert previous_end_s <= word.start_s < word.end_s
            previous_end_s = word.end_s
        assert previous_end_s < len(speech.samples) / speech.sample_rate_hz - 0.1 / speed

    def test_normalized_words_keep_the_original_spelling(self, hibari: HibariEngine) -> None:
        text = "Dr. Heron paid $5.50 at 12:30 pm on March 3rd or 東京 too."
        words = [text[word.start : word.end] for word in say(hibari, text).words]
        assert words == [
            "Dr",
            "Heron",
            "paid",
            "$5.50",
            "at",
            "12:30",
            "pm",
            "on",
            "March",
            "3rd",
            "or",
            "too",
        ]

    def test_times_continue_across_sentences_and_clauses(self, hibari: HibariEngine) -> None:
        text = f"Good. {'9' * 30}, {'8' * 30}, good."
        speech = say(hibari, text)
        assert [text[word.start : word.end][:4] for word in speech.words] == ["Good", "9999", "8888", "good"]
        assert speech.words[-1].end_s == pytest.approx(len(speech.samples) / 24_000, abs=1)


class TestHibariPhonemes:
    def test_given_phonemes_replace_the_pronunciation(self, hibari: HibariEngine) -> None:
        """With another word's phonemes, a word sounds like that one, sample for sample."""
        plain = say(hibari, "Good heron.")
        given = say(hibari, "Good xyz.", phonemes=((5, 8, self._phonemes(hibari, "heron")),))
        assert_array_equal(given.samples, plain.samples)
        assert [(word.start, word.end) for word in given.words] == [(0, 4), (5, 8)]

    def test_given_phonemes_are_audible(self, hibari: HibariEngine) -> None:
        text = "The farmer has a cat in the garden."
        start = text.index("cat")
        speech = say(hibari, text, phonemes=((start, start + 3, self._phonemes(hibari, "dog")),))
        file = io.BytesIO()
        soundfile.write(file, speech.samples, speech.sample_rate_hz, format="WAV")
        transcribed = [word for word, _, _ in transcribe_words(file.getvalue())]
        assert "dog" in transcribed
        assert "cat" not in transcribed

    def test_phonemes_may_span_several_words_or_part_of_one(self, hibari: HibariEngine) -> None:
        text = "We go to St. John. (GIF)s are fine."
        spans = ((9, 17, "sˈAnt ʤˈɑn"), (20, 23, "ʤˈɪf"))
        speech = say(hibari, text, phonemes=spans)
        words = [text[word.start : word.end] for word in speech.words]
        assert words == ["We", "go", "to", "St. John", "GIF)s", "are", "fine"]

    def test_unknown_phonemes_are_ignored(self, hibari: HibariEngine) -> None:
        plain = say(hibari, "Good heron.")
        for unknown in ("", " ", "漢", "."):
            assert_array_equal(
                say(hibari, "Good heron.", phonemes=((5, 10, unknown),)).samples, plain.samples
            )
        assert_array_equal(
            say(hibari, "Good heron.", phonemes=((5, 10, "gˈʊd"),)).samples,
            say(hibari, "Good heron.", phonemes=((5, 10, "ɡˈʊd漢"),)).samples,
        )

    @staticmethod
    def _phonemes(hibari: HibariEngine, word: str) -> str:
        (phonemes,) = hibari._model("heart").phonemize(word)
        return str(phonemes)


class TestGraphs:
    def test_a_patched_graph_returns_durations_and_the_same_audio(self) -> None:
        path = Path(voice_path("heart"))
        session, has_durations = open_session(path, SessionOptions())
        assert has_durations
        plain = InferenceSession(str(path))
        inputs = {"ids": [[0, 50, 83, 54, 4, 0]], "speed": [1.0]}
        *outputs, durations = session.run(None, inputs)
        for own, expected in zip(outputs, plain.run(None, inputs), strict=True):
            assert_array_equal(own, expected)
        # Two output frames per unit of duration.
        assert durations.shape == (6,)
        assert 2 * durations.sum() == outputs[0].shape[-1]

    @pytest.mark.parametrize(
        "content", [b"", b"no model", b"\x08\x09\x12\x04", b"\x3a\xff\xff\xff\x7f\x0a", bytes(99)]
    )
    def test_an_invalid_file_has_no_durations_and_does_not_open(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "graph.onnx").write_bytes(content)
        assert find_durations(tmp_path / "graph.onnx") is None
        with pytest.raises(Exception, match=r"(?i)load|parse|protobuf|graph"):
            open_session(tmp_path / "graph.onnx", SessionOptions())

    def test_a_missing_file_has_no_durations(self, tmp_path: Path) -> None:
        assert find_durations(tmp_path / "graph.onnx") is None

    def test_a_truncated_graph_does_not_open(self, tmp_path: Path) -> None:
        content = Path(voice_path("heart")).read_bytes()
        (tmp_path / "graph.onnx").write_bytes(content[:-100_000])
        with pytest.raises(Exception, match=r"(?i)load|parse|protobuf"):
            open_session(tmp_path / "graph.onnx", SessionOptions())
