"""Bark compared with its library, on tiny models."""

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
    engine = load_engine(root)
    yield engine
    engine.close()


def load_engine(root: Path, **given: Any) -> BarkEngine:
    engine = create("bark", settings_of(root, **given))
    engine.load()
    assert isinstance(engine, BarkEngine)
    return engine


def speak_with_library(
    root: Path, texts: Sequence[str], *, seed: int, preset: str = ENGLISH
) -> list[NDArray[np.float32]]:
    """Return the samples of the library, called as in its documentation."""
    folder = root / "suno_bark-small"
    model = BarkModel.from_pretrained(folder, dtype=torch.float32).eval()
    processor = BarkProcessor.from_pretrained(folder)
    encoded = processor(list(texts), voice_preset=preset, max_length=256, return_tensors="pt")
    set_seed(seed)
    waves, lengths = model.generate(**encoded, return_output_lengths=True)
    return [wave[:length].numpy() for wave, length in zip(waves, lengths, strict=True)]


def speak(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **{"voice": ENGLISH, **changes})])[0].samples


def test_samples_equal_those_of_the_library(root: Path, engine: BarkEngine) -> None:
    for text, preset in zip(TEXTS, (ENGLISH, FRENCH, ENGLISH), strict=True):
        (wave,) = speak_with_library(root, [text], seed=5, preset=preset)
        assert np.array_equal(speak(engine, text, voice=preset, seed=5), wave)


def test_a_batch_equals_a_batch_of_the_library(root: Path, engine: BarkEngine) -> None:
    # The first seed of the batch counts.
    batch = [utterance(text, voice=ENGLISH, seed=5 + number) for number, text in enumerate(TEXTS)]
    for speech, wave in zip(engine.speak(batch), speak_with_library(root, TEXTS, seed=5), strict=True):
        assert np.array_equal(speech.samples, wave)


def test_a_pickle_of_tensors_can_be_loaded(tmp_path: Path, engine: BarkEngine) -> None:
    folder = build_bark(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not (folder / "model.safetensors").exists()
    pickled = speak(load_engine(tmp_path), seed=5)
    assert np.array_equal(pickled, speak_with_library(tmp_path, [HERON], seed=5)[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    assert np.abs(speak(load_engine(root, dtype=dtype))).max() > 0.01


class TestStyle:
    @pytest.mark.parametrize(
        ("style", "text"),
        [
            ("laughs", f"[laughs] {HERON}"),
            ("[clears throat], sighs", f"[clears throat] [sighs] {HERON}"),
            ("woman", f"[WOMAN] {HERON}"),
            ("gasps, man", f"[MAN] [gasps] {HERON}"),
            ("singing", f"♪ {HERON} ♪"),
            ("man, ♪, music", f"[MAN] [music] ♪ {HERON} ♪"),
        ],
    )
    def test_becomes_tags_in_the_text(self, root: Path, engine: BarkEngine, style: str, text: str) -> None:
        assert np.array_equal(speak(engine, style=style, seed=5), speak_with_library(root, [text], seed=5)[0])

    def test_sounds_apply_to_the_first_segment_and_speakers_to_all(
        self, root: Path, engine: BarkEngine
    ) -> None:
        later = speak(engine, style="laughs, man, singing", seed=5, is_first=False)
        assert np.array_equal(later, speak_with_library(root, [f"[MAN] ♪ {HERON} ♪"], seed=5)[0])

    def test_an_unknown_style_is_refused(self, engine: BarkEngine) -> None:
        with pytest.raises(InvalidRequest):
            speak(engine, style="whistles")


class TestPresets:
    def test_are_those_of_the_catalogue_with_files(self, engine: BarkEngine) -> None:
        known = [voice.engine_voice for voice in voices_of("bark")]
        assert engine.voices() == tuple(sorted(PRESETS, key=known.index))

    def test_a_preset_without_all_files_is_left_out(self, tmp_path: Path) -> None:
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
    def test_an_unknown_voice_never_becomes_a_path(self, engine: BarkEngine, voice: str) -> None:
        with pytest.raises(EngineError, match="not on this worker"):
            speak(engine, voice=voice)

    def test_paths_outside_the_folder_are_refused(self, tmp_path: Path) -> None:
        folder = build_bark(tmp_path)
        listed = json.loads((folder / "speaker_embeddings_path.json").read_text())
        outside = tmp_path / "outside.npy"
        outside.write_bytes(as_npy(np.zeros(4, np.int64)))
        listed[ENGLISH]["semantic_prompt"] = "../outside.npy"
        (folder / "speaker_embeddings_path.json").write_text(json.dumps(listed))
        with pytest.raises(ValueError, match="Invalid voice preset path"):
            speak(load_engine(tmp_path))

    def test_a_pickle_instead_of_numbers_is_refused(self, tmp_path: Path) -> None:
        folder = build_bark(tmp_path)
        pickled = as_npy(np.array([Path("x")], object), allow_pickle=True)
        (folder / f"speaker_embeddings/{ENGLISH}_fine_prompt.npy").write_bytes(pickled)
        with pytest.raises(ValueError, match="allow_pickle=False"):
            speak(load_engine(tmp_path))


class TestNoTokens:
    """The library crashes if the model generates no tokens for a text."""

    def test_the_library_crashes(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
            speak_with_library(tmp_path, [HERON], seed=5)

    def test_a_single_call_generates_half_a_second(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        speech = speak(load_engine(tmp_path), seed=5)
        assert len(speech) / 24_000 == pytest.approx(0.5, abs=0.05)

    def test_a_batch_fails(self, tmp_path: Path) -> None:
        build_bark(tmp_path, silent=True)
        with pytest.raises(RuntimeError, match="Kernel size"):
            load_engine(tmp_path).speak([utterance(text, voice=ENGLISH) for text in TEXTS])


def test_a_too_long_text_is_refused(engine: BarkEngine) -> None:
    # Each letter is a token.
    assert len(speak(engine, "a" * 100 + " " + "b" * 100 + " " + "c" * 56)) > 0
    for batch in (["a " * 257], [HERON, "a " * 257]):
        with pytest.raises(TooLong) as caught:
            engine.speak([utterance(text, voice=ENGLISH) for text in batch])
        assert caught.value.caller_fault


@pytest.mark.parametrize("text", ["", "!!!", "😀", "你好", "♪", "  "])
def test_an_unspeakable_text_is_a_caller_fault(engine: BarkEngine, text: str) -> None:
    for style in (None, "laughs"):
        with pytest.raises(EngineError) as caught:
            speak(engine, text, style=style)
        assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_a_given_seed_runs_alone_and_a_batch_has_one_preset(engine: BarkEngine) -> None:
    assert engine.batch_key(utterance(voice=ENGLISH)) is None
    english, french = (engine.batch_key(utterance(seed_given=False, voice=voice)) for voice in PRESETS)
    assert None is not english != french is not None


def test_has_a_longer_timeout_on_a_cpu(engine: BarkEngine) -> None:
    assert engine.timeout_factor == 10.0
    assert engine.max_batch == 1
