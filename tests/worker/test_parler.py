"""Parler-TTS compared with its library, on tiny models."""

import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import AutoTokenizer, set_seed

from common.catalogue import voices_of
from tests.support.pickles import Touch
from tests.support.process_memory import anonymous_bytes
from tests.support.tiny_models import PICKLED, build_parler
from tests.support.utterances import HERON, settings_of, utterance
from worker.engines import create
from worker.engines.parler import ParlerEngine, describe_voice, import_parler
from worker.engines.protocol import Engine, EngineError, OutOfMemory, TooLong
from worker.host.memory import collect_memory

TEXTS = (HERON, "A small boat went past.", "Over the wide water it flew.")
DESCRIPTIONS = ("Laura speaks slowly.", "A voice that is very close.", "Jon whispers.")
VOICES = ("Laura", "", "Jon")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parler")
    build_parler(root)
    return root


@pytest.fixture(scope="module")
def engine(root: Path) -> Iterator[ParlerEngine]:
    engine = load_engine(root)
    yield engine
    engine.close()


def load_engine(root: Path, **given: Any) -> ParlerEngine:
    engine = create("parler", settings_of(root, **given))
    engine.load()
    assert isinstance(engine, ParlerEngine)
    return engine


def speak_with_library(
    root: Path, texts: Sequence[str], descriptions: Sequence[str], *, seed: int
) -> list[NDArray[np.float32]]:
    """Return the samples of the library, called as in its documentation."""
    folder = root / "parler-tts_parler-tts-mini-v1.1"
    family = import_parler().ParlerTTSForConditionalGeneration
    model = family.from_pretrained(folder, torch_dtype=torch.float32).eval()
    prompt = AutoTokenizer.from_pretrained(folder, padding_side="left")(
        list(texts), return_tensors="pt", padding=True
    )
    described = AutoTokenizer.from_pretrained(root / "google_flan-t5-large")(
        list(descriptions), return_tensors="pt", padding=True
    )
    set_seed(seed)
    spoken = model.generate(
        input_ids=described.input_ids,
        attention_mask=described.attention_mask,
        prompt_input_ids=prompt.input_ids,
        prompt_attention_mask=prompt.attention_mask,
        return_dict_in_generate=True,
    )
    return [spoken.sequences[number, :length].numpy() for number, length in enumerate(spoken.audios_length)]


def speak(engine: Engine, text: str = HERON, **changes: Any) -> NDArray[np.float32]:
    return engine.speak([utterance(text, **{"voice": "Laura", **changes})])[0].samples


def test_samples_equal_those_of_the_library(root: Path, engine: ParlerEngine) -> None:
    for text, voice, style in zip(TEXTS, VOICES, DESCRIPTIONS, strict=True):
        (wave,) = speak_with_library(root, [text], [style], seed=5)
        assert np.array_equal(speak(engine, text, voice=voice, style=style, seed=5), wave)


def test_a_batch_equals_a_batch_of_the_library(root: Path, engine: ParlerEngine) -> None:
    # The first seed of the batch counts.
    batch = [
        utterance(text, voice=voice, style=style, seed=5 + number)
        for number, (text, voice, style) in enumerate(zip(TEXTS, VOICES, DESCRIPTIONS, strict=True))
    ]
    waves = speak_with_library(root, TEXTS, DESCRIPTIONS, seed=5)
    for speech, wave in zip(engine.speak(batch), waves, strict=True):
        assert np.array_equal(speech.samples, wave)


def test_the_description_changes_the_samples(engine: ParlerEngine) -> None:
    slow, fast = (speak(engine, style=f"Laura speaks very {pace}.") for pace in ("slowly", "fast"))
    assert not np.array_equal(slow, fast)


