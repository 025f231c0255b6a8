"""Which words are heard when: words of a text, of what was read in its place, and hibari's own timing."""

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
from worker.synthesis.word_timings import align, word_spans

TEXT = (
    "The quick brown fox jumps over the lazy dog. She has three dogs and one black cat. The house stood on a low "
    "hill above the river, and one could hear the bells of cattle long before one saw them."
)


def words_of(text: str) -> list[str]:
    return [text[start:end] for start, end in word_spans(text)]


def read_as(text: str, read: str) -> list[tuple[str, float, float]]:
    """How the words of a text are timed when each word of `read` takes a second."""
    heard = [Word(start, end, at, at + 1) for at, (start, end) in enumerate(word_spans(read))]
    words = align(text, read=read, heard=heard)
    return [(text[word.start : word.end], word.start_s, word.end_s) for word in words]


class TestWords:
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
    def test_of_a_text(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words

    def test_read_as_they_stand(self) -> None:
        assert read_as("One, two!", "one two") == [("One", 0, 1), ("two", 1, 2)]

    @pytest.mark.parametrize(
        ("text", "read", "words"),
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
    def test_read_otherwise(self, text: str, read: str, words: list[Any]) -> None:
        assert read_as(text, read) == words

    def test_a_piece_of_two_words_is_one_word(self) -> None:
        heard = [Word(0, 5, 0.0, 1.0), Word(6, 14, 1.0, 2.0), Word(15, 18, 2.0, 3.0)]
        text = "Here: New York, yes"
        words = align(text, read="Here: New York yes", heard=[heard[0], Word(6, 14, 1, 2), heard[2]])
        assert [text[word.start : word.end] for word in words] == ["Here", "New York", "yes"]

    def test_pieces_of_a_word_are_one_word(self) -> None:
        heard = [Word(0, 3, 0.0, 1.0), Word(3, 6, 1.5, 2.0)]
        assert align("cannot", read="cannot", heard=heard) == (Word(0, 6, 0.0, 2.0),)


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
    def test_a_listener_hears_each_word_then(self, hibari: HibariEngine, speed: float) -> None:
        """Whisper is no clock: a tenth of a second is what it is known to be off."""
        speech = say(hibari, TEXT, speed=speed)
        file = io.BytesIO()
        soundfile.write(file, speech.samples, speech.sample_rate_hz, format="WAV")
        listened = transcribe_words(file.getvalue())
        assert [word for word, _, _ in listened] == [word.lower() for word in words_of(TEXT)]
        off = [
            abs(word.start_s - start_s) for word, (_, start_s, _) in zip(speech.words, listened, strict=True)
        ]
        assert sum(off) / len(off) < 0.12
        assert max(off) < 0.6

    @pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
    def test_in_order_and_within_the_sound(self, hibari: HibariEngine, speed: float) -> None:
        speech = say(hibari, TEXT, speed=speed)
        assert [(word.start, word.end) for word in speech.words] == word_spans(TEXT)
        before_s = 0.2 / speed
        for word in speech.words:
            assert before_s <= word.start_s < word.end_s
            before_s = word.end_s
        assert before_s < len(speech.samples) / speech.sample_rate_hz - 0.1 / speed

    def test_what_is_read_in_other_words(self, hibari: HibariEngine) -> None:
        text = "Dr. Heron paid $5.50 at 12:30 pm on March 3rd or 東京 too."
        said = [text[word.start : word.end] for word in say(hibari, text).words]
        assert said == [
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

    def test_sentences_and_clauses_follow_each_other(self, hibari: HibariEngine) -> None:
        text = f"Good. {'9' * 30}, {'8' * 30}, good."
        speech = say(hibari, text)
        assert [text[word.start : word.end][:4] for word in speech.words] == ["Good", "9999", "8888", "good"]
        assert speech.words[-1].end_s == pytest.approx(len(speech.samples) / 24_000, abs=1)


class TestHibariPhonemes:
    def test_are_what_is_said(self, hibari: HibariEngine) -> None:
        """A word is said as another one, to the sample."""
        plain = say(hibari, "Good heron.")
        given = say(hibari, "Good xyz.", phonemes=((5, 8, self._of(hibari, "heron")),))
        assert_array_equal(given.samples, plain.samples)
        assert [(word.start, word.end) for word in given.words] == [(0, 4), (5, 8)]

    def test_change_what_a_listener_hears(self, hibari: HibariEngine) -> None:
        text = "The farmer has a cat in the garden."
        start = text.index("cat")
        speech = say(hibari, text, phonemes=((start, start + 3, self._of(hibari, "dog")),))
        file = io.BytesIO()
        soundfile.write(file, speech.samples, speech.sample_rate_hz, format="WAV")
        listened = [word for word, _, _ in transcribe_words(file.getvalue())]
        assert "dog" in listened
        assert "cat" not in listened

    def test_of_several_words_and_glued_ones(self, hibari: HibariEngine) -> None:
        text = "We go to St. John. (GIF)s are fine."
        spans = ((9, 17, "sˈAnt ʤˈɑn"), (20, 23, "ʤˈɪf"))
        speech = say(hibari, text, phonemes=spans)
        said = [text[word.start : word.end] for word in speech.words]
        assert said == ["We", "go", "to", "St. John", "GIF)s", "are", "fine"]

    def test_without_a_sound_that_is_known_are_passed_over(self, hibari: HibariEngine) -> None:
        plain = say(hibari, "Good heron.")
        for nothing in ("", " ", "漢", "."):
            assert_array_equal(
                say(hibari, "Good heron.", phonemes=((5, 10, nothing),)).samples, plain.samples
            )
        assert_array_equal(
            say(hibari, "Good heron.", phonemes=((5, 10, "gˈʊd"),)).samples,
            say(hibari, "Good heron.", phonemes=((5, 10, "ɡˈʊd漢"),)).samples,
        )

    @staticmethod
    def _of(hibari: HibariEngine, word: str) -> str:
        (phonemes,) = hibari._model("heart").phonemize(word)
        return str(phonemes)


class TestGraphs:
    def test_a_graph_tells_more_and_says_the_same(self) -> None:
        path = Path(voice_path("heart"))
        session, tells = open_session(path, SessionOptions())
        assert tells
        plain = InferenceSession(str(path))
        inputs = {"ids": [[0, 50, 83, 54, 4, 0]], "speed": [1.0]}
        *same, durations = session.run(None, inputs)
        for own, theirs in zip(same, plain.run(None, inputs), strict=True):
            assert_array_equal(own, theirs)
        # Of which two are a frame of the sound.
        assert durations.shape == (6,)
        assert 2 * durations.sum() == same[0].shape[-1]

    @pytest.mark.parametrize(
        "content", [b"", b"no model", b"\x08\x09\x12\x04", b"\x3a\xff\xff\xff\x7f\x0a", bytes(99)]
    )
    def test_what_is_no_graph(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "graph.onnx").write_bytes(content)
        assert find_durations(tmp_path / "graph.onnx") is None
        with pytest.raises(Exception, match=r"(?i)load|parse|protobuf|graph"):
            open_session(tmp_path / "graph.onnx", SessionOptions())

    def test_no_file(self, tmp_path: Path) -> None:
        assert find_durations(tmp_path / "graph.onnx") is None

    def test_a_graph_that_is_cut_off_is_none(self, tmp_path: Path) -> None:
        content = Path(voice_path("heart")).read_bytes()
        (tmp_path / "graph.onnx").write_bytes(content[:-100_000])
        with pytest.raises(Exception, match=r"(?i)load|parse|protobuf"):
            open_session(tmp_path / "graph.onnx", SessionOptions())
