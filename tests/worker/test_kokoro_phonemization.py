"""Kokoro's phonemization: the language of a voice, and phonemes from an espeak-ng process that may crash."""

# ruff: noqa: RUF001 - phonemes look like other letters

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kokoro_onnx.config import DEFAULT_VOCAB

from tests.support.waiting import wait_for
from worker.engines.kokoro.alignment import locate_words
from worker.engines.kokoro.languages import LANGUAGE_BY_PREFIX, espeak_language
from worker.engines.kokoro.phonemization import Phonemizer
from worker.engines.protocol import EngineError

LANGUAGES = frozenset({"cmn", "de", "en-gb", "en-us", "es", "es-419", "fr-be", "fr-fr", "nb", "pt", "pt-br"})


class TestLanguage:
    @pytest.mark.parametrize(
        ("voice", "requested", "expected"),
        [
            ("af_heart", "en", "en-us"),
            ("af_heart", "en-GB", "en-us"),
            ("bf_emma", "en-US", "en-gb"),
            ("jf_alpha", "ja-JP", "ja"),
            ("zf_xiaobei", "zh-Hans-CN", "cmn"),
            ("zf_xiaobei", "cmn", "cmn"),
            ("jf_alpha", "en", "en-us"),
            ("jf_alpha", "en-GB", "en-gb"),
            ("jf_alpha", "EN_gb", "en-gb"),
            ("jf_alpha", "en-AU", "en-us"),
            ("af_heart", "fr", "fr-fr"),
            ("af_heart", "fr-CA", "fr-fr"),
            ("af_heart", "fr-BE", "fr-be"),
            ("af_heart", "pt", "pt-br"),
            ("af_heart", "pt-PT", "pt"),
            ("af_heart", "es-419", "es-419"),
            ("af_heart", "es-MX", "es"),
            ("af_heart", "nn-NO", "nb"),
            ("af_heart", "zh-TW", "cmn"),
            ("af_heart", "xx", "en-us"),
            ("ff_siwis", "", "fr-fr"),
            ("unheard_of", "de-AT", "de"),
            ("unheard_of", "", "en-us"),
            ("bf_emma(2)+af_heart", "en", "en-gb"),
        ],
    )
    def test_depends_on_the_voice_and_the_requested_language(
        self, voice: str, requested: str, expected: str
    ) -> None:
        assert espeak_language(voice, requested, known=LANGUAGES) == expected


ROOT = Path(__file__).parents[2]

_WORKER_SCRIPT = """
import sys, tempfile, threading
from kokoro_onnx.config import DEFAULT_VOCAB
from worker.engines.kokoro.phonemization import Phonemizer
tempfile.tempdir = sys.argv[1]
phonemizer = Phonemizer(DEFAULT_VOCAB)
phonemizer.phonemize("Hello.", language="en-us")
print("ready", flush=True)
threading.Event().wait()
"""


@pytest.fixture(scope="module")
def phonemizer() -> Iterator[Phonemizer]:
    phonemizer = Phonemizer(DEFAULT_VOCAB)
    yield phonemizer
    phonemizer.close()


