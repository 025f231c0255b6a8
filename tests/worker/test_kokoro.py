"""Kokoro on a tiny graph with the real library and espeak-ng, and in one test on the real weights."""

# ruff: noqa: RUF001 - phonemes look like other letters

import io
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import soundfile
from kokoro_onnx import Kokoro
from numpy.typing import NDArray

from common.catalogue import find_weights
from tests.support.tiny_kokoro import (
    NAMES,
    SAMPLES_PER_TOKEN,
    build_kokoro,
    kokoro_folder,
    real_kokoro,
    style,
    write_archive,
    write_raw,
)
from tests.support.transcription import transcribe_words, word_error_rate, words
from tests.support.utterances import settings_of
from tests.support.utterances import utterance as any_utterance
from worker.engines.kokoro.engine import KokoroEngine
from worker.engines.kokoro.voices import _names_in_archive
from worker.engines.protocol import EngineError, OutOfMemory, TooLong, Utterance, Word

HERON = "Good morning, said the heron."


def engine_of(root: Path, **given: Any) -> KokoroEngine:
    return KokoroEngine(find_weights("kokoro"), settings_of(root, **given))


def utterance(text: str = HERON, *, voice: str = "af_heart", **changes: Any) -> Utterance:
    return any_utterance(text, voice=voice, **changes)


def speak(engine: KokoroEngine, *given: Any, **changes: Any) -> NDArray[np.float32]:
    (speech,) = engine.speak([utterance(*given, **changes)])
    assert speech.sample_rate_hz == 24_000
    return speech.samples


def words_of(engine: KokoroEngine, text: str, **changes: Any) -> tuple[Word, ...]:
    (speech,) = engine.speak([utterance(text, **changes)])
    return speech.words


