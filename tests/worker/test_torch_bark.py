"""Bark held against the library itself, on tiny models."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import BarkModel, BarkProcessor, set_seed

from common.catalogue import voices_of
from common.errors import InvalidRequest
from tests.support.tiny_models import PICKLED, PRESETS, as_npy, build_bark
from tests.support.utterances import HERON, settings_of, utterance
from worker.engines import create
from worker.engines.bark import BarkEngine
from worker.engines.protocol import Engine, EngineError, TooLong

ENGLISH, FRENCH = PRESETS
TEXTS = (HERON, "A small boat went past.", "Over the wide water it flew.")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bark")
    build_bark(root)
    return root


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[BarkEngine]:
    engine = loaded(root)
    yield engine
    engine.close()


def loaded(root: Path, **given: Any) -> BarkEngine:
    engine = create("bark", settings_of(root, **given))
    engine.load()
    assert isinstance(engine, BarkEngine)
    return engine


def library(
    root: Path, texts: Sequence[str], *, seed: int, preset: str = ENGLISH
) -> list[NDArray[np.float32]]:
    """As its documentation gets them."""
    folder = root / "suno_bark-small"
    model = BarkModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = BarkProcessor.from_pretrained(folder)
    encoded = processor(list(texts), voice_preset=preset, max_length=256, return_tensors="pt")
    set_seed(seed)
    waves, lengths = model.generate(**encoded, return_output_lengths=True)
    return [wave[:length].numpy() for wave, length in zip(waves, lengths, strict=True)]


def single(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **{"voice": ENGLISH, **changes})])[0].samples


def test_is_the_library_bit_for_bit(root: Path, engine: BarkEngine) -> None:
    for text, preset in zip(TEXTS, (ENGLISH, FRENCH, ENGLISH), strict=True):
        (wave,) = library(root, [text], seed=5, preset=preset)
        assert np.array_equal(single(engine, text, voice=preset, seed=5), wave)


def test_a_batch_is_a_batch_of_the_library(root: Path, engine: BarkEngine) -> None:
    # The seed is the first one's.
    batch = [utterance(text, voice=ENGLISH, seed=5 + number) for number, text in enumerate(TEXTS)]
    for speech, wave in zip(engine.speak(batch), library(root, TEXTS, seed=5), strict=True):
        assert np.array_equal(speech.samples, wave)


def test_a_pickle_of_tensors_is_the_librarys_too(tmp_path: Path, engine: BarkEngine) -> None:
    folder = build_bark(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not (folder / "model.safetensors").exists()
    pickled = single(loaded(tmp_path), seed=5)
    assert np.array_equal(pickled, library(tmp_path, [HERON], seed=5)[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    assert np.abs(single(loaded(root, dtype=dtype))).max() > 0.01


class TestStyle:
    @pytest.mark.parametrize(
        ("style", "spoken"),
        [
            ("laughs", f"[laughs] {HERON}"),
            ("[clears throat], sighs", f"[clears throat] [sighs] {HERON}"),
            ("woman", f"[WOMAN] {HERON}"),
            ("gasps, man", f"[MAN] [gasps] {HERON}"),
            ("singing", f"♪ {HERON} ♪"),
            ("man, ♪, music", f"[MAN] [music] ♪ {HERON} ♪"),
        ],
    )
    def test_is_written_into_the_text(self, root: Path, engine: BarkEngine, style: str, spoken: str) -> None:
        assert np.array_equal(single(engine, style=style, seed=5), library(root, [spoken], seed=5)[0])

    def test_sounds_come_once_and_manners_all_through_a_job(self, root: Path, engine: BarkEngine) -> None:
        later = single(engine, style="laughs, man, singing", seed=5, is_first=False)
        assert np.array_equal(later, library(root, [f"[MAN] ♪ {HERON} ♪"], seed=5)[0])

    def test_one_that_is_not_known_is_refused(self, engine: BarkEngine) -> None:
        with pytest.raises(InvalidRequest):
            single(engine, style="whistles")


class TestPresets:
    def test_those_of_the_catalogue_that_are_here(self, engine: BarkEngine) -> None:
        known = [voice.engine_voice for voice in voices_of("bark")]
        assert engine.voices() == tuple(sorted(PRESETS, key=known.index))

    def test_one_that_lacks_a_file_is_not_here(self, tmp_path: Path) -> None:
        folder = build_bark(tmp_path)
        (folder / f"speaker_embeddings/{FRENCH}_fine_prompt.npy").unlink()
        assert create("bark", settings_of(tmp_path)).voices() == (ENGLISH,)
        for text in (
            "[]",
            "7",
            "{",
            "[" * 100_000,
            json.dumps({ENGLISH: 7}),
            json.dumps({ENGLISH: {"a": "\0"}}),
        ):
            (folder / "speaker_embeddings_path.json").write_text(text)
            assert create("bark", settings_of(tmp_path)).voices() == ()

    @pytest.mark.parametrize("voice", ["v2/de_speaker_0", "../../secret", "", "repo_or_path", "/etc/passwd"])
    def test_others_never_become_a_path(self, engine: BarkEngine, voice: str) -> None:
        with pytest.raises(EngineError, match="not on this worker"):
            single(engine, voice=voice)

    def test_a_list_that_leads_out_of_the_folder_is_not_followed(self, tmp_path: Path) -> None:
        folder = build_bark(tmp_path)
        listed = json.loads((folder / "speaker_embeddings_path.json").read_text())
        outside = tmp_path / "outside.npy"
        outside.write_bytes(as_npy(np.zeros(4, np.int64)))
        listed[ENGLISH]["semantic_prompt"] = "../outside.npy"
        (folder / "speaker_embeddings_path.json").write_text(json.dumps(listed))
        with pytest.raises(ValueError, match="Invalid voice preset path"):
            single(loaded(tmp_path))

    def test_a_pickle_in_place_of_numbers_is_refused(self, tmp_path: Path) -> None:
        folder = build_bark(tmp_path)
        pickled = as_npy(np.array([Path("x")], object), allow_pickle=True)
        (folder / f"speaker_embeddings/{ENGLISH}_fine_prompt.npy").write_bytes(pickled)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            single(loaded(tmp_path))


class TestEndsAtOnce:
    """One that has no token for a text makes the library crash."""

    def test_the_library_crashes(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
            library(tmp_path, [HERON], seed=5)

    def test_alone_it_must_make_half_a_second(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        speech = single(loaded(tmp_path), seed=5)
        assert len(speech) / 24_000 == pytest.approx(0.5, abs=0.05)

    def test_in_a_batch_the_batch_fails(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        with pytest.raises(RuntimeError, match="Kernel size"):
            loaded(tmp_path).speak([utterance(text, voice=ENGLISH) for text in TEXTS])


def test_too_long_is_refused_instead_of_cut(engine: BarkEngine) -> None:
    # Each letter is a token.
    assert len(single(engine, "a" * 100 + " " + "b" * 100 + " " + "c" * 56)) > 0
    for batch in (["a " * 257], [HERON, "a " * 257]):
        with pytest.raises(TooLong) as caught:
            engine.speak([utterance(text, voice=ENGLISH) for text in batch])
        assert caught.value.caller_fault


@pytest.mark.parametrize("text", ["", "!!!", "😀", "你好", "♪", "  "])
def test_nothing_to_say_is_the_callers_fault(engine: BarkEngine, text: str) -> None:
    for style in (None, "laughs"):
        with pytest.raises(EngineError) as caught:
            single(engine, text, style=style)
        assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_a_seed_that_was_given_is_spoken_alone_and_a_batch_has_one_preset(engine: BarkEngine) -> None:
    assert engine.batch_key(utterance(voice=ENGLISH)) is None
    english, french = (engine.batch_key(utterance(seed_given=False, voice=voice)) for voice in PRESETS)
    assert None is not english != french is not None


def test_has_patience_on_a_cpu(engine: BarkEngine) -> None:
    assert engine.timeout_factor == 10.0
    assert engine.max_batch == 1
