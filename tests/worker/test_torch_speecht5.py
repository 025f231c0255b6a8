"""SpeechT5 held against the library itself, on tiny models, and its speakers."""

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
    """As its documentation uses it."""

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


def single(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **{"voice": "slt", **changes})])[0].samples


def test_is_the_library_bit_for_bit(library: Library, engine: SpeechT5Engine) -> None:
    for text, voice in zip(TEXTS, ("slt", "bdl", "awb"), strict=True):
        waves, lengths = library.speak([text], voices=[voice], seed=5)
        assert lengths == [waves.shape[1]]
        assert np.array_equal(single(engine, text, voice=voice, seed=5), waves[0].numpy())


def test_a_batch_is_a_batch_of_the_library_with_each_sound_vocoded_alone(
    library: Library, engine: SpeechT5Engine
) -> None:
    voices = ("slt", "bdl", "slt")
    spectrograms, lengths = library.speak(TEXTS, voices=voices, seed=5, vocode=False)
    batch = [utterance(text, voice=voice, seed=5) for text, voice in zip(TEXTS, voices, strict=True)]
    for speech, spectrogram, length in zip(engine.speak(batch), spectrograms, lengths, strict=True):
        with torch.no_grad():
            wave = library.vocoder(spectrogram[:length]).numpy()
        assert np.array_equal(speech.samples, wave)


def test_speakers_sound_different(engine: SpeechT5Engine) -> None:
    assert not np.array_equal(single(engine, voice="slt"), single(engine, voice="bdl"))


