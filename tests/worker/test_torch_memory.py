"""The memory of engines that use torch models, and its release."""

import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.process_memory import anonymous_bytes
from tests.support.torch_families import FAMILIES, build_all, engine_of, speak
from worker.engines.pretrained import PretrainedEngine
from worker.host.memory import collect_memory


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_all(tmp_path_factory.mktemp("built"))


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy of the models that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / "models"))


class TestMemory:
    @pytest.mark.parametrize("family", FAMILIES)
    def test_is_estimated_from_the_files_before_loading(self, root: Path, family: str) -> None:
        engine = engine_of(family, root)
        estimate = engine.memory_bytes()
        files = sum((root / folder / "model.safetensors").stat().st_size for folder in FAMILIES[family][2])
        assert estimate == files
        engine.load()
        sizes_by_address = {
            tensor.data_ptr(): tensor.nbytes for module in engine._modules for tensor in _tensors(module)
        }
        assert engine.memory_bytes() == sum(sizes_by_address.values())
        engine.close()
        assert engine.memory_bytes() == estimate

    @pytest.mark.parametrize("family", FAMILIES)
    def test_half_precision_is_expected_to_take_half(self, root: Path, family: str) -> None:
        whole, half = (
            engine_of(family, root, dtype=dtype).memory_bytes() for dtype in ("float32", "float16")
        )
        assert half == pytest.approx(whole / 2, rel=0.01)
        for config in root.rglob("config.json"):
            config.write_text(config.read_text().replace('"dtype": "float32"', '"dtype": "float16"'))
        assert engine_of(family, root, dtype="float16").memory_bytes() == whole

    @pytest.mark.parametrize("content", [b"[" * 100_000, b"[]", b"\xff", b'{"dtype": []}'])
    def test_is_estimated_without_a_valid_config(self, root: Path, content: bytes) -> None:
        whole = engine_of("mms", root).memory_bytes()
        config = root / FAMILIES["mms"][2][0] / "config.json"
        config.write_bytes(content)
        assert engine_of("mms", root).memory_bytes() == whole
        config.unlink()
        os.mkfifo(config)
        assert engine_of("mms", root).memory_bytes() == whole

    @pytest.mark.parametrize("family", FAMILIES)
    def test_is_released_after_every_close(self, built: Path, family: str) -> None:
        engine = engine_of(family, built)
        sizes = list(_sizes_after(10, engine, lambda: speak(engine, family)))
        # The library keeps about 25 kB of names per load. A leaked model would take 1 MB.
        assert sizes[-1] - sizes[4] < 3_000_000

    @pytest.mark.parametrize("family", FAMILIES)
    def test_a_closed_model_is_garbage_collected(self, built: Path, family: str) -> None:
        engine = engine_of(family, built)
        engine.load()
        speak(engine, family)
        modules = [weakref.ref(module) for module in engine._modules]
        engine.close()
        assert not any(module() for module in modules)


def _tensors(module: Any) -> Iterator[Any]:
    yield from module.parameters()
    yield from module.buffers()


def _sizes_after(times: int, engine: PretrainedEngine, use: Callable[[], Any]) -> Iterator[int]:
    for number in range(times):
        engine.load()
        if number % 5 == 0:
            use()
        engine.close()
        collect_memory()
        yield anonymous_bytes()
