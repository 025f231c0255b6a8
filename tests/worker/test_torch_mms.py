"""MMS-TTS compared with its library, on tiny models."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import VitsModel, VitsTokenizer, set_seed

from tests.support.tiny_models import ENGLISH, PICKLED, build_mms
from tests.support.utterances import HERON, settings_of, utterance
from worker.engines import create
from worker.engines.mms import MmsEngine, _letter_positions, _letter_times
from worker.engines.protocol import Engine, EngineError

SAMPLES_PER_FRAME = 256
TEXTS = (HERON, "A small boat went past.", "Over the wide water it flew.")
# Letters, marks and symbols of many scripts, and characters that romanization does not change.
SCRIPTS = "Привет, МИР! 안녕 세상 — नमस्ते दुनिया Ἀθῆναι მშვიდობა ሰላም 世界 مرحبا àéîõü ß İ ﬁ ① ½ € 😀 plain"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mms")
    build_mms(root)
    build_mms(root, code="fra", letters=f"{ENGLISH}éèàçêâ")
    build_mms(root, code="kor", is_uroman=True)
    return root


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[MmsEngine]:
    engine = create("mms_eng", settings_of(root))
    engine.load()
    assert isinstance(engine, MmsEngine)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def korean(root: Path) -> MmsEngine:
    engine = create("mms_kor", settings_of(root))
    engine.load()
    assert isinstance(engine, MmsEngine)
    return engine


def speak_with_library(
    root: Path, texts: Sequence[str], *, seed: int, code: str = "eng", rate: float | None = None
) -> Any:
    """Return (waves, lengths) of the library, called as in its documentation."""
    folder = root / f"facebook_mms-tts-{code}"
    model = VitsModel.from_pretrained(folder, dtype=torch.float32).eval()
    model.speaking_rate = rate or model.speaking_rate
    encoded = VitsTokenizer.from_pretrained(folder)(list(texts), padding=True, return_tensors="pt")
    set_seed(seed)
    with torch.no_grad():
        spoken = model(**encoded)
    return spoken.waveform.numpy(), spoken.sequence_lengths.tolist()


def speak(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **changes)])[0].samples


def test_samples_equal_those_of_the_library(root: Path, engine: MmsEngine) -> None:
    for text in TEXTS:
        waves, lengths = speak_with_library(root, [text], seed=5)
        assert lengths == [waves.shape[1]]
        assert np.array_equal(speak(engine, text, seed=5), waves[0])


def test_a_batch_equals_a_batch_of_the_library(root: Path, engine: MmsEngine) -> None:
    waves, lengths = speak_with_library(root, TEXTS, seed=5)
    # The first seed of the batch counts.
    batch = [utterance(text, seed=5 + number) for number, text in enumerate(TEXTS)]
    for speech, wave, length in zip(engine.speak(batch), waves, lengths, strict=True):
        assert np.array_equal(speech.samples, wave[:length])


@pytest.mark.parametrize("speed", [0.5, 1.7, 2.0])
def test_speed_sets_the_speaking_rate_of_the_model(root: Path, engine: MmsEngine, speed: float) -> None:
    waves, _ = speak_with_library(root, [HERON], seed=5, rate=speed)
    assert np.array_equal(speak(engine, seed=5, speed=speed), waves[0])
    assert np.array_equal(speak(engine, seed=5), speak_with_library(root, [HERON], seed=5)[0][0])


def test_speed_multiplies_the_saved_speaking_rate(tmp_path: Path) -> None:
    folder = build_mms(tmp_path)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"speaking_rate": 1.0', '"speaking_rate": 0.5'))
    engine = create("mms_eng", settings_of(tmp_path))
    engine.load()
    for speed in (1.0, 2.0):
        waves, _ = speak_with_library(tmp_path, [HERON], seed=5, rate=0.5 * speed)
        assert np.array_equal(speak(engine, seed=5, speed=speed), waves[0])


def test_a_pickle_of_tensors_equals_safetensors(tmp_path: Path, engine: MmsEngine) -> None:
    folder = build_mms(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not (folder / "model.safetensors").exists()
    pickled = create("mms_eng", settings_of(tmp_path))
    pickled.load()
    assert np.array_equal(speak(pickled), speak(engine))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    engine = create("mms_eng", settings_of(root, dtype=dtype))
    expected = engine.memory_bytes()
    engine.load()
    assert 0.8 < engine.memory_bytes() / expected < 1.2
    assert np.abs(speak(engine)).max() > 0.01


def test_texts_are_romanized_as_by_the_tokenizer(root: Path, korean: MmsEngine) -> None:
    tokenizer = VitsTokenizer.from_pretrained(root / "facebook_mms-tts-kor")
    assert tokenizer.is_uroman
    # Each text takes seconds, so all special cases are in one.
    assert korean._normalize(SCRIPTS) == tokenizer.prepare_for_tokenization(SCRIPTS)[0]


def test_ascii_texts_are_not_romanized(root: Path, korean: MmsEngine) -> None:
    tokenizer = VitsTokenizer.from_pretrained(root / "facebook_mms-tts-kor")
    assert korean._normalize(HERON) == tokenizer.prepare_for_tokenization(HERON)[0]


def test_romanized_samples_equal_those_of_the_library(root: Path, korean: MmsEngine) -> None:
    text = "안녕 세상"
    assert np.array_equal(
        speak(korean, text, seed=3), speak_with_library(root, [text], seed=3, code="kor")[0][0]
    )


def test_engines_share_one_romanizer(root: Path, korean: MmsEngine) -> None:
    again = MmsEngine(korean._weights, settings_of(root))
    again.load()
    assert again._romanizer is korean._romanizer


def test_numbers_are_read_in_the_language_of_the_voice(root: Path, engine: MmsEngine) -> None:
    french = create("mms_fra", settings_of(root))
    french.load()
    assert np.array_equal(speak(french, "J'ai 42 ans"), speak(french, "J'ai quarante-deux ans"))
    assert np.array_equal(speak(engine, "I am 42"), speak(engine, "I am forty-two"))


def test_words_have_the_times_of_their_letters(engine: MmsEngine) -> None:
    """In the tiny model every token, a letter or the blank around it, takes three frames."""
    text = "Good morning, said the heron."
    (speech,) = engine.speak([utterance(text)])
    assert [text[word.start : word.end] for word in speech.words] == [
        "Good",
        "morning",
        "said",
        "the",
        "heron",
    ]
    readable = engine._normalize(text)
    token_s = len(speech.samples) / speech.sample_rate_hz / (2 * len(readable) + 1)
    for word, spoken_word in zip(speech.words, readable.split(), strict=True):
        first = readable.index(spoken_word)
        assert word.start_s == pytest.approx((2 * first + 1) * token_s)
        assert word.end_s == pytest.approx((2 * (first + len(spoken_word)) + 1) * token_s)


@pytest.mark.parametrize("text", [HERON, "a small boat", "banana", "aa a", "a", "aardvark pa", "over a"])
def test_letters_are_found_among_the_tokens(engine: MmsEngine, text: str) -> None:
    """One letter of the model is also its blank, which the tokenizer handles differently."""
    readable = engine._normalize(text)
    ids = engine._tokenizer(readable).input_ids
    positions = list(_letter_positions(readable, pad=engine._tokenizer.pad_token))
    assert engine._tokenizer.convert_ids_to_tokens([ids[position] for position in positions]) == list(
        readable
    )
    others = set(range(len(ids))).difference(positions)
    assert {ids[position] for position in others} <= {0}
    assert len(_letter_times(readable, [1.0] * len(ids), pad="a", length_s=1.0)) == len(
        "".join(readable.split())
    )
    assert _letter_times(readable, [1.0] * (len(ids) + 1), pad="a", length_s=1.0) == []


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.7])
def test_words_of_a_batch_equal_those_of_single_calls(tmp_path: Path, speed: float) -> None:
    build_mms(tmp_path, steady=True)
    engine = create("mms_eng", settings_of(tmp_path))
    engine.load()
    together = engine.speak([utterance(text, speed=speed) for text in TEXTS])
    for text, speech in zip(TEXTS, together, strict=True):
        (isolated,) = engine.speak([utterance(text, speed=speed)])
        assert [(word.start, word.end) for word in speech.words] == [(w.start, w.end) for w in isolated.words]
        assert [word.end_s for word in speech.words] == pytest.approx([word.end_s for word in isolated.words])
        assert speech.words[-1].end_s <= len(speech.samples) / speech.sample_rate_hz


def test_frames_equal_those_of_the_model(engine: MmsEngine) -> None:
    encoded = engine._tokenizer(list(TEXTS), padding=True, return_tensors="pt")
    with torch.no_grad():
        spoken = engine._model(**encoded, speaking_rate=0.7)
    frames = engine._token_frames(encoded.attention_mask, pace=0.7)
    assert [sum(own) for own in frames] == (spoken.sequence_lengths / SAMPLES_PER_FRAME).tolist()


def test_numbers_and_romanized_words_have_times(engine: MmsEngine, korean: MmsEngine) -> None:
    for speaker, text, words in (
        (engine, "I am 42, or 1,250!", ["I", "am", "42", "or", "1,250"]),
        (korean, "안녕 세상, 42 — hello", ["안녕", "세상", "42", "hello"]),
    ):
        (speech,) = speaker.speak([utterance(text)])
        assert [text[word.start : word.end] for word in speech.words] == words
        assert all(word.start_s < word.end_s for word in speech.words)


@pytest.mark.parametrize("text", ["", "!!!", "😀", "你好", "'-", "  "])
def test_an_unspeakable_text_is_a_caller_fault(engine: MmsEngine, text: str) -> None:
    for batch in ([utterance(text)], [utterance(), utterance(text)]):
        with pytest.raises(EngineError) as caught:
            engine.speak(batch)
        assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_an_utterance_with_a_given_seed_runs_alone(engine: MmsEngine) -> None:
    assert engine.batch_key(utterance()) is None
    free, fast = (utterance(seed_given=False, speed=speed) for speed in (1.0, 1.5))
    assert engine.batch_key(free) is not None
    assert engine.batch_key(free) != engine.batch_key(fast)


def test_reports_its_voice_only_if_the_files_exist(root: Path, tmp_path: Path) -> None:
    assert create("mms_fra", settings_of(root)).voices() == ("fra",)
    absent = create("mms_deu", settings_of(tmp_path))
    assert absent.voices() == ()
    assert absent.memory_bytes() == 0
    with pytest.raises(EngineError, match="download it again") as caught:
        absent.load()
    assert (caught.value.code, caught.value.retryable) == ("engine_unavailable", True)