def speak_error(engine: KokoroEngine, *given: Any, **changes: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        engine.speak([utterance(*given, **changes)])
    # Errors of the libraries may contain the text.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def library(folder: Path, *, voices: Path) -> Kokoro:
    """Open the library as its documentation shows, with session options that make the result reproducible."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    (model,) = folder.rglob("*.onnx")
    return Kokoro.from_session(onnxruntime.InferenceSession(str(model), options), str(voices))


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("release")
    build_kokoro(root)
    return root


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hub")
    build_kokoro(root, layout="hub")
    return root


@pytest.fixture(scope="module")
def engine(release: Path) -> Iterator[KokoroEngine]:
    engine = engine_of(release)
    engine.load()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def reference(release: Path) -> Iterator[Kokoro]:
    folder = kokoro_folder(release)
    opened = library(folder, voices=folder / "voices-v1.0.bin")
    yield opened
    opened.voices.close()


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroEngine]:
    root = tmp_path_factory.mktemp("timed")
    build_kokoro(root, durations=True)
    engine = engine_of(root)
    engine.load()
    yield engine
    engine.close()


class TestFolder:
    def test_both_layouts_give_the_same_samples(self, engine: KokoroEngine, hub: Path) -> None:
        other = engine_of(hub)
        assert other.voices() == engine.voices() == tuple(sorted(NAMES))
        other.load()
        assert np.array_equal(speak(other), speak(engine))
        other.close()

    @pytest.mark.parametrize(("tokens", "speed"), [("input_ids", "float"), ("tokens", "int32")])
    def test_other_exports_give_the_same_samples(
        self, engine: KokoroEngine, tmp_path: Path, tokens: str, speed: str
    ) -> None:
        build_kokoro(tmp_path, tokens=tokens, speed=speed)
        other = engine_of(tmp_path)
        other.load()
        assert np.array_equal(speak(other), speak(engine))
        # For a graph with integer speeds, the engine stretches the sound.
        assert abs(len(speak(other, speed=1.25)) - len(speak(engine, speed=1.25))) < SAMPLES_PER_TOKEN
        other.close()

    def test_voices_are_known_before_loading_and_read_once(self, tmp_path: Path) -> None:
        names = [f"af_voice{number:02}" for number in range(54)]
        build_kokoro(tmp_path, names=names)
        engine = engine_of(tmp_path)
        before = _names_in_archive.cache_info().hits
        assert engine.voices() == engine.voices() == tuple(names)
        assert engine._library is None
        assert _names_in_archive.cache_info().hits > before

    def test_voices_follow_changes_of_the_file(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path, names=["af_heart"])
        engine = engine_of(tmp_path)
        assert engine.voices() == ("af_heart",)
        write_archive(folder / "voices-v1.0.bin", {"af_heart": style(0), "bf_emma": style(1)})
        assert engine.voices() == ("af_heart", "bf_emma")

    def test_only_valid_voice_names_are_listed(self, tmp_path: Path) -> None:
        names = ["af_heart", "AF_LOUD", "a b", "x" * 65]
        build_kokoro(tmp_path, layout="hub", names=names)
        assert engine_of(tmp_path).voices() == ("af_heart",)
        write_archive(kokoro_folder(tmp_path) / "voices-v1.0.bin", dict.fromkeys([*names, "../up"], style(0)))
        assert engine_of(tmp_path).voices() == ("af_heart",)

    def test_missing_files_are_a_retryable_error(self, tmp_path: Path) -> None:
        engine = engine_of(tmp_path)
        assert engine.voices() == ()
        assert engine.memory_bytes() == 0
        with pytest.raises(EngineError, match="download it again") as caught:
            engine.load()
        # Retryable: the folder may only be absent for a moment.
        assert (caught.value.code, caught.value.retryable) == ("engine_unavailable", True)

    def test_load_and_close_can_be_repeated(self, release: Path) -> None:
        engine = engine_of(release)
        for _ in range(2):
            engine.load()
            assert speak(engine).size
            engine.close()
        engine.close()

    def test_the_memory_estimate_grows_with_the_file(self, engine: KokoroEngine, tmp_path: Path) -> None:
        folder = kokoro_folder(tmp_path)
        folder.mkdir()
        (folder / "kokoro.onnx").write_bytes(bytes(40_000_000))
        assert engine_of(tmp_path).memory_bytes() - engine.memory_bytes() == pytest.approx(
            50_000_000, abs=10_000
        )

    def test_no_network_is_needed(self, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("the engine opened a connection")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        engine = engine_of(release)
        engine.load()
        assert speak(engine).size
        engine.close()


class TestSamples:
    @pytest.mark.parametrize(
        ("voice", "lang", "text"),
        [
            ("af_heart", "en-us", "Dr. Heron's 42 (forty-two) fish: $5.50, at 12:30 — “fresh”!"),
            ("bf_emma", "en-gb", "A bottle of water,\nrather;\n\nand a second line…"),
            ("ff_siwis", "fr-fr", "Où êtes-vous, « mon petit héron » ?"),
        ],
    )
    @pytest.mark.parametrize("speed", [0.5, 1.0, 1.3, 2.0])
    def test_equal_those_of_the_library(
        self, engine: KokoroEngine, reference: Kokoro, voice: str, lang: str, text: str, speed: float
    ) -> None:
        expected, _ = reference.create(text, voice, speed=speed, lang=lang)
        own = speak(engine, text, voice=voice, speed=speed, language=lang[:2])
        assert np.array_equal(own, np.clip(expected, -1, 1))

    def test_equal_those_of_the_library_with_raw_voices(self, hub: Path, reference: Kokoro) -> None:
        engine = engine_of(hub)
        engine.load()
        expected, _ = reference.create(HERON, "bf_emma", lang="en-gb")
        assert np.array_equal(speak(engine, voice="bf_emma"), expected)
        engine.close()

    def test_a_mix_is_the_mean_of_its_voices(self, engine: KokoroEngine, reference: Kokoro) -> None:
        mean = (2 * style(0).astype(float) + style(1)) / 3
        expected, _ = reference.create(HERON, mean.astype(np.float32))
        mixed = speak(engine, voice="af_heart(2)+af_sky(1)")
        assert np.allclose(mixed, expected, atol=1e-3)
        assert not np.allclose(mixed, speak(engine), atol=1e-3)
        assert np.array_equal(speak(engine, voice="af_heart(3)"), speak(engine))

    def test_a_mix_speaks_the_language_of_its_first_voice(
        self, engine: KokoroEngine, reference: Kokoro
    ) -> None:
        mean = np.float32(0.5) * style(0) + np.float32(0.5) * style(2)
        expected, _ = reference.create("A water bottle.", mean, lang="en-gb")
        assert np.array_equal(speak(engine, "A water bottle.", voice="bf_emma+af_heart"), expected)

    def test_a_japanese_voice_speaks_english(self, engine: KokoroEngine, reference: Kokoro) -> None:
        for language, lang in (("en", "en-us"), ("en-GB", "en-gb")):
            expected, _ = reference.create("A water bottle.", "jf_alpha", lang=lang)
            assert np.array_equal(
                speak(engine, "A water bottle.", voice="jf_alpha", language=language), expected
            )

    def test_the_engine_works_after_a_failure(self, engine: KokoroEngine) -> None:
        before = speak(engine)
        speak_error(engine, voice="af_nobody")
        assert np.array_equal(speak(engine), before)


class TestWords:
    @pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
    def test_have_the_times_of_their_phonemes(self, timed: KokoroEngine, speed: float) -> None:
        """All tokens of the tiny model take equally long, and the first one is not part of the text."""
        text = "The 21 herons of the lake, in a row."
        words = words_of(timed, text, speed=speed)
        assert [text[word.start : word.end] for word in words] == text[:-1].replace(",", "").split()
        phonemized = timed._phonemizer.phonemize(text, language="en-us")
        token_s = SAMPLES_PER_TOKEN / 24_000 / speed
        for word, span in zip(words, timed._phonemizer.align_words(phonemized), strict=True):
            assert word.start_s == pytest.approx((span.phoneme_start + 1) * token_s, abs=0.001)
            assert word.end_s == pytest.approx((span.phoneme_end + 1) * token_s, abs=0.001)

    def test_do_not_change_the_samples(self, timed: KokoroEngine, engine: KokoroEngine) -> None:
        text = "Good morning, said the heron. And then? It left: for good."
        assert np.array_equal(speak(timed, text), speak(engine, text))
        assert words_of(engine, text) == ()

    def test_are_scaled_for_an_export_with_integer_speeds(self, tmp_path: Path) -> None:
        build_kokoro(tmp_path, durations=True, speed="int32")
        engine = engine_of(tmp_path)
        engine.load()
        plain, fast = (words_of(engine, HERON, speed=speed) for speed in (1.0, 1.25))
        for word, faster in zip(plain, fast, strict=True):
            assert faster.start_s == pytest.approx(word.start_s / 1.25)
        engine.close()

    def test_have_times_with_given_phonemes(self, timed: KokoroEngine, reference: Kokoro) -> None:
        text, phonemes = "Say gif, Nguyen!", ((4, 7, "dʒˈɪf"), (9, 15, "wˈɪn"))
        expected, _ = reference.create("sˈeɪ dʒˈɪf, wˈɪn!", "af_heart", is_phonemes=True)
        assert np.array_equal(speak(timed, text, phonemes=phonemes), expected)
        words = words_of(timed, text, phonemes=phonemes)
        assert [text[word.start : word.end] for word in words] == ["Say", "gif", "Nguyen"]

    def test_are_left_out_if_espeak_cannot_read_them_alone(
        self, timed: KokoroEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_espeak = timed._phonemizer._ask_espeak

        def fail(language: str, text: str) -> str:
            if "\n" in text:
                raise EngineError("unspeakable_text", "It crashed.", caller_fault=True)
            return str(ask_espeak(language, text))

        monkeypatch.setattr(timed._phonemizer, "_ask_espeak", fail)
        assert speak(timed).size
        assert words_of(timed, HERON) == ()


class TestRefusedTexts:
    @pytest.mark.parametrize(
        "text", ["", " ", "😀", "...", "--", "*", "你好", "שלום", "Привет, мир", "안녕하세요"]
    )
    def test_an_unspeakable_text_is_a_caller_fault(self, engine: KokoroEngine, text: str) -> None:
        error = speak_error(engine, text)
        assert error.code == "unspeakable_text"
        assert error.caller_fault
        assert not text.strip() or text not in error.message

    @pytest.mark.parametrize("text", ["今日はいい天気です。", "きょうは天気がいい", "時々"])
    def test_kanji_are_refused(self, engine: KokoroEngine, text: str) -> None:
        error = speak_error(engine, text, voice="jf_alpha", language="ja")
        assert (error.code, error.caller_fault) == ("unspeakable_text", True)
        assert "kana" in error.message

    def test_kana_are_spoken(self, engine: KokoroEngine) -> None:
        assert speak(engine, "きょうはいいてんきです。", voice="jf_alpha", language="ja").size

    @pytest.mark.parametrize("voice", ["af_nobody", "af_heart+af_nobody", "../af_heart", "", "af_heart(0)"])
    def test_a_missing_voice_is_an_error(self, engine: KokoroEngine, voice: str) -> None:
        error = speak_error(engine, voice=voice)
        assert (error.code, error.caller_fault) == ("engine_failed", False)
        assert "download" in error.message

    def test_too_many_phonemes_raise_too_long(self, engine: KokoroEngine) -> None:
        assert isinstance(speak_error(engine, "7 " * 150), TooLong)

    def test_a_segment_of_max_chars_is_not_too_long(self, engine: KokoroEngine) -> None:
        sentence = "It was the best of times, it was the worst of times, it was the age of wisdom. "
        text = (sentence * 5)[: engine.max_chars]
        # The count includes one more token on either side.
        assert len(speak(engine, text)) / SAMPLES_PER_TOKEN < 400

    def test_logs_do_not_contain_the_text(
        self,
        engine: KokoroEngine,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            speak(engine, "Secrets of the heron, 42 of them, in 東京.")
            speak_error(engine, "Секрет")
            speak_error(engine, "secret's" + "s'" * 140)
        assert "secret" not in (caplog.text + "".join(capfd.readouterr())).lower()


class TestBrokenFiles:
    @pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x09\x12\x04"])
    def test_an_invalid_model_is_an_error(self, tmp_path: Path, content: bytes) -> None:
        folder = build_kokoro(tmp_path)
        (folder / "kokoro-v1.0.onnx").write_bytes(content)
        assert "delete" in self._load_error(tmp_path).message

    def test_a_truncated_model_is_an_error(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path)
        model = folder / "kokoro-v1.0.onnx"
        model.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
        assert "delete" in self._load_error(tmp_path).message

    def test_a_graph_of_another_model_is_an_error(self, tmp_path: Path) -> None:
        build_kokoro(tmp_path, tokens="pixels")
        assert "delete" in self._load_error(tmp_path).message

    def test_a_graph_that_fails_in_the_first_call_is_an_error(self, tmp_path: Path) -> None:
        build_kokoro(tmp_path, samples_per_token=0)
        assert "delete" in self._load_error(tmp_path).message

    @pytest.mark.parametrize(
        "rows",
        [
            style(0)[:, :, :200],
            style(0).astype(np.float64)[:255],
            style(0).reshape(510, 256),
            np.full((510, 1, 256), np.nan, np.float32),
            np.array([{"a": 1}] * 510, dtype=object),
        ],
        ids=["narrow", "float64", "flat", "nan", "pickled"],
    )
    def test_an_invalid_voice_in_an_archive_is_an_error(self, tmp_path: Path, rows: NDArray[Any]) -> None:
        folder = build_kokoro(tmp_path)
        write_archive(folder / "voices-v1.0.bin", {"af_heart": style(0), "bf_emma": rows})
        engine = engine_of(tmp_path)
        engine.load()
        error = speak_error(engine, voice="bf_emma")
        assert error.code == ("model_broken" if "bf_emma" in engine.voices() else "engine_failed")
        assert "download" in error.message
        engine.close()

    def test_a_corrupted_archive_is_an_error(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path, names=["af_heart", "bf_emma"])
        archive = folder / "voices-v1.0.bin"
        content = bytearray(archive.read_bytes())
        content[-300_000] ^= 0xFF
        archive.write_bytes(content)
        engine = engine_of(tmp_path)
        engine.load()
        assert speak_error(engine, voice="bf_emma").code == "model_broken"
        engine.close()

    def test_a_truncated_archive_has_no_voices(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path)
        archive = folder / "voices-v1.0.bin"
        archive.write_bytes(archive.read_bytes()[:1_000_000])
        assert engine_of(tmp_path).voices() == ()
        assert "download" in self._load_error(tmp_path).message

    @pytest.mark.parametrize("odd", ["name", "version"])
    def test_an_archive_that_zipfile_cannot_read_has_no_voices(self, tmp_path: Path, odd: str) -> None:
        archive = build_kokoro(tmp_path) / "voices-v1.0.bin"
        write_archive(archive, {"af_heart": style(0), "é": style(1)})
        content = bytearray(archive.read_bytes())
        if odd == "name":
            content = content.replace("é".encode(), b"\xff\xfe")
        else:
            content[content.index(b"PK\1\2") + 6] = 99
        archive.write_bytes(content)
        assert engine_of(tmp_path).voices() == ()
        assert "download" in self._load_error(tmp_path).message
        write_archive(archive, {"af_heart": style(0)})
        assert engine_of(tmp_path).voices() == ("af_heart",)

    def test_a_pipe_instead_of_an_archive_has_no_voices(self, tmp_path: Path) -> None:
        archive = build_kokoro(tmp_path) / "voices-v1.0.bin"
        archive.unlink()
        os.mkfifo(archive)
        assert engine_of(tmp_path).voices() == ()

    def test_a_truncated_raw_voice_is_left_out(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path, layout="hub", names=["af_heart", "bf_emma"])
        (folder / "voices" / "bf_emma.bin").write_bytes(bytes(1000))
        engine = engine_of(tmp_path)
        assert engine.voices() == ("af_heart",)
        engine.load()
        assert speak_error(engine, voice="bf_emma").code == "engine_failed"
        engine.close()

    def test_a_raw_voice_with_infinite_values_is_an_error(self, tmp_path: Path) -> None:
        folder = build_kokoro(tmp_path, layout="hub", names=["af_heart"])
        (folder / "voices" / "af_heart.bin").unlink()
        (folder / "voices").rmdir()
        write_raw(folder / "voices", {"af_heart": np.full((510, 1, 256), np.inf, np.float32)})
        assert "af_heart.bin" in self._load_error(tmp_path).message

    @staticmethod
    def _load_error(root: Path) -> EngineError:
        engine = engine_of(root)
        with pytest.raises(EngineError) as caught:
            engine.load()
        assert caught.value.code == "model_broken"
        assert not caught.value.caller_fault
        return caught.value


def test_a_call_without_enough_memory_raises_out_of_memory(tmp_path: Path) -> None:
    build_kokoro(tmp_path, samples_per_token=2**40)
    with pytest.raises(OutOfMemory):
        engine_of(tmp_path).load()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KokoroEngine]:
    root = tmp_path_factory.mktemp("real")
    real_kokoro(root)
    engine = engine_of(root, cpu_threads=2)
    engine.load()
    yield engine
    engine.close()


def test_english_of_a_japanese_voice_is_intelligible(real: KokoroEngine) -> None:
    """Uses the real weights. Whisper recognizes all words; another build of onnxruntime may cost one."""
    text = "The quick brown fox jumps over the lazy dog. She has three dogs and one black cat."
    assert real.voices() == ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
    (speech,) = real.speak([utterance(text, voice="jf_alpha", language="en")])
    assert 3 < len(speech.samples) / 24_000 < 10
    file = io.BytesIO()
    soundfile.write(file, speech.samples, 24_000, format="WAV")
    transcribed = transcribe_words(file.getvalue())
    assert word_error_rate(text, " ".join(word for word, _, _ in transcribed)) <= 0.15
    assert len(speech.words) == len(text.split())
    # Only words that occur once can be matched.
    start_s_by_word = {text[word.start : word.end].lower(): word.start_s for word in speech.words}
    once = [word for word in start_s_by_word if words(text).count(word) == 1]
    errors_s = [abs(start_s_by_word[word] - start_s) for word, start_s, _ in transcribed if word in once]
    assert len(errors_s) > 8
    assert sum(errors_s) / len(errors_s) < 0.15