def test_a_pickle_of_tensors_speaks_as_safetensors_do(tmp_path: Path, engine: SpeechT5Engine) -> None:
    folder = build_speecht5(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not list(tmp_path.rglob("*.safetensors"))
    pickled = create("speecht5", settings_of(tmp_path))
    pickled.load()
    waves, _ = Library(tmp_path).speak([HERON], voices=["slt"], seed=5)
    assert np.array_equal(single(pickled, seed=5), waves[0].numpy())
    # Weights lie otherwise in memory, so sums are made in another order.
    assert np.allclose(single(pickled), single(engine), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    engine = create("speecht5", settings_of(root, dtype=dtype))
    engine.load()
    assert np.abs(single(engine)).max() > 0.01


def test_numbers_are_read_in_english(engine: SpeechT5Engine) -> None:
    assert np.array_equal(single(engine, "I am 42."), single(engine, "I am forty-two."))


def test_too_long_is_refused_before_the_library_raises(engine: SpeechT5Engine) -> None:
    # Each letter is a token, and two more stand at the beginning and the end.
    assert len(single(engine, "a" * 598)) > 0
    for batch in (
        [utterance("a" * 599, voice="slt")],
        [utterance(voice="slt"), utterance("a" * 599, voice="slt")],
    ):
        with pytest.raises(TooLong) as caught:
            engine.speak(batch)
        assert caught.value.caller_fault


def test_one_that_misses_the_end_of_a_text_may_speak_half_of_it(tmp_path: Path) -> None:
    folder = build_speecht5(tmp_path)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(
        config.replace('"max_speech_positions": 1876', '"max_speech_positions": 40')
    )
    engine = create("speecht5", settings_of(tmp_path))
    engine.load()
    assert len(single(engine, HERON[:15])) > 0
    with pytest.raises(TooLong):
        single(engine)


@pytest.mark.parametrize("text", ["", "!!!", "😀", "你好.", "Привет!", "  "])
def test_nothing_to_say_is_the_callers_fault(engine: SpeechT5Engine, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        single(engine, text)
    assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_a_seed_that_was_given_is_spoken_alone(engine: SpeechT5Engine) -> None:
    assert engine.batch_key(utterance()) is None
    free = [engine.batch_key(utterance(seed_given=False, voice=voice)) for voice in ("slt", "bdl")]
    assert free[0] == free[1] is not None


def claiming(numbers: int) -> bytes:
    """The head of a file of so many numbers, and none of them."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (numbers,)})
    return head.getvalue()


class TestSpeakers:
    def test_the_mean_of_what_the_archive_has_of_a_speaker(self, root: Path) -> None:
        folder = root / "Matthijs_cmu-arctic-xvectors"
        assert list_speakers(folder) == SPEAKERS
        vector = load_speaker_vector(folder, "slt")
        assert (vector.shape, vector.dtype) == ((512,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1.0)

    def test_unpacked_it_is_the_same(self, root: Path, tmp_path: Path) -> None:
        folder = root / "Matthijs_cmu-arctic-xvectors"
        with zipfile.ZipFile(folder / ARCHIVE) as archive:
            archive.extractall(tmp_path)
        assert list_speakers(tmp_path) == SPEAKERS
        assert np.array_equal(load_speaker_vector(tmp_path, "bdl"), load_speaker_vector(folder, "bdl"))

    def test_a_file_of_ones_own_is_a_voice(self, tmp_path: Path) -> None:
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
        assert len(single(engine, voice="my-voice_2")) > 1000

    def test_a_new_archive_is_seen(self, tmp_path: Path) -> None:
        folder = build_speakers(tmp_path, names=("awb",))
        assert list_speakers(folder) == ("awb",)
        build_speakers(tmp_path, names=("bdl", "clb"))
        assert list_speakers(folder) == ("bdl", "clb")
        (folder / ARCHIVE).write_bytes(b"no archive")
        assert list_speakers(folder) == ()

    @pytest.mark.parametrize(
        "name", ["nobody", "../slt", "", "matrix", "words", "evil", "empty", "boundless", "long", "pipe"]
    )
    def test_what_is_no_speaker_is_refused(self, tmp_path: Path, name: str) -> None:
        folder = build_speakers(tmp_path)
        (folder / "matrix.npy").write_bytes(as_npy(np.zeros((2, 512))))
        (folder / "words.npy").write_bytes(as_npy(np.array(["a"] * 512)))
        (folder / "empty.npy").write_bytes(b"")
        (folder / "boundless.npy").write_bytes(claiming(500_000_000_000))
        (folder / "long.npy").write_bytes(as_npy(np.ones(512)) + bytes(70_000))
        os.mkfifo(folder / "pipe.npy")
        made = tmp_path / "made"
        (folder / "evil.npy").write_bytes(as_npy(np.array([Touch(made)], object), allow_pickle=True))
        with pytest.raises(EngineError, match="download the voice"):
            load_speaker_vector(folder, name)
        assert not made.exists()

    @pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_what_unpacks_to_too_much_is_refused(self, tmp_path: Path, packing: int) -> None:
        with zipfile.ZipFile(tmp_path / ARCHIVE, "w", packing) as archive:
            archive.writestr("bomb.npy", as_npy(np.ones(512)) + bytes(50_000_000))
            archive.writestr("boundless.npy", claiming(500_000_000_000))
        for name in list_speakers(tmp_path):
            with pytest.raises(EngineError, match="download the voice"):
                load_speaker_vector(tmp_path, name)

    def test_what_says_that_it_unpacks_to_little_is_not_unpacked(self, tmp_path: Path) -> None:
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
    def test_an_archive_that_zipfile_cannot_read_has_nobody(self, tmp_path: Path, odd: str) -> None:
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

    def test_names_are_quick_however_many_sentences(self, tmp_path: Path) -> None:
        """Only the first question reads the list of the archive: later ones don't even open it."""
        folder = build_speakers(tmp_path, sentences=500)
        assert list_speakers(folder) == SPEAKERS
        about = (folder / ARCHIVE).stat()
        (folder / ARCHIVE).write_bytes(b"\0" * about.st_size)
        os.utime(folder / ARCHIVE, ns=(about.st_atime_ns, about.st_mtime_ns))
        assert list_speakers(folder) == SPEAKERS