def test_a_pickle_of_tensors_can_be_loaded(tmp_path: Path, engine: ParlerEngine) -> None:
    folder = build_parler(tmp_path, safetensors=False)
    assert (folder / PICKLED).is_file()
    assert not (folder / "model.safetensors").exists()
    pickled = speak(load_engine(tmp_path), style=DESCRIPTIONS[0], seed=5)
    assert np.array_equal(pickled, speak_with_library(tmp_path, [HERON], DESCRIPTIONS[:1], seed=5)[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_speaks(root: Path, dtype: str) -> None:
    engine = create("parler", settings_of(root, dtype=dtype))
    expected = engine.memory_bytes()
    engine.load()
    assert 0.8 < engine.memory_bytes() / expected < 1.2
    assert np.abs(speak(engine)).max() > 0.01


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_settings_choose_the_attention(root: Path, engine: ParlerEngine, attention: str) -> None:
    chosen = load_engine(root, attention=attention)
    assert chosen._model.decoder.config._attn_implementation == attention
    assert chosen._model.text_encoder.config._attn_implementation == "eager"
    assert np.abs(speak(chosen)).max() > 0.01


class TestDescription:
    @pytest.mark.parametrize("style", ["Laura speaks.", "A calm LAURA, far away.", "It is laura's voice"])
    def test_a_style_that_names_the_voice_is_the_description(self, style: str) -> None:
        assert describe_voice(utterance(voice="Laura", style=style)) == style

    def test_a_style_without_the_name_follows_the_name(self) -> None:
        for style in ("The speech is slow.", "Lauras speak."):
            assert describe_voice(utterance(voice="Laura", style=style)) == f"Laura is speaking. {style}"

    def test_without_a_voice_name_the_style_is_the_description(self) -> None:
        assert describe_voice(utterance(voice="", style=" A man whispers.")) == " A man whispers."

    @pytest.mark.parametrize("style", [None, "", "  "])
    def test_without_a_style_the_voice_is_clear_and_natural(self, style: str | None) -> None:
        assert describe_voice(utterance(voice="Jon", style=style)) == (
            "Jon's voice is clear and natural at a moderate pace, in a very close recording with almost no "
            "background noise."
        )
        assert describe_voice(utterance(voice="", style=style)).startswith("The voice is clear and natural")


def test_a_too_long_text_is_refused(engine: ParlerEngine) -> None:
    room = engine._model.decoder.config.max_position_embeddings - engine._model.generation_config.max_length
    # "a " is one token of the tiny tokenizer at least.
    for batch in (["a " * (room + 1)], [HERON, "a " * (room + 1)]):
        with pytest.raises(TooLong) as caught:
            engine.speak([utterance(text, voice="Laura") for text in batch])
        assert caught.value.caller_fault


@pytest.mark.parametrize("text", ["", "😀", "你好", "  "])
def test_an_unspeakable_text_is_a_caller_fault(engine: ParlerEngine, text: str) -> None:
    with pytest.raises(EngineError) as caught:
        speak(engine, text)
    assert (caught.value.code, caught.value.caller_fault) == ("unspeakable_text", True)


def test_a_model_that_ends_before_the_first_sound_is_an_error(tmp_path: Path) -> None:
    build_parler(tmp_path, silent=True)
    with pytest.raises(EngineError, match="ended before") as caught:
        speak(load_engine(tmp_path))
    assert (caught.value.code, caught.value.caller_fault) == ("engine_failed", False)


def test_an_utterance_with_a_given_seed_runs_alone(engine: ParlerEngine) -> None:
    assert engine.batch_key(utterance(voice="Laura")) is None
    free = [engine.batch_key(utterance(seed_given=False, voice=voice)) for voice in VOICES]
    assert None is not free[0] == free[1] == free[2]


def test_reports_the_voices_of_the_catalogue(root: Path, engine: ParlerEngine, tmp_path: Path) -> None:
    assert set(engine.voices()) == {voice.engine_voice for voice in voices_of("parler")}
    assert len(engine.voices()) == 35
    assert (engine.timeout_factor, engine.max_batch) == (10.0, 4)
    absent = create("parler", settings_of(tmp_path))
    assert absent.voices() == ()
    with pytest.raises(EngineError, match="download it again"):
        absent.load()


class TestFiles:
    @pytest.mark.parametrize("new_format", [True, False])
    def test_a_malicious_pickle_is_refused(self, tmp_path: Path, new_format: bool) -> None:
        folder = build_parler(tmp_path, safetensors=False)
        marker = tmp_path / "made"
        payload = {"weight": torch.zeros(3), "harm": Touch(marker)}
        torch.save(payload, folder / PICKLED, _use_new_zipfile_serialization=new_format)
        with pytest.raises(EngineError, match=r"delete parler-tts_parler-tts-mini-v1\.1") as caught:
            load_engine(tmp_path)
        assert caught.value.code == "model_broken"
        assert not marker.exists()
        torch.load(folder / PICKLED, weights_only=False)
        assert marker.exists(), "without the check, the pickle runs code"

    @pytest.mark.parametrize("damage", ["cut", "noise", "config", "tokenizer", "descriptions"])
    def test_the_error_of_damaged_files_names_the_folders(self, tmp_path: Path, damage: str) -> None:
        folder = build_parler(tmp_path)
        weights = folder / "model.safetensors"
        broken, content = {
            "cut": (weights, weights.read_bytes()[:100_000]),
            "noise": (weights, os.urandom(10_000)),
            "config": (folder / "config.json", b"{"),
            "tokenizer": (folder / "tokenizer.json", b"{}"),
            "descriptions": (tmp_path / "google_flan-t5-large" / "tokenizer.json", b"no json"),
        }[damage]
        broken.write_bytes(content)
        with pytest.raises(EngineError, match="google_flan-t5-large") as caught:
            load_engine(tmp_path)
        assert caught.value.code == "model_broken"
        build_parler(tmp_path)
        assert len(speak(load_engine(tmp_path))) > 0

    def test_code_next_to_weights_is_not_executed(self, tmp_path: Path) -> None:
        folder = build_parler(tmp_path)
        marker = tmp_path / "made"
        for place in (folder, tmp_path / "google_flan-t5-large"):
            (place / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass Evil: ...\n")
            for config in place.glob("*config.json"):
                auto_map = {"AutoModel": "evil.Evil", "AutoTokenizer": ["evil.Evil", "evil.Evil"]}
                config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": auto_map}))
        assert len(speak(load_engine(tmp_path))) > 0
        assert not marker.exists()

    def test_no_network_is_used(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise AssertionError("the engine used the network")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        environment = dict(os.environ)
        assert len(speak(load_engine(root))) > 0
        assert dict(os.environ) == environment


class TestMemory:
    def test_is_estimated_from_the_file_before_loading(self, root: Path) -> None:
        engine = create("parler", settings_of(root))
        estimate = engine.memory_bytes()
        assert estimate == (root / "parler-tts_parler-tts-mini-v1.1" / "model.safetensors").stat().st_size
        engine.load()
        assert 0.8 < engine.memory_bytes() / estimate < 1.2
        engine.close()
        assert engine.memory_bytes() == estimate

    def test_is_released_after_every_close(self, root: Path) -> None:
        engine = create("parler", settings_of(root))
        sizes = []
        for number in range(10):
            engine.load()
            if number % 5 == 0:
                speak(engine)
            engine.close()
            collect_memory()
            sizes.append(anonymous_bytes())
        # A leaked model would take 2 MB.
        assert sizes[-1] - sizes[4] < 4_000_000

    def test_out_of_memory_is_not_a_broken_model(self, root: Path, engine: ParlerEngine) -> None:
        hook = engine._model.text_encoder.register_forward_pre_hook(lambda *_: torch.empty(1 << 50) and None)
        try:
            with pytest.raises(OutOfMemory):
                speak(engine)
        finally:
            hook.remove()
        assert np.array_equal(speak(engine), speak(load_engine(root)))


_FIRST_CALL_SCRIPT = """
import hashlib, sys
from pathlib import Path
from tests.support.utterances import settings_of, utterance
from worker.engines import create

engine = create("parler", settings_of(Path(sys.argv[1])))
engine.load()
print(hashlib.sha256(engine.speak([utterance(voice="Laura")])[0].samples).hexdigest())
"""


def test_the_first_call_of_a_process_equals_later_calls(root: Path, engine: ParlerEngine) -> None:
    command = [sys.executable, "-W", "error", "-c", _FIRST_CALL_SCRIPT, str(root)]
    cwd = Path(__file__).parents[2]
    first = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=True)
    for _ in range(2):
        assert first.stdout.strip() == hashlib.sha256(speak(engine)).hexdigest()
    assert first.stderr == ""


def test_nothing_is_logged(
    root: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        speak(load_engine(root), "A secret that must not be logged.")
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
