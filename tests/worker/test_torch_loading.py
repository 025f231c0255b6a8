"""What all engines of torch models promise about files, memory and failures."""

import hashlib
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.pickles import Touch
from tests.support.tiny_models import BUILDERS, PICKLED
from tests.support.torch_families import EACH_FOLDER, FAMILIES, build_all, engine_of, spoken
from tests.support.utterances import utterance
from worker.engines.pretrained import PretrainedEngine
from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, TooLong
from worker.host.device import Device

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_all(tmp_path_factory.mktemp("built"))


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """Models that a test may spoil."""
    return Path(shutil.copytree(built, tmp_path / "models"))


def refusal(engine: PretrainedEngine) -> EngineError:
    with pytest.raises(EngineError) as caught:
        engine.load()
    assert caught.value.code == "model_broken"
    assert engine._modules == ()
    return caught.value


class TestFiles:
    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    @pytest.mark.parametrize("new_format", [True, False])
    def test_a_pickle_that_does_more_than_hold_tensors_is_refused(
        self, root: Path, family: str, folder: str, new_format: bool
    ) -> None:
        made = root / "made"
        evil = {"weight": torch.zeros(3), "harm": Touch(made)}
        torch.save(evil, root / folder / PICKLED, _use_new_zipfile_serialization=new_format)
        (root / folder / "model.safetensors").unlink()
        assert folder in refusal(engine_of(family, root)).message
        assert not made.exists()
        torch.load(root / folder / PICKLED, weights_only=False)
        assert made.exists(), "it would have done harm"

    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    def test_a_plain_pickle_is_refused(self, root: Path, family: str, folder: str) -> None:
        made = root / "made"
        (root / folder / PICKLED).write_bytes(pickle.dumps(Touch(made)))
        (root / folder / "model.safetensors").unlink()
        assert "delete" in refusal(engine_of(family, root)).message
        assert not made.exists()

    @pytest.mark.parametrize("family", FAMILIES)
    def test_safetensors_are_taken_before_a_pickle(self, root: Path, family: str) -> None:
        made = root / "made"
        (root / FAMILIES[family][2][0] / PICKLED).write_bytes(pickle.dumps(Touch(made)))
        engine = engine_of(family, root)
        engine.load()
        assert len(spoken(engine, family)) > 0
        assert not made.exists()

    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    @pytest.mark.parametrize("spoil", ["cut", "noise", "empty", "config", "other"])
    def test_broken_files_say_what_to_delete_and_new_ones_load(
        self, built: Path, root: Path, family: str, folder: str, spoil: str
    ) -> None:
        _spoil(root / folder, how=spoil, others=built)
        engine = engine_of(family, root)
        error = refusal(engine)
        assert folder in error.message
        assert not error.retryable
        shutil.copytree(built / folder, root / folder, dirs_exist_ok=True)
        engine.load()
        assert len(spoken(engine, family)) > 0

    @pytest.mark.parametrize("family", FAMILIES)
    def test_code_beside_weights_is_not_run(self, root: Path, family: str) -> None:
        made = root / "made"
        for folder in root.iterdir():
            for name in ("modeling_evil.py", "tokenization_evil.py", "custom_generate/generate.py"):
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(f"open({str(made)!r}, 'w').close()\nclass Evil: ...\n")
            for config in folder.glob("*config.json"):
                about = json.loads(config.read_text())
                about["auto_map"] = {
                    "AutoModel": "modeling_evil.Evil",
                    "AutoTokenizer": [None, "tokenization_evil.Evil"],
                }
                config.write_text(json.dumps(about))
        engine = engine_of(family, root)
        engine.load()
        assert len(spoken(engine, family)) > 0
        assert not made.exists()

    def test_a_tokenizer_that_is_code_is_taken_for_one_that_is_not(self, root: Path) -> None:
        made = root / "made"
        folder = root / FAMILIES["bark"][2][0]
        (folder / "evil.py").write_text(f"open({str(made)!r}, 'w').close()\nclass Evil: ...\n")
        told = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
        config = folder / "tokenizer_config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), **told}))
        engine = engine_of("bark", root)
        engine.load()
        assert len(spoken(engine, "bark")) > 0
        assert not made.exists()

    @pytest.mark.parametrize("family", FAMILIES)
    def test_nobody_is_called(self, root: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise AssertionError("the network was asked")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        environment = dict(os.environ)
        engine = engine_of(family, root)
        engine.load()
        spoken(engine, family)
        # Hosted inference in the same process goes on to need the network.
        assert dict(os.environ) == environment

    @pytest.mark.parametrize("family", FAMILIES)
    def test_nothing_is_told(
        self, root: Path, family: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        engine = engine_of(family, root)
        engine.load()
        spoken(engine, family)
        assert caplog.text == ""
        assert capfd.readouterr() == ("", "")


def _spoil(folder: Path, *, how: str, others: Path) -> None:
    weights, config = folder / "model.safetensors", folder / "config.json"
    if how == "cut":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    elif how == "noise":
        weights.write_bytes(os.urandom(10_000))
    elif how == "empty":
        weights.write_bytes(b"")
    elif how == "config":
        config.write_text('{"model_type": ')
    else:
        other = "suno_bark-small" if folder.name != "suno_bark-small" else "facebook_mms-tts-eng"
        shutil.copy(others / other / "model.safetensors", weights)


class TestFailures:
    """Each is made to happen inside a call of the library, on the way to its first module."""

    @pytest.fixture
    def engine(self, built: Path) -> PretrainedEngine:
        engine = engine_of("mms", built)
        engine.load()
        return engine

    @pytest.mark.parametrize(
        "exhaust",
        [
            lambda: torch.empty(1 << 50),
            lambda: torch.zeros(1 << 62, dtype=torch.uint8),
            lambda: np.zeros(1 << 50),
            lambda: _raise(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")),
            lambda: _raise(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate")),
            lambda: _raise(torch.AcceleratorError("CUDA error: out of memory")),
        ],
    )
    def test_no_memory(self, engine: PretrainedEngine, exhaust: Callable[[], Any]) -> None:
        assert isinstance(_failure(engine, exhaust), OutOfMemory)

    @pytest.mark.parametrize(
        "error",
        [
            torch.AcceleratorError("CUDA error: device-side assert triggered"),
            torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
            RuntimeError("CUDA error: unspecified launch failure"),
            RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        ],
    )
    def test_the_device_is_lost(self, engine: PretrainedEngine, error: Exception) -> None:
        failure = _failure(engine, lambda: _raise(error))
        assert isinstance(failure, DeviceLost)
        assert failure.retryable

    @pytest.mark.parametrize(
        "error", [ValueError("x"), RuntimeError("shapes differ"), TooLong("mms"), KeyError("x")]
    )
    def test_others_are_left_as_they_are(self, engine: PretrainedEngine, error: Exception) -> None:
        assert _failure(engine, lambda: _raise(error)) is error

    def test_what_the_call_had_made_is_given_back(self, engine: PretrainedEngine) -> None:
        made: list[weakref.ref[Any]] = []

        def exhaust() -> None:
            tensor = torch.zeros(1000)
            made.append(weakref.ref(tensor))
            torch.empty(1 << 50)

        failure = _failure(engine, exhaust)
        assert isinstance(failure, OutOfMemory)
        assert made[0]() is None
        assert failure.__suppress_context__

    def test_it_speaks_on(self, engine: PretrainedEngine, built: Path) -> None:
        _failure(engine, lambda: torch.empty(1 << 50))
        fresh = engine_of("mms", built)
        fresh.load()
        assert np.array_equal(spoken(engine, "mms"), spoken(fresh, "mms"))

    @pytest.mark.parametrize("safetensors", [True, False])
    def test_no_memory_to_load_is_no_broken_model(self, tmp_path: Path, safetensors: bool) -> None:
        BUILDERS["bark"](tmp_path, safetensors=safetensors)
        command = [sys.executable, "-c", _LOAD_IN_NO_ROOM, str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        assert ended.stdout.strip() == "OutOfMemory"


_LOAD_IN_NO_ROOM = """
import resource, sys
from pathlib import Path
from tests.support.utterances import settings_of
from worker.engines import create
from worker.engines.protocol import EngineError

engine = create("bark", settings_of(Path(sys.argv[1])))
engine.load()
engine.close()
pages = int(Path("/proc/self/statm").read_text().split()[0])
room = pages * resource.getpagesize() + 100_000
resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
try:
    engine.load()
except EngineError as error:
    print(type(error).__name__)
"""


def _raise(error: Exception) -> None:
    raise error


def _failure(engine: PretrainedEngine, happen: Callable[[], Any]) -> Exception:
    hook = next(engine._modules[0].children()).register_forward_pre_hook(lambda *_: happen() and None)
    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests look at it
            engine.speak([utterance(voice="eng")])
        return caught.value
    finally:
        hook.remove()


class TestSettings:
    def test_a_call_takes_as_many_as_pay_and_as_the_settings_allow(self, built: Path) -> None:
        most = {family: engine_of(family, built).max_batch for family in FAMILIES}
        assert most == {"mms": 1, "speecht5": 8, "bark": 1}
        assert engine_of("speecht5", built, batch_max=3).max_batch == 3
        assert engine_of("speecht5", built, batch_max=100).max_batch == 8

    @pytest.mark.parametrize(
        ("family", "dtype"), [("mms", "float32"), ("speecht5", "float16"), ("bark", "float16")]
    )
    def test_a_gpu_computes_in_half_where_that_is_as_good(self, built: Path, family: str, dtype: str) -> None:
        engine = engine_of(family, built)
        assert engine._dtype == "float32"
        engine._device = Device("cuda", "cuda:0", "a GPU", 1 << 30)
        assert engine._dtype == dtype
        chosen = engine_of(family, built, dtype="bfloat16")
        assert chosen._dtype == "bfloat16"

    def test_nothing_is_compiled_on_a_cpu(self, built: Path) -> None:
        engine = engine_of("mms", built, compile_models=True)
        engine.load()
        assert engine._modules[0].decoder._compiled_call_impl is None

    @pytest.mark.parametrize("family", FAMILIES)
    def test_making_one_and_asking_it_touches_no_weights(self, root: Path, family: str) -> None:
        for weights in root.rglob("model.safetensors"):
            weights.write_bytes(b"no weights")
        engine = engine_of(family, root)
        assert FAMILIES[family][1] in engine.voices()
        assert engine.batch_key(utterance()) is None
        assert engine.memory_bytes() > 0


# Importing the libraries takes seconds: one process imports them and forks before it calls any.
_FIRST_CALLS = """
import hashlib, os, sys
from pathlib import Path
import torch, transformers.modeling_utils
from tests.support.torch_families import FAMILIES, engine_of, spoken

for family in FAMILIES:
    child = os.fork()
    if child == 0:
        engine = engine_of(family, Path(sys.argv[1]))
        engine.load()
        print(family, hashlib.sha256(spoken(engine, family)).hexdigest(), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_the_first_call_of_a_process_sounds_as_any_other(built: Path) -> None:
    """And so does a call between those of other engines, and one after a reload."""
    engines = {family: engine_of(family, built) for family in FAMILIES}
    for engine in engines.values():
        engine.load()
    rounds = [{family: spoken(engine, family) for family, engine in engines.items()} for _ in range(2)]
    for family, engine in engines.items():
        engine.close()
        engine.load()
        assert all(np.array_equal(one[family], spoken(engine, family)) for one in rounds)
    command = [sys.executable, "-W", "error", "-c", _FIRST_CALLS, str(built)]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert first.stderr == ""
    digests = dict(line.split() for line in first.stdout.splitlines())
    assert digests == {family: _digest(rounds[0][family]) for family in FAMILIES}


def _digest(samples: Any) -> str:
    return hashlib.sha256(samples).hexdigest()
