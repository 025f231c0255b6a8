"""The engine registry follows changes of the models folder, also while other threads use it."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.settings import Settings
from worker.inference.engine_registry import EngineRegistry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


@pytest.fixture
def registry(folder: Path) -> Iterator[EngineRegistry]:
    settings = Settings(_env_file=None, data_dir=folder.parent, models_dir=folder)
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
    registry.refresh()
    engine = registry.dispatcher("kokoro").engine
    with registry.model_cache.use(engine):
        pass
    assert registry.model_cache.is_loaded(engine)
    shutil.rmtree(built)
    registry.refresh()
    assert not registry.model_cache.is_loaded(engine)


def test_a_broken_file_disables_only_its_model(registry: EngineRegistry, folder: Path) -> None:
    put_kokoro(folder, voices=b"PK\x03\x04 not an archive")
    registry.load()
    served = {one.weights: one for one in registry.describe_engines()}
    assert served["hibari"].voices
    assert served["hibari"].loaded
    assert "kokoro" not in served or not served["kokoro"].voices


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
