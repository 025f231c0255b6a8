"""Which devices the engine processes of a worker get."""

from pathlib import Path
from typing import Any

import pytest

from common.settings import Settings
from worker.host import device


def devices(**given: Any) -> tuple[str, ...]:
    return device.engine_devices(Settings(_env_file=None, **given))


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with three cores and no GPU, without torch."""
    monkeypatch.setattr(device, "usable_cores", lambda: 3)
    monkeypatch.setattr(device, "_GPUS", tmp_path / "gpus")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(device, "find_spec", lambda _: None)
    return tmp_path


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda _: object())


def add_gpus(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)


def test_without_torch_each_core_has_a_process() -> None:
    assert devices() == ("cpu", "cpu", "cpu")
    assert devices(engines=2) == ("cpu", "cpu")


def test_without_torch_a_gpu_is_refused() -> None:
    with pytest.raises(RuntimeError, match="does not have torch"):
        devices(device="cuda")


@pytest.mark.usefixtures("torch")
def test_with_torch_each_gpu_has_a_process(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_gpus(machine, 4)
    assert devices() == devices(device="cuda") == ("cuda:0", "cuda:1", "cuda:2", "cuda:3")
    assert devices(engines=1) == ("cuda:0",)
    assert devices(engines=5) == ("cuda:0", "cuda:1", "cuda:2", "cuda:3", "cuda:0")
    assert devices(device="cpu") == ("cpu",)
    assert devices(device="cuda:2") == ("cuda:2",)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    assert devices() == ("cuda:0", "cuda:1")


@pytest.mark.usefixtures("torch")
def test_with_torch_and_without_a_gpu_there_is_one_process() -> None:
    assert devices() == ("auto",)
    assert devices(engines=2) == ("auto", "auto")


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max 100000", None), ("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1)],
)
def test_a_container_may_use_fewer_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, cores: int | None
) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    monkeypatch.setattr(device, "_CORE_LIMIT", tmp_path / "cpu.max")
    assert device._core_limit() == cores
