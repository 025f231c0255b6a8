"""Engines that run in every environment: the common protocol, and what is specific to each."""

import hashlib
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hibari import voices as registry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.settings import Settings
from worker.engines import available_aliases, create
from worker.engines.fake import FakeEngine
from worker.engines.hibari.download import download_voice, missing_voices
from worker.engines.hibari.engine import HibariEngine, _phonemize, replace_unreadable_digits
from worker.engines.hibari.phonemization import InputSpan, phonemize
from worker.engines.protocol import ANY_VOICE, Engine, EngineError, Utterance, Word
from worker.engines.word_timings import align_words
from worker.hub.errors import DownloadError

TEXT = "Good morning, said the heron."


def utterance(text: str = TEXT, *, voice: str = "heart", speed: float = 1.0, seed: int = 7) -> Utterance:
    return Utterance(
        text=text,
        voice=voice,
        model_id="",
        language="en",
        speed=speed,
        style=None,
        seed=seed,
        seed_given=True,
    )


def settings_of(folder: Path, **given: Any) -> Settings:
    return Settings(data_dir=folder / "data", models_dir=folder / "models", _env_file=None, **given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def hibari(folder: Path) -> Iterator[Engine]:
    engine = create("hibari", settings_of(folder))
    engine.load()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def stub(folder: Path) -> Engine:
    engine = create("stub", settings_of(folder))
    engine.load()
    return engine


@pytest.fixture(scope="module")
def fake(folder: Path) -> Engine:
    engine = create("fake", settings_of(folder, fake_engine=True))
    engine.load()
    return engine


@pytest.fixture(params=["hibari", "stub", "fake"])
def engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.getfixturevalue(request.param)
    return engine


class TestEveryEngine:
    def test_samples_are_float32_mono_in_range(self, engine: Engine) -> None:
        (speech,) = engine.speak([utterance()])
        assert speech.samples.dtype == np.float32
        assert speech.samples.ndim == 1
        assert 0.01 < np.abs(speech.samples).max() <= 1.0
        assert speech.sample_rate_hz == 24_000

    def test_the_duration_grows_with_the_text(self, engine: Engine) -> None:
        short, long = (engine.speak([utterance(text)])[0] for text in (TEXT, f"{TEXT} {TEXT} {TEXT}"))
        assert 0.2 < len(short.samples) / short.sample_rate_hz < 10
        assert len(long.samples) > len(short.samples)

    def test_the_same_seed_gives_the_same_samples(self, engine: Engine) -> None:
        first, second = (engine.speak([utterance(seed=11)])[0] for _ in range(2))
        assert np.array_equal(first.samples, second.samples)

    def test_speed_changes_the_duration_only_if_it_is_native(self, engine: Engine) -> None:
        slow, fast = (len(engine.speak([utterance(speed=speed)])[0].samples) for speed in (0.5, 2.0))
        assert slow == fast if engine.native_speed is None else slow > 2 * fast

    def test_returns_one_speech_per_utterance(self, engine: Engine) -> None:
        batch = [utterance(f"Heron number {number}.") for number in range(engine.max_batch)]
        assert len(engine.speak(batch)) == len(batch)

    def test_reports_limits_and_voices(self, engine: Engine) -> None:
        assert engine.max_chars > 100
        assert "heart" in engine.voices() or engine.voices() == (ANY_VOICE,)
        assert engine.batch_key(utterance()) == engine.batch_key(utterance("Another."))


class TestAvailableEngines:
    def test_without_settings_only_local_engines_are_available(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.delenv("HUGGINGFACEHUB_API_TOKEN", raising=False)
        assert available_aliases(settings_of(tmp_path)) == ("hibari", "kokoro", "stub")

    @pytest.mark.parametrize("given", [{"hf_token": "hf_secret"}, {"inference_url": "http://127.0.0.1:9/"}])
    def test_inference_needs_a_token_or_a_url(self, tmp_path: Path, given: dict[str, str]) -> None:
        allowed = settings_of(tmp_path, **given)
        assert "inference" in available_aliases(allowed)
        assert create("inference", allowed).alias == "inference"

    def test_the_fake_engine_needs_its_setting(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="fake"):
            create("fake", settings_of(tmp_path))


class TestHibari:
    def test_another_seed_gives_another_sound(self, hibari: Engine) -> None:
        first, second = (hibari.speak([utterance(seed=seed)])[0].samples for seed in (1, 2))
        assert not np.array_equal(first, second)

    def test_samples_equal_those_of_the_library(self, hibari: HibariEngine) -> None:
        expected = hibari._model("heart")(TEXT, speed=1.2, seed=5)
        assert np.array_equal(hibari.speak([utterance(speed=1.2, seed=5)])[0].samples, expected)

    @pytest.mark.parametrize("text", ["", " ", "😀", "你好", "שלום", "--"])
    def test_an_unspeakable_text_is_a_caller_fault(self, hibari: Engine, text: str) -> None:
        with pytest.raises(EngineError) as caught:
            hibari.speak([utterance(text)])
        assert caught.value.code == "unspeakable_text"
        assert caught.value.caller_fault

    @pytest.mark.parametrize(
        "text", ["1234567890" * 9, "$" + "9" * 37, "9," * 40, "9" * 37 + "th", "-" + "9" * 50 + ".5", "x¹ ①"]
    )
    def test_texts_that_crash_the_library_are_read(self, hibari: Engine, text: str) -> None:
        assert len(hibari.speak([utterance(text)])[0].samples) > 1000

    def test_only_long_numbers_are_read_digit_by_digit(self) -> None:
        assert replace_unreadable_digits("call " + "12" * 19 + ".") == "call " + " ".join("12" * 19) + "."
        assert replace_unreadable_digits("1,234,567.89 and " + "9" * 36) == "1,234,567.89 and " + "9" * 36

    def test_the_error_of_an_unreadable_text_does_not_quote_it(
        self, hibari: HibariEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(text: str) -> None:
            raise IndexError(text)

        monkeypatch.setattr(hibari._model("heart").g2p, "phonemize_tokens", crash)
        with pytest.raises(EngineError) as caught:
            hibari.speak([utterance("my secret")])
        assert caught.value.code == "unspeakable_text"
        assert "secret" not in caught.value.message
        assert caught.value.__suppress_context__

    @pytest.mark.parametrize(
        ("text", "heard"),
        [
            ("She said no. I went home.", ["said no", "i went"]),
            ('"I said no." She left.', ["said no", "she left"]),
            ("We saw the Sun. It rose.", ["the sun", "it rose"]),
            ("See no. 5 on Sun. and go.", ["see number", "on sunday and"]),
        ],
    )
    def test_a_word_that_ends_a_sentence_is_no_abbreviation(
        self, hibari: HibariEngine, text: str, heard: list[str]
    ) -> None:
        read = " ".join(re.findall(r"\w+", _phonemize(hibari._model("heart"), utterance(text)).text.lower()))
        assert all(words in read for words in heard), read

    @pytest.mark.parametrize(
        ("text", "letters"),
        [
            ("from A to B", 1),
            ("The A one is closed.", 1),
            ("Blood group A minus is rare.", 1),
            ("A is for apple, A and B.", 2),
            ("A man and A dog with a hat.", 0),
            ("A one-time fee. A two-year-old.", 0),
        ],
    )
    def test_the_letter_a_is_not_read_as_the_article(
        self, hibari: HibariEngine, text: str, letters: int
    ) -> None:
        phonemization = _phonemize(hibari._model("heart"), utterance(text))
        words = " ".join(chunk.phonemes for chunk in phonemization.chunks).split()
        assert words.count("ˈA") == letters  # noqa: RUF001
        assert re.findall(r"\w+", phonemization.text) == re.findall(r"\w+", text)

    def test_a_missing_voice_is_an_error(self, hibari: Engine) -> None:
        for voice in ("emma", "../heart"):
            with pytest.raises(EngineError) as caught:
                hibari.speak([utterance(voice=voice)])
            assert caught.value.code == "engine_failed"

    def test_an_invalid_voice_file_is_an_error(self, tmp_path: Path) -> None:
        known = registry.VOICES["kore"]
        (tmp_path / known["file"]).write_bytes(b"\0" * known["bytes"])
        engine = HibariEngine(voices_dir=tmp_path)
        assert engine.voices() == ("heart", "kore")
        with pytest.raises(EngineError, match="delete it"):
            engine.speak([utterance(voice="kore")])

    def test_voices_of_one_accent_share_a_g2p(self, tmp_path: Path) -> None:
        known = registry.VOICES["kore"]
        bundled = Path(registry.voice_path("heart")).read_bytes()
        (tmp_path / known["file"]).write_bytes(bundled.ljust(known["bytes"], b"\0"))
        engine = HibariEngine(voices_dir=tmp_path)
        engine.load()
        assert engine.speak([utterance(voice="kore")])[0].samples.size
        assert engine._models["kore"].g2p is engine._models["heart"].g2p


ODD_WORDS = r"""
the XIV Henry VIII 3.14 1/0 0/0 10/12 $ $5.5 $.5 £ € ¥ % 100% -5 +5 12:30 99:99 25pm 1st 11th 000 1990s '90 don't #
#5 @ & * __ [a](/b/) [](x) http://a.b/c?d=e a@b.co 😀 👍🏽 שלום مرحبا 你好 é ß İ ﬁ ① ² ½ Ⅷ ٣ १ ° 5°C 10kg -- — … . ? ,
“ ( ] < = ~ ^ | \ // 555-1234 5k $5m 1e10 0x1F a1b2 1.2.3 .5 5. -$5 ¢5 5¢ Rs.5 ¥.5 1,,2 No.5 March 32 2024-13-45
"""
odd_words = st.sampled_from(ODD_WORDS.split())
odd_texts = st.lists(
    st.one_of(odd_words, st.text(max_size=6), st.integers(-(10**45), 10**45).map(str), st.floats().map(str)),
    min_size=1,
    max_size=8,
).flatmap(lambda words: st.sampled_from([" ".join(words), "".join(words)]))


@settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=odd_texts)
def test_hibari_phonemizes_any_text_as_the_library_does(hibari: HibariEngine, text: str) -> None:
    speaker = hibari._model("heart")
    expected = [
        phonemes
        for phonemes in speaker.phonemize(replace_unreadable_digits(text))
        if any(map(str.isalpha, phonemes))
    ]
    phonemization = phonemize(speaker, [InputSpan(replace_unreadable_digits(text))])
    assert [chunk.phonemes for chunk in phonemization.chunks] == expected
    # With any token times, the aligned words are in order.
    token_times = [
        Word(*piece, at, at + 1) for at, piece in enumerate(phonemization.token_spans) if piece[0] < piece[1]
    ]
    before = 0
    for word in align_words(text, normalized=phonemization.text, timings=token_times):
        assert before <= word.start < word.end <= len(text)
        before = word.end


class TestHibariDownload:
    @pytest.fixture
    def hub(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, bytes]]:
        """A loopback server with a file that is registered as the voice `emma`."""
        content = os.urandom(3_000_000)
        served = tmp_path / "served"
        served.mkdir()
        (served / "emma.onnx").write_bytes(content)
        known = {
            "file": "emma.onnx",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "british": True,
        }
        monkeypatch.setitem(registry.VOICES, "emma", known)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=served))
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", content
        server.shutdown()
        server.server_close()

    def test_downloads_the_file_and_reports_progress(self, hub: tuple[str, bytes], tmp_path: Path) -> None:
        url, content = hub
        reports: list[tuple[int, int]] = []
        assert "emma" in missing_voices(tmp_path)
        path = download_voice("emma", tmp_path, lambda *progress: reports.append(progress), base_url=url)
        assert path == tmp_path / "hibari" / "emma.onnx"
        assert path.read_bytes() == content
        assert reports[-1] == (len(content), len(content))
        assert "emma" not in missing_voices(tmp_path)
        assert "emma" in HibariEngine(voices_dir=tmp_path / "hibari").voices()

    def test_a_damaged_file_is_not_kept(self, hub: tuple[str, bytes], tmp_path: Path) -> None:
        registry.VOICES["emma"]["sha256"] = "0" * 64
        with pytest.raises(DownloadError, match="damaged") as caught:
            download_voice("emma", tmp_path, lambda *_: None, base_url=hub[0])
        assert caught.value.code == "download_failed"
        assert list((tmp_path / "hibari").iterdir()) == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/"])
    def test_an_unreachable_hub_is_an_error(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(DownloadError, match="no network") as caught:
            download_voice("fable", tmp_path, lambda *_: None, base_url=url)
        assert caught.value.code == "download_failed"
        assert caught.value.retryable


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""


class TestFake:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> FakeEngine:
        engine = FakeEngine(folder=tmp_path / "fake")
        engine.load()
        return engine

    def test_each_call_is_logged(self, engine: FakeEngine, tmp_path: Path) -> None:
        engine.speak([utterance("a"), utterance("b")])
        engine.speak([utterance("a")])
        lines = (tmp_path / "fake" / "calls.log").read_text().splitlines()
        calls, texts = zip(*(line.split() for line in lines), strict=True)
        assert calls[0] == calls[1] != calls[2]
        assert texts == tuple(hashlib.sha256(text.encode()).hexdigest() for text in "aba")

    def test_each_text_has_its_own_tone(self, engine: FakeEngine) -> None:
        one, other = engine.speak([utterance("one two three"), utterance("two three four")])
        assert len(one.samples) == len(other.samples) == round(3 * 0.05 * 24_000)
        assert not np.array_equal(one.samples, other.samples)

    def test_fail_raises_an_error(self, engine: FakeEngine) -> None:
        with pytest.raises(EngineError) as caught:
            engine.speak([utterance("go [[fail]]")])
        assert (caught.value.code, caught.value.retryable) == ("engine_failed", False)

    def test_flaky_counts_only_single_calls_and_across_engines(
        self, engine: FakeEngine, tmp_path: Path
    ) -> None:
        flaky = utterance("go [[flaky:2]]")
        for batch in ([flaky, utterance()], [flaky], [flaky]):
            with pytest.raises(EngineError) as caught:
                engine.speak(batch)
            assert caught.value.retryable
        assert FakeEngine(folder=tmp_path / "fake").speak([flaky])[0].samples.size

    def test_silence_gives_no_samples(self, engine: FakeEngine) -> None:
        assert engine.speak([utterance("[[silence]]")])[0].samples.size == 0

    @pytest.mark.parametrize(("marker", "end"), [("segv", signal.SIGSEGV), ("die:1", signal.SIGKILL)])
    def test_segv_and_die_end_the_process(
        self, engine: FakeEngine, tmp_path: Path, marker: str, end: signal.Signals
    ) -> None:
        assert _speak_in_subprocess(tmp_path / "fake", f"go [[{marker}]]").returncode == -end

    def test_die_ends_only_the_first_calls(self, engine: FakeEngine, tmp_path: Path) -> None:
        _speak_in_subprocess(tmp_path / "fake", "go [[die:1]]")
        assert _speak_in_subprocess(tmp_path / "fake", "go [[die:1]]").returncode == 0

    @pytest.mark.parametrize("marker", ["hang", "spin"])
    def test_hang_and_spin_never_return_and_spin_holds_the_interpreter_lock(
        self, engine: FakeEngine, tmp_path: Path, marker: str
    ) -> None:
        command = _command(tmp_path / "fake", f"go [[{marker}]]")
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, bufsize=0) as speaking:
            assert speaking.stdout is not None
            assert speaking.stdout.readline() == b"speaking\n"
            others_run = select.select([speaking.stdout], [], [], 30.0 if marker == "hang" else 1.0)[0]
            assert bool(others_run) is (marker == "hang")
            assert speaking.poll() is None
            speaking.kill()


ROOT = Path(__file__).parents[2]

_SPEAK_SCRIPT = """
import sys, threading
from pathlib import Path
from worker.engines.fake import FakeEngine
from worker.engines.protocol import Utterance
utterance = Utterance(sys.argv[2], "", "", "en", 1.0, None, 0, False)
engine = FakeEngine(folder=Path(sys.argv[1]))
print("speaking", flush=True)
timer = threading.Timer(0.3, lambda: print("others run", flush=True))
timer.daemon = True
timer.start()
engine.speak([utterance])
"""


def _command(folder: Path, text: str) -> list[str]:
    return [sys.executable, "-c", _SPEAK_SCRIPT, str(folder), text]


def _speak_in_subprocess(folder: Path, text: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(_command(folder, text), capture_output=True, timeout=60.0, check=False, cwd=ROOT)
