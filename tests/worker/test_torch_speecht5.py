"""SpeechT5 compared with its library, on tiny models, and its speakers."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import (
    SpeechT5FeatureExtractor,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5Processor,
    SpeechT5Tokenizer,
    set_seed,
)

from tests.support.pickles import Touch
from tests.support.tiny_models import PICKLED, SPEAKERS, as_npy, build_speakers, build_speecht5
from tests.support.utterances import HERON, settings_of, utterance
from worker.engines import create
from worker.engines.protocol import Engine, EngineError, TooLong
from worker.engines.speecht5.engine import SpeechT5Engine
from worker.engines.speecht5.speakers import list_speakers, load_speaker_vector

TEXTS = (HERON, "A small boat went past.", "Over the wide water it flew.")
ARCHIVE = "spkrec-xvect.zip"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("speecht5")
    build_speecht5(root)
    return root


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[SpeechT5Engine]:
    engine = create("speecht5", settings_of(root))
    engine.load()
    assert isinstance(engine, SpeechT5Engine)
    yield engine
    engine.close()


class Library:
    """The library, called as in its documentation."""

    def __init__(self, root: Path) -> None:
        tokenizer = SpeechT5Tokenizer.from_pretrained(root / "microsoft_speecht5_tts")
        self.processor = SpeechT5Processor(SpeechT5FeatureExtractor(), tokenizer)
        self.model = SpeechT5ForTextToSpeech.from_pretrained(
            root / "microsoft_speecht5_tts", dtype=torch.float32
        ).eval()
        self.vocoder = SpeechT5HifiGan.from_pretrained(root / "microsoft_speecht5_hifigan").eval()
        self.speakers = root / "Matthijs_cmu-arctic-xvectors"

    def speak(self, texts: Sequence[str], *, voices: Sequence[str], seed: int, vocode: bool = True) -> Any:
        encoded = self.processor(text=list(texts), padding=True, return_tensors="pt")
        vectors = np.stack([load_speaker_vector(self.speakers, voice) for voice in voices])
        set_seed(seed)
        with torch.no_grad():
            return self.model.generate_speech(
                encoded["input_ids"],
                torch.from_numpy(vectors),
                attention_mask=encoded["attention_mask"],
                vocoder=self.vocoder if vocode else None,
                threshold=0.5,
                minlenratio=0.0,
                maxlenratio=20.0,
                return_output_lengths=True,
            )


@pytest.fixture(scope="module")
def library(root: Path) -> Library:
    return Library(root)


def speak(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **{"voice": "slt", **changes})])[0].samples


def test_samples_equal_those_of_the_library(library: Library, engine: SpeechT5Engine) -> None:
    for text, voice in zip(TEXTS, ("slt", "bdl", "awb"), strict=True):
        waves, lengths = library.speak([text], voices=[voice], seed=5)
        assert lengths == [waves.shape[1]]
        assert np.array_equal(speak(engine, text, voice=voice, seed=5), waves[0].numpy())


def test_a_batch_equals_a_batch_of_the_library_with_single_vocoder_calls(
    library: Library, engine: SpeechT5Engine
) -> None:
    voices = ("slt", "bdl", "slt")
    spectrograms, lengths = library.speak(TEXTS, voices=voices, seed=5, vocode=False)
    batch = [utterance(text, voice=voice, seed=5) for text, voice in zip(TEXTS, voices, strict=True)]
    for speech, spectrogram, length in zip(engine.speak(batch), spectrograms, lengths, strict=True):
        with torch.no_grad():
            wave = library.vocoder(spectrogram[:length]).numpy()
        assert np.array_equal(speech.samples, wave)


def test_speakers_differ(engine: SpeechT5Engine) -> None:
    assert not np.array_equal(speak(engine, voice="slt"), speak(engine, voice="bdl"))


def test_a_pickle_of_tensors_equals_safetensors(tmp_path: Path, engine: SpeechT5Engine) -> None:
    folder = build_speecht5(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not list(tmp_path.rglob("*.safetensors"))
    pickled = create("speecht5", settings_of(tmp_path))
    pickled.load()
    waves, _ = Library(tmp_path).speak([HERON], voices=["slt"], seed=5)
    assert np.array_equal(speak(pickled, seed=5), waves[0].numpy())
    # The memory layout of the weights differs, and so does the order of sums.
    assert np.allclose(speak(pickled), speak(engine), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    engine = create("speecht5", settings_of(root, dtype=dtype))
    engine.load()
    assert np.abs(speak(engine)).max() > 0.01


def test_numbers_are_read_in_english(engine: SpeechT5Engine) -> None:
    assert np.array_equal(speak(engine, "I am 42."), speak(engine, "I am forty-two."))


def test_a_too_long_text_is_refused_before_the_library_raises(engine: SpeechT5Engine) -> None:
    # Each letter is a token, plus one at the start and one at the end.
    assert len(speak(engine, "a" * 598)) > 0
    for batch in (
        [utterance("a" * 599, voice="slt")],
        [utterance(voice="slt"), utterance("a" * 599, voice="slt")],
    ):
        with pytest.raises(TooLong) as caught:
            engine.speak(batch)
        assert caught.value.caller_fault


def test_a_model_that_misses_the_end_of_a_text_raises_too_long(tmp_path: Path) -> None:
    folder = build_speecht5(tmp_path)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(
        config.replace('"max_speech_positions": 1876', '"max_speech_positions": 40')
    )
    engine = create("speecht5", settings_of(tmp_path))
    engine.load()
    assert len(speak(engine, HERON[:15])) > 0
    with pytest.raises(TooLong):
        speak(engine)


@pytest.mark.parametrize("text", ["", "!!!", "😀", "你好.", "Привет!", "  "])
def test_an_unspeakable_text_is_a_caller_fault(engine: SpeechT5Engine, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        speak(engine, text)
    assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_an_utterance_with_a_given_seed_runs_alone(engine: SpeechT5Engine) -> None:
    assert engine.batch_key(utterance()) is None
    free = [engine.batch_key(utterance(seed_given=False, voice=voice)) for voice in ("slt", "bdl")]
    assert free[0] == free[1] is not None


def npy_header(numbers: int) -> bytes:
    """Return the header of a .npy file that claims to hold so many numbers, without the numbers."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (numbers,)})
    return head.getvalue()