class TestPhonemizer:
    def test_supports_the_languages_of_all_voices(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.languages >= LANGUAGES.union(LANGUAGE_BY_PREFIX.values())

    def test_language_switch_flags_are_removed(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.phonemize("le weekend à Paris", language="fr-fr").phonemes == "lə wiːkˈɛnd a paʁˈi"

    def test_text_in_brackets_is_phonemized(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.phonemize("Estoy (en) casa", language="es").phonemes == "estˈoɪ (ˈen) kˈasa"

    def test_the_japanese_a_is_kept(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.phonemize("さくら、たなか。", language="ja").phonemes == "sakˈɯᵝɽa, tanˈaka."

    def test_mandarin_has_pauses_but_no_tones(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.phonemize("妈，马。", language="cmn").phonemes == "mˈɑ, mˈɑ."

    def test_long_numbers_are_read_to_the_end(self, phonemizer: Phonemizer) -> None:
        assert phonemizer.phonemize("7" * 60, language="en-us").phonemes.count("sˈɛvən") == 60

    def test_more_languages_than_the_library_caches(self, phonemizer: Phonemizer) -> None:
        for language in [*sorted(LANGUAGES), *sorted(LANGUAGES)]:
            assert phonemizer.phonemize("radio", language=language).phonemes

    @pytest.mark.parametrize(
        ("text", "given", "phonemes"),
        [
            ("Say gif!", ((4, 7, "dʒˈɪf"),), "sˈeɪ dʒˈɪf!"),
            ("Gif", ((0, 3, "dʒˈɪf"),), "dʒˈɪf"),
            ("Gif, gif; yes", ((0, 3, "dʒˈɪf"), (5, 8, "ɡˈɪf")), "dʒˈɪf, ɡˈɪf; jˈɛs"),
            ("St. John says", ((0, 8, "sˈAnt ʤˈɑn"),), "sˈAnt ʤˈɑn sˈɛz"),
            ("a (gif) b", ((3, 6, "g  ˈ\nɪ"),), "ˈeɪ (ɡ ˈ ɪ) bˈiː"),
            ("yes gif", ((4, 7, ""),), "jˈɛs ɡˈɪf"),
            ("yes gif", ((4, 7, "漢"),), "jˈɛs ɡˈɪf"),
            ("yes gif", ((5, 99, "a"), (4, 4, "a"), (2, 1, "a")), "jˈɛs ɡˈɪf"),
            ("猫", ((0, 1, "nˈɛko"),), "nˈɛko"),
        ],
    )
    def test_given_phonemes_are_inserted(
        self, phonemizer: Phonemizer, text: str, given: tuple[tuple[int, int, str], ...], phonemes: str
    ) -> None:
        assert phonemizer.phonemize(text, language="en-us", given=given).phonemes == phonemes

    def test_the_text_without_given_phonemes_must_be_readable(self, phonemizer: Phonemizer) -> None:
        with pytest.raises(EngineError, match="kana"):
            phonemizer.phonemize("猫と犬", language="ja", given=((0, 1, "nˈeko"),))

    @pytest.mark.parametrize(
        ("language", "text", "expected"),
        [
            (
                "en-us",
                "The man of the 21st, to a cat at 12:30: I am!",
                "The/ðə man/mˈæn of/ʌv the/ðə 21st/twˈɛnti_fˈɜːst to/tʊ a/ɐ cat/kˈæt at/æt 12:30/twˈɛlv:θˈɜːɾi"
                " I/aɪ am/ˈæm",
            ),
            ("fr-fr", "Les amis, il y en a 21.", "Les/lez amis/amˈi il/il y/i en/ɑ̃n a/a 21/vɛ̃teˈœ̃"),
            ("hi", "नमस्ते दुनिया", "नमस्ते/nəmˈʌsteː दुनिया/dˈʊnɪjˌaː"),
        ],
    )
    def test_words_are_aligned_with_their_phonemes(
        self, phonemizer: Phonemizer, language: str, text: str, expected: str
    ) -> None:
        """This includes words that espeak-ng runs together."""
        phonemized = phonemizer.phonemize(text, language=language)
        found = [
            f"{text[span.start : span.end]}/{phonemized.phonemes_of(span).replace(' ', '_')}"
            for span in phonemizer.align_words(phonemized)
        ]
        assert found == expected.split()

    def test_words_that_are_not_in_the_text_have_no_range(self) -> None:
        assert locate_words("ɡˈʊd mˈɔːnɪŋ", words=["fˈɪʃ", "tʃˈɪps"]) == [None, None]
        assert locate_words("ɡˈʊd mˈɔːnɪŋ", words=["ɡˈʊd", "", "mˈɔːnɪŋ"]) == [(0, 4), None, (5, 12)]
        assert locate_words("", words=["a"]) == [None]
        assert locate_words("a", words=[]) == []

    def test_a_text_that_crashes_espeak_is_refused_and_the_next_one_works(
        self, phonemizer: Phonemizer, capfd: pytest.CaptureFixture[str]
    ) -> None:
        text = "s'" * 140
        with pytest.raises(EngineError, match="cannot be read") as caught:
            phonemizer.phonemize(text, language="en-us")
        assert caught.value.caller_fault
        assert text not in "".join(capfd.readouterr()) + caught.value.message
        assert phonemizer.phonemize("Hello.", language="en-us").phonemes == "həlˈoʊ."

    def test_the_process_and_its_folder_end_with_the_phonemizer(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        phonemizer = Phonemizer(DEFAULT_VOCAB)
        phonemizer.phonemize("Hello.", language="en-us")
        process = phonemizer._espeak._process
        assert process.poll() is None
        assert list(tmp_path.rglob("libespeak*"))
        del phonemizer
        assert process.poll() == -signal.SIGKILL
        assert not list(tmp_path.iterdir())

    def test_the_process_and_its_folder_end_with_a_killed_worker(self, tmp_path: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", _WORKER_SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        ) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
            assert list(tmp_path.rglob("libespeak*"))
            worker.kill()
        wait_for(lambda: not list(tmp_path.iterdir()))

    def test_a_killed_process_is_restarted(self, phonemizer: Phonemizer) -> None:
        process = phonemizer._espeak._process
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="cannot be read"):
            phonemizer.phonemize("Hello.", language="en-us")
        assert phonemizer.phonemize("Hello.", language="en-us").phonemes == "həlˈoʊ."
