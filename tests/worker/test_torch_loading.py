"""Files, failures and settings of the engines that use torch models."""

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
from tests.support.torch_families import EACH_FOLDER, FAMILIES, build_all, engine_of, speak
from tests.support.utterances import utterance
from worker.engines import pretrained
from worker.engines.pretrained import PretrainedEngine
from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, TooLong
from worker.host.device import Device

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_all(tmp_path_factory.mktemp("built"))


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy of the models that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / "models"))


def load_error(engine: PretrainedEngine) -> EngineError:
    with pytest.raises(EngineError) as caught:
        engine.load()
    assert caught.value.code == "model_broken"
    assert engine._modules == ()
    return caught.value


class TestFiles:
    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    @pytest.mark.parametrize("new_format", [True, False])
    def test_a_malicious_pickle_is_refused(
        self, root: Path, family: str, folder: str, new_format: bool
    ) -> None:
        marker = root / "made"
        payload = {"weight": torch.zeros(3), "harm": Touch(marker)}
        torch.save(payload, root / folder / PICKLED, _use_new_zipfile_serialization=new_format)
        (root / folder / "model.safetensors").unlink()
        assert folder in load_error(engine_of(family, root)).message
        assert not marker.exists()
        torch.load(root / folder / PICKLED, weights_only=False)
        assert marker.exists(), "without the check, the pickle runs code"

    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    def test_a_plain_pickle_is_refused(self, root: Path, family: str, folder: str) -> None:
        marker = root / "made"
        (root / folder / PICKLED).write_bytes(pickle.dumps(Touch(marker)))
        (root / folder / "model.safetensors").unlink()
        assert "delete" in load_error(engine_of(family, root)).message
        assert not marker.exists()

    @pytest.mark.parametrize("family", FAMILIES)
    def test_safetensors_are_preferred_to_a_pickle(self, root: Path, family: str) -> None:
        marker = root / "made"
        (root / FAMILIES[family][2][0] / PICKLED).write_bytes(pickle.dumps(Touch(marker)))
        engine = engine_of(family, root)
        engine.load()
        assert len(speak(engine, family)) > 0
        assert not marker.exists()

    @pytest.mark.parametrize(("family", "folder"), EACH_FOLDER)
    @pytest.mark.parametrize("damage", ["cut", "noise", "empty", "config", "other"])
    def test_the_error_of_damaged_files_names_the_folder_and_new_files_load(
        self, built: Path, root: Path, family: str, folder: str, damage: str
    ) -> None:
        _damage(root / folder, how=damage, others=built)
        engine = engine_of(family, root)
        error = load_error(engine)
        assert folder in error.message
        assert not error.retryable
        shutil.copytree(built / folder, root / folder, dirs_exist_ok=True)
        engine.load()
        assert len(speak(engine, family)) > 0

    @pytest.mark.parametrize("family", FAMILIES)
    def test_code_next_to_weights_is_not_executed(self, root: Path, family: str) -> None:
        marker = root / "made"
        for folder in root.iterdir():
            for name in ("modeling_evil.py", "tokenization_evil.py", "custom_generate/generate.py"):
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(f"open({str(marker)!r}, 'w').close()\nclass Evil: ...\n")
            for config in folder.glob("*config.json"):
                about = json.loads(config.read_text())
                about["auto_map"] = {
                    "AutoModel": "modeling_evil.Evil",
                    "AutoTokenizer": [None, "tokenization_evil.Evil"],
                }
                config.write_text(json.dumps(about))
        engine = engine_of(family, root)
        engine.load()
        assert len(speak(engine, family)) > 0
        assert not marker.exists()

    def test_a_custom_tokenizer_class_is_ignored(self, root: Path) -> None:
        marker = root / "made"
        folder = root / FAMILIES["bark"][2][0]
        (folder / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass Evil: ...\n")
        changes = {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
        config = folder / "tokenizer_config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), **changes}))
        engine = engine_of("bark", root)
        engine.load()
        assert len(speak(engine, "bark")) > 0
        assert not marker.exists()

    @pytest.mark.parametrize("family", FAMILIES)
    def test_no_network_is_used(self, root: Path, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any) -> None:
            raise AssertionError("the engine used the network")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        environment = dict(os.environ)
        engine = engine_of(family, root)
        engine.load()
        speak(engine, family)
        # The engine must not set offline variables: hosted inference in the same process needs the network.
        assert dict(os.environ) == environment

    @pytest.mark.parametrize("family", FAMILIES)
    def test_nothing_is_logged(
        self, root: Path, family: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        engine = engine_of(family, root)
        engine.load()
        speak(engine, family)
        assert caplog.text == ""
        assert capfd.readouterr() == ("", "")


def _damage(folder: Path, *, how: str, others: Path) -> None:
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
    """Each failure is raised inside a call of the library, before its first module."""

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
    def test_a_lack_of_memory_raises_out_of_memory(
        self, engine: PretrainedEngine, exhaust: Callable[[], Any]
    ) -> None:
        assert isinstance(_speak_error(engine, exhaust), OutOfMemory)

    @pytest.mark.parametrize(
        "error",
        [
            torch.AcceleratorError("CUDA error: device-side assert triggered"),
            torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
            RuntimeError("CUDA error: unspecified launch failure"),
            RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        ],
    )
    def test_a_lost_device_raises_device_lost(self, engine: PretrainedEngine, error: Exception) -> None:
        failure = _speak_error(engine, lambda: _raise(error))
        assert isinstance(failure, DeviceLost)
        assert failure.retryable

    @pytest.mark.parametrize(
        "error", [ValueError("x"), RuntimeError("shapes differ"), TooLong("mms"), KeyError("x")]
    )
    def test_other_errors_pass_unchanged(self, engine: PretrainedEngine, error: Exception) -> None:
        assert _speak_error(engine, lambda: _raise(error)) is error

    def test_tensors_of_the_failed_call_are_released(self, engine: PretrainedEngine) -> None:
        references: list[weakref.ref[Any]] = []

        def exhaust() -> None:
            tensor = torch.zeros(1000)
            references.append(weakref.ref(tensor))
            torch.empty(1 << 50)

        failure = _speak_error(engine, exhaust)
        assert isinstance(failure, OutOfMemory)
        assert references[0]() is None
        assert failure.__suppress_context__

    def test_the_engine_works_after_a_failure(self, engine: PretrainedEngine, built: Path) -> None:
        _speak_error(engine, lambda: torch.empty(1 << 50))
        fresh = engine_of("mms", built)
        fresh.load()
        assert np.array_equal(speak(engine, "mms"), speak(fresh, "mms"))

    @pytest.mark.parametrize("safetensors", [True, False])
    def test_out_of_memory_in_load_is_not_a_broken_model(self, tmp_path: Path, safetensors: bool) -> None:
        BUILDERS["bark"](tmp_path, safetensors=safetensors)
        command = [sys.executable, "-c", _LOAD_WITHOUT_MEMORY_SCRIPT, str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
        assert ended.stdout.strip() == "OutOfMemory"


_LOAD_WITHOUT_MEMORY_SCRIPT = """
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


def _speak_error(engine: PretrainedEngine, fail: Callable[[], Any]) -> Exception:
    hook = next(engine._modules[0].children()).register_forward_pre_hook(lambda *_: fail() and None)
    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the tests check it
            engine.speak([utterance(voice="eng")])
        return caught.value
    finally:
        hook.remove()


class TestSettings:
    def test_max_batch_depends_on_family_and_settings(self, built: Path) -> None:
        max_batch = {family: engine_of(family, built).max_batch for family in FAMILIES}
        assert max_batch == {"mms": 1, "speecht5": 8, "bark": 1}
        assert engine_of("speecht5", built, batch_max=3).max_batch == 3
        assert engine_of("speecht5", built, batch_max=100).max_batch == 8

    @pytest.mark.parametrize(
        ("family", "dtype"), [("mms", "float32"), ("speecht5", "float16"), ("bark", "float16")]
    )
    def test_a_gpu_uses_the_dtype_of_the_family(
        self, built: Path, family: str, dtype: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine = engine_of(family, built)
        assert engine._dtype == "float32"
        gpu = Device("cuda", "cuda:0", "a GPU", 1 << 30)
        monkeypatch.setattr(pretrained, "find_device", lambda _: gpu)
        assert engine._dtype == dtype
        chosen = engine_of(family, built, dtype="bfloat16")
        assert chosen._dtype == "bfloat16"

    def test_nothing_is_compiled_on_a_cpu(self, built: Path) -> None:
        engine = engine_of("mms", built, compile_models=True)
        engine.load()
        assert engine._modules[0].decoder._compiled_call_impl is None

    @pytest.mark.parametrize("family", FAMILIES)
    def test_an_unloaded_engine_reads_no_weights(self, root: Path, family: str) -> None:
        for weights in root.rglob("model.safetensors"):
            weights.write_bytes(b"no weights")
        engine = engine_of(family, root)
        assert FAMILIES[family][1] in engine.voices()
        assert engine.batch_key(utterance()) is None
        assert engine.memory_bytes() > 0


# Importing the libraries takes seconds, so one process imports them and forks once per family.
_FIRST_CALLS_SCRIPT = """
import hashlib, os, sys
from pathlib import Path
import torch, transformers.modeling_utils
from tests.support.torch_families import FAMILIES, engine_of, speak

for family in FAMILIES:
    child = os.fork()
    if child == 0:
        engine = engine_of(family, Path(sys.argv[1]))
        engine.load()
        print(family, hashlib.sha256(speak(engine, family)).hexdigest(), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_the_first_call_of_a_process_equals_later_calls(built: Path) -> None:
    """This also holds between calls of other engines, and after a reload."""
    engines = {family: engine_of(family, built) for family in FAMILIES}
    for engine in engines.values():
        engine.load()
    rounds = [{family: speak(engine, family) for family, engine in engines.items()} for _ in range(2)]
    for family, engine in engines.items():
        engine.close()
        engine.load()
        assert all(np.array_equal(one[family], speak(engine, family)) for one in rounds)
    command = [sys.executable, "-W", "error", "-c", _FIRST_CALLS_SCRIPT, str(built)]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert first.stderr == ""
    digests = dict(line.split() for line in first.stdout.splitlines())
    assert digests == {family: _digest(rounds[0][family]) for family in FAMILIES}


def _digest(samples: Any) -> str:
    return hashlib.sha256(samples).hexdigest()