class TestSpeakers:
    def test_the_vector_is_the_mean_of_the_speakers_vectors(self, root: Path) -> None:
        folder = root / "Matthijs_cmu-arctic-xvectors"
        assert list_speakers(folder) == SPEAKERS
        vector = load_speaker_vector(folder, "slt")
        assert (vector.shape, vector.dtype) == ((512,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1.0)

    def test_an_unpacked_archive_gives_the_same_vector(self, root: Path, tmp_path: Path) -> None:
        folder = root / "Matthijs_cmu-arctic-xvectors"
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            archive.extractall(tmp_path)
        assert list_speakers(tmp_path) == SPEAKERS
        assert np.array_equal(load_speaker_vector(tmp_path, "bdl"), load_speaker_vector(folder, "bdl"))

    def test_a_custom_file_is_a_voice(self, tmp_path: Path) -> None:
        build_speecht5(tmp_path)
        folder = tmp_path / "Matthijs_cmu-arctic-xvectors"
        own = np.arange(512.0)
        (folder / "my-voice_2.npy").write_bytes(as_npy(own))
        (folder / "Not A Name.npy").write_bytes(as_npy(own))
        assert list_speakers(folder) == tuple(sorted((*SPEAKERS, "my-voice_2")))
        assert load_speaker_vector(folder, "my-voice_2") == pytest.approx(own / np.linalg.norm(own))
        engine = create("speecht5", settings_of(tmp_path))
        engine.load()
        assert "my-voice_2" in engine.voices()
        assert len(speak(engine, voice="my-voice_2")) > 1000

    def test_a_changed_archive_is_read_again(self, tmp_path: Path) -> None:
        folder = build_speakers(tmp_path, names=("awb",))
        assert list_speakers(folder) == ("awb",)
        build_speakers(tmp_path, names=("bdl", "clb"))
        assert list_speakers(folder) == ("bdl", "clb")
        (folder / ARCHIVE).write_bytes(b"no archive")
        assert list_speakers(folder) == ()

    @pytest.mark.parametrize(
        "name", ["nobody", "../slt", "", "matrix", "words", "evil", "empty", "boundless", "long", "pipe"]
    )
    def test_an_invalid_speaker_is_refused(self, tmp_path: Path, name: str) -> None:
        folder = build_speakers(tmp_path)
        (folder / "matrix.npy").write_bytes(as_npy(np.zeros((2, 512))))
        (folder / "words.npy").write_bytes(as_npy(np.array(["a"] * 512)))
        (folder / "empty.npy").write_bytes(b"")
        (folder / "boundless.npy").write_bytes(npy_header(500_000_000_000))
        (folder / "long.npy").write_bytes(as_npy(np.ones(512)) + bytes(70_000))
        os.mkfifo(folder / "pipe.npy")
        made = tmp_path / "made"
        (folder / "evil.npy").write_bytes(as_npy(np.array([Touch(made)], object), allow_pickle=True))
        with pytest.raises(EngineError, match="download the voice"):
            load_speaker_vector(folder, name)
        assert not made.exists()

    @pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_a_large_member_is_refused(self, tmp_path: Path, packing: int) -> None:
        with zipfile.ZipFile(tmp_path / ARCHIVE, "w", packing) as archive:
            archive.writestr("bomb.npy", as_npy(np.ones(512)) + bytes(50_000_000))
            archive.writestr("boundless.npy", npy_header(500_000_000_000))
        for name in list_speakers(tmp_path):
            with pytest.raises(EngineError, match="download the voice"):
                load_speaker_vector(tmp_path, name)

    def test_a_member_with_a_false_size_is_not_unpacked(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.npy", as_npy(np.ones(512)) + bytes(50_000_000))
        content = bytearray((tmp_path / ARCHIVE).read_bytes())
        place = content.index(b"PK\1\2") + 24
        content[place : place + 4] = (5000).to_bytes(4, "little")
        (tmp_path / ARCHIVE).write_bytes(content)
        tracemalloc.start()
        with pytest.raises(EngineError, match="download the voice"):
            load_speaker_vector(tmp_path, "bomb")
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak_bytes < 5_000_000

    @pytest.mark.parametrize("odd", ["name", "version"])
    def test_an_archive_that_zipfile_cannot_read_has_no_speakers(self, tmp_path: Path, odd: str) -> None:
        folder = build_speakers(tmp_path, names=("awb",))
        with zipfile.ZipFile(folder / ARCHIVE, "a") as archive:
            archive.writestr("é.npy", b"")
        content = bytearray((folder / ARCHIVE).read_bytes())
        if odd == "name":
            content = content.replace("é".encode(), b"\xff\xfe")
        else:
            content[content.index(b"PK\1\2") + 6] = 99
        (folder / ARCHIVE).write_bytes(content)
        assert list_speakers(folder) == ()
        with pytest.raises(EngineError, match="download the voice"):
            load_speaker_vector(folder, "awb")

    def test_the_list_of_speakers_is_cached(self, tmp_path: Path) -> None:
        """Only the first call reads the archive; later calls do not open it."""
        folder = build_speakers(tmp_path, sentences=500)
        assert list_speakers(folder) == SPEAKERS
        about = (folder / ARCHIVE).stat()
        (folder / ARCHIVE).write_bytes(b"\0" * about.st_size)
        os.utime(folder / ARCHIVE, ns=(about.st_atime_ns, about.st_mtime_ns))
        assert list_speakers(folder) == SPEAKERS
