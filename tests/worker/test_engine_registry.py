"""The engine registry follows changes of the models folder, also while other threads use it."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from common.messaging.queue_names import INTERACTIVE
from common.settings import Settings
from tests.support.utterances import utterance
from tests.support.waiting import wait_for
from worker.engines import available_aliases
from worker.inference.engine_registry import EngineRegistry

LONG_S = 60.0
LIBRARIES = {"onnxruntime", "torch", "transformers", "parler_tts"}
PROJECT = Path(__file__).parents[2]
# Describes the engines of a worker, as it does for its announcement, and prints the modules that it has loaded.
DESCRIBING = """
import json, sys
from importlib.util import find_spec
from pathlib import Path
from common.settings import Settings
from worker.engines import available_aliases
from worker.inference.engine_registry import EngineRegistry
settings = Settings(_env_file=None, models_dir=Path(sys.argv[1]))
aliases = available_aliases(settings)
registry = EngineRegistry(aliases, settings)
registry.refresh()
described = [one.weights for one in registry.describe_engines()]
limits = [registry.dispatcher(key).engine.max_chars for key in described]
in_flight = [registry.dispatcher(key).max_in_flight for key in described]
print(json.dumps([described, registry.device_name, list(sys.modules)]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def registry(folder: Path) -> Iterator[EngineRegistry]:
    settings = Settings(_env_file=None, data_dir=folder.parent, models_dir=folder, engines=1)
    registry = EngineRegistry(("hibari", "kokoro", "stub"), settings)
    yield registry
    registry.close(timeout_s=1.0)


def put_kokoro(folder: Path, *, voices: bytes | None = None) -> Path:
    pytest.importorskip("onnx")
    from tests.support.tiny_kokoro import build_kokoro

    built = build_kokoro(folder)
    if voices is not None:
        (built / "voices-v1.0.bin").write_bytes(voices)
    return built


def build_models(folder: Path) -> None:
    """Put tiny weights of all models of this environment into the folder."""
    aliases = available_aliases(Settings(_env_file=None))
    if "kokoro" in aliases and find_spec("onnx"):
        put_kokoro(folder)
    if "mms" in aliases:
        from tests.support import tiny_models

        for build in (tiny_models.build_mms, tiny_models.build_speecht5, tiny_models.build_bark):
            build(folder)


def is_loaded(registry: EngineRegistry, key: str) -> bool:
    return {one.weights: one.loaded for one in registry.describe_engines()}[key]


def test_refresh_returns_whether_the_folder_changed(registry: EngineRegistry, folder: Path) -> None:
    assert registry.refresh()
    assert not registry.refresh()
    built = put_kokoro(folder)
    assert registry.refresh()
    assert registry.served_keys == ("hibari", "kokoro", "stub")
    assert not registry.refresh()
    shutil.rmtree(built)
    assert registry.refresh()
    assert registry.served_keys == ("hibari", "stub")
    assert "kokoro" not in {entry.weights for entry in registry.describe_folder()}


def test_a_model_whose_files_are_deleted_is_unloaded(registry: EngineRegistry, folder: Path) -> None:
    built = put_kokoro(folder)
    registry.load()
    spoken = registry.dispatcher("kokoro").submit(utterance(voice="af_heart"), lane=INTERACTIVE)
    assert len(spoken.result(LONG_S).samples)
    assert is_loaded(registry, "kokoro")
    shutil.rmtree(built)
    registry.refresh()
    wait_for(lambda: (registry.loads, registry.unloads) == (2, 1))
    assert is_loaded(registry, "hibari")


def test_a_broken_file_disables_only_its_model(registry: EngineRegistry, folder: Path) -> None:
    put_kokoro(folder, voices=b"PK\x03\x04 not an archive")
    registry.load()
    served = {one.weights: one for one in registry.describe_engines()}
    assert served["hibari"].voices
    assert served["hibari"].loaded
    assert "kokoro" not in served or not served["kokoro"].voices


def test_pinned_models_are_loaded_when_the_registry_is(registry: EngineRegistry) -> None:
    changes = registry.changes
    registry.load()
    assert is_loaded(registry, "hibari")
    assert is_loaded(registry, "stub")
    assert len(registry.engine_pids()) == 1
    assert not registry.unload("hibari")
    assert registry.unload("stub")
    assert registry.changes > changes
    assert registry.call_counts() == {"hibari": 0, "stub": 0}


def test_a_worker_describes_its_engines_without_their_libraries(folder: Path) -> None:
    """A worker holds no model, and the libraries take hundreds of megabytes."""
    build_models(folder)
    command = [sys.executable, "-c", DESCRIBING, str(folder)]
    printed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    described, device, modules = json.loads(printed)
    assert len(described) > 1
    assert device == "CPU"
    assert not LIBRARIES & set(modules)


def test_engines_can_be_described_during_a_refresh(registry: EngineRegistry, folder: Path) -> None:
    stopped = threading.Event()

    def describe() -> int:
        count = 0
        while not stopped.is_set():
            for one in registry.describe_engines():
                assert one.voices, one
            count += 1
        return count

    registry.refresh()
    with ThreadPoolExecutor(2) as others:
        counts = [others.submit(describe) for _ in range(2)]
        for _ in range(20):
            built = put_kokoro(folder)
            assert registry.refresh()
            shutil.rmtree(built)
            assert registry.refresh()
        stopped.set()
        assert all(count.result(10) for count in counts)
