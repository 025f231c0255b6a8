"""What a process finds in its folder and says of it, while others ask and the folder changes."""

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
def voicebox(folder: Path) -> Iterator[EngineRegistry]:
    settings = Settings(_env_file=None, data_dir=folder.parent, models_dir=folder)
    voicebox = EngineRegistry(("hibari", "kokoro", "stub"), settings)
    yield voicebox
    voicebox.close(timeout_s=1.0)


def put_kokoro(folder: Path, *, voices: bytes | None = None) -> Path:
    pytest.importorskip("onnx")
    from tests.support.tiny_kokoro import build_kokoro

    built = build_kokoro(folder)
    if voices is not None:
        (built / "voices-v1.0.bin").write_bytes(voices)
    return built


def test_says_what_changed_and_nothing_when_nothing_did(voicebox: EngineRegistry, folder: Path) -> None:
    assert voicebox.refresh()
    assert not voicebox.refresh()
    built = put_kokoro(folder)
    assert voicebox.refresh()
    assert voicebox.served == ("hibari", "kokoro", "stub")
    assert not voicebox.refresh()
    shutil.rmtree(built)
    assert voicebox.refresh()
    assert voicebox.served == ("hibari", "stub")
    assert "kokoro" not in {entry.weights for entry in voicebox.folder()}


def test_what_is_gone_is_not_kept_in_memory(voicebox: EngineRegistry, folder: Path) -> None:
    built = put_kokoro(folder)
    voicebox.refresh()
    engine = voicebox.dispatcher("kokoro").engine
    with voicebox.model_cache.use(engine):
        pass
    assert voicebox.model_cache.is_loaded(engine)
    shutil.rmtree(built)
    voicebox.refresh()
    assert not voicebox.model_cache.is_loaded(engine)


def test_an_odd_file_costs_its_model_only(voicebox: EngineRegistry, folder: Path) -> None:
    put_kokoro(folder, voices=b"PK\x03\x04 not an archive")
    voicebox.load()
    served = {one.weights: one for one in voicebox.served_weights()}
    assert served["hibari"].voices
    assert served["hibari"].loaded
    assert "kokoro" not in served or not served["kokoro"].voices


def test_may_be_asked_while_it_looks(voicebox: EngineRegistry, folder: Path) -> None:
    over = threading.Event()

    def ask() -> int:
        asked = 0
        while not over.is_set():
            for one in voicebox.served_weights():
                assert one.voices, one
            asked += 1
        return asked

    voicebox.refresh()
    with ThreadPoolExecutor(2) as others:
        asking = [others.submit(ask) for _ in range(2)]
        for _ in range(20):
            built = put_kokoro(folder)
            assert voicebox.refresh()
            shutil.rmtree(built)
            assert voicebox.refresh()
        over.set()
        assert all(one.result(10) for one in asking)
